package probes

// This file finds rollouts that had ended before the liveness probe could show that the new revision is ill.

import (
	"fmt"
	"math"
	"time"

	appsv1 "k8s.io/api/apps/v1"

	"github.com/kubectl-scars/kubectl-scars/pkg/analysis"
	"github.com/kubectl-scars/kubectl-scars/pkg/checks/deaths"
	"github.com/kubectl-scars/kubectl-scars/pkg/finding"
	"github.com/kubectl-scars/kubectl-scars/pkg/restart"
	"github.com/kubectl-scars/kubectl-scars/pkg/snapshot"
)

// tooSoon reports a Deployment whose newest revision counted as rolled out, and whose pods liveness began to kill only then, as soon as it
// could. The condition keeps the time at which the rollout was complete (kubernetes v1.37.2 pkg/controller/deployment/progress.go).
func tooSoon(p *analysis.Pass, d *appsv1.Deployment) {
	complete, ok := rolledOut(d)
	if !ok {
		return
	}
	w := snapshot.Ref{APIVersion: "apps/v1", Kind: "Deployment", Namespace: d.Namespace, Name: d.Name}
	newest, ok := p.NewestRevision(w)
	if !ok || newest.Number < 2 {
		return // there was nothing before that the rollout could have kept
	}
	var first restart.Death
	var at time.Time // when it was decided
	for _, hurt := range deaths.In(p.View, w) {
		if !newest.Made(hurt.Name) {
			continue
		}
		for _, death := range hurt.Deaths {
			if death.Cause != restart.Liveness || death.First.IsZero() {
				continue
			}
			decided := death.First
			if when, ok := death.Decided(); ok && death.Count == 1 {
				decided = when
			}
			if at.IsZero() || decided.Before(at) {
				first, at = death, decided
			}
		}
	}
	if at.IsZero() {
		return
	}
	for i := range d.Spec.Template.Spec.Containers {
		c := &d.Spec.Template.Spec.Containers[i]
		if c.Name != first.Pod.Container || c.LivenessProbe == nil || byMesh(c.LivenessProbe) {
			continue
		}
		b, least := restart.BudgetOf(c.LivenessProbe), time.Duration(max(d.Spec.MinReadySeconds, 0))*time.Second
		after := at.Sub(complete)
		if least >= b.Latest || after <= 0 || after > b.Latest {
			continue
		}
		s := &spec{workload: w, source: analysis.Ref(w)}
		enough := int32(min(b.Latest, math.MaxInt32*time.Second) / time.Second)
		p.Report(finding.Finding{
			Severity: finding.Warning, Confidence: first.Confidence, Object: s.object(c.Name), FirstSeen: finding.At(complete), LastSeen: finding.At(first.Finished),
			Message: fmt.Sprintf("revision %d counted as rolled out %s before liveness first killed container %s of it: pods count after %d s ready (minReadySeconds), and liveness takes up to %s",
				newest.Number, analysis.Span(after), c.Name, int(least.Seconds()), b.Latest),
			Evidence: append([]finding.Evidence{
				{Object: analysis.Ref(w), Source: "status.conditions[Progressing]", Value: "NewReplicaSetAvailable", Time: finding.At(complete)},
				s.says("", "spec.minReadySeconds", fmt.Sprint(d.Spec.MinReadySeconds)),
			}, first.Evidence...),
			Fix: []finding.Fix{
				{Text: "If the revision before was well, go back to it", Command: finding.Kubectl(d.Namespace, "rollout", "undo", "deployment/"+d.Name)},
				waitUntilKilled(d, enough),
			},
		})
	}
}

// waitUntilKilled lets a rollout wait for as long as liveness takes to kill.
func waitUntilKilled(d *appsv1.Deployment, enough int32) finding.Fix {
	fields, more := fmt.Sprintf(`"minReadySeconds":%d`, enough), ""
	if deadline, raise := deadlineFor(d, enough); raise {
		fields += fmt.Sprintf(`,"progressDeadlineSeconds":%d`, deadline)
		more = ", and the server wants progressDeadlineSeconds above it"
	}
	return finding.Fix{
		Text:    "Let a rollout wait until liveness would have killed, so that it keeps the old replicas; it takes that much longer for each step" + more + "; this restarts nothing",
		Command: finding.Kubectl(d.Namespace, "patch", "deployment/"+d.Name, "-p", `{"spec":{`+fields+`}}`),
	}
}

// rolledOut is when the newest revision counted as rolled out, and false while it does not.
func rolledOut(d *appsv1.Deployment) (time.Time, bool) {
	for _, c := range d.Status.Conditions {
		if c.Type == appsv1.DeploymentProgressing && c.Reason == "NewReplicaSetAvailable" && !c.LastUpdateTime.IsZero() {
			return c.LastUpdateTime.Time, d.Status.ObservedGeneration >= d.Generation
		}
	}
	return time.Time{}, false
}
