package oom

// This file finds pods that their node turned away for want of memory: it looks like a kill, and is none.

import (
	"fmt"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"

	"github.com/kubectl-scars/kubectl-scars/pkg/analysis"
	"github.com/kubectl-scars/kubectl-scars/pkg/checks/deaths"
	"github.com/kubectl-scars/kubectl-scars/pkg/finding"
	"github.com/kubectl-scars/kubectl-scars/pkg/restart"
	"github.com/kubectl-scars/kubectl-scars/pkg/snapshot"
)

// TurnedAway is oom/turned-away.
var TurnedAway = &analysis.Check{
	ID: "oom/turned-away",
	Doc: analysis.Doc{
		Title:    "A pod was turned away by its node for want of memory",
		Symptom:  "Failed pods with reason OutOfmemory, UnexpectedAdmissionError or Evicted (\"The node had condition: [MemoryPressure]\"), which have no container statuses and no logs.",
		Evidence: "The pod's status, or for a removed pod its event: the kubelet states that it refused the pod, and for OutOfmemory how much was asked for, promised and there. That is proof.",
		Why:      "Nothing was killed, and no limit matters: the request did not fit into what the node has to promise, or the node took no BestEffort pods. A bare pod stays Failed; others leave a dead pod for each try.",
		Fix:      "Let the scheduler place the pod: drop spec.nodeName, and see to it that one scheduler alone places pods on the node; lower the request, or make room. For MemoryPressure give the pod a request.",
		Limits:   "A kubelet that restarts may turn away pods that ran on it before. Pods that were refused for CPU, devices or their number are not memory. Removed pods are known for as long as their events are kept, 1 h by default. Silent a week after the last.",
		Sources: []string{
			"kubernetes v1.37.2 pkg/kubelet/lifecycle/predicate.go", "kubernetes v1.37.2 pkg/kubelet/eviction/eviction_manager.go (Admit)",
			"kubernetes v1.37.2 pkg/kubelet/cm/memorymanager",
		},
	},
	Inputs: deaths.Inputs(),
	Run:    turnedAway,
}

func turnedAway(p *analysis.Pass) error {
	for _, c := range deaths.Gather(p, false, func(d *restart.Death) bool { return d.Cause == restart.TurnedAway }) {
		well := madeUp(c.Workload.Kind, p.PodsOf(c.Workload))
		c.Down = c.Pods > 0 && !well
		severity, ok := c.Severity(p.Now())
		if !ok {
			continue
		}
		if well {
			severity = worseOf(severity, finding.Info) // others run in its place
		}
		last := c.Toll.Latest()
		node := "its node"
		if c.Latest != nil && c.Latest.Spec.NodeName != "" {
			node = "node " + c.Latest.Spec.NodeName
		}
		f := finding.Finding{
			Severity: severity, Confidence: c.Confidence, Object: c.Object(), Evidence: c.Evidence(),
			Message:   fmt.Sprintf("turned away by %s (%s), nothing was killed: %s; %s", node, last.Reason, last.Detail, c.Counted(p.Now())),
			FirstSeen: c.FirstSeen(), LastSeen: c.LastSeen(), Fix: c.Look(),
		}
		f.Message = strings.TrimSuffix(f.Message, "; ")
		if last.Reason == "Evicted" {
			f.Fix = append(f.Fix, finding.Fix{Text: "Give it a memory request: a node under memory pressure turns away only pods without any"})
		} else if c.Latest != nil && c.Latest.Spec.NodeName != "" {
			f.Fix = append(f.Fix, finding.Fix{Text: "See what was promised to whom there", Command: finding.Kubectl("", "describe", "node", c.Latest.Spec.NodeName)})
		}
		p.Report(f)
	}
	return nil
}

// madeUp tells whether other pods do the work of those that were turned away: for a DaemonSet, only if none that it wants is missing.
func madeUp(kind string, pods []*corev1.Pod) bool {
	if kind != "DaemonSet" {
		return served(pods)
	}
	missing := slices.ContainsFunc(pods, func(pod *corev1.Pod) bool { return !snapshot.Finished(pod) && !served([]*corev1.Pod{pod}) })
	return !missing && served(pods)
}
