package lab

import (
	"context"
	"iter"
	"sync"

	"github.com/kubectl-scars/kubectl-scars/test/lab/internal/incident"
)

// parallel is how many incidents are under way at once: emulated nodes start containers slowly.
const parallel = 8

// Each plays (or undoes) incidents side by side and yields each with its error as it is done. Incidents that use the same
// thing follow one another and are taken away as soon as they were yielded.
func (p *Player) Each(ctx context.Context, incidents []incident.Incident, undo bool) iter.Seq2[incident.Incident, error] {
	type done struct {
		in  incident.Incident
		err error
		ack chan struct{}
	}
	groups := map[string][]incident.Incident{}
	for _, in := range incidents {
		key := in.Uses
		if key == "" {
			key = " " + in.Name
		}
		groups[key] = append(groups[key], in)
	}
	results, slots := make(chan done), make(chan struct{}, parallel)
	var wg sync.WaitGroup
	for _, group := range groups {
		wg.Go(func() {
			for _, in := range group {
				slots <- struct{}{}
				var err error
				if undo {
					err = p.Undo(ctx, in)
				} else {
					err = p.Play(ctx, in)
				}
				d := done{in, err, make(chan struct{})}
				results <- d
				<-d.ack
				if !undo && in.Uses != "" {
					_ = p.Undo(ctx, in)
				}
				<-slots
			}
		})
	}
	go func() { wg.Wait(); close(results) }()
	return func(yield func(incident.Incident, error) bool) {
		stopped := false
		for d := range results {
			stopped = stopped || !yield(d.in, d.err)
			close(d.ack)
		}
	}
}
