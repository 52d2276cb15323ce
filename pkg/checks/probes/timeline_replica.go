package probes

// This file reads one replica's row of a timeline from its status and its events.

import (
	"fmt"
	"slices"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/kubectl-scars/kubectl-scars/pkg/finding"
	"github.com/kubectl-scars/kubectl-scars/pkg/kubeevent"
	"github.com/kubectl-scars/kubectl-scars/pkg/order"
	"github.com/kubectl-scars/kubectl-scars/pkg/restart"
	"github.com/kubectl-scars/kubectl-scars/pkg/snapshot"
)

// ownedBy tells whether the pod's controller is the object: a ReplicaSet of a Deployment may be named too.
func ownedBy(p *corev1.Pod, o finding.ObjectRef) bool {
	c := metav1.GetControllerOfNoCopy(p)
	return c != nil && c.Kind == o.Kind && c.Name == o.Name && p.Namespace == o.Namespace
}

func replicaRow(v *snapshot.View, w snapshot.Ref, inc snapshot.Incarnation) finding.TimelineRow {
	row := finding.TimelineRow{
		Object: finding.ObjectRef{APIVersion: "v1", Kind: "Pod", Namespace: w.Namespace, Name: inc.Name}, Gone: inc.Pod == nil,
		Spans: []finding.TimelineSpan{}, Marks: []finding.TimelineMark{},
	}
	if inc.Pod != nil {
		row.Node, row.Since = inc.Pod.Spec.NodeName, finding.At(inc.Pod.CreationTimestamp.Time)
		row.Spans = spansOf(inc.Pod, v.Now().UTC())
	}
	for _, e := range inc.Events {
		if row.Node == "" && e.Source.Component == "kubelet" {
			row.Node = e.Source.Host
		}
	}
	for _, d := range restart.Deaths(factsOf(v, w, inc)) {
		if m, ok := deathMark(d); ok {
			row.Marks = append(row.Marks, m)
		}
	}
	for _, e := range inc.Events {
		if m, ok := eventMark(row.Object, inc.Pod, e); ok {
			row.Marks = append(row.Marks, m)
		}
	}
	sortMarks(row.Marks)
	return row
}

// factsOf is what is known of one pod, without its node.
func factsOf(v *snapshot.View, w snapshot.Ref, inc snapshot.Incarnation) restart.Facts {
	return restart.Facts{
		Namespace: w.Namespace, Name: inc.Name, Pod: inc.Pod, Events: inc.Events, Now: v.Now(),
		EventsComplete: v.Complete(snapshot.Events, w.Namespace) != snapshot.Unknown,
	}
}

func sortMarks(marks []finding.TimelineMark) {
	order.By(marks, func(a, b finding.TimelineMark) int { return a.First.Compare(b.First) })
}

// spansOf are the states that the pod's status tells of: the last change of Ready, the life that each container lives now, and the last
// one that ended.
func spansOf(pod *corev1.Pod, now time.Time) (spans []finding.TimelineSpan) {
	add := func(state finding.TimelineState, from, to time.Time, source string) {
		if from, to = from.UTC(), to.UTC(); !from.IsZero() && from.Unix() > 0 && to.After(from) {
			spans = append(spans, finding.TimelineSpan{State: state, From: from, To: to, Source: source})
		}
	}
	if snapshot.Finished(pod) {
		return []finding.TimelineSpan{}
	}
	const readySource = "status.conditions[Ready]"
	changed, ready, known := readySince(pod)
	eachStatus(pod, func(c *corev1.Container, init bool, st *corev1.ContainerStatus) {
		path := "status.containerStatuses[" + st.Name + "]"
		if init {
			path = "status.initContainerStatuses[" + st.Name + "]"
		}
		last, running, waiting := st.LastTerminationState.Terminated, st.State.Running, st.State.Waiting
		if init && running == nil && waiting == nil {
			return // it has done its work
		}
		if last != nil {
			add(finding.TimelineRunning, last.StartedAt.Time, last.FinishedAt.Time, path+".lastState.terminated")
			switch {
			case running != nil:
				add(finding.TimelineBackOff, last.FinishedAt.Time, running.StartedAt.Time, path+".lastState.terminated.finishedAt to "+path+".state.running.startedAt")
			case waiting != nil:
				add(finding.TimelineBackOff, last.FinishedAt.Time, now, path+".state.waiting ("+waiting.Reason+")")
			}
		}
		if running == nil {
			return
		}
		began, upTo := running.StartedAt.Time, now
		if ready && known {
			upTo = changed
		}
		patient := began.Add(patience(c, init, &corev1.ContainerStatus{}))
		switch source := path + ".state.running.startedAt to " + readySource; {
		case !known || ready && st.Ready && upTo.After(patient):
			add(finding.TimelineRunning, began, upTo, source) // a flap since then would look the same
		case ready || !st.Ready && upTo.Before(patient) && (neverReady(pod) || began.After(changed)):
			add(finding.TimelineStarting, began, upTo, source)
		case !st.Ready && began.After(changed):
			add(finding.TimelineStarting, began, patient, source)
			add(finding.TimelineUnready, patient, now, source)
		}
	})
	switch {
	case ready && known:
		add(finding.TimelineReady, changed, now, readySource)
	case known && !neverReady(pod):
		spans = slices.Insert(spans, 0, finding.TimelineSpan{State: finding.TimelineUnready, From: changed.UTC(), To: now, Source: readySource})
	case known && starting(pod, now):
		spans = slices.Insert(spans, 0, finding.TimelineSpan{State: finding.TimelineStarting, From: pod.CreationTimestamp.UTC(), To: now, Source: readySource})
	case known:
		spans = slices.Insert(spans, 0, finding.TimelineSpan{State: finding.TimelineUnready, From: changed.UTC(), To: now, Source: readySource})
	}
	if spans == nil {
		return []finding.TimelineSpan{}
	}
	return spans
}

// readySince is when the condition Ready last changed, and what it is; not known where a pod has none, or no time of it.
func readySince(pod *corev1.Pod) (changed time.Time, ready, known bool) {
	for _, c := range pod.Status.Conditions {
		if c.Type == corev1.PodReady && !c.LastTransitionTime.IsZero() {
			return c.LastTransitionTime.Time, c.Status == corev1.ConditionTrue, true
		}
	}
	return time.Time{}, false, false
}

// deathMark is what a death looks like; an end with code 0 that nobody asked for is none.
func deathMark(d restart.Death) (finding.TimelineMark, bool) {
	if d.Finished.IsZero() || d.Cause == restart.OwnExit && d.ExitCode == 0 && d.FromStatus {
		return finding.TimelineMark{}, false
	}
	m := finding.TimelineMark{Mark: finding.MarkEnded, First: d.First, Last: d.Finished, Count: d.Count, Object: d.Pod, Text: string(d.Cause)}
	if m.First.IsZero() {
		m.First = m.Last
	}
	if d.Cause == restart.Liveness || d.Cause == restart.Startup {
		m.Mark, m.Text = finding.MarkKilled, "by its "+string(d.Cause)+" probe"
	} else if d.FromStatus {
		m.Text += fmt.Sprintf(", exit code %d", d.ExitCode)
	}
	if len(d.Evidence) > 0 {
		m.Source = d.Evidence[0].Source
	}
	return m, true
}

// eventMark is what an event adds to what status and deaths tell. The text of a probe's answer may hold secrets and is not repeated.
func eventMark(ref finding.ObjectRef, pod *corev1.Pod, e *corev1.Event) (finding.TimelineMark, bool) {
	m := finding.TimelineMark{Object: ref, Source: "event " + e.Reason}
	m.Object.Container = kubeevent.Container(e)
	m.First, m.Last, m.Count = kubeevent.Span(e)
	switch e.Reason {
	case "BackOff":
		if m.Object.Container == "" {
			return m, false
		}
		m.Mark, m.Text = finding.MarkBackOff, "waits before it is started again"
	case "Unhealthy":
		u, ok := kubeevent.ParseUnhealthy(e.Message)
		if !ok || !u.Counts() {
			return m, false
		}
		if pod != nil {
			if c, _ := specOf(pod, m.Object.Container); c != nil {
				u = u.By(restart.ProbeOf(c, u.Probe))
			}
		}
		m.Mark, m.Text = finding.MarkProbeFailed, string(u.Probe)+": "+restart.Symptom{Unhealthy: u}.String()
	default:
		return m, false
	}
	return m, !m.Last.IsZero()
}

// rollouts are the revisions of a Deployment that were made.
func rollouts(v *snapshot.View, w snapshot.Ref) []finding.TimelineMark {
	out := []finding.TimelineMark{}
	for _, r := range v.Revisions(w) {
		out = append(out, finding.TimelineMark{
			Mark: finding.MarkRollout, First: r.Created, Last: r.Created, Count: 1, Text: fmt.Sprintf("revision %d", r.Number),
			Object: finding.ObjectRef{APIVersion: "apps/v1", Kind: "ReplicaSet", Namespace: w.Namespace, Name: r.ReplicaSet}, Source: "metadata.creationTimestamp",
		})
	}
	sortMarks(out)
	return out
}

// nodeRows are the nodes of the replicas that tell of trouble: by their conditions, or by events. A SystemOOM that a starting kubelet only
// says again is no trouble of that time.
func nodeRows(v *snapshot.View, replicas []finding.TimelineRow) []finding.TimelineRow {
	out := []finding.TimelineRow{}
	var names []string
	for _, r := range replicas {
		if r.Node != "" && !slices.Contains(names, r.Node) {
			names = append(names, r.Node)
		}
	}
	slices.Sort(names)
	for _, name := range names {
		row := finding.TimelineRow{Object: finding.ObjectRef{APIVersion: "v1", Kind: "Node", Name: name}, Spans: []finding.TimelineSpan{}, Marks: []finding.TimelineMark{}}
		if n := v.Node(name); n != nil {
			for _, c := range n.Status.Conditions {
				if at := c.LastTransitionTime.UTC(); nodeIll(c) && !c.LastTransitionTime.IsZero() {
					row.Marks = append(row.Marks, finding.TimelineMark{
						Mark: finding.MarkNode, First: at, Last: at, Count: 1, Text: string(c.Type) + " is " + string(c.Status),
						Object: row.Object, Source: "status.conditions[" + string(c.Type) + "]",
					})
				}
			}
		}
		events := v.EventsNamed("Node", "", name)
		old := map[*corev1.Event]bool{}
		for _, o := range restart.SystemOOMs(events).Old {
			old[o.Event] = true
		}
		for _, e := range events {
			if old[e] || !slices.Contains([]string{"NodeNotReady", "SystemOOM", "Rebooted", "NodeHasInsufficientMemory", "NodeHasDiskPressure", "NodeHasInsufficientPID"}, e.Reason) {
				continue
			}
			m := finding.TimelineMark{Mark: finding.MarkNode, Text: e.Reason, Object: row.Object, Source: "event " + e.Reason}
			if m.First, m.Last, m.Count = kubeevent.Span(e); !m.Last.IsZero() {
				row.Marks = append(row.Marks, m)
			}
		}
		if sortMarks(row.Marks); len(row.Marks) > 0 {
			out = append(out, row)
		}
	}
	return out
}
