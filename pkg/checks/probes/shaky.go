package probes

// This file gathers failures of probes that killed nothing: of containers that run, after they were up.

import (
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
	most      int32 // in one pod
	last      time.Time
	evidence  []finding.Evidence
	killed    bool // this probe has killed the container, which other checks tell
}

// shakenLately is how long ago a failure may be.
const shakenLately = time.Hour

// eachShaken visits the containers whose probe failed within the hour, for what pick takes of the failures in one pod: those that count and
// are of the life that the container is in.
func eachShaken(p *analysis.Pass, name kubeevent.Probe, pick func(*corev1.Pod, *corev1.Container, *corev1.ContainerStatus, []restart.Symptom) []restart.Symptom, visit func(*shaken)) {
	for _, w := range p.Workloads() {
		var order []string
		var found map[string]*shaken
		of := 0
		for _, inc := range p.Incarnations(w) {
			if inc.Pod == nil || snapshot.Finished(inc.Pod) || inc.Pod.DeletionTimestamp != nil {
				continue
			}
			of++
			if len(inc.Events) == 0 {
				continue
			}
			eachRunning(inc.Pod, func(c *corev1.Container, init bool, st *corev1.ContainerStatus) {
				probe := probeOf(c, name)
				if probe == nil {
					return
				}
				var lately []restart.Symptom
				for _, s := range restart.Symptoms(inc.Events, c.Name, name) {
					if s.Counts() && !s.Combined && p.Now().Sub(s.Last) <= shakenLately && s.Last.After(st.State.Running.StartedAt.Time) {
						lately = append(lately, s)
					}
				}
				if len(lately) == 0 {
					return
				}
				if lately = pick(inc.Pod, c, st, lately); len(lately) == 0 {
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
				k.add(inc.Pod, lately)
				k.killed = k.killed || killedBy(p, w, inc, c.Name, name)
			})
		}
		for _, n := range order {
			found[n].of = of
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
		k.evidence = append(k.evidence, s.Evidence(ref))
		if s.Last.After(k.last) {
			k.last = s.Last
		}
	}
	k.count += count
	k.most = max(k.most, count)
}

// killedBy tells whether a probe has killed a container of this pod.
func killedBy(p *analysis.Pass, w snapshot.Ref, inc snapshot.Incarnation, container string, name kubeevent.Probe) bool {
	cause := map[kubeevent.Probe]restart.Cause{kubeevent.Liveness: restart.Liveness, kubeevent.Startup: restart.Startup}[name]
	if cause == "" {
		return false
	}
	for _, d := range restart.Deaths(deaths.Facts(p.View, w, inc, false)) {
		if d.Cause == cause && d.Pod.Container == container {
			return true
		}
	}
	return false
}

func probeOf(c *corev1.Container, name kubeevent.Probe) *corev1.Probe {
	switch name {
	case kubeevent.Liveness:
		return c.LivenessProbe
	case kubeevent.Startup:
		return c.StartupProbe
	default:
		return c.ReadinessProbe
	}
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
