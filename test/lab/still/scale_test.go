// Package scale holds the tool, on a still cluster of 2,000 pods, to what it promises at any size.
package scale

import (
	"os"
	"testing"

	"github.com/kubectl-scars/kubectl-scars/test/lab/internal/scale"
)

// TestScale: everything planted is found and nothing else, at less than twice the floor's time, less than kubectl's, and less than 100 MB; and
// nothing was asked of the server but reads.
func TestScale(t *testing.T) {
	const pods, rounds, most, mostMemory = 2000, 7, 2.0, 100_000_000
	r, err := scale.Up(t.Context(), t.TempDir(), pods, os.Stderr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := r.Down(); err != nil {
			t.Error(err)
		}
	})
	v, err := r.Look(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if len(r.Planted) == 0 || len(v.Missed)+len(v.Extra)+len(v.Gaps) > 0 {
		t.Errorf("of %d planted incidents\nmissed %q\nextra %q\ngaps %q", len(r.Planted), v.Missed, v.Extra, v.Gaps)
	}
	costs, err := r.Compare(t.Context(), rounds)
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("medians of %d:\n%s", rounds, r.Table(costs))
	floor, ours, kubectl := costs[0], costs[1], costs[2]
	if ratio := ours.Took.Seconds() / floor.Took.Seconds(); ratio > most {
		t.Errorf("triage takes %.2f times as long as reading its inputs, at most %.1f is allowed", ratio, most)
	}
	if ours.Took >= kubectl.Took {
		t.Errorf("triage takes %.2f times as long as kubectl get pods -A", ours.Took.Seconds()/kubectl.Took.Seconds())
	}
	if ours.RSS > mostMemory {
		t.Errorf("triage took %d MB, at most %d are allowed", ours.RSS/1e6, mostMemory/int64(1e6))
	}
	written, err := r.Audited()
	if err != nil {
		t.Fatal(err)
	}
	if len(written) > 0 {
		t.Errorf("asked for more than reads: %q", written)
	}
}
