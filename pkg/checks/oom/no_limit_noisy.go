package oom

// This file finds containers without a memory limit that use much of a node which ran low on memory.

import (
	"fmt"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/kubectl-scars/kubectl-scars/pkg/analysis"
	"github.com/kubectl-scars/kubectl-scars/pkg/finding"
	"github.com/kubectl-scars/kubectl-scars/pkg/headroom"
	"github.com/kubectl-scars/kubectl-scars/pkg/restart"
	"github.com/kubectl-scars/kubectl-scars/pkg/snapshot"
)

// NoLimitNoisy is oom/no-limit-noisy.
var NoLimitNoisy = &analysis.Check{
	ID: "oom/no-limit-noisy",
	Doc: analysis.Doc{
		Title:    "A container without a memory limit uses much of a node that runs low",
		Symptom:  "Other pods of the node are evicted or killed for memory; this one goes on.",
		Evidence: "Neither the container nor its pod has a memory limit; its working set is a quarter of what the node has for pods, or more; and the node is low on memory, or was within the hour: its condition MemoryPressure, its events EvictionThresholdMet or SystemOOM, or 90 % of what it has for pods in use. Independent facts: strong.",
		Why:      "Nothing holds it, so its growth is paid for by whoever runs beside it and asked for less.",
		Fix:      "Give it a limit above its peaks, and a request near what it uses.",
		Limits:   "Silent on a calm node, however much is used there. One sample of use; whether it grows is not known. Events live 1 h by default.",
		Sources:  []string{"kubernetes v1.37.2 pkg/kubelet/eviction/eviction_manager.go", "kubernetes v1.37.2 pkg/kubelet/nodestatus/setters.go (MemoryPressure)"},
	},
	Inputs: analysis.PodInputs(append(numberInputs(),
		analysis.Optional(snapshot.Nodes), analysis.Optional(snapshot.NodeMetrics), analysis.Optional(snapshot.Events))...),
	Asks: askKubelets,
	Run:  noLimitNoisy,
}

const (
	noisyShare = 0.25 // of what the node has for pods
	lately     = time.Hour
)

func noLimitNoisy(p *analysis.Pass) error {
	var found tally
	low := map[string]pressure{} // by node
	eachReading(p, func(s reading) {
		if s.limit > 0 || s.working < 64<<20 {
			return
		}
		node := p.Node(s.pod.Spec.NodeName)
		if node == nil {
			return
		}
		room := node.Status.Allocatable.Memory().Value()
		if room <= 0 || float64(s.working) < noisyShare*float64(room) {
			return
		}
		if _, known := low[node.Name]; !known {
			low[node.Name] = pressureOn(p, node, room)
		}
		if low[node.Name].says != "" {
			found.add(p, s.measured(p.Now()), float64(s.working)/float64(room))
		}
	})
	for _, object := range found.order {
		t := found.of[object]
		node := p.Node(t.pod.Spec.NodeName)
		a, _ := t.numbers(p).account()
		tail, _ := replicas(p, t)
		room := node.Status.Allocatable.Memory().Value()
		f := finding.Finding{
			Severity: finding.Warning, Confidence: finding.Strong, Object: object,
			Message: fmt.Sprintf("container %s has no memory limit and uses %s, %s of what node %s has for pods, which %s",
				t.container, finding.Bytes(t.working), percent(t.working, room), node.Name, low[node.Name].says) + tail,
			Evidence: append([]finding.Evidence{
				sampled(t.ref(), a), {Object: t.ref(), Source: "spec", Value: "neither the container nor its pod has a memory limit"},
				{Object: analysis.RefTo("Node", node), Source: "status.allocatable.memory", Value: finding.Bytes(room)},
			}, low[node.Name].evidence),
			Memory: a.Picture(t.ref(), headroom.Limit{}, headroom.ContainerRequest(t.pod, t.container).Bytes),
			Fix: []finding.Fix{
				setMemory(t.workload, t.container, "limits", t.working*2, "Give it a limit above its peaks: twice what it uses now is a first step"),
				{Text: "See what was promised to whom on the node", Command: finding.Kubectl("", "describe", "node", node.Name)},
			},
		}
		p.Report(f)
	}
	return nil
}

// pressure is that a node is or was low on memory, in words, with its proof; no words where it is calm.
type pressure struct {
	says     string
	evidence finding.Evidence
}

func pressureOn(p *analysis.Pass, node *corev1.Node, room int64) pressure {
	ref := analysis.RefTo("Node", node)
	for _, c := range node.Status.Conditions {
		if c.Type == corev1.NodeMemoryPressure && c.Status == corev1.ConditionTrue {
			return pressure{"is low on memory now", finding.Evidence{
				Object: ref, Source: "status.conditions[MemoryPressure]", Value: "True: " + c.Reason, Time: finding.At(c.LastTransitionTime.Time),
			}}
		}
	}
	for _, e := range p.EventsNamed("Node", "", node.Name) {
		at := e.LastTimestamp.Time
		if e.Reason == "EvictionThresholdMet" && strings.Contains(e.Message, "memory") && p.Now().Sub(at) <= lately {
			return pressure{"ran low on memory " + analysis.Ago(p.Now(), at) + " ago", finding.Evidence{
				Object: ref, Source: "event EvictionThresholdMet", Value: e.Message, Time: finding.At(at), Count: e.Count,
			}}
		}
	}
	if last := restart.LastSystemOOM(p.EventsNamed("Node", "", node.Name)); last != nil && p.Now().Sub(last.Time) <= lately {
		return pressure{"ran out of memory " + analysis.Ago(p.Now(), last.Time) + " ago", finding.Evidence{
			Object: ref, Source: "event SystemOOM", Value: last.Event.Message, Time: finding.At(last.Time),
		}}
	}
	if u := p.NodeUsage(node.Name); u != nil && p.Now().Sub(u.Timestamp.Time) <= stale {
		if used := u.Usage.Memory().Value(); float64(used) >= 0.9*float64(room) {
			return pressure{"has " + percent(used, room) + " of it in use", finding.Evidence{
				Object: ref, Source: metricsAPI, Value: "working set " + finding.Bytes(used), Time: finding.At(u.Timestamp.Time),
			}}
		}
	}
	return pressure{}
}
