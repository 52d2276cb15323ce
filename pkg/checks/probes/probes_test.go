package probes

import (
	"strings"
	"testing"
	"time"

	"github.com/kubectl-scars/kubectl-scars/pkg/analysis"
	"github.com/kubectl-scars/kubectl-scars/pkg/analysis/checktest"
	"github.com/kubectl-scars/kubectl-scars/pkg/finding"
	"github.com/kubectl-scars/kubectl-scars/pkg/snapshot"
)

func TestFixtures(t *testing.T) { checktest.Run(t, Checks(), ".") }

// TestAnIllProbeIsToldOnce: one misnamed port, or one sidecar that is not ready, is told by one check in a report of all; two names are
// two troubles.
func TestAnIllProbeIsToldOnce(t *testing.T) {
	for section, findings := range checktest.Together(t, []*analysis.Check{StuckStartup, NeverReadyPort, InertLiveness, SidecarGatesPod, ReadinessFlap, StartupKill}, ".") {
		report := analysis.Assemble(snapshot.NewBuilder().Build(time.Time{}), []analysis.Outcome{{Check: StuckStartup, Findings: findings}}, finding.Metadata{})
		said := map[finding.ObjectRef][]string{}
		for _, f := range report.Findings {
			said[f.Object] = append(said[f.Object], f.Check+": "+f.Message)
		}
		for object, messages := range said {
			want := 1
			if object.Name == "apart" {
				want = 2
			}
			if len(messages) != want {
				t.Errorf("%s: the trouble of %s is told %d times, want %d:\n%s", section, object, len(messages), want, strings.Join(messages, "\n"))
			}
		}
	}
}
