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
	most     int32 // in one pod
	pods     int   // that they are about
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

// slow sums up the attempts of a probe that were not answered in time, of containers that are still in trouble with it: of a start that goes
// on, or of a time after it, or that the probe has killed. What a start takes while it is at it is no sign of anything.
func (s *spec) slow(p *analysis.Pass, c *corev1.Container, probe kubeevent.Probe) *attempts {
	var a *attempts
	events := attemptEvents.In(p.View)
	for _, pod := range s.pods {
		if len(events[pod]) == 0 {
			continue
		}
		eachStatus(pod, func(own *corev1.Container, _ bool, st *corev1.ContainerStatus) {
			if own.Name != c.Name || restart.ProbeOf(own, probe) == nil {
				return
			}
			late := only(restart.Symptoms(pod, events[pod], own.Name, probe), func(sy restart.Symptom) bool {
				return timedOut(sy) && !sy.Combined && p.Now().Sub(sy.Last) <= unableLately
			})
			switch {
			case len(late) == 0:
				return
			case killedBy(p, s.workload, c.Name, probe):
			case st.State.Running == nil:
				return
			default:
				late = stillShaky(probe, pod, own, st, since(st.State.Running.StartedAt.Time, late))
			}
			if late = lately(p.Now(), restart.BudgetOf(restart.ProbeOf(own, probe)), late); len(late) == 0 {
				return
			}
			if a == nil {
				a = &attempts{classes: map[kubeevent.Class]int32{}, first: late[0].First}
			}
			a.pods++
			var count int32
			for _, sy := range late {
				count += sy.Count
				a.add(sy.Unhealthy, sy.First, sy.Last, sy.Count)
				e := sy.Evidence(finding.ObjectRef{Kind: "Pod", Namespace: pod.Namespace, Name: pod.Name, Container: own.Name})
				if sy.Class == kubeevent.ExecTimeout { // what follows may be the command's own words
					e.Value = string(probe) + " probe failed: command timed out"
				}
				a.evidence = append(a.evidence, e)
			}
			a.most = max(a.most, count)
		})
	}
	return a
}

// timedOut tells whether a failure that counts is that no answer came in time.
func timedOut(s restart.Symptom) bool {
	return s.Counts() && (s.Class == kubeevent.ResponseTimeout || s.Class == kubeevent.ConnectTimeout || s.Class == kubeevent.ExecTimeout)
}

// stillShaky picks of the failures of a probe in one pod those that a container is still in trouble with: of a start that goes on, or of a time
// after it.
func stillShaky(probe kubeevent.Probe, pod *corev1.Pod, c *corev1.Container, st *corev1.ContainerStatus, symptoms []restart.Symptom) []restart.Symptom {
	switch {
	case probe == kubeevent.Startup && st.Started != nil && *st.Started:
		return nil
	case probe == kubeevent.Liveness:
		return afterStart(pod, c, st, symptoms)
	case probe == kubeevent.Readiness && st.Ready:
		return afterReady(pod, c, st, symptoms)
	default:
		return symptoms
	}
}
