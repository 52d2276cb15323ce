package still

import (
	"flag"
	"testing"
)

var ratios = flag.Bool("ratios", false, "whether TestScale holds the tool to how long it takes beside others; only where nothing else runs")

// TestScale: everything planted is found and nothing else, at less than twice the floor's time, less than kubectl's, and less than 100 MB.
func TestScale(t *testing.T) {
	const rounds, most, mostMemory = 7, 2.0, 100_000_000
	v, err := rig.Look(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if len(rig.Planted) == 0 || len(v.Missed)+len(v.Extra)+len(v.Gaps) > 0 {
		t.Errorf("of %d planted incidents\nmissed %q\nextra %q\ngaps %q", len(rig.Planted), v.Missed, v.Extra, v.Gaps)
	}
	costs, err := rig.Compare(t.Context(), rounds)
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("medians of %d:\n%s", rounds, rig.Table(costs))
	floor, ours, kubectl := costs[0], costs[1], costs[len(costs)-1]
	if ours.RSS > mostMemory {
		t.Errorf("triage took %d MB, at most %d are allowed", ours.RSS/1e6, mostMemory/int64(1e6))
	}
	if !*ratios {
		return
	}
	if ratio := ours.Took.Seconds() / floor.Took.Seconds(); ratio > most {
		t.Errorf("triage takes %.2f times as long as reading its inputs, at most %.1f is allowed", ratio, most)
	}
	if ours.Took >= kubectl.Took {
		t.Errorf("triage takes %.2f times as long as kubectl get pods -A", ours.Took.Seconds()/kubectl.Took.Seconds())
	}
}
