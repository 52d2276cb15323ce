package oom

import (
	"testing"

	"github.com/kubectl-scars/kubectl-scars/pkg/analysis"
	"github.com/kubectl-scars/kubectl-scars/pkg/analysis/checktest"
	"github.com/kubectl-scars/kubectl-scars/pkg/finding"
)

func TestFixtures(t *testing.T) { checktest.Run(t, Checks(), ".") }

// TestADeathIsToldOnce: of one container, or of one workload's pods as a whole, one check says why it died. What a runtime says of its own
// limit may stand beside it: the two may be one trouble or two.
func TestADeathIsToldOnce(t *testing.T) {
	why := []*analysis.Check{LimitHit, PodLimitHit, ChildKilled, TinyLimit, NodeOutOfMemory, Evicted, TurnedAway, KilledNotMemory}
	for section, findings := range checktest.Together(t, why, ".") {
		teller := map[finding.ObjectRef]finding.Finding{}
		for _, f := range findings {
			if before, told := teller[f.Object]; told {
				t.Errorf("%s: the death of %s is told twice:\n%s: %s\n%s: %s", section, f.Object, before.Check, before.Message, f.Check, f.Message)
			}
			teller[f.Object] = f
		}
	}
}
