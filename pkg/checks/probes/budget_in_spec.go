package probes

// This file finds budgets that a spec alone shows to be too small for a start: of manifests, since of what runs the starts are measured.

import (
	"fmt"
	"time"

	"github.com/kubectl-scars/kubectl-scars/pkg/analysis"
	"github.com/kubectl-scars/kubectl-scars/pkg/finding"
	"github.com/kubectl-scars/kubectl-scars/pkg/kubeevent"
	"github.com/kubectl-scars/kubectl-scars/pkg/restart"
	"github.com/kubectl-scars/kubectl-scars/pkg/startup"
)

func budgetInSpec(p *analysis.Pass) {
	eachSpec(p, func(s *spec) {
		for i := range s.size() {
			c := s.at(i)
			if c == nil || !s.manifest {
				continue
			}
			probe, name := startup.Governing(c)
			if probe == nil || byMesh(probe) {
				continue
			}
			b := restart.BudgetOf(probe)
			f := finding.Finding{Severity: finding.Warning, Object: s.object(c.Name), Evidence: []finding.Evidence{s.asks(c, name)}}
			switch {
			case b.Guaranteed == 0 && probe.Exec == nil && probe.GRPC == nil: // these may wait for the start until their time-out
				f.Confidence = finding.Strong
				f.Message = fmt.Sprintf("%s kills container %s at its first failure, from its start on: the start is guaranteed no time at all", fieldOf(name), c.Name)
			case name == kubeevent.Liveness && c.ReadinessProbe != nil && sameHandler(c) && time.Duration(c.ReadinessProbe.InitialDelaySeconds)*time.Second > b.Latest:
				f.Confidence = finding.Consistent
				delay := c.ReadinessProbe.InitialDelaySeconds
				f.Message = fmt.Sprintf("livenessProbe kills container %s by %s if it is not up, and readinessProbe, which asks the same (%s), only begins after %s: a start is given less than it is said to take",
					c.Name, b.Latest, handler(probe), time.Duration(delay)*time.Second)
				f.Evidence = append(f.Evidence, s.says(c.Name, s.field(c, "readinessProbe")+".initialDelaySeconds", fmt.Sprint(delay)))
			default:
				continue
			}
			wait := "Let a startupProbe wait for the start, with a failureThreshold so that"
			if name == kubeevent.Startup {
				wait = "Raise its failureThreshold until"
			}
			f.Fix = []finding.Fix{{Text: wait + " failureThreshold × periodSeconds is twice the slowest start; it costs nothing once it has succeeded"}}
			p.Report(f)
		}
	})
}
