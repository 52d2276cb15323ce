package probes

// This file finds probes that wait longer for an answer than the time from one attempt to the next.

import (
	"fmt"
	"strings"

	corev1 "k8s.io/api/core/v1"

	"github.com/kubectl-scars/kubectl-scars/pkg/analysis"
	"github.com/kubectl-scars/kubectl-scars/pkg/finding"
	"github.com/kubectl-scars/kubectl-scars/pkg/kubeevent"
	"github.com/kubectl-scars/kubectl-scars/pkg/restart"
	"github.com/kubectl-scars/kubectl-scars/pkg/snapshot"
)

// TimeoutExceedsPeriod is probes/timeout-exceeds-period.
var TimeoutExceedsPeriod = &analysis.Check{
	ID: "probes/timeout-exceeds-period",
	Doc: analysis.Doc{
		Title:    "A probe waits longer for an answer than until its next attempt",
		Symptom:  "A hang is found later than period and failureThreshold promise.",
		Evidence: "timeoutSeconds is above periodSeconds, with the server's defaults for what is not set: proven by the spec. A warning only where attempts ran into that time-out within the last 15 min, after the start or in one that goes on: as many in one pod as failureThreshold, or in half of the pods, and two; otherwise info.",
		Why:      "A kubelet makes one attempt of a probe at a time. Attempts that hang stretch the period to the time-out, and with it the time until traffic leaves or the container is restarted.",
		Fix:      "Lower timeoutSeconds to what a good answer takes at most; or raise periodSeconds to timeoutSeconds and lower failureThreshold by as much, so that what fails at once is found as soon as now.",
		Limits:   "An equal time-out and period are silent. How long good answers take is not in the API.",
		Sources:  []string{"kubernetes v1.37.2 pkg/kubelet/prober/worker.go (run, doProbe)"},
	},
	Inputs: specInputs(analysis.Optional(snapshot.Events)),
	Run:    timeoutExceedsPeriod,
}

func timeoutExceedsPeriod(p *analysis.Pass) error {
	eachSpec(p, func(s *spec) {
		for i := range s.size() {
			c := s.at(i)
			list, n := probesOf(c)
			var long []named
			for _, probe := range list[:n] {
				if b := restart.BudgetOf(probe.probe); b.Timeout > b.Period {
					long = append(long, probe)
				}
			}
			if len(long) > 0 {
				report(p, longTimeouts(p, s, c, long))
			}
		}
	})
	return nil
}

// stillLater tells whether liveness with another budget acts later than readiness with its own, where both ask the same.
func stillLater(c *corev1.Container, live restart.Budget) bool {
	if c.ReadinessProbe == nil || !sameHandler(c) {
		return true
	}
	ready := restart.BudgetOf(c.ReadinessProbe)
	return live.Attempts(live.Failures-1) > ready.Longest(ready.Failures)
}

// longTimeouts is one finding for all probes of a container that wait too long.
func longTimeouts(p *analysis.Pass, s *spec, c *corev1.Container, long []named) finding.Finding {
	f := finding.Finding{Severity: finding.Info, Confidence: finding.Proven, Object: s.object(c.Name)}
	better := map[string]map[string]any{}
	var limits []string
	coarse := false // what fails at once would be found far later, or by the wrong probe first
	for i, probe := range long {
		b, field := restart.BudgetOf(probe.probe), fieldOf(probe.name)
		who, effect := "; "+field, "a hang is noticed"
		if i == 0 {
			who = field + " of container " + c.Name
		}
		if probe.name != kubeevent.Readiness {
			effect = "a hang ends in a restart"
		}
		f.Message += fmt.Sprintf("%s waits %s for an answer but is due every %s: %s after up to %s, not %s",
			who, b.Timeout, b.Period, effect, analysis.Span(b.Longest(b.Failures)), analysis.Span(b.Attempts(b.Failures)))
		f.Evidence = append(f.Evidence, s.says(c.Name, s.field(c, field),
			fmt.Sprintf("timeoutSeconds %d, periodSeconds %d, failureThreshold %d", int(b.Timeout.Seconds()), int(b.Period.Seconds()), b.Failures)))
		seconds := int(b.Timeout.Seconds())
		fewer := int((b.Attempts(b.Failures-1)+b.Timeout-1)/b.Timeout) + 1 // that guarantee no less than the present ones, where each fails at once
		better[field] = map[string]any{"periodSeconds": seconds, "failureThreshold": fewer}
		limits = append(limits, fmt.Sprintf("%s: periodSeconds %d, failureThreshold %d", field, seconds, fewer))
		after := restart.Budget{Period: b.Timeout, Timeout: b.Timeout, Failures: int32(fewer)}
		coarse = coarse || after.Attempts(after.Failures-1) > 2*b.Attempts(b.Failures-1) || probe.name == kubeevent.Liveness && !stillLater(c, after)
		if slow := s.slow(p, c, probe.name); slow != nil {
			if slow.most >= b.Failures || many(slow.pods, len(s.pods)) {
				f.Severity = finding.Warning
			}
			f.Message += fmt.Sprintf("; %d such attempts in %d of %d pods", slow.count, slow.pods, len(s.pods))
			f.Evidence = append(f.Evidence, slow.evidence...)
			if f.FirstSeen == nil || slow.first.Before(*f.FirstSeen) {
				f.FirstSeen = finding.At(slow.first)
			}
			if f.LastSeen == nil || slow.last.After(*f.LastSeen) {
				f.LastSeen = finding.At(slow.last)
			}
		}
	}
	f.Fix = s.andLook(finding.Fix{
		Text: "Shorten timeoutSeconds, if good answers take less; or let the period be as long as the wait, and failureThreshold to match (" +
			strings.Join(limits, "; ") + ")",
		Command: patches(s.workload, c.Name, sidecar(c), better),
	})
	if coarse {
		f.Fix = s.andLook(finding.Fix{Text: "Shorten timeoutSeconds, if good answers take less; a longer period would find later what fails at once"})
	}
	return f
}
