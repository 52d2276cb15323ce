package scale

import (
	"slices"
	"testing"

	"github.com/kubectl-scars/kubectl-scars/pkg/checks"
)

// measured are the checks that speak of numbers alone, which a still cluster has none of: no metrics API, no kubelet. The lab plays them.
var measured = []string{"oom/close-to-limit", "oom/cache-not-leak", "oom/request-far-below-usage", "oom/no-limit-noisy", "oom/spiky"}

// TestPlanted: there is an incident of every other check.
func TestPlanted(t *testing.T) {
	kinds, err := Kinds()
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range checks.All() {
		n := 0
		for _, in := range kinds {
			if in.Check == c.ID {
				n++
			}
		}
		want := 1
		if slices.Contains(measured, c.ID) {
			want = 0
		}
		if n != want {
			t.Errorf("%d planted incidents of %s, want %d", n, c.ID, want)
		}
	}
}
