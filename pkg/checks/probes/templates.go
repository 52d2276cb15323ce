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

// specsOfTemplates are the workloads that would have pods and have none.
func specsOfTemplates(v *snapshot.View) []spec {
	var out []spec
	var idle map[snapshot.Ref]bool
	for _, t := range v.Templates(metav1.NamespaceAll) {
		if slices.ContainsFunc(v.PodsOf(t.Workload), notFinished) {
			continue
		}
		if idle == nil {
			idle = idleWorkloads(v)
		}
		if idle[t.Workload] {
			continue
		}
		path := "spec.template.spec"
		if t.Workload.Kind == "CronJob" {
			path = "spec.jobTemplate.spec.template.spec"
		}
		out = append(out, spec{workload: t.Workload, labels: t.Pods.Labels, annotations: t.Pods.Annotations, spec: &t.Pods.Spec, source: analysis.Ref(t.Workload), path: path, manifest: !t.Stored})
	}
	return out
}

// idleWorkloads are those that want no pods of their own: scaled to zero, ended, or made by another that has a template itself.
func idleWorkloads(v *snapshot.View) map[snapshot.Ref]bool {
	out := map[snapshot.Ref]bool{}
	none := func(replicas *int32) bool { return replicas != nil && *replicas == 0 }
	for _, d := range v.Deployments("") {
		if none(d.Spec.Replicas) {
			out[snapshot.Ref{APIVersion: "apps/v1", Kind: "Deployment", Namespace: d.Namespace, Name: d.Name}] = true
		}
	}
	for _, r := range v.ReplicaSets("") {
		if none(r.Spec.Replicas) || metav1.GetControllerOfNoCopy(r) != nil {
			out[snapshot.Ref{APIVersion: "apps/v1", Kind: "ReplicaSet", Namespace: r.Namespace, Name: r.Name}] = true
		}
	}
	for _, s := range v.StatefulSets("") {
		if none(s.Spec.Replicas) {
			out[snapshot.Ref{APIVersion: "apps/v1", Kind: "StatefulSet", Namespace: s.Namespace, Name: s.Name}] = true
		}
	}
	for _, j := range v.Jobs("") {
		ended := slices.ContainsFunc(j.Status.Conditions, func(c batchv1.JobCondition) bool {
			return (c.Type == "Complete" || c.Type == "Failed") && c.Status == corev1.ConditionTrue
		})
		if ended || metav1.GetControllerOfNoCopy(j) != nil {
			out[snapshot.Ref{APIVersion: "batch/v1", Kind: "Job", Namespace: j.Namespace, Name: j.Name}] = true
		}
	}
	return out
}
