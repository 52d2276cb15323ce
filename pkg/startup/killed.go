package startup

// This file reads starts that a probe cut short, and sums starts up.

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/kubectl-scars/kubectl-scars/pkg/finding"
	"github.com/kubectl-scars/kubectl-scars/pkg/order"
	"github.com/kubectl-scars/kubectl-scars/pkg/restart"
)

// Killed lists the starts of a container that the governing probe cut short, of the deaths whose times the pod's status holds. A life that
// ended by the liveness probe is a start where it was not longer than that probe takes to give up on one that never answered.
func Killed(pod *corev1.Pod, c *corev1.Container, deaths []restart.Death) []Start {
	p, name := Governing(c)
	if p == nil {
		return nil
	}
	cause := causeOf(name)
	b, grace := restart.BudgetOf(p), restart.Grace(pod, c.Name, cause)
	var out []Start
	for _, d := range deaths {
		life, ok := d.Lifetime()
		if d.Cause != cause || d.Pod.Container != c.Name || !ok || !clocked(b, grace, life) {
			continue
		}
		s := Start{Pod: d.Pod, Bound: AtLeast, Began: d.Started, Life: life}
		// Nobody asked any more after the decision, so that the grace period is no part of the bound.
		s.Took = min(life, max(b.Guaranteed, life-grace-slack))
		if at, ok := d.Decided(); ok {
			s.Took = max(s.Took, at.Sub(d.Started)-b.Timeout-resolution)
		}
		s.Least = s.Took
		out = append(out, s)
	}
	return out
}

// clocked tells whether a life ended when a probe that never succeeded would end it.
func clocked(b restart.Budget, grace, life time.Duration) bool {
	return life >= b.Guaranteed-slack && life <= b.Latest+grace+2*slack
}

// Clocked tells whether several lives ended when a probe that never succeeded would end them, no further apart than its attempts and their
// time-outs are: it is the probe's clock that ended them, for a crash of the program's own keeps no such time.
func Clocked(b restart.Budget, grace time.Duration, lives []time.Duration) bool {
	return len(lives) >= 2 && slices.Max(lives)-slices.Min(lives) <= b.Period+b.Timeout+slack &&
		!slices.ContainsFunc(lives, func(life time.Duration) bool { return !clocked(b, grace, life) })
}

// Sum is what is known of the starts of one container of a workload.
type Sum struct {
	Ready   []Start // that were measured, Within their bounds, fastest first
	AtMost  []Start // of which only an upper bound is known
	Killed  []Start // that were cut short, shortest bound first
	Slowest time.Duration
	Least   time.Duration // what the slowest took at least
}

// SumOf sums starts up.
func SumOf(starts []Start) Sum {
	var s Sum
	for _, t := range starts {
		switch t.Bound {
		case AtMost:
			s.AtMost = append(s.AtMost, t)
			continue
		case AtLeast:
			s.Killed = append(s.Killed, t)
		default:
			s.Ready = append(s.Ready, t)
		}
		s.Slowest, s.Least = max(s.Slowest, t.Took), max(s.Least, t.Least)
	}
	for _, list := range [][]Start{s.Ready, s.AtMost, s.Killed} {
		order.By(list, func(a, b Start) int {
			return cmp.Or(cmp.Compare(a.Took, b.Took), strings.Compare(a.Pod.Name, b.Pod.Name))
		})
	}
	return s
}

// N is how many starts tell of how long one takes.
func (s Sum) N() int { return len(s.Ready) + len(s.Killed) }

// Margin is how much of what a probe guarantees the slowest start left; negative where it needed more. Both ends of the error are given.
func (s Sum) Margin(b restart.Budget) (worst, best time.Duration) {
	return b.Guaranteed - s.Slowest, b.Guaranteed - s.Least
}

// String says what was measured: "n=5: ready after 41–58s, 2 killed at ≥50s".
func (s Sum) String() string {
	var parts []string
	if n := len(s.Ready); n > 0 {
		parts = append(parts, "ready after "+span(s.Ready[0].Took, s.Ready[n-1].Took))
	}
	if n := len(s.Killed); n > 0 {
		parts = append(parts, fmt.Sprintf("%d killed at ≥%s", n, seconds(s.Killed[0].Took)))
	}
	return fmt.Sprintf("n=%d: %s", s.N(), strings.Join(parts, ", "))
}

// Evidence quotes the slowest starts that succeeded, at most so many; those that were cut short are quoted as deaths.
func (s Sum) Evidence(most int) []finding.Evidence {
	var out []finding.Evidence
	for i := len(s.Ready) - 1; i >= max(0, len(s.Ready)-most); i-- {
		out = append(out, s.Ready[i].Evidence()...)
	}
	return out
}

func span(from, to time.Duration) string {
	if seconds(from) == seconds(to) {
		return seconds(to)
	}
	return strings.TrimSuffix(seconds(from), "s") + "–" + seconds(to)
}

// seconds are not turned into minutes: they stand beside fields that are seconds.
func seconds(d time.Duration) string {
	return fmt.Sprintf("%ds", int(d.Truncate(time.Second)/time.Second))
}
