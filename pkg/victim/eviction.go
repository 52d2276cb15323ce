package victim

// This file is the kubelet's order.

import (
	"cmp"
	"slices"

	corev1 "k8s.io/api/core/v1"
	podresource "k8s.io/component-helpers/resource"

	"github.com/kubectl-scars/kubectl-scars/pkg/finding"
	"github.com/kubectl-scars/kubectl-scars/pkg/order"
)

// Eviction ranks the running pods of one node as the kubelet does under memory pressure, the first to be evicted first: those that use more
// than they request, then by priority, the lowest first, then by how much more they use (kubernetes v1.37.2 pkg/kubelet/eviction/helpers.go,
// rankMemoryPressure). The QoS class plays no part. Where the use is not known, what requests and limits alone say is said: a pod that
// requests nothing is over its request, one that may use no more than it requests is not. Critical pods are never evicted and come last.
func Eviction(pods []*corev1.Pod, use Use) []finding.EvictionRank {
	var out []finding.EvictionRank
	for _, p := range pods {
		r := finding.EvictionRank{Pod: finding.ObjectRef{APIVersion: "v1", Kind: "Pod", Namespace: p.Namespace, Name: p.Name}, RequestBytes: Request(p)}
		if p.Spec.Priority != nil {
			r.Priority = *p.Spec.Priority
		}
		used, known, runs := int64(0), true, false
		for c := range running(p) {
			bytes, ok := use(p, c.Name)
			used, known, runs = used+bytes, known && ok, true
		}
		if !runs {
			continue
		}
		if known {
			r.UsageBytes = &used
		}
		r.OverRequest, r.Why = over(p, r)
		out = append(out, r)
	}
	order.By(out, func(a, b finding.EvictionRank) int { return cmp.Or(sooner(a, b), finding.CompareObjects(a.Pod, b.Pod)) })
	for i := range out {
		if out[i].Place = i + 1; i > 0 && sooner(out[i-1], out[i]) == 0 {
			out[i].Place = out[i-1].Place
		}
	}
	return out
}

// sooner compares by all that sets pods apart.
func sooner(a, b finding.EvictionRank) int {
	return cmp.Or(cmp.Compare(tier(a.OverRequest), tier(b.OverRequest)), cmp.Compare(a.Priority, b.Priority), cmp.Compare(excess(b), excess(a)))
}

// over says whether a pod uses more than it requests, and why that is known or not.
func over(p *corev1.Pod, r finding.EvictionRank) (finding.OverRequest, string) {
	limit, limited := limit(p)
	switch {
	case Critical(p):
		return finding.Exempt, "critical"
	case r.RequestBytes == 0:
		return finding.Over, "requests nothing"
	case r.UsageBytes != nil && *r.UsageBytes > r.RequestBytes:
		return finding.Over, "uses " + finding.Bytes(*r.UsageBytes-r.RequestBytes) + " more than it requests"
	case r.UsageBytes != nil:
		return finding.NotOver, "uses no more than it requests"
	case limited && limit <= r.RequestBytes:
		return finding.NotOver, "limit = request"
	default:
		return finding.OverMaybe, "its use is not known"
	}
}

func tier(o finding.OverRequest) int {
	return slices.Index([]finding.OverRequest{finding.Over, finding.OverMaybe, finding.NotOver, finding.Exempt}, o)
}

// excess is by how much a pod's use exceeds its request, where that is known.
func excess(r finding.EvictionRank) int64 {
	if r.UsageBytes == nil {
		return 0
	}
	return *r.UsageBytes - r.RequestBytes
}

// Request is what a pod requests, in bytes, its overhead included (kubernetes v1.37.2 pkg/api/v1/resource/helpers.go,
// GetResourceRequestQuantity).
func Request(p *corev1.Pod) int64 {
	total := memory(podresource.PodRequests(p, podresource.PodResourcesOptions{
		SkipContainerLevelResources: podresource.IsPodLevelResourcesSet(p), ExcludeOverhead: true,
	}))
	if total > 0 {
		total += memory(p.Spec.Overhead)
	}
	return total
}

// limit is how much memory a pod may use, in bytes, and false where any of its containers may use what it likes.
func limit(p *corev1.Pod) (int64, bool) {
	if podresource.IsPodLevelLimitsSet(p) && !p.Spec.Resources.Limits.Memory().IsZero() {
		return p.Spec.Resources.Limits.Memory().Value(), true
	}
	for c := range running(p) {
		if c.Resources.Limits.Memory().IsZero() {
			return 0, false
		}
	}
	return memory(podresource.PodLimits(p, podresource.PodResourcesOptions{})), true
}

func memory(l corev1.ResourceList) int64 { return l.Memory().Value() }
