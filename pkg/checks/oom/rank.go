package oom

// The view "oom rank": who would die first on each node.

import (
	"fmt"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"

	"github.com/kubectl-scars/kubectl-scars/pkg/analysis"
	"github.com/kubectl-scars/kubectl-scars/pkg/finding"
	"github.com/kubectl-scars/kubectl-scars/pkg/order"
	"github.com/kubectl-scars/kubectl-scars/pkg/snapshot"
	"github.com/kubectl-scars/kubectl-scars/pkg/victim"
)

// Rank is the view "oom rank".
var Rank = &analysis.View{
	ID:    "oom/rank",
	Short: "Show who would die first on each node where its memory runs out, and why",
	Args:  "[NODE ...]",
	Long: `Two orders, because two parties kill. The kernel kills a process where the node is out of memory: by what it uses plus its oom_score_adj
(ADJ), which the kubelet computes from QoS class and request. Before that, under memory pressure, the kubelet evicts pods: those over their
request first, then the lowest priority, then by how far they are over; the QoS class plays no part.

USE is the working set in the metrics API, file cache that was read lately counted, as the kubelet counts it; the kernel counts the processes'
own memory. "?" is not known, and stands where requests and ADJ alone put it. Equal numbers (#): nothing known tells who is first.

A limit is another matter: who reaches the own limit dies at once, whatever stands here.

All namespaces are read, unless -n names one: neighbours on the same node matter.`,
	Example: `  # Every node
  kubectl scars oom rank

  # One node, in full
  kubectl scars oom rank node-1 -o wide`,
	Takes:        []snapshot.Kind{snapshot.Nodes},
	WholeCluster: true,
	Inputs:       []analysis.Input{analysis.Need(snapshot.Pods), analysis.Optional(snapshot.Nodes), analysis.Optional(snapshot.PodMetrics)},
	Make:         rank,
}

func rank(v *snapshot.View, q analysis.Question) finding.View {
	out := &finding.OOMRank{ViewHead: finding.NewHead(finding.OOMRankKind), Nodes: []finding.RankedNode{}}
	for _, name := range v.NodesWithPods() {
		node := finding.ObjectRef{APIVersion: "v1", Kind: "Node", Name: name}
		if len(q.Subjects) > 0 && !slices.ContainsFunc(q.Subjects, node.SameObject) {
			continue
		}
		pods := slices.DeleteFunc(slices.Clone(v.PodsOn(name)), snapshot.Finished)
		ranked := rankNode(v.Node(name), name, pods, used(v))
		if len(ranked.Eviction) == 0 {
			continue // nothing runs there yet
		}
		out.Nodes = append(out.Nodes, ranked)
		gaps(out, node, pods, v.Node(name) != nil, q.Namespaces)
		unused(v, out, node, ranked.Kernel)
	}
	order.By(out.Nodes, func(a, b finding.RankedNode) int { // those under pressure first
		switch {
		case a.MemoryPressure == b.MemoryPressure:
			return 0
		case a.MemoryPressure:
			return -1
		default:
			return 1
		}
	})
	return out
}

func rankNode(node *corev1.Node, name string, pods []*corev1.Pod, use victim.Use) finding.RankedNode {
	out := finding.RankedNode{Node: name}
	var capacity int64
	if node != nil {
		capacity = node.Status.Capacity.Memory().Value()
		allocatable := node.Status.Allocatable.Memory().Value()
		out.CapacityBytes, out.AllocatableBytes = &capacity, &allocatable
		out.MemoryPressure = pressed(node)
	}
	out.Kernel = victim.Kernel(pods, capacity, use)
	out.Eviction = victim.Eviction(pods, use)
	for _, p := range pods {
		out.RequestedBytes += victim.Request(p)
	}
	out.UsedBytes = new(int64)
	for _, e := range out.Eviction {
		if e.UsageBytes == nil {
			out.UsedBytes = nil
			break
		}
		*out.UsedBytes += *e.UsageBytes
	}
	return out
}

// used is the use of containers in the metrics API: of the life that they are in, and of now.
func used(v *snapshot.View) victim.Use {
	oldest := v.Now().Add(-stale)
	return func(pod *corev1.Pod, container string) (int64, bool) {
		u := v.PodUsage(pod.Namespace, pod.Name)
		if u == nil || u.Time.Before(oldest) {
			return 0, false
		}
		for _, list := range [][]corev1.ContainerStatus{pod.Status.ContainerStatuses, pod.Status.InitContainerStatuses} {
			for i := range list {
				if r := list[i].State.Running; list[i].Name == container && (r == nil || u.Time.Before(r.StartedAt.Time)) {
					return 0, false
				}
			}
		}
		return u.Container(container)
	}
}

// unused says where the use of containers is not known. It names no amounts, so that it is said once for all nodes.
func unused(v *snapshot.View, out *finding.OOMRank, node finding.ObjectRef, ranks []finding.KernelRank) {
	if !slices.ContainsFunc(ranks, func(k finding.KernelRank) bool { return k.UsageBytes == nil }) {
		return
	}
	reason := "what containers use: the metrics API was not read or has no samples"
	if len(v.PodUsages()) > 0 {
		reason = "what some containers use (USE is ?): the metrics API has no sample of the life that they are in, or none of the last " + analysis.Span(stale)
	}
	out.CannotSay = append(out.CannotSay, finding.Gap{Check: "oom/rank", Object: node, Reason: reason})
}

// pressed tells whether a node says that it is under memory pressure.
func pressed(n *corev1.Node) bool {
	return slices.ContainsFunc(n.Status.Conditions, func(c corev1.NodeCondition) bool {
		return c.Type == corev1.NodeMemoryPressure && c.Status == corev1.ConditionTrue
	})
}

// gaps says what of a node's ranks could not be known.
func gaps(out *finding.OOMRank, node finding.ObjectRef, pods []*corev1.Pod, read bool, namespaces []string) {
	say := func(reason string) {
		out.CannotSay = append(out.CannotSay, finding.Gap{Check: "oom/rank", Object: node, Reason: reason})
	}
	if !read {
		say("oom_score_adj of Burstable containers: it comes from the node's memory, and the node was not read")
	}
	if len(namespaces) > 0 {
		say("where pods of other namespaces stand: only those of " + strings.Join(namespaces, ", ") + " were read")
	}
	unclassed := 0
	for _, p := range pods {
		if p.Status.QOSClass == "" {
			unclassed++
		}
	}
	if unclassed > 0 {
		say(fmt.Sprintf("where pods without status.qosClass (%d) stand in the kernel's order", unclassed))
	}
}
