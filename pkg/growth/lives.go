package growth

// Lives that ended by a kill at the limit. What leaks dies at an age, what is hit by load dies at an hour.

import (
	"slices"
	"time"

	"github.com/kubectl-scars/kubectl-scars/pkg/order"
)

// Life is one run of a container that ended by a kill.
type Life struct{ Started, Ended time.Time }

// Span is how long it lasted.
func (l Life) Span() time.Duration { return l.Ended.Sub(l.Started) }

// Lives sums up lives that ended at about the same age.
type Lives struct {
	Shortest, Middle, Longest time.Duration

	// Moments is at how many different times they ended: replicas that began together and died together say no more than one of them, and
	// long lives that all end at the same time of day may have ended by what happens then.
	Moments int
}

const (
	agree    = 0.25           // of the middle life: how far the shortest and the longest may be apart
	together = 0.1            // of the middle life: ends nearer to each other are one moment
	daily    = 12 * time.Hour // from this on the time of day matters
	sameHour = 2 * time.Hour
)

// Agree tells whether lives ended at about the same age.
func Agree(lives []Life) (Lives, bool) {
	if len(lives) < 2 {
		return Lives{}, false
	}
	sorted := slices.Clone(lives)
	order.By(sorted, func(a, b Life) int { return a.Ended.Compare(b.Ended) })
	var spans []time.Duration
	for _, l := range sorted {
		spans = append(spans, l.Span())
	}
	slices.Sort(spans)
	out := Lives{Shortest: spans[0], Middle: spans[len(spans)/2], Longest: spans[len(spans)-1]}
	if out.Shortest <= 0 || float64(out.Longest-out.Shortest) > agree*float64(out.Middle) {
		return Lives{}, false
	}
	var moments []time.Time
	for _, l := range sorted {
		if !slices.ContainsFunc(moments, func(t time.Time) bool { return out.oneMoment(t, l.Ended) }) {
			moments = append(moments, l.Ended)
		}
	}
	out.Moments = len(moments)
	return out, true
}

func (l Lives) oneMoment(a, b time.Time) bool {
	d := b.Sub(a).Abs()
	if float64(d) <= together*float64(l.Middle) {
		return true
	}
	const day = 24 * time.Hour
	return l.Middle >= daily && min(d%day, day-d%day) <= sameHour
}
