package oom

// The view "oom recommend": what is set now, by workload and container. Which request and limit the history asks for is added to it by
// package history.

import (
	"cmp"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/kubectl-scars/kubectl-scars/pkg/analysis"
	"github.com/kubectl-scars/kubectl-scars/pkg/finding"
	"github.com/kubectl-scars/kubectl-scars/pkg/history"
	"github.com/kubectl-scars/kubectl-scars/pkg/snapshot"
)

// Recommend is the view "oom recommend".
var Recommend = &analysis.View{
	ID:    "oom/recommend",
	Short: "Recommend memory requests and limits by weeks of history, with the reason for each number",
	Args:  "[TYPE/NAME ...]",
	Long: `The history comes from a store that speaks Prometheus' HTTP API: Prometheus, Thanos, Mimir, VictoriaMetrics or a managed one. It needs
cAdvisor's container_memory_working_set_bytes; with kube-state-metrics it also knows which containers were killed, and under which limit.
Without --prometheus a store that runs in the cluster is looked for by the labels of its Service, and asked through the API server, which takes
the right to list services and to get services/proxy.

The request is what is enough for 99 % of the time (--quantile), by the peaks of all intervals. The limit must hold the worst moment of any pod
and day, the kernel's own peak, the start, and a quarter more than any limit under which the container was killed. Memory that grows until the
restart is a leak: then no limit is recommended, because none would hold.

Credentials come from files or from SCARS_PROMETHEUS_TOKEN or SCARS_PROMETHEUS_PASSWORD, never from the command line.`,
	Example: `  # All workloads of the current namespace, by the Prometheus that runs in the cluster
  kubectl scars oom recommend

  # One workload; and what to apply, checked by the server
  kubectl scars oom recommend deployment/web --prometheus http://localhost:9090
  kubectl scars oom recommend deployment/web --prometheus http://localhost:9090 -o patch > patch.yaml
  kubectl patch deployment web --patch-file patch.yaml --dry-run=server

  # A tenant of Mimir
  kubectl scars oom recommend --prometheus https://mimir.example/prometheus --prometheus-header X-Scope-OrgID=team-a`,
	Takes: []snapshot.Kind{
		snapshot.Deployments, snapshot.StatefulSets, snapshot.DaemonSets, snapshot.CronJobs, snapshot.Jobs, snapshot.ReplicaSets, snapshot.Pods,
	},
	Inputs: analysis.OptionalPodInputs(
		analysis.Optional(snapshot.Deployments), analysis.Optional(snapshot.StatefulSets), analysis.Optional(snapshot.DaemonSets), analysis.Optional(snapshot.CronJobs),
	),
	History: true,
	Make:    recommend,
}

func recommend(v *snapshot.View, q analysis.Question) finding.View {
	out := &finding.OOMRecommend{ViewHead: finding.NewHead(finding.OOMRecommendKind), Items: []finding.Recommendation{}}
	meta := workloadMeta(v)
	for _, t := range v.Templates(metav1.NamespaceAll) {
		w := workload{object: meta[t.Workload].object, replicas: meta[t.Workload].replicas, ref: t.Workload, spec: &t.Pods.Spec, pods: v.PodsOf(t.Workload)}
		if owner := metav1.GetControllerOf(w.object); owner != nil && (owner.Kind == "CronJob" || w.replicas == 0) {
			continue // a run of something that is there itself, or an old revision of what is not a kind of ours
		}
		out.Items = append(out.Items, w.items(q.Subjects)...)
	}
	for _, p := range v.Pods(metav1.NamespaceAll) {
		if metav1.GetControllerOf(p) == nil && !snapshot.Finished(p) {
			w := workload{object: p, replicas: 1, ref: v.WorkloadOf(p), spec: &p.Spec, pods: []*corev1.Pod{p}}
			out.Items = append(out.Items, w.items(q.Subjects)...)
		}
	}
	slices.SortStableFunc(out.Items, func(a, b finding.Recommendation) int {
		a.Object.Container, b.Object.Container = "", ""
		return finding.CompareObjects(a.Object, b.Object)
	})
	history.Complete(out, func(finding.ObjectRef) *history.Record { return nil }, 0)
	for i := range out.Items {
		out.Items[i].QOSBefore = cmp.Or(out.Items[i].QOSBefore, out.Items[i].QOSClass) // of a workload without pods
	}
	return out
}

type counted struct {
	object   metav1.Object
	replicas int
}

// workloadMeta are the objects that have templates, and how many pods each asks for.
func workloadMeta(v *snapshot.View) map[snapshot.Ref]counted {
	out := map[snapshot.Ref]counted{}
	add := func(apiVersion, kind string, o metav1.Object, replicas *int32) {
		n := 1
		if replicas != nil {
			n = int(*replicas)
		}
		out[snapshot.Ref{APIVersion: apiVersion, Kind: kind, Namespace: o.GetNamespace(), Name: o.GetName()}] = counted{o, n}
	}
	for _, o := range v.Deployments("") {
		add("apps/v1", "Deployment", o, o.Spec.Replicas)
	}
	for _, o := range v.ReplicaSets("") {
		add("apps/v1", "ReplicaSet", o, o.Spec.Replicas)
	}
	for _, o := range v.StatefulSets("") {
		add("apps/v1", "StatefulSet", o, o.Spec.Replicas)
	}
	for _, o := range v.DaemonSets("") {
		add("apps/v1", "DaemonSet", o, &o.Status.DesiredNumberScheduled)
	}
	for _, o := range v.Jobs("") {
		add("batch/v1", "Job", o, o.Spec.Parallelism)
	}
	for _, o := range v.CronJobs("") {
		add("batch/v1", "CronJob", o, o.Spec.JobTemplate.Spec.Parallelism)
	}
	return out
}

// workload is one of them with the pods it has now.
type workload struct {
	object   metav1.Object
	replicas int
	ref      snapshot.Ref
	spec     *corev1.PodSpec
	pods     []*corev1.Pod
}

func (w workload) items(subjects []finding.ObjectRef) []finding.Recommendation {
	object := finding.ObjectRef{APIVersion: w.ref.APIVersion, Kind: w.ref.Kind, Namespace: w.ref.Namespace, Name: w.ref.Name}
	if len(subjects) > 0 && !slices.ContainsFunc(subjects, func(s finding.ObjectRef) bool {
		return object.SameObject(s) || slices.ContainsFunc(w.pods, func(p *corev1.Pod) bool { return s.Kind == "Pod" && s.Namespace == p.Namespace && s.Name == p.Name })
	}) {
		return nil
	}
	var out []finding.Recommendation
	add := func(c corev1.Container, init bool) {
		item := finding.Recommendation{Object: object, Replicas: w.replicas, RevertedBy: w.revertedBy(), QOSBefore: w.qosClass()}
		item.Object.Container = c.Name
		item.Limit.Now, item.Request.Now = c.Resources.Limits.Memory().Value(), c.Resources.Requests.Memory().Value()
		if _, set := c.Resources.Requests[corev1.ResourceMemory]; !set {
			item.Request.Now = item.Limit.Now // kubernetes v1.37.2 pkg/apis/core/v1/defaults.go, SetDefaults_Pod
		}
		request, limit := c.Resources.Requests.Cpu(), c.Resources.Limits.Cpu()
		item.Pod = finding.PodShape{
			Init: init, CPU: !request.IsZero() || !limit.IsZero(), CPUEqual: !limit.IsZero() && (request.IsZero() || request.Cmp(*limit) == 0),
			PodLevel: w.spec.Resources != nil, Fixed: w.ref.Kind == "Job" || w.ref.Kind == "Pod",
		}
		item.Notes = w.notes(c.Name, item)
		out = append(out, item)
	}
	for _, c := range w.spec.InitContainers {
		add(c, true)
	}
	for _, c := range w.spec.Containers {
		add(c, false)
	}
	return out
}

// notes tell what a change of the workload would not change: limits that its pods have and it has not.
func (w workload) notes(container string, item finding.Recommendation) []string {
	var out []string
	if item.Pod.Fixed {
		out = append(out, "it cannot be changed: what makes it must be")
	}
	for _, p := range w.pods {
		for _, status := range slices.Concat(p.Status.InitContainerStatuses, p.Status.ContainerStatuses) {
			if status.Name != container || status.Resources == nil {
				continue
			}
			if enacted := status.Resources.Limits.Memory().Value(); enacted != item.Limit.Now && w.ref.Kind != "Pod" {
				return append(out, "pod "+p.Name+" runs with a limit of "+orNone(enacted)+", the template says "+orNone(item.Limit.Now)+": something sets it on the pod")
			}
		}
	}
	return out
}

func orNone(bytes int64) string {
	if bytes == 0 {
		return "none"
	}
	return history.Quantity(float64(bytes))
}

// qosClass is the class that the pods have now, empty where there are none.
func (w workload) qosClass() string {
	for _, p := range w.pods {
		if p.Status.QOSClass != "" {
			return string(p.Status.QOSClass)
		}
	}
	return ""
}

// revertedBy names who would undo a change of the workload: who applies it from elsewhere, or writes requests and limits itself.
func (w workload) revertedBy() string {
	labels, annotations := w.object.GetLabels(), w.object.GetAnnotations()
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
	if manager := labels["app.kubernetes.io/managed-by"]; len(out) == 0 && manager != "" {
		out = append(out, manager)
	}
	for _, p := range w.pods {
		if p.Annotations["vpaUpdates"] != "" || p.Annotations["vpaObservedContainers"] != "" {
			out = append(out, "VerticalPodAutoscaler (on the pods)")
			break
		}
	}
	return strings.Join(out, ", ")
}
