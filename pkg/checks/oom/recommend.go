package oom

// The view "oom recommend": what is set now, by workload and container. Which request and limit the history asks for is added to it by
// package history.

import (
	"cmp"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"

	"github.com/kubectl-scars/kubectl-scars/pkg/analysis"
	"github.com/kubectl-scars/kubectl-scars/pkg/finding"
	"github.com/kubectl-scars/kubectl-scars/pkg/history"
	"github.com/kubectl-scars/kubectl-scars/pkg/order"
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

What was read is kept by --save, and --from then answers without the store.

Credentials come from files or from SCARS_PROMETHEUS_TOKEN or SCARS_PROMETHEUS_PASSWORD, never from the command line.`,
	Example: `  # Without a cluster and without metrics: an incident that ships in the program
  kubectl scars oom recommend --demo

  # All workloads of the current namespace, by the Prometheus that runs in the
  # cluster; and those of one team in the whole cluster
  kubectl scars oom recommend
  kubectl scars oom recommend -A -l team=front

  # One workload; and what to apply, checked by the server
  kubectl scars oom recommend deployment/web --prometheus http://localhost:9090
  kubectl scars oom recommend deployment/web --prometheus http://localhost:9090 -o patch > patch.yaml
  kubectl patch deployment web --patch-file patch.yaml --dry-run=server

  # A tenant of Mimir
  kubectl scars oom recommend --prometheus https://mimir.example/prometheus --prometheus-header X-Scope-OrgID=team-a`,
	Takes: []snapshot.Kind{
		snapshot.Deployments, snapshot.StatefulSets, snapshot.DaemonSets, snapshot.CronJobs, snapshot.Jobs, snapshot.ReplicaSets, snapshot.Pods,
	},
	Inputs:  analysis.WorkloadInputs(),
	History: analysis.NeedsHistory, Labels: true, Patches: true,
	Make: recommend,
}

func recommend(v *snapshot.View, q analysis.Question) finding.View {
	out := &finding.OOMRecommend{ViewHead: finding.NewHead(finding.OOMRecommendKind), Items: []finding.Recommendation{}}
	for _, w := range analysis.Workloads(v, q) {
		out.Items = append(out.Items, workload{w}.items()...)
	}
	order.By(out.Items, func(a, b finding.Recommendation) int {
		a.Object.Container, b.Object.Container = "", ""
		return finding.CompareObjects(a.Object, b.Object)
	})
	history.Complete(out, func(finding.ObjectRef) *history.Record { return nil }, 0)
	for i := range out.Items {
		out.Items[i].QOSBefore = cmp.Or(out.Items[i].QOSBefore, out.Items[i].QOSClass) // of a workload without pods
	}
	return out
}

// workload is one of them, of which this view knows more than what all views do.
type workload struct{ analysis.Workload }

func (w workload) items() []finding.Recommendation {
	var out []finding.Recommendation
	add := func(c corev1.Container, init bool) {
		item := finding.Recommendation{Object: analysis.Ref(w.Ref), Replicas: w.Replicas, RevertedBy: w.revertedBy(), QOSBefore: w.qosClass()}
		item.Object.Container = c.Name
		item.Limit.Now, item.Request.Now = c.Resources.Limits.Memory().Value(), c.Resources.Requests.Memory().Value()
		if _, set := c.Resources.Requests[corev1.ResourceMemory]; !set {
			item.Request.Now = item.Limit.Now // kubernetes v1.37.2 pkg/apis/core/v1/defaults.go, SetDefaults_Pod
		}
		request, limit := c.Resources.Requests.Cpu(), c.Resources.Limits.Cpu()
		item.Pod = finding.PodShape{
			Init: init, Sidecar: init && c.RestartPolicy != nil && *c.RestartPolicy == corev1.ContainerRestartPolicyAlways, CPU: !request.IsZero() || !limit.IsZero(), CPUEqual: !limit.IsZero() && (request.IsZero() || request.Cmp(*limit) == 0),
			PodLevel: w.Spec.Resources != nil, Fixed: w.Ref.Kind == "Job" || w.Ref.Kind == "Pod",
		}
		if own := w.Spec.Resources; own != nil {
			item.Pod.Request, item.Pod.Limit = own.Requests.Memory().Value(), own.Limits.Memory().Value()
		}
		item.Notes = w.notes(c.Name, item)
		out = append(out, item)
	}
	for _, c := range w.Spec.InitContainers {
		add(c, true)
	}
	for _, c := range w.Spec.Containers {
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
	for _, p := range w.Pods {
		for _, status := range slices.Concat(p.Status.InitContainerStatuses, p.Status.ContainerStatuses) {
			if status.Name != container || status.Resources == nil {
				continue
			}
			if enacted := status.Resources.Limits.Memory().Value(); enacted != item.Limit.Now && w.Ref.Kind != "Pod" {
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
	for _, p := range w.Pods {
		if p.Status.QOSClass != "" {
			return string(p.Status.QOSClass)
		}
	}
	return ""
}

// revertedBy names who would undo a change of the workload: who applies it from elsewhere, or writes requests and limits itself.
func (w workload) revertedBy() string {
	by := w.RevertedBy()
	for _, p := range w.Pods {
		if p.Annotations["vpaUpdates"] != "" || p.Annotations["vpaObservedContainers"] != "" {
			by = append(by, "VerticalPodAutoscaler (on the pods)")
			break
		}
	}
	return strings.Join(by, ", ")
}
