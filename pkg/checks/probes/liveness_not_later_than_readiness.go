package probes

// This file finds liveness probes that act before the readiness probe of the same handler has taken the traffic away.

import (
	"fmt"

	corev1 "k8s.io/api/core/v1"

	"github.com/kubectl-scars/kubectl-scars/pkg/analysis"
	"github.com/kubectl-scars/kubectl-scars/pkg/finding"
	"github.com/kubectl-scars/kubectl-scars/pkg/kubeevent"
	"github.com/kubectl-scars/kubectl-scars/pkg/restart"
	"github.com/kubectl-scars/kubectl-scars/pkg/snapshot"
	"github.com/kubectl-scars/kubectl-scars/pkg/startup"
)

// LivenessNotLaterThanReadiness is probes/liveness-not-later-than-readiness.
var LivenessNotLaterThanReadiness = &analysis.Check{
	ID: "probes/liveness-not-later-than-readiness",
	Doc: analysis.Doc{
		Title:    "Liveness may kill before readiness has taken the load away",
		Symptom:  "Under load, replicas are killed one after the other instead of being left alone until they have caught up.",
		Evidence: "Both probes ask the same, and the earliest kill, (failureThreshold-1)·period of liveness, does not lie behind the latest loss of readiness, failureThreshold·period+timeout: proven by the spec. A warning only where liveness attempts were not answered in time within the last 15 min and after the start: as many in one pod as kill, or in half of the pods, and two; otherwise info.",
		Why:      "Readiness is the gentle answer to overload. If the same question kills first, or at the same time, each kill puts more load on the rest.",
		Fix:      "Give liveness more failures, so that it acts clearly later, or a cheaper handler that asks for the process only.",
		Limits:   "One handler with a liveness that acts later is the documented pattern and is silent. Commands are compared only where they have no arguments, which are not kept; headers' values and queries are not kept either, so handlers with these count as different. Where a start was measured in which the race is lost, probes/cascade tells it as LATENT.",
		Sources:  []string{"Kubernetes documentation, Configure Liveness, Readiness and Startup Probes", "kubernetes v1.37.2 pkg/kubelet/prober/worker.go"},
	},
	Inputs: specInputs(analysis.Optional(snapshot.Events)),
	Run:    notLater,
}

func notLater(p *analysis.Pass) error {
	eachSpec(p, func(s *spec) {
		for i := range s.size() {
			c := s.at(i)
			if c == nil || !sameHandler(c) {
				continue
			}
			live, ready := restart.BudgetOf(c.LivenessProbe), restart.BudgetOf(c.ReadinessProbe)
			kill := live.Attempts(live.Failures - 1)
			lost := ready.Longest(ready.Failures)
			if kill > lost {
				continue
			}
			after := "after " + analysis.Span(kill)
			if kill == 0 {
				after = "at once"
			}
			failures := int(lost/live.Period) + 2
			f := finding.Finding{
				Severity: finding.Info, Confidence: finding.Proven, Object: s.object(c.Name), SaidBy: saysMore(p, s.workload, c),
				Message: fmt.Sprintf("liveness and readiness of container %s ask the same (%s), and liveness may kill %s while readiness may take %s to move the load away",
					c.Name, handler(c.LivenessProbe), after, analysis.Span(lost)),
				Evidence: []finding.Evidence{s.asks(c, kubeevent.Liveness), s.asks(c, kubeevent.Readiness)},
				Fix: []finding.Fix{{
					Text:    fmt.Sprintf("Let liveness wait for %d failures, so that it acts after readiness", failures),
					Command: patch(s.workload, c.Name, sidecar(c), "livenessProbe", map[string]any{"failureThreshold": failures}),
				}},
			}
			if _, plain := askedFor(c.LivenessProbe); plain {
				f.SaidBy = LivenessChecksDependency.ID // a liveness that asks for the process alone asks something else
			}
			if slow := s.slow(p, c, kubeevent.Liveness); slow != nil {
				if slow.most >= live.Failures || many(slow.pods, len(s.pods)) {
					f.Severity = finding.Warning
				}
				f.Message += fmt.Sprintf("; %d liveness attempts got no answer in time, in %d of %d pods", slow.count, slow.pods, len(s.pods))
				f.Evidence = append(f.Evidence, slow.evidence...)
				f.FirstSeen, f.LastSeen = finding.At(slow.first), finding.At(slow.last)
			}
			report(p, f)
		}
	})
	return nil
}

// sameHandler tells whether liveness and readiness of a container are known to ask the same.
func sameHandler(c *corev1.Container) bool {
	return !byMesh(c.LivenessProbe) && !byMesh(c.ReadinessProbe) && startup.Alike(c.LivenessProbe, c.ReadinessProbe)
}
