package probes

// This file joins kills with the node that all of them were on: what a probe counts as the program's failure may be the node's.

import (
	"fmt"
	"slices"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/kubectl-scars/kubectl-scars/pkg/analysis"
	"github.com/kubectl-scars/kubectl-scars/pkg/finding"
	"github.com/kubectl-scars/kubectl-scars/pkg/kubeevent"
)

// nodeBefore is how long before the first kill a node's trouble may have been said for it to be of that time.
const nodeBefore = 10 * time.Minute

// onNode adds to a finding about kills, all of which were on one node, what that node says of itself, and that replicas elsewhere were spared.
func (k killed) onNode(p *analysis.Pass, f *finding.Finding) {
	at, hit, spared := k.oneNode(p)
	if at == "" || k.mixedUp() || len(k.asksWrongly()) > 0 { // a question that is wrong is so on every node
		return
	}
	var trouble, had []string
	var evidence []finding.Evidence
	ref := finding.ObjectRef{APIVersion: "v1", Kind: "Node", Name: at}
	if n := p.Node(at); n != nil {
		for _, c := range n.Status.Conditions {
			since := c.LastTransitionTime.Time
			if !nodeIll(c) || since.IsZero() || since.After(k.Last) {
				continue
			}
			ago := " for " + analysis.Ago(p.Now(), since)
			switch {
			case c.Type == corev1.NodeReady:
				trouble = append(trouble, "has been NotReady"+ago)
			case c.Status == corev1.ConditionTrue:
				had = append(had, string(c.Type)+ago)
			default:
				had = append(had, string(c.Type)+" "+string(c.Status)+ago)
			}
			evidence = append(evidence, finding.Evidence{Object: ref, Source: "status.conditions[" + string(c.Type) + "]", Value: string(c.Status), Time: finding.At(since)})
		}
	}
	if len(had) > 0 {
		trouble = append(trouble, "has had "+strings.Join(had, ", "))
	}
	for _, e := range p.EventsNamed("Node", "", at) {
		first, last, count := kubeevent.Span(e)
		if e.Reason != "NodeNotReady" || last.IsZero() || last.Before(k.First.Add(-nodeBefore)) || first.After(k.Last) || len(trouble) > 0 {
			continue
		}
		trouble = append(trouble, "was NotReady "+analysis.Ago(p.Now(), last)+" ago")
		evidence = append(evidence, finding.Evidence{Object: ref, Source: "event " + e.Reason, Value: e.Message, Time: finding.At(last), Count: count})
	}
	if len(trouble) == 0 && (hit < 2 || spared == 0) {
		return
	}
	f.Message += "; all on node " + at
	if len(trouble) > 0 {
		f.Message += ", which " + strings.Join(trouble, " and ")
		f.Fix = append(f.Fix, finding.Fix{Text: "Look at the node first: what it lacks its pods lack too", Command: finding.Kubectl("", "describe", "node", at)})
	}
	switch {
	case spared == 1:
		f.Message += "; 1 replica elsewhere was spared"
	case spared > 1:
		f.Message += fmt.Sprintf("; %d replicas elsewhere were spared", spared)
	}
	if pod := k.Latest; pod != nil {
		f.Evidence = append(f.Evidence, finding.Evidence{Object: analysis.RefTo("Pod", pod), Source: "spec.nodeName", Value: at})
	}
	f.Evidence = append(f.Evidence, evidence...)
}

// nodeIll tells whether a condition of a node says that it is in trouble. Whoever watches nodes adds conditions of its own: those that end in
// "Ready" are well while they are true (eks-node-monitoring-agent), and of the others only the kubelet's and node-problem-detector's (its
// config directory) are known to mean trouble.
func nodeIll(c corev1.NodeCondition) bool {
	if strings.HasSuffix(string(c.Type), "Ready") {
		return c.Status == corev1.ConditionFalse || c.Status != corev1.ConditionTrue && c.Type == corev1.NodeReady
	}
	if c.Status != corev1.ConditionTrue {
		return false
	}
	switch c.Type {
	case corev1.NodeMemoryPressure, corev1.NodeDiskPressure, corev1.NodePIDPressure, corev1.NodeNetworkUnavailable,
		"KernelDeadlock", "ReadonlyFilesystem", "XfsShutdown", "CperHardwareErrorFatal", "CorruptDockerOverlay2",
		"FrequentKubeletRestart", "FrequentDockerRestart", "FrequentContainerdRestart", "FrequentUnregisterNetDevice",
		"KubeletUnhealthy", "ContainerRuntimeUnhealthy":
		return true
	default:
		return false
	}
}

// oneNode is the node that all killed pods are on, empty where they are on several or one is gone; how many these are, and how many others
// run on other nodes.
func (k killed) oneNode(p *analysis.Pass) (node string, hit, spared int) {
	if k.Last.IsZero() {
		return "", 0, 0
	}
	pods := alive(p.PodsOf(k.Workload))
	for _, name := range k.Toll.Pods {
		i := slices.IndexFunc(pods, func(pod *corev1.Pod) bool { return pod.Name == name })
		if i < 0 || pods[i].Spec.NodeName == "" || node != "" && pods[i].Spec.NodeName != node {
			return "", 0, 0
		}
		node = pods[i].Spec.NodeName
	}
	for _, pod := range pods {
		if pod.Spec.NodeName != "" && pod.Spec.NodeName != node {
			spared++
		}
	}
	return node, len(k.Toll.Pods), spared
}
