package probes

// This file gathers failures of probes that killed nothing: of containers that run, after they were up.

import (
	"fmt"
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/kubectl-scars/kubectl-scars/pkg/analysis"
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

// since takes the failures that were seen after a moment. Those that were seen before it too are counted once: the kubelet adds the same
// words up for as long as it runs, over restarts and events that have expired (client-go v0.37.2 tools/record/events_cache.go).
func since(at time.Time, symptoms []restart.Symptom) []restart.Symptom {
	var out []restart.Symptom
	for _, s := range symptoms {
		if !s.Last.After(at) {
			continue
		}
		if s.First.Before(at) {
			s.First, s.Count = s.Last, 1
		}
		out = append(out, s)
	}
	return out
}

// lately takes the failures within the hour. What began before counts in full where it is so frequent that each hour of it has as many as
// make the probe act, so that trouble which lasts does not fall silent.
func lately(now time.Time, b restart.Budget, symptoms []restart.Symptom) []restart.Symptom {
	var out []restart.Symptom
	for _, s := range symptoms {
		hours := (s.Last.Sub(s.First) + shakenLately - 1) / shakenLately
		if time.Duration(s.Count) >= hours*time.Duration(max(b.Failures, 2)) && now.Sub(s.Last) < shakenLately {
			out = append(out, s)
			continue
		}
		out = append(out, since(now.Add(-shakenLately), []restart.Symptom{s})...)
	}
	return out
}

// eachShaken visits the containers whose probe failed within the hour, for what pick takes of the failures in one pod: those that count and
// are of the life that the container is in.
func eachShaken(p *analysis.Pass, name kubeevent.Probe, pick func(*corev1.Pod, *corev1.Container, *corev1.ContainerStatus, []restart.Symptom) []restart.Symptom, visit func(*shaken)) {
	for _, w := range p.Workloads() {
		var order []string
		var found map[string]*shaken
		for _, inc := range p.Incarnations(w) {
			if len(inc.Events) == 0 || inc.Pod == nil || !notFinished(inc.Pod) {
				continue
			}
			eachRunning(inc.Pod, func(c *corev1.Container, init bool, st *corev1.ContainerStatus) {
				probe := restart.ProbeOf(c, name)
				if probe == nil {
					return
				}
				var counted []restart.Symptom
				for _, s := range restart.Symptoms(inc.Pod, inc.Events, c.Name, name) {
					if s.Counts() && !s.Combined && p.Now().Sub(s.Last) <= shakenLately && s.Last.After(st.State.Running.StartedAt.Time) {
						counted = append(counted, s)
					}
				}
				if len(counted) == 0 {
					return
				}
				counted = pick(inc.Pod, c, st, since(st.State.Running.StartedAt.Time, counted))
				if counted = lately(p.Now(), restart.BudgetOf(probe), counted); len(counted) == 0 {
					return
				}
				if found == nil {
					found = map[string]*shaken{}
				}
				k := found[c.Name]
				if k == nil {
					k = &shaken{workload: w, container: c, init: init, probe: probe}
					found[c.Name] = k
					order = append(order, c.Name)
				}
				k.add(inc.Pod, counted)
			})
		}
		for _, n := range order {
			found[n].of = len(alive(p.PodsOf(w)))
			found[n].killed = killedBy(p, w, n, name)
			visit(found[n])
		}
	}
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
				Text:    "Give it more time to answer; this rolls the workload over",
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
