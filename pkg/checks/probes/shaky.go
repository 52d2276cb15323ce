package probes

// This file gathers failures of probes that killed nothing: of containers that run, after they were up.

import (
	"fmt"
	"slices"
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/kubectl-scars/kubectl-scars/pkg/analysis"
	"github.com/kubectl-scars/kubectl-scars/pkg/cascade"
	"github.com/kubectl-scars/kubectl-scars/pkg/checks/deaths"
	"github.com/kubectl-scars/kubectl-scars/pkg/finding"
	"github.com/kubectl-scars/kubectl-scars/pkg/kubeevent"
	"github.com/kubectl-scars/kubectl-scars/pkg/restart"
	"github.com/kubectl-scars/kubectl-scars/pkg/snapshot"
)

// shaken is one container of a workload whose probe failed lately.
type shaken struct {
	workload  snapshot.Ref
	container *corev1.Container
	init      bool
	probe     *corev1.Probe
	pods      []*corev1.Pod
	of        int // pods of the workload that are there
	seen      []restart.Symptom
	count     int32
	more      bool  // there may have been more: some began before what they are counted from
	most      int32 // in one pod
	first     time.Time
	last      time.Time
	evidence  []finding.Evidence
	killed    bool // this probe has killed the container, which other checks tell
}

// shakenLately is how long ago a failure may be.
const shakenLately = time.Hour

// failing is a container that runs, one of its probes, and the failures of that probe that count: within the hour, and in the life that the
// container is in.
type failing struct {
	workload  snapshot.Ref
	pod       *corev1.Pod
	container *corev1.Container
	init      bool
	status    *corev1.ContainerStatus
	symptoms  []restart.Symptom
}

// allFailing are those of a snapshot by probe, in the order of workloads: several checks ask for them, and there may be many thousand.
var allFailing = snapshot.Derived[map[kubeevent.Probe][]failing]{
	Kinds: []snapshot.Kind{snapshot.Pods, snapshot.ReplicaSets, snapshot.Jobs, snapshot.Events}, Make: findFailing,
}

func findFailing(v *snapshot.View) map[kubeevent.Probe][]failing {
	out := map[kubeevent.Probe][]failing{}
	for _, w := range v.Workloads() {
		for _, inc := range v.Incarnations(w) {
			if len(inc.Events) == 0 || inc.Pod == nil || !notFinished(inc.Pod) {
				continue
			}
			eachRunning(inc.Pod, func(c *corev1.Container, init bool, st *corev1.ContainerStatus) {
				for _, name := range []kubeevent.Probe{kubeevent.Startup, kubeevent.Liveness, kubeevent.Readiness} {
					if restart.ProbeOf(c, name) == nil {
						continue
					}
					counted := only(restart.Symptoms(inc.Pod, inc.Events, c.Name, name), func(s restart.Symptom) bool {
						return s.Counts() && !s.Combined && v.Now().Sub(s.Last) <= shakenLately
					})
					if counted = since(st.State.Running.StartedAt.Time, counted); len(counted) > 0 {
						out[name] = append(out[name], failing{w, inc.Pod, c, init, st, counted})
					}
				}
			})
		}
	}
	return out
}

// only takes the failures that are to be kept: the same list where all are, as others may hold it.
func only(symptoms []restart.Symptom, keep func(restart.Symptom) bool) []restart.Symptom {
	drop := func(s restart.Symptom) bool { return !keep(s) }
	if !slices.ContainsFunc(symptoms, drop) {
		return symptoms
	}
	return slices.DeleteFunc(slices.Clone(symptoms), drop)
}

// since takes the failures that were seen after a moment. Those that were seen before it too are counted once: the kubelet adds the same
// words up for as long as it runs, over restarts and events that have expired (client-go v0.37.2 tools/record/events_cache.go).
func since(at time.Time, symptoms []restart.Symptom) []restart.Symptom {
	symptoms = only(symptoms, func(s restart.Symptom) bool { return s.Last.After(at) })
	began := func(s restart.Symptom) bool { return s.First.Before(at) }
	if !slices.ContainsFunc(symptoms, began) {
		return symptoms
	}
	symptoms = slices.Clone(symptoms)
	for i := range symptoms {
		if s := &symptoms[i]; began(*s) {
			s.First, s.Count = s.Last, 1
		}
	}
	return symptoms
}

// lately takes the failures within the hour. What began before counts in full where it is so frequent that each hour of it has as many as
// make the probe act, so that trouble which lasts does not fall silent.
func lately(now time.Time, b restart.Budget, symptoms []restart.Symptom) []restart.Symptom {
	ago := now.Add(-shakenLately)
	if !slices.ContainsFunc(symptoms, func(s restart.Symptom) bool { return s.First.Before(ago) }) {
		return since(ago, symptoms) // as mostly: without a copy
	}
	var out []restart.Symptom
	for _, s := range symptoms {
		if s.Steady(b) && now.Sub(s.Last) < shakenLately {
			out = append(out, s)
			continue
		}
		out = append(out, since(ago, []restart.Symptom{s})...)
	}
	return out
}

// eachShaken visits the containers whose probe failed within the hour, for what pick takes of the failures in one pod, which it must not
// change: those that count and are of the life that the container is in.
func eachShaken(p *analysis.Pass, name kubeevent.Probe, pick func(*corev1.Pod, *corev1.Container, *corev1.ContainerStatus, []restart.Symptom) []restart.Symptom, visit func(*shaken)) {
	var found []*shaken // of one workload
	done := func() {
		for _, k := range found {
			k.of = len(alive(p.PodsOf(k.workload)))
			k.killed = killedBy(p, k.workload, k.container.Name, name)
			visit(k)
		}
		found = found[:0]
	}
	for _, at := range allFailing.In(p.View)[name] {
		if len(found) > 0 && found[0].workload != at.workload {
			done()
		}
		probe := restart.ProbeOf(at.container, name)
		counted := lately(p.Now(), restart.BudgetOf(probe), pick(at.pod, at.container, at.status, at.symptoms))
		if len(counted) == 0 {
			continue
		}
		i := slices.IndexFunc(found, func(k *shaken) bool { return k.container.Name == at.container.Name })
		if i < 0 {
			i = len(found)
			found = append(found, &shaken{workload: at.workload, container: at.container, init: at.init, probe: probe})
		}
		found[i].add(at.pod, counted)
	}
	done()
}

func (k *shaken) add(pod *corev1.Pod, symptoms []restart.Symptom) {
	k.pods = append(k.pods, pod)
	ref := finding.ObjectRef{Kind: "Pod", Namespace: pod.Namespace, Name: pod.Name, Container: k.container.Name}
	var count int32
	for _, s := range symptoms {
		count += s.Count
		k.seen = append(k.seen, s)
		e := s.Evidence(ref)
		_, _, e.Count = kubeevent.Span(s.Event)
		k.more = k.more || e.Count > s.Count
		k.evidence = append(k.evidence, e)
		if s.Last.After(k.last) {
			k.last = s.Last
		}
		if k.first.IsZero() || s.First.Before(k.first) {
			k.first = s.First
		}
	}
	k.count += count
	k.most = max(k.most, count)
}

// again tells whether one pod failed more than once, or many did.
func (k *shaken) again() bool { return k.most > 1 || many(len(k.pods), k.of) }

// many tells whether so many of so many pods are half of them, and two: a slow answer now and then in a large fleet is none.
func many(pods, of int) bool { return pods >= cascade.Half(of) }

// times says how many failures there were: "5 times", "at least once".
func (k *shaken) times() string {
	times := fmt.Sprintf("%d times", k.count)
	if k.count == 1 {
		times = "once"
	}
	if k.more {
		times = "at least " + times
	}
	return times
}

// often says it with the time that they took: "5 times within the hour", "at least once within the hour", "120 times in 2h".
func (k *shaken) often(now time.Time) string {
	times := k.times()
	span := k.last.Sub(k.first)
	switch {
	case now.Sub(k.first) <= shakenLately:
		return times + " within the hour"
	case span >= time.Second:
		return times + " in " + analysis.Span(span)
	case k.count > 1:
		return times + " at once"
	default:
		return times
	}
}

// killedBy tells whether a probe has killed a container in any pod of a workload, one that has been replaced too.
func killedBy(p *analysis.Pass, w snapshot.Ref, container string, name kubeevent.Probe) bool {
	cause := map[kubeevent.Probe]restart.Cause{kubeevent.Liveness: restart.Liveness, kubeevent.Startup: restart.Startup}[name]
	if cause == "" {
		return false
	}
	for _, hurt := range deaths.In(p.View, w) {
		for _, d := range hurt.Deaths {
			if d.Cause == cause && d.Pod.Container == container {
				return true
			}
		}
	}
	return false
}

func (k *shaken) object() finding.ObjectRef {
	ref := analysis.Ref(k.workload)
	ref.Container = k.container.Name
	return ref
}

// words says how it failed, the most frequent first.
func (k *shaken) words() string {
	var best restart.Symptom
	for _, s := range k.seen {
		if s.Count > best.Count {
			best = s
		}
	}
	return best.String()
}

// all tells whether all failures are of one class.
func (k *shaken) all(class kubeevent.Class) bool {
	for _, s := range k.seen {
		if s.Class != class {
			return false
		}
	}
	return true
}

// look is how to see what its attempts say, and the time-out that would do where the present one did not.
func (k *shaken) look(name kubeevent.Probe) []finding.Fix {
	var out []finding.Fix
	if k.all(kubeevent.ResponseTimeout) || k.all(kubeevent.ExecTimeout) {
		b := restart.BudgetOf(k.probe)
		now := int(b.Timeout.Seconds())
		if better := min(int(b.Period.Seconds()), max(2*now, 3)); better > now {
			out = append(out, finding.Fix{
				Text:    "Give it more time to answer",
				Command: patch(k.workload, k.container.Name, k.init, fieldOf(name), map[string]any{"timeoutSeconds": better}),
			})
		}
	}
	return append(out, finding.Fix{Text: "See the probe and what its attempts say", Command: finding.Kubectl(k.workload.Namespace, "describe", "pod", k.pods[0].Name)})
}

// readyAt is since when all containers of a pod are ready, zero where they are not.
func readyAt(pod *corev1.Pod) time.Time {
	for _, c := range pod.Status.Conditions {
		if c.Type == corev1.PodReady && c.Status == corev1.ConditionTrue {
			return c.LastTransitionTime.Time
		}
	}
	return time.Time{}
}
