package oom

// The view "oom rank": who would die first on each node.

import (
	"fmt"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"

	"github.com/kubectl-scars/kubectl-scars/pkg/analysis"
	"github.com/kubectl-scars/kubectl-scars/pkg/finding"
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

A limit is another matter: who reaches the own limit dies at once, whatever stands here.

All namespaces are read, unless -n names one: neighbours on the same node matter.`,
	Example: `  # Every node
  kubectl scars oom rank

  # One node, in full
  kubectl scars oom rank node-1 -o wide`,
	Takes:        []snapshot.Kind{snapshot.Nodes},
	WholeCluster: true,
	Inputs:       []analysis.Input{analysis.Need(snapshot.Pods), analysis.Optional(snapshot.Nodes)},
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
		ranked := rankNode(v.Node(name), name, pods)
		if len(ranked.Eviction) == 0 {
			continue // nothing runs there yet
		}
		out.Nodes = append(out.Nodes, ranked)
		gaps(out, node, pods, v.Node(name) != nil, q.Namespaces)
	}
	slices.SortStableFunc(out.Nodes, func(a, b finding.RankedNode) int { // those under pressure first
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

func rankNode(node *corev1.Node, name string, pods []*corev1.Pod) finding.RankedNode {
	out := finding.RankedNode{Node: name}
	var capacity int64
	if node != nil {
		capacity = node.Status.Capacity.Memory().Value()
		allocatable := node.Status.Allocatable.Memory().Value()
		out.CapacityBytes, out.AllocatableBytes = &capacity, &allocatable
		out.MemoryPressure = pressed(node)
	}
	out.Kernel = victim.Kernel(pods, capacity, unknown)
	out.Eviction = victim.Eviction(pods, unknown)
	for _, p := range pods {
		out.RequestedBytes += victim.Request(p)
	}
	return out
}

// unknown is the use of containers as far as status tells: not at all.
func unknown(*corev1.Pod, string) (int64, bool) { return 0, false }

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
