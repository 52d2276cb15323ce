package historytest

import (
	"testing"
	"time"
)

func TestPodsFollowEachOther(t *testing.T) {
	for _, c := range Cases(len(Shapes())) {
		last := map[int]time.Duration{}
		names := map[string]bool{}
		for _, p := range c.Pods(5 * Week) {
			if p.From != last[p.Replica] || p.To <= p.From || names[p.Name] {
				t.Fatalf("%s: %+v follows %s", c.Name, p, last[p.Replica])
			}
			last[p.Replica], names[p.Name] = p.To, true
		}
		for replica := range c.Replicas {
			if last[replica] != 5*Week {
				t.Errorf("%s: replica %d ends at %s", c.Name, replica, last[replica])
			}
		}
	}
}

func TestShapesDieWhereTheyShould(t *testing.T) {
	deadly := map[string]bool{
		"peak on Mondays": true, "start-up peak": true, "leak to the limit": true, "second version needs more": true, "bursts of 5 s": true,
		"bursts of 60 s": true, "killed at the limit": true, "one replica needs more": true,
	}
	for _, c := range Cases(len(Shapes())) {
		var deaths, unlimited int
		for _, p := range c.Pods(5 * Week) {
			deaths += c.Play(p, 4*Week, 5*Week, float64(c.LimitBytes()), nil).Deaths
			unlimited += c.Play(p, 4*Week, 5*Week, 0, nil).Deaths
		}
		if (deaths > 0) != deadly[c.Name] || unlimited > 0 {
			t.Errorf("%s: %d deaths in the fifth week, %d without a limit", c.Name, deaths, unlimited)
		}
	}
}
