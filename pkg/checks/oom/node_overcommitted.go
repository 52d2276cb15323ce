package oom

// This file finds nodes on which more may be used than there is, and is.

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/kubectl-scars/kubectl-scars/pkg/analysis"
	"github.com/kubectl-scars/kubectl-scars/pkg/finding"
	"github.com/kubectl-scars/kubectl-scars/pkg/kubeevent"
	"github.com/kubectl-scars/kubectl-scars/pkg/order"
	"github.com/kubectl-scars/kubectl-scars/pkg/snapshot"
	"github.com/kubectl-scars/kubectl-scars/pkg/victim"
)

// NodeOvercommitted is oom/node-overcommitted.
var NodeOvercommitted = &analysis.Check{
	ID: "oom/node-overcommitted",
	Doc: analysis.Doc{
		Title:    "A node runs out of memory because its limits promise more than it has",
		Symptom:  "Pods are evicted or OOM-killed below their limits; requests fit on the node, and kubectl describe node shows limits far above 100 %.",
		Evidence: "The memory limits of the node's pods add up to more than 150 % of what it has for pods, and it is short of memory: the condition MemoryPressure, or within the hour a SystemOOM or evictions for memory. Both together are strong. Pods that were evicted within the hour count, because it was their limits too. The workloads with most limit above their request on it are named.",
		Why:      "The scheduler places by requests alone. What may be used above them is a loan that the node takes back by killing, and not from those who took it first.",
		Fix:      "Raise the requests of the named workloads towards what they use, so that the scheduler spreads them, or lower their limits.",
		Limits:   "Overcommitment alone is no trouble and stays silent. Containers without a limit are counted and not in the sum. Who really uses how much is not in the API: kubectl top tells. Where pods of other namespaces were not read, the sum is what is known at least.",
		Sources:  []string{"kubernetes v1.37.2 pkg/kubelet/eviction/eviction_manager.go", "kubernetes v1.37.2 pkg/kubelet/oom/oom_watcher_linux.go", "kubernetes v1.37.2 pkg/scheduler/framework/plugins/noderesources/fit.go"},
	},
	Inputs: analysis.PodInputs(analysis.Need(snapshot.Nodes), analysis.Optional(snapshot.Events)),
	Run:    nodeOvercommitted,
}

const (
	overcommitted = 150 // percent of allocatable from which on limits are called overcommitted
	mostNamed     = 5   // workloads
)

func nodeOvercommitted(p *analysis.Pass) error {
	for _, n := range p.Nodes() {
		words, evidence := shortage(p, n)
		allocatable := n.Status.Allocatable.Memory().Value()
		if words == "" || allocatable <= 0 {
			continue
		}
		sum, unlimited, evicted, loans := promised(p, n.Name)
		node := finding.ObjectRef{APIVersion: "v1", Kind: "Node", Name: n.Name}
		if sum/overcommitted*100 <= allocatable {
			if _, known := p.Completeness(snapshot.Pods, metav1.NamespaceAll); !known && len(loans) > 0 {
				p.CannotSay(node, "whether its limits promise too much: it ran short of memory ("+words+"), and not all of its pods were read")
			}
			continue
		}
		limits := fmt.Sprintf("%s, %d %% of the %s for pods", binary(sum), sum/(allocatable/100), binary(allocatable))
		message := fmt.Sprintf("memory limits promise %s, and the node ran short of memory (%s); most above their requests: %s", limits, words, foremost(loans))
		if evicted > 0 {
			message += fmt.Sprintf("; %s by pods that it has evicted meanwhile", binary(evicted))
		}
		switch {
		case unlimited == 1:
			message += "; 1 more container has no limit"
		case unlimited > 1:
			message += fmt.Sprintf("; %d more containers have no limit", unlimited)
		}
		evidence = append(evidence,
			finding.Evidence{Object: node, Source: "status.allocatable.memory", Value: n.Status.Allocatable.Memory().String()},
			finding.Evidence{Object: node, Source: "sum of limits.memory", Value: limits},
		)
		for _, l := range loans[:min(len(loans), mostNamed)] {
			evidence = append(evidence, finding.Evidence{
				Object: analysis.Ref(l.workload), Source: "limits and requests on the node", Value: fmt.Sprintf("limits %s, requests %s, %d pods", binary(l.limit), binary(l.request), l.pods),
			})
		}
		p.Report(finding.Finding{
			Severity: finding.Warning, Confidence: finding.Strong, Object: node, Message: message, Evidence: evidence,
			Fix: []finding.Fix{
				{Text: "See who uses what there, and raise requests to it", Command: finding.Kubectl("", "top", "pods", "-A", "--sort-by=memory")},
				{Text: "See who would die first", Command: finding.Kubectl("", "scars", "oom", "rank", n.Name)},
			},
		})
	}
	return nil
}

// loan is what a workload may use of a node beyond what it requests, in bytes.
type loan struct {
	workload       snapshot.Ref
	limit, request int64
	pods           int
}

// promised adds up the memory limits on a node, in bytes: the sum of those there are, how many running containers have none, how much of the
// sum belongs to pods that were evicted lately, by which the shortage may have ended, and the workloads, the one that may go furthest
// above its request first.
func promised(p *analysis.Pass, node string) (sum int64, unlimited int, evicted int64, loans []*loan) {
	at := map[snapshot.Ref]*loan{}
	for _, pod := range p.PodsOn(node) {
		limit, without := limits(pod)
		if snapshot.Finished(pod) {
			if !evictedSince(pod, p.Now().Add(-shortFor)) {
				continue
			}
			evicted, without = evicted+limit, 0
		}
		sum, unlimited = sum+limit, unlimited+without
		if limit == 0 {
			continue
		}
		w := p.WorkloadOf(pod)
		l := at[w]
		if l == nil {
			l = &loan{workload: w}
			at[w], loans = l, append(loans, l)
		}
		l.limit, l.request, l.pods = l.limit+limit, l.request+victim.Request(pod), l.pods+1
	}
	order.By(loans, func(a, b *loan) int { return cmp.Compare(b.limit-b.request, a.limit-a.request) })
	return sum, unlimited, evicted, loans
}

// evictedSince tells whether the kubelet has evicted a pod for want of memory since then.
func evictedSince(pod *corev1.Pod, since time.Time) bool {
	ev, ok := kubeevent.ParseEviction(pod.Status.Message)
	return ok && ev.Resource == "memory" && ev.Admission == "" && slices.ContainsFunc(pod.Status.Conditions, func(c corev1.PodCondition) bool {
		return c.Type == corev1.DisruptionTarget && c.LastTransitionTime.After(since)
	})
}

// limits adds up the memory limits of a pod's containers, or takes its own, and counts the containers without.
func limits(pod *corev1.Pod) (sum int64, without int) {
	if r := pod.Spec.Resources; r != nil && !r.Limits.Memory().IsZero() {
		return r.Limits.Memory().Value(), 0
	}
	for i := range pod.Spec.Containers {
		limit := pod.Spec.Containers[i].Resources.Limits.Memory().Value()
		if sum += limit; limit == 0 {
			without++
		}
	}
	for i := range pod.Spec.InitContainers {
		if c := &pod.Spec.InitContainers[i]; c.RestartPolicy != nil { // a sidecar
			limit := c.Resources.Limits.Memory().Value()
			if sum += limit; limit == 0 {
				without++
			}
		}
	}
	return sum, without
}

func foremost(loans []*loan) string {
	var parts []string
	for _, l := range loans[:min(len(loans), 3)] {
		parts = append(parts, fmt.Sprintf("%s/%s -n %s (%s)", strings.ToLower(l.workload.Kind), l.workload.Name, l.workload.Namespace, binary(l.limit-l.request)))
	}
	return strings.Join(parts, ", ")
}
