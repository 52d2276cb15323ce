package lab

// This file plays many incidents, side by side where they do not disturb each other.

import (
	"context"
	"iter"
	"slices"
	"strings"
	"sync"

	"github.com/kubectl-scars/kubectl-scars/test/lab/internal/incident"
)

// Group is the test package that plays an incident, as a directory: a share of all that go test allows a package the time for.
func Group(in incident.Incident) string {
	area, _, _ := strings.Cut(in.Name, "-")
	switch {
	case stays(in) && in.Uses == "":
		return "."
	case in.Check == "":
		return "play/healthy"
	case in.Uses == "":
		return "play/" + area
	case area == "netpol":
		return "nodes/network"
	case in.Name == "oom-node" || in.Name == "oom-node-again":
		return "nodes/kernel"
	case in.Uses == "node2":
		return "nodes/pressure"
	}
	return "nodes/process"
}

// stays tells whether an incident is left standing, for what is looked at after all of its group have been played: what costs its node
// little, and some of what does not.
func stays(in incident.Incident) bool {
	return slices.Contains([]string{"oom-limit", "oom-limit-child", "probes-liveness-hang", "probes-startup-kill", "qos-classes", "deployment", "statefulset", "daemonset"}, in.Name) ||
		!strings.HasPrefix(in.Name, "oom-") && !strings.HasPrefix(in.Name, "probes-") && in.Check != ""
}

// Each does something with incidents side by side and yields each with its error as it is done. Incidents that use the
// same thing follow one another. What runs containers is taken away when it is done, but for what stays: a hundred pods of which half are
// restarted again and again are more than an emulated node bears.
func (p *Player) Each(ctx context.Context, incidents []incident.Incident, do func(context.Context, incident.Incident) error) iter.Seq2[incident.Incident, error] {
	type done struct {
		in  incident.Incident
		err error
	}
	var groups [][]incident.Incident
	at := map[string]int{} // the group of what is used
	for _, in := range incidents {
		if i, ok := at[in.Uses]; ok && in.Uses != "" {
			groups[i] = append(groups[i], in)
			continue
		}
		at[in.Uses] = len(groups)
		groups = append(groups, []incident.Incident{in})
	}
	slices.SortStableFunc(groups, func(a, b []incident.Incident) int { return len(b) - len(a) }) // the longest first
	results := make(chan done)
	one := func(in incident.Incident) error {
		wait := p.lab.Turn
		if in.Uses != "" { // one for each node, so that they need no turns
			wait = func(ctx context.Context) (func(), error) { return p.lab.Use(ctx, in.Uses) }
		}
		release, err := wait(ctx)
		if err != nil {
			return err
		}
		defer release()
		err = do(ctx, in)
		if in.Uses != "" || !stays(in) {
			_ = p.Undo(context.WithoutCancel(ctx), in)
		}
		return err
	}
	var wg sync.WaitGroup
	for _, group := range groups {
		wg.Go(func() {
			for _, in := range group {
				results <- done{in, one(in)}
			}
		})
	}
	go func() { wg.Wait(); close(results) }()
	return func(yield func(incident.Incident, error) bool) {
		stopped := false
		for d := range results {
			stopped = stopped || !yield(d.in, d.err)
		}
	}
}
