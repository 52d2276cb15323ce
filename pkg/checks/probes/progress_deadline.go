package probes

// This file fits minReadySeconds to the deadline of a Deployment's rollouts.

import (
	"fmt"
	"math"

	appsv1 "k8s.io/api/apps/v1"

	"github.com/kubectl-scars/kubectl-scars/pkg/analysis"
	"github.com/kubectl-scars/kubectl-scars/pkg/finding"
)

const (
	defaultDeadline = 600 // seconds: a Deployment's progressDeadlineSeconds where it is not set (kubernetes v1.37.2 pkg/apis/apps/v1/defaults.go)
	longestStep     = 600 // seconds for which a rollout should wait at each of its steps, at the most
)

// progressDeadline is after how many seconds without progress a Deployment's rollout counts as failed; math.MaxInt32 stands for never.
func progressDeadline(d *appsv1.Deployment) int32 {
	if d.Spec.ProgressDeadlineSeconds == nil {
		return defaultDeadline
	}
	return *d.Spec.ProgressDeadlineSeconds
}

// deadlineFor is the progressDeadlineSeconds that a Deployment needs with such a minReadySeconds, which the server wants below it
// (ValidateDeploymentSpec in kubernetes v1.37.2 pkg/apis/apps/validation/validation.go); false where that of now will do. It leaves as much
// time as now beside the wait, for which there is no progress.
func deadlineFor(d *appsv1.Deployment, minReady int32) (int32, bool) {
	now := progressDeadline(d)
	return min(max(now, 0), math.MaxInt32-max(minReady, 0)) + minReady, now <= minReady
}

// withMinReady sets the recommended minReadySeconds beside that of the workload and raises the deadline where it must be, or leaves it out: where
// the workload knows no such thing, and where no rollout should wait for so long, which the note says.
func withMinReady(numbers []finding.ProbeNumber, w analysis.Workload) (out []finding.ProbeNumber, note string) {
	for _, n := range numbers {
		if n.Field != "minReadySeconds" {
			out = append(out, n)
			continue
		}
		switch n.Now = w.MinReadySeconds; {
		case n.Now == nil:
			continue
		case *n.Now >= n.Recommended:
			n.Recommended, n.Reason = *n.Now, "enough to see the first kill of liveness"
		case n.Recommended >= longestStep:
			note = fmt.Sprintf("no minReadySeconds: liveness may take %ds to kill a hung replica, for which a rollout would have to wait at each step", n.Recommended)
			continue
		}
		out = append(out, n)
		d, ok := w.Object.(*appsv1.Deployment)
		if !ok || n.Recommended == *n.Now {
			continue
		}
		if better, raise := deadlineFor(d, n.Recommended); raise {
			now := progressDeadline(d)
			out = append(out, finding.ProbeNumber{
				Field: "progressDeadlineSeconds", Now: &now, Recommended: better,
				Reason: fmt.Sprintf("the server wants it above minReadySeconds; %ds above, as long as a rollout may stand still now", now),
			})
		}
	}
	return out, note
}
