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
	var trouble []string
	var evidence []finding.Evidence
	ref := finding.ObjectRef{APIVersion: "v1", Kind: "Node", Name: at}
	if n := p.Node(at); n != nil {
		for _, c := range n.Status.Conditions {
			since := c.LastTransitionTime.Time
			if (c.Type == corev1.NodeReady) == (c.Status == corev1.ConditionTrue) || c.Status == corev1.ConditionUnknown && c.Type != corev1.NodeReady || since.IsZero() || since.After(k.Last) {
				continue
			}
			word := "has had " + string(c.Type)
			if c.Type == corev1.NodeReady {
				word = "has been NotReady"
			}
			trouble = append(trouble, word+" for "+analysis.Ago(p.Now(), since))
			evidence = append(evidence, finding.Evidence{Object: ref, Source: "status.conditions[" + string(c.Type) + "]", Value: string(c.Status), Time: finding.At(since)})
		}
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
