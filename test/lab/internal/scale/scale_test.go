package scale

import (
	"testing"

	"github.com/kubectl-scars/kubectl-scars/pkg/checks"
)

// TestPlanted: there is an incident of every check.
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
		if n != 1 {
			t.Errorf("%d planted incidents of %s, want 1", n, c.ID)
		}
	}
}
