package probes

// This file reads what events say lately of the probes of a workload's pods, without quoting what a program answered.

import (
	"slices"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/kubectl-scars/kubectl-scars/pkg/analysis"
	"github.com/kubectl-scars/kubectl-scars/pkg/finding"
	"github.com/kubectl-scars/kubectl-scars/pkg/kubeevent"
	"github.com/kubectl-scars/kubectl-scars/pkg/restart"
	"github.com/kubectl-scars/kubectl-scars/pkg/snapshot"
)

// attempts is what events of one kind say of one probe.
type attempts struct {
	count    int32
	pods     int // that they are about
	first    time.Time
	last     time.Time
	classes  map[kubeevent.Class]int32
	evidence []finding.Evidence // one for each pod and class
}

// attemptEvents are the events about attempts of probes, by the pod that is there.
var attemptEvents = snapshot.Derived[map[*corev1.Pod][]*corev1.Event]{
	Kinds: []snapshot.Kind{snapshot.Pods, snapshot.ReplicaSets, snapshot.Jobs, snapshot.Events},
	Make: func(v *snapshot.View) map[*corev1.Pod][]*corev1.Event {
		out := map[*corev1.Pod][]*corev1.Event{}
		for _, w := range v.Workloads() {
			for _, inc := range v.Incarnations(w) {
				for _, e := range inc.Events {
					if inc.Pod != nil && (e.Reason == "Unhealthy" || e.Reason == "ProbeWarning") {
						out[inc.Pod] = append(out[inc.Pod], e)
					}
				}
			}
		}
		return out
	},
}

// heard tells whether there is any event of a reason about the pods: mostly there is none.
func (s *spec) heard(p *analysis.Pass, reason string) bool {
	events := attemptEvents.In(p.View)
	return slices.ContainsFunc(s.pods, func(pod *corev1.Pod) bool {
		return slices.ContainsFunc(events[pod], func(e *corev1.Event) bool { return e.Reason == reason })
	})
}

// lately sums up the events of a reason about one probe of a container whose message holds one of the words; nil where there is none.
// quote cuts what is quoted of a message.
func (s *spec) lately(p *analysis.Pass, container string, probe kubeevent.Probe, reason string, words []string, quote func(kubeevent.Unhealthy, string) string) *attempts {
	var a *attempts
	events := attemptEvents.In(p.View)
	for _, pod := range s.pods {
		seen := false
		var asks *corev1.Probe
		if c, _ := specOf(pod, container); c != nil {
			asks = restart.ProbeOf(c, probe)
		}
		for _, e := range events[pod] {
			if e.Reason != reason || !slices.ContainsFunc(words, func(w string) bool { return strings.Contains(e.Message, w) }) {
				continue
			}
			u, ok := kubeevent.ParseUnhealthy(e.Message)
			if name := kubeevent.Container(e); !ok || u.Probe != probe || u.Combined || name != container && (name != "" || len(pod.Spec.Containers) > 1) {
				continue
			}
			first, last, count := kubeevent.Span(e)
			if p.Now().Sub(last) > unableLately {
				continue
			}
			u = u.By(asks)
			text := quote(u, e.Message)
			if text == "" {
				continue
			}
			if a == nil {
				a = &attempts{classes: map[kubeevent.Class]int32{}, first: first}
			}
			if !seen {
				a.pods++
			}
			seen = true
			a.add(u, first, last, count)
			at := finding.ObjectRef{Kind: "Pod", Namespace: pod.Namespace, Name: pod.Name, Container: container}
			a.evidence = append(a.evidence, finding.Evidence{Object: at, Source: "event " + reason, Value: text, Time: finding.At(last), Count: count})
		}
	}
	return a
}

func (a *attempts) add(u kubeevent.Unhealthy, first, last time.Time, count int32) {
	a.count += count
	a.classes[u.Class] += count
	if first.Before(a.first) {
		a.first = first
	}
	if last.After(a.last) {
		a.last = last
	}
}

// slowWords are in every text of an attempt that was not answered in time.
func slowWords() []string {
	return []string{"timed out", "Client.Timeout", "deadline exceeded", "i/o timeout"}
}

// slow sums up the attempts of a probe that were not answered in time.
func (s *spec) slow(p *analysis.Pass, c *corev1.Container, probe kubeevent.Probe) *attempts {
	return s.lately(p, c.Name, probe, "Unhealthy", slowWords(), func(u kubeevent.Unhealthy, message string) string {
		switch {
		case !u.Counts():
			return ""
		case u.Class == kubeevent.ResponseTimeout, u.Class == kubeevent.ConnectTimeout:
			return message // the kubelet's own words
		case u.Class == kubeevent.ExecTimeout:
			return string(u.Probe) + " probe failed: command timed out"
		default:
			return ""
		}
	})
}
