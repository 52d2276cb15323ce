package oom

// This file says whether a node is short of memory now.

import (
	"fmt"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/kubectl-scars/kubectl-scars/pkg/analysis"
	"github.com/kubectl-scars/kubectl-scars/pkg/finding"
	"github.com/kubectl-scars/kubectl-scars/pkg/kubeevent"
	"github.com/kubectl-scars/kubectl-scars/pkg/restart"
)

// shortFor is how long an event goes on to say that a node is short of memory: as long as the server keeps it.
const shortFor = time.Hour

// shortage is what says that a node is short of memory: its condition, a kill by the kernel because the node had none left, or evictions by
// the kubelet. It is empty where nothing does.
func shortage(p *analysis.Pass, node *corev1.Node) (words string, out []finding.Evidence) {
	var said []string
	object := finding.ObjectRef{APIVersion: "v1", Kind: "Node", Name: node.Name}
	for _, c := range node.Status.Conditions {
		if c.Type == corev1.NodeMemoryPressure && c.Status == corev1.ConditionTrue {
			said = append(said, "MemoryPressure now")
			out = append(out, finding.Evidence{
				Object: object, Source: "status.conditions[MemoryPressure]", Value: fmt.Sprintf("%s: %s", c.Status, c.Reason), Time: finding.At(c.LastTransitionTime.Time),
			})
		}
	}
	events := p.EventsNamed("Node", "", node.Name)
	if last := restart.LastSystemOOM(events); last != nil && p.Now().Sub(last.Time) <= shortFor {
		said = append(said, "SystemOOM "+analysis.Ago(p.Now(), last.Time)+" ago")
		out = append(out, finding.Evidence{Object: object, Source: "event SystemOOM", Value: last.Event.Message, Time: finding.At(last.Time)})
	}
	for _, e := range events { // kubernetes v1.37.2 pkg/kubelet/eviction/eviction_manager.go: "Attempting to reclaim memory"
		if _, last, count := kubeevent.Span(e); e.Reason == "EvictionThresholdMet" && strings.HasSuffix(e.Message, "reclaim memory") && p.Now().Sub(last) <= shortFor {
			said = append(said, "evictions "+analysis.Ago(p.Now(), last)+" ago")
			out = append(out, finding.Evidence{Object: object, Source: "event EvictionThresholdMet", Value: e.Message, Time: finding.At(last), Count: count})
			break
		}
	}
	return strings.Join(said, ", "), out
}
