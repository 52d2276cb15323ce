package victim

// This file is the kernel's order.

import (
	"cmp"
	"iter"
	"slices"

	corev1 "k8s.io/api/core/v1"

	"github.com/kubectl-scars/kubectl-scars/pkg/finding"
	"github.com/kubectl-scars/kubectl-scars/pkg/order"
)

// contender is a container with what orders it.
type contender struct {
	rank  finding.KernelRank
	score float64 // bytes: what it uses, and its oom_score_adj as a share of the node's memory
}

// Kernel ranks the running containers of the pods of one node as the kernel does where the node itself is out of memory, the first to die
// first: by what a process uses plus its oom_score_adj, in thousandths of the node's memory (Linux mm/oom_kill.c, oom_badness); one process
// per container is assumed. Where the use of one is not known, its score alone says where it stands, which is the last place that it can
// have. capacity is the node's, in bytes; where it is not known (0), requests order the Burstable ones, which then have no score. Pods
// without a QoS class in their status are left out.
func Kernel(pods []*corev1.Pod, capacity int64, use Use) []finding.KernelRank {
	scale := capacity
	if capacity <= 0 {
		scale = 1
		for _, p := range pods {
			scale += Request(p)
		}
	}
	var all []*contender
	for _, p := range pods {
		for c := range running(p) {
			adj, why, ok := OOMScoreAdj(p, c, scale)
			if !ok {
				continue
			}
			x := &contender{score: float64(adj) / 1000 * float64(scale), rank: finding.KernelRank{
				Pod:      finding.ObjectRef{APIVersion: "v1", Kind: "Pod", Namespace: p.Namespace, Name: p.Name, Container: c.Name},
				QOSClass: string(p.Status.QOSClass), RequestBytes: amount(c.Resources.Requests), LimitBytes: amount(c.Resources.Limits), Why: why,
			}}
			if _, _, ok := OOMScoreAdj(p, c, capacity); ok {
				x.rank.OOMScoreAdj = &adj
			}
			if bytes, ok := use(p, c.Name); ok {
				x.rank.UsageBytes = &bytes
				x.score += float64(bytes)
			}
			all = append(all, x)
		}
	}
	order.By(all, func(a, b *contender) int {
		return cmp.Or(cmp.Compare(b.score, a.score), finding.CompareObjects(a.rank.Pod, b.rank.Pod))
	})
	out := make([]finding.KernelRank, len(all))
	for i := range all {
		out[i] = all[i].rank
		if out[i].Place = i + 1; i > 0 && all[i].score == all[i-1].score {
			out[i].Place = out[i-1].Place
		}
	}
	return out
}

// running goes over the containers of a pod that run now, init containers and sidecars first.
func running(p *corev1.Pod) iter.Seq[*corev1.Container] {
	return func(yield func(*corev1.Container) bool) {
		for _, list := range []struct {
			specs    []corev1.Container
			statuses []corev1.ContainerStatus
		}{{p.Spec.InitContainers, p.Status.InitContainerStatuses}, {p.Spec.Containers, p.Status.ContainerStatuses}} {
			for i := range list.specs {
				c := &list.specs[i]
				runs := slices.ContainsFunc(list.statuses, func(s corev1.ContainerStatus) bool { return s.Name == c.Name && s.State.Running != nil })
				if runs && !yield(c) {
					return
				}
			}
		}
	}
}

// amount is the memory in a list of resources, in bytes, and nil where it has none.
func amount(l corev1.ResourceList) *int64 {
	q, ok := l[corev1.ResourceMemory]
	if !ok {
		return nil
	}
	bytes := q.Value()
	return &bytes
}
