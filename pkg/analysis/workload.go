package analysis

// This file lists workloads with what views of several areas want to know of each: how many pods it asks for, and who would undo a change.

import (
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"

	"github.com/kubectl-scars/kubectl-scars/pkg/finding"
	"github.com/kubectl-scars/kubectl-scars/pkg/snapshot"
)

// Workload is one object that has a pod template, or a pod that nothing owns, with the pods it has now.
type Workload struct {
	Ref      snapshot.Ref
	Object   metav1.Object
	Replicas int // that it asks for
	Spec     *corev1.PodSpec
	Pods     []*corev1.Pod

	// MinReadySeconds is how long a new pod must be ready before a rollout counts it; nil for kinds that know no such thing.
	MinReadySeconds *int32
}

// WorkloadInputs are what Workloads looks at besides the inputs of pods.
func WorkloadInputs(more ...Input) []Input {
	return OptionalPodInputs(append([]Input{
		Optional(snapshot.Deployments), Optional(snapshot.StatefulSets), Optional(snapshot.DaemonSets), Optional(snapshot.CronJobs),
	}, more...)...)
}

// Wants tells whether a workload was asked for: by itself or by one of its pods, and by its labels together with those of its template or of
// one of its pods.
func (q Question) Wants(w Workload, template labels.Set) bool {
	object := Ref(w.Ref)
	if len(q.Subjects) > 0 && !slices.ContainsFunc(q.Subjects, func(s finding.ObjectRef) bool {
		return object.SameObject(s) || slices.ContainsFunc(w.Pods, func(p *corev1.Pod) bool { return s.Kind == "Pod" && s.Namespace == p.Namespace && s.Name == p.Name })
	}) {
		return false
	}
	if q.Labels == nil {
		return true
	}
	worn := []map[string]string{template}
	for _, p := range w.Pods {
		worn = append(worn, p.Labels)
	}
	return wears(q.Labels, w.Object.GetLabels(), worn)
}

// Workloads lists those that the question wants. Runs of something that is there itself, and old revisions, are left out.
func Workloads(v *snapshot.View, q Question) []Workload {
	var out []Workload
	add := func(w Workload, template labels.Set) {
		if q.Wants(w, template) {
			out = append(out, w)
		}
	}
	known := templated(v)
	for _, t := range v.Templates(metav1.NamespaceAll) {
		w := known[t.Workload]
		w.Ref, w.Spec, w.Pods = t.Workload, &t.Pods.Spec, v.PodsOf(t.Workload)
		if owner := metav1.GetControllerOf(w.Object); owner != nil && (owner.Kind == "CronJob" || w.Replicas == 0) {
			continue // a run of something that is there itself, or an old revision of what is not a kind of ours
		}
		add(w, t.Pods.Labels)
	}
	for _, p := range v.Pods(metav1.NamespaceAll) {
		if metav1.GetControllerOf(p) == nil && !snapshot.Finished(p) {
			add(Workload{Ref: v.WorkloadOf(p), Object: p, Replicas: 1, Spec: &p.Spec, Pods: []*corev1.Pod{p}}, p.Labels)
		}
	}
	return out
}

// templated are the objects that have templates, and how many pods each asks for.
func templated(v *snapshot.View) map[snapshot.Ref]Workload {
	out := map[snapshot.Ref]Workload{}
	add := func(apiVersion, kind string, o metav1.Object, replicas, minReady *int32) {
		n := 1
		if replicas != nil {
			n = int(*replicas)
		}
		out[snapshot.Ref{APIVersion: apiVersion, Kind: kind, Namespace: o.GetNamespace(), Name: o.GetName()}] = Workload{Object: o, Replicas: n, MinReadySeconds: minReady}
	}
	for _, o := range v.Deployments("") {
		add("apps/v1", "Deployment", o, o.Spec.Replicas, &o.Spec.MinReadySeconds)
	}
	for _, o := range v.ReplicaSets("") {
		add("apps/v1", "ReplicaSet", o, o.Spec.Replicas, &o.Spec.MinReadySeconds)
	}
	for _, o := range v.StatefulSets("") {
		add("apps/v1", "StatefulSet", o, o.Spec.Replicas, &o.Spec.MinReadySeconds)
	}
	for _, o := range v.DaemonSets("") {
		add("apps/v1", "DaemonSet", o, &o.Status.DesiredNumberScheduled, &o.Spec.MinReadySeconds)
	}
	for _, o := range v.Jobs("") {
		add("batch/v1", "Job", o, o.Spec.Parallelism, nil)
	}
	for _, o := range v.CronJobs("") {
		add("batch/v1", "CronJob", o, o.Spec.JobTemplate.Spec.Parallelism, nil)
	}
	return out
}

// RevertedBy names who would undo a change of the workload, because it is applied from elsewhere: the object that controls it, who says so in
// labels and annotations, and, where nobody does, the field managers of its pod template.
func (w Workload) RevertedBy() []string {
	labels, annotations := w.Object.GetLabels(), w.Object.GetAnnotations()
	var out []string
	add := func(who, name string) {
		if name != "" {
			out = append(out, who+" "+name)
		}
	}
	if id := annotations["argocd.argoproj.io/tracking-id"]; id != "" {
		app, _, _ := strings.Cut(id, ":")
		add("Argo CD application", app)
	} else {
		add("Argo CD application", labels["argocd.argoproj.io/instance"])
	}
	add("Flux Kustomization", labels["kustomize.toolkit.fluxcd.io/name"])
	add("Flux HelmRelease", labels["helm.toolkit.fluxcd.io/name"])
	if labels["helm.toolkit.fluxcd.io/name"] == "" {
		add("Helm release", annotations["meta.helm.sh/release-name"])
	}
	if owner := metav1.GetControllerOf(w.Object); owner != nil {
		add(owner.Kind, owner.Name)
	}
	for _, manager := range snapshot.TemplateManagers(w.Object) {
		if who := applier(manager); who != "" && !slices.ContainsFunc(out, func(known string) bool { return strings.HasPrefix(known, who) }) {
			out = append(out, who+" (field manager "+manager+")")
		}
	}
	if manager := labels["app.kubernetes.io/managed-by"]; len(out) == 0 && manager != "" {
		out = append(out, manager)
	}
	return out
}

// applier is what applies objects under the name of a field manager again and again, or with the next release; empty for people's tools, and
// for controllers that fill in fields of their own.
func applier(manager string) string {
	for prefix, who := range map[string]string{
		"argocd-": "Argo CD", "kustomize-controller": "Flux", "helm-controller": "Flux", "Terraform": "Terraform", "HashiCorp": "Terraform",
		"pulumi": "Pulumi",
	} {
		if strings.HasPrefix(manager, prefix) {
			return who
		}
	}
	if manager == "helm" {
		return "Helm"
	}
	return ""
}
