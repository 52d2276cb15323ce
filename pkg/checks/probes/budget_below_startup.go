package probes

// This file finds starts that succeed only because the kubelet's clock happened to be kind.

import (
	"fmt"
	"time"

	"github.com/kubectl-scars/kubectl-scars/pkg/analysis"
	"github.com/kubectl-scars/kubectl-scars/pkg/finding"
	"github.com/kubectl-scars/kubectl-scars/pkg/restart"
	"github.com/kubectl-scars/kubectl-scars/pkg/snapshot"
	"github.com/kubectl-scars/kubectl-scars/pkg/startup"
)

// BudgetBelowStartup is probes/budget-below-startup.
var BudgetBelowStartup = &analysis.Check{
	ID: "probes/budget-below-startup",
	Doc: analysis.Doc{
		Title:    "Starts take longer than the probe guarantees, or nearly so",
		Symptom:  "None yet: all starts succeed. On a busier node, or after a cold cache, the same container is killed while it starts.",
		Evidence: "From startedAt to the condition ContainersReady, less what successThreshold adds, against initialDelaySeconds + (failureThreshold-1)·periodSeconds of the startup probe, or of the liveness probe where there is none. A warning only where the start was longer even if the whole error (1 s, a period and as long as an attempt may take) is taken off; worth knowing where less than a fifth is left. Judged only where the probe asks the same as readiness, so that what was measured is what the probe waits for. Of a manifest, where the budgets contradict each other: a probe by HTTP or TCP kills at its first failure from the start on, or liveness kills before readiness, which asks the same, begins to ask.",
		Why:      "Between the guaranteed and the latest time it is chance whether a slow start is killed: the probe's clock is not reset by the container's start.",
		Fix:      "Give a startupProbe at least twice the slowest start.",
		Limits:   "Only pods that are there are measured, and none where any has restarted: that may have been the probe. Pods with several probed containers, or whose readiness was lost since, give upper bounds, which do not count.",
		Sources:  []string{"kubernetes v1.37.2 pkg/kubelet/prober/worker.go", "kubernetes v1.37.2 pkg/kubelet/status/generate.go"},
	},
	Inputs: specInputs(analysis.Optional(snapshot.Events)),
	Run:    budgetBelowStartup,
}

// narrow is the part of the guaranteed time that must be left.
const narrow = 5

func budgetBelowStartup(p *analysis.Pass) error {
	budgetInSpec(p)
	for _, w := range p.Workloads() {
		pod := newestPod(p.View, w)
		if pod == nil {
			continue
		}
		for i := range pod.Spec.Containers {
			c := &pod.Spec.Containers[i]
			probe, name := startup.Governing(c)
			if probe == nil || !startup.Shown(c) {
				continue
			}
			b := restart.BudgetOf(probe)
			s := startsOf(p.View, w, c)
			if len(s.Ready) == 0 || s.restarts > 0 { // what ended its starts, other checks tell
				continue
			}
			worst, best := s.Margin(b)
			if best >= b.Guaranteed/narrow {
				continue
			}
			f := finding.Finding{
				Severity: finding.Info, Confidence: finding.Strong, Object: s.object(),
				Message: fmt.Sprintf("starts take nearly as long as %s guarantees container %s: %s, %s guaranteed", fieldOf(name), c.Name, s.Sum, b.Guaranteed),
			}
			if best < 0 {
				f.Severity = finding.Warning
				f.Message = fmt.Sprintf("starts take longer than %s guarantees container %s: %s, %s guaranteed, killed by %s at the latest",
					fieldOf(name), c.Name, s.Sum, b.Guaranteed, b.Latest)
			}
			f.Evidence = append(s.Evidence(2), finding.Evidence{
				Object: s.object(), Source: "spec.containers[" + c.Name + "]." + fieldOf(name),
				Value: fmt.Sprintf("%s, %s, every %s: not before %s; margin %s to %s", handler(probe), fails(b.Failures), b.Period, b.Guaranteed,
					worst.Truncate(time.Second), best.Truncate(time.Second)),
			})
			f.Fix = s.waitLonger()
			report(p, f)
		}
	}
	return nil
}
