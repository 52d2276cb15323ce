package history_test

import (
	"math"
	"slices"
	"testing"
	"time"

	"github.com/kubectl-scars/kubectl-scars/pkg/finding"
	"github.com/kubectl-scars/kubectl-scars/pkg/history"
	"github.com/kubectl-scars/kubectl-scars/pkg/history/historytest"
)

// watch records four weeks of a case as a store would tell them, and lists the steady peaks by minute.
func watch(c historytest.Case) (*history.Record, []float64) {
	to := c.Start.Add(4 * historytest.Week)
	r := history.NewRecord(c.Start, to)
	r.Interval, r.KillsKnown, r.LivesKnown, r.OwnersKnown = historytest.Scrape, true, true, true
	var peaks []float64
	for _, pod := range c.Pods(4 * historytest.Week) {
		p := r.Pod(pod.Name, pod.ReplicaSet)
		p.Started(c.Start.Add(pod.From))
		life := 0
		var minute struct{ end, high, age float64 }
		flush := func() {
			if minute.high > 0 {
				p.Peak(c.Start.Add(time.Duration(minute.end)), minute.high)
				if minute.age > float64(history.StartUp) {
					peaks = append(peaks, minute.high)
				}
			}
			minute.high = 0
		}
		c.Play(pod, 0, 4*historytest.Week, float64(c.LimitBytes()), func(s historytest.Sample) {
			end := float64((s.At + time.Minute - 1).Truncate(time.Minute))
			hour := c.Start.Add((s.At + time.Hour - 1).Truncate(time.Hour))
			if end != minute.end {
				flush()
			}
			if s.Life > life {
				life = s.Life
				p.Started(c.Start.Add(s.LifeStart))
				p.Killed(c.Start.Add(s.LifeStart), float64(c.LimitBytes()))
			}
			minute.end, minute.high = end, max(minute.high, s.WorkingSet)
			minute.age = end - float64(s.LifeStart)
			p.Usage(hour, s.Usage)
			p.Kernel(hour, s.Peak)
			p.Limit(hour, float64(c.LimitBytes()))
			if s.At%time.Hour < historytest.Scrape {
				p.Low(hour, s.RSS)
			}
		})
		flush()
	}
	return r, peaks
}

func TestTwentyShapes(t *testing.T) {
	var before, after int
	var given, best float64
	for _, c := range historytest.Cases(len(historytest.Shapes())) {
		r, peaks := watch(c)
		rec := history.Recommend(r, history.Options{Limit: float64(c.LimitBytes()), Request: c.Base})
		t.Logf("%-26s %-10s limit %6s→%6s request %6s kills %d lives %d | %s | %s %v %s", c.Name, rec.Confidence, history.Quantity(float64(c.LimitBytes())),
			rec.Limit.Quantity, rec.Request.Quantity, rec.Basis.Kills, rec.Basis.Lives, rec.Limit.Reason, rec.Request.Reason, rec.Notes, rec.CannotSay)
		if (rec.Leak != nil) != c.Leak {
			t.Errorf("%s: leak %v, want %v", c.Name, rec.Leak, c.Leak)
		}
		if c.Rollout == 0 {
			slices.Sort(peaks)
			want := peaks[int(math.Ceil(0.99*float64(len(peaks))))-1]
			if off := math.Abs(float64(rec.Basis.Peaks)/want - 1); off > 0.02 {
				t.Errorf("%s: the quantile is off by %.1f %%", c.Name, off*100)
			}
		}
		if c.Leak {
			continue
		}
		var now, then int
		var need float64
		for _, p := range c.Pods(5 * historytest.Week) {
			o := c.Play(p, 4*historytest.Week, 5*historytest.Week, float64(c.LimitBytes()), nil)
			now += o.Deaths
			o = c.Play(p, 4*historytest.Week, 5*historytest.Week, float64(rec.Limit.Recommended), nil)
			then += o.Deaths
			need = max(need, c.Play(p, 4*historytest.Week, 5*historytest.Week, 0, nil).Need)
		}
		t.Logf("   deaths %d → %d, %.1f %% above the best", now, then, (float64(rec.Limit.Recommended)/need-1)*100)
		before, after = before+now, after+then
		given, best = given+float64(rec.Limit.Recommended), best+need
		if rec.Confidence == finding.Strong && then > 0 {
			t.Errorf("%s: strong, and %d deaths", c.Name, then)
		}
	}
	t.Logf("deaths %d → %d; memory %.1f %% above the best", before, after, (given/best-1)*100)
	if float64(after) > 0.05*float64(before) || given > 1.15*best {
		t.Errorf("deaths %d → %d, memory %.1f %% above the best", before, after, (given/best-1)*100)
	}
}
