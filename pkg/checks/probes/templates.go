package probes

// This file walks the templates of workloads that would have pods and have none: all of them, where files hold only manifests.

import (
	"slices"

	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/kubectl-scars/kubectl-scars/pkg/analysis"
	"github.com/kubectl-scars/kubectl-scars/pkg/snapshot"
)

// eachTemplate visits the workloads that would have pods and have none.
func eachTemplate(p *analysis.Pass, visit func(*spec)) {
	var idle map[snapshot.Ref]bool
	for _, t := range p.Templates(metav1.NamespaceAll) {
		if slices.ContainsFunc(p.PodsOf(t.Workload), notFinished) {
			continue
		}
		if idle == nil {
			idle = idleWorkloads(p)
		}
		if idle[t.Workload] {
			continue
		}
		path := "spec.template.spec"
		if t.Workload.Kind == "CronJob" {
			path = "spec.jobTemplate.spec.template.spec"
		}
		visit(&spec{workload: t.Workload, labels: t.Pods.Labels, spec: &t.Pods.Spec, source: analysis.Ref(t.Workload), path: path})
	}
}

// idleWorkloads are those that want no pods of their own: scaled to zero, ended, or made by another that has a template itself.
func idleWorkloads(p *analysis.Pass) map[snapshot.Ref]bool {
	out := map[snapshot.Ref]bool{}
	none := func(replicas *int32) bool { return replicas != nil && *replicas == 0 }
	for _, d := range p.Deployments("") {
		if none(d.Spec.Replicas) {
			out[snapshot.Ref{APIVersion: "apps/v1", Kind: "Deployment", Namespace: d.Namespace, Name: d.Name}] = true
		}
	}
	for _, r := range p.ReplicaSets("") {
		if none(r.Spec.Replicas) || metav1.GetControllerOfNoCopy(r) != nil {
			out[snapshot.Ref{APIVersion: "apps/v1", Kind: "ReplicaSet", Namespace: r.Namespace, Name: r.Name}] = true
		}
	}
	for _, s := range p.StatefulSets("") {
		if none(s.Spec.Replicas) {
			out[snapshot.Ref{APIVersion: "apps/v1", Kind: "StatefulSet", Namespace: s.Namespace, Name: s.Name}] = true
		}
	}
	for _, j := range p.Jobs("") {
		ended := slices.ContainsFunc(j.Status.Conditions, func(c batchv1.JobCondition) bool {
			return (c.Type == "Complete" || c.Type == "Failed") && c.Status == corev1.ConditionTrue
		})
		if ended || metav1.GetControllerOfNoCopy(j) != nil {
			out[snapshot.Ref{APIVersion: "batch/v1", Kind: "Job", Namespace: j.Namespace, Name: j.Name}] = true
		}
	}
	return out
}
