// Package victim says who dies first where the memory of a node runs out: in the kernel's order, by the score that the kubelet gives to
// each container, and in the kubelet's own, by which it evicts before the kernel has to kill. The two differ, and neither is the QoS class.
package victim

import (
	"fmt"
	"slices"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/component-helpers/resource"
)

// Use is the working set of a container of a pod, in bytes, and false where it is not known.
type Use func(pod *corev1.Pod, container string) (int64, bool)

// The scores of the kubelet (kubernetes v1.37.2 pkg/kubelet/qos/policy.go). The kernel adds a score, in thousandths of the node's memory,
// to what a process uses; 1000 is "before anything else", −1000 would be "never".
const (
	bestEffortAdj = 1000
	guaranteedAdj = -997
	mostBurstable = bestEffortAdj - 1
	lastBurstable = 1000 + guaranteedAdj
)

// systemCritical is the priority from which on a pod is critical (kubernetes v1.37.2 pkg/apis/scheduling/types.go, SystemCriticalPriority).
const systemCritical = 2_000_000_000

// Critical tells whether a pod is critical: static, or of a system priority. The kubelet never evicts it (kubernetes v1.37.2
// pkg/kubelet/types/pod_update.go, IsCriticalPod; pkg/kubelet/eviction/eviction_manager.go, evictPod).
func Critical(p *corev1.Pod) bool {
	return p.Annotations[corev1.MirrorPodAnnotationKey] != "" || p.Spec.Priority != nil && *p.Spec.Priority >= systemCritical
}

// OOMScoreAdj is the oom_score_adj of a container's processes on a node whose memory has that capacity, in bytes, and in a few words what
// makes it: kubernetes v1.37.2 pkg/kubelet/qos/policy.go, GetContainerOOMScoreAdjust. The QoS class is the one in the pod's status; without
// one, or without a capacity where it matters, there is no answer.
func OOMScoreAdj(p *corev1.Pod, c *corev1.Container, capacity int64) (adj int, why string, known bool) {
	if Critical(p) && p.Spec.PriorityClassName == "system-node-critical" {
		return guaranteedAdj, "system-node-critical", true
	}
	switch p.Status.QOSClass {
	case corev1.PodQOSGuaranteed:
		return guaranteedAdj, "Guaranteed", true
	case corev1.PodQOSBestEffort:
		return bestEffortAdj, "BestEffort", true
	case corev1.PodQOSBurstable:
		if capacity <= 0 {
			return 0, "", false
		}
	default:
		return 0, "", false
	}
	request, from := protects(p, c)
	switch {
	case request == 0:
		why = "Burstable, no request"
	case from != "":
		why = "Burstable, " + from
	default:
		why = "Burstable, " + percent(1000*request/capacity) + " of node"
	}
	return int(min(max(1000-1000*request/capacity, lastBurstable), mostBurstable)), why, true
}

// percent writes thousandths.
func percent(share int64) string {
	switch {
	case share == 0:
		return "<0.1 %"
	case share < 100:
		return fmt.Sprintf("%d.%d %%", share/10, share%10)
	default:
		return fmt.Sprintf("%d %%", share/10)
	}
}

// protects is the request by which a Burstable container is scored, in bytes: its own, its share of what the pod requests beyond its
// containers (KEP-2837), and for a sidecar no less than the smallest of the regular containers. from says whence, where it is not its own alone.
func protects(p *corev1.Pod, c *corev1.Container) (request int64, from string) {
	request = requestOf(p, c)
	var share int64
	if resource.IsPodLevelRequestsSet(p) && !p.Spec.Resources.Requests.Memory().IsZero() {
		own := memory(resource.AggregateContainerRequests(p, resource.PodResourcesOptions{}))
		share = max(memory(p.Spec.Resources.Requests)-own, 0) / int64(len(p.Spec.Containers)+len(p.Spec.InitContainers))
		if share > 0 {
			from = "shares the pod's request"
		}
	}
	if isSidecar(p, c) && len(p.Spec.Containers) > 0 {
		smallest := requestOf(p, &p.Spec.Containers[0])
		for i := range p.Spec.Containers {
			smallest = min(smallest, requestOf(p, &p.Spec.Containers[i]))
		}
		if smallest > request {
			request, from = smallest, "sidecar"
		}
	}
	return request + share, from
}

// requestOf is what a container requests, in bytes: what was allocated to it, which differs from the spec while a resize is under way.
func requestOf(p *corev1.Pod, c *corev1.Container) int64 {
	for _, list := range [][]corev1.ContainerStatus{p.Status.ContainerStatuses, p.Status.InitContainerStatuses} {
		for i := range list {
			if allocated, ok := list[i].AllocatedResources[corev1.ResourceMemory]; ok && list[i].Name == c.Name {
				return allocated.Value()
			}
		}
	}
	return c.Resources.Requests.Memory().Value()
}

// isSidecar tells whether a container is an init container that runs on beside the others (KEP-753).
func isSidecar(p *corev1.Pod, c *corev1.Container) bool {
	return c.RestartPolicy != nil && *c.RestartPolicy == corev1.ContainerRestartPolicyAlways &&
		slices.ContainsFunc(p.Spec.InitContainers, func(i corev1.Container) bool { return i.Name == c.Name })
}
