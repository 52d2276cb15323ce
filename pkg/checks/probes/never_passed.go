package probes

// This file finds replicas that have never been ready, because a readiness probe has not passed once since its container started.

import (
	"fmt"
	"slices"
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/kubectl-scars/kubectl-scars/pkg/analysis"
	"github.com/kubectl-scars/kubectl-scars/pkg/finding"
	"github.com/kubectl-scars/kubectl-scars/pkg/kubeevent"
	"github.com/kubectl-scars/kubectl-scars/pkg/restart"
	"github.com/kubectl-scars/kubectl-scars/pkg/snapshot"
)

// How long a start may take that nothing else says anything of: as long as a Deployment waits by default for a rollout to go on, and
// longer where that Deployment was not read, which may wait longer.
const (
	getsReadyWithin = defaultDeadline * time.Second
	mayBeDeadline   = time.Hour
)

// stillStarts is how long a program may be at its start, a restore or a migration, before that nothing listens is taken for a fault.
const stillStarts = time.Hour

// neverPassed reports the containers whose readiness probe fails since they started, in pods that have never been ready.
func neverPassed(p *analysis.Pass) {
	slowest := map[[2]string]time.Duration{} // of the measured starts of a workload's container, which are looked up once
	late := func(pod *corev1.Pod, c *corev1.Container, init bool, st *corev1.ContainerStatus) bool {
		if st.Ready || !neverReady(pod) {
			return false
		}
		w := p.WorkloadOf(pod)
		if w.Kind == "Job" || w.Kind == "CronJob" {
			return false // nobody waits for it to be ready
		}
		running := p.Now().Sub(st.State.Running.StartedAt.Time)
		if running <= max(patience(c, init, st), deadlineOf(p, w, pod)) {
			return false
		}
		at := [2]string{w.Kind + "/" + w.Namespace + "/" + w.Name, c.Name}
		longest, known := slowest[at]
		if !known {
			if n := startsOf(p.View, w, c).Ready; len(n) > 0 {
				longest = n[len(n)-1].Took
			}
			slowest[at] = longest
		}
		return running > 2*longest
	}
	pick := func(pod *corev1.Pod, c *corev1.Container, st *corev1.ContainerStatus, symptoms []restart.Symptom) []restart.Symptom {
		_, init := specOf(pod, c.Name)
		recent := func(s restart.Symptom) bool { return p.Now().Sub(s.Last) <= unableLately }
		if !late(pod, c, init, st) || !slices.ContainsFunc(symptoms, recent) {
			return nil
		}
		return symptoms
	}
	eachShaken(p, kubeevent.Readiness, pick, func(k *shaken) { reportNeverPassed(p, k) })
	unheardReadiness(p, late)
}

// deadlineOf is how long whoever rolls out a pod waits for it.
func deadlineOf(p *analysis.Pass, w snapshot.Ref, pod *corev1.Pod) time.Duration {
	if w.Kind != "Deployment" {
		if pod.Labels["pod-template-hash"] != "" || pod.Labels["rollouts-pod-template-hash"] != "" { // the latter is Argo Rollouts'
			return mayBeDeadline
		}
		return getsReadyWithin
	}
	d := p.Deployment(w.Namespace, w.Name)
	if d == nil {
		return mayBeDeadline
	}
	return max(getsReadyWithin, min(time.Duration(progressDeadline(d))*time.Second, 24*time.Hour)) // its greatest value says "never"
}

func reportNeverPassed(p *analysis.Pass, k *shaken) {
	if k.count < restart.BudgetOf(k.probe).Failures && !k.more {
		return
	}
	all := alive(p.PodsOf(k.workload))
	serving := slices.ContainsFunc(all, isReady)
	beside, another := k.beside(p, all)
	var since time.Time
	alone := true
	for _, pod := range k.pods {
		eachStatus(pod, func(c *corev1.Container, init bool, st *corev1.ContainerStatus) {
			switch {
			case c.Name == k.container.Name && init == k.init && st.State.Running != nil:
				if at := st.State.Running.StartedAt.Time; since.IsZero() || at.Before(since) {
					since = at
				}
			case (!init || sidecar(c)) && !st.Ready:
				alone = false // this one may have been ready while the pod was not
			}
		})
	}
	f := finding.Finding{
		Severity: finding.Warning, Confidence: finding.Proven, Object: k.object(), Key: "never passed", FirstSeen: finding.At(since), Evidence: k.evidence,
		Message: fmt.Sprintf("readiness%s of container %s has not passed once in the %s since it started, and failed %s",
			because(k.words(), k.probe), k.container.Name, analysis.Ago(p.Now(), since), k.times()),
	}
	if !alone {
		f.Confidence = finding.Strong
	}
	if k.of > 1 {
		f.Message += fmt.Sprintf("; %d of %d replicas have never been ready", len(k.pods), k.of)
	}
	for _, pod := range k.pods {
		f.Evidence = append(f.Evidence, finding.Evidence{Object: analysis.RefTo("Pod", pod), Source: "status.conditions[Ready]", Value: "False since the pod started", Time: finding.At(pod.CreationTimestamp.Time)})
	}
	first := k.pods[0]
	at := analysis.RefTo("Pod", first)
	at.Container = k.container.Name
	s := &spec{path: "spec", source: at}
	f.Evidence = append(f.Evidence,
		s.says(k.container.Name, s.field(k.container, fieldOf(kubeevent.Readiness)), handler(k.probe)+"; the container's ports are "+portNames(k.container)))
	says := k.saysNo(beside)
	alike := k.alike()
	refused, listens := alike.Class.NothingListens(), nothingListens
	if alike.Class == kubeevent.GRPCConnect {
		listens = noConnection
	}
	switch {
	case says && beside:
		f.Severity = finding.Info
		f.Message += "; a replica that only stands by may do so on purpose"
	case another:
		f.Message += "; its revision has not come up, and another still serves"
	case !serving && !says && refused && k.container.StartupProbe == nil && p.Now().Sub(since) < stillStarts:
		f.Message += "; it may still be starting"
	case !serving && !says:
		f.Severity = finding.Critical
	}
	switch {
	case refused && beside:
		f.Fix = []finding.Fix{{Text: "Beside it the same probe passes: it stands by, as for a lock that another holds, or its start hangs; its log says which"}}
	case refused && k.container.StartupProbe == nil:
		f.Fix = []finding.Fix{{Text: listens + "; or it is at a long start, as a restore, which its log says: then give it a startupProbe with time for that"}}
	case refused:
		f.Fix = []finding.Fix{{Text: listens}}
	case wrongQuestion(alike) && !beside:
		f.Fix = []finding.Fix{asksForWrong(alike)}
	case throughAgent(k.probe) && alike.Status == 500:
		f.Fix = []finding.Fix{agentSaysNo(k.workload.Namespace, first)}
	case says:
		f.Fix = []finding.Fix{{Text: "The program itself answers that it is not ready: see its log, and what its handler waits for"}}
	}
	f.Fix = append(f.Fix, k.look(kubeevent.Readiness)...)
	switch {
	case k.all(kubeevent.Scheme):
		f.SaidBy = WrongScheme.ID
	case k.all(kubeevent.ExecTimeout):
		f.SaidBy = ExecTimeout.ID
	case k.init:
		f.SaidBy = SidecarGatesPod.ID
	}
	report(p, f)
}

// beside tells whether each of the pods has a ready replica beside it that is asked the same: of its own revision, or of the newest; and
// whether one has none of its own revision, and another revision is all that serves.
func (k *shaken) beside(p *analysis.Pass, all []*corev1.Pod) (yes, another bool) {
	newest := rolloutOf(p, k.workload, all).newest
	serves, passes := map[string]bool{}, map[string]bool{} // revisions
	for _, pod := range all {
		if !isReady(pod) {
			continue
		}
		revision := snapshot.RevisionOf(pod)
		serves[revision] = true
		if c, _ := specOf(pod, k.container.Name); c != nil && sameProbes(c, k.container) {
			passes[revision] = true
			yes = yes || newest(pod)
		}
	}
	yes = yes || !slices.ContainsFunc(k.pods, func(pod *corev1.Pod) bool { return !passes[snapshot.RevisionOf(pod)] })
	another = len(serves) > 0 && slices.ContainsFunc(k.pods, func(pod *corev1.Pod) bool { return !serves[snapshot.RevisionOf(pod)] })
	return yes, another
}

// saysNo tells whether the program itself says that it is not ready, as one that stands by for a leader does for ever. Beside a replica for
// which the same question passes, any answer may mean that, and that it does not listen.
func (k *shaken) saysNo(beside bool) bool {
	return !slices.ContainsFunc(k.seen, func(s restart.Symptom) bool {
		switch s.Class {
		case kubeevent.HTTPStatus, kubeevent.GRPCNoService:
			return (wrongQuestion(s.Unhealthy) || s.Status == 500 && throughAgent(k.probe)) && !beside
		case kubeevent.Refused, kubeevent.GRPCConnect:
			return !beside
		case kubeevent.GRPC, kubeevent.ExecExit:
			return false
		default:
			return true
		}
	})
}

// alike is the class and the HTTP status that all failures have in common; empty where they differ.
func (k *shaken) alike() kubeevent.Unhealthy {
	u := kubeevent.Unhealthy{Class: k.seen[0].Class, Status: k.seen[0].Status}
	for _, s := range k.seen {
		if s.Class != u.Class {
			u.Class = ""
		}
		if s.Status != u.Status {
			u.Status = 0
		}
	}
	return u
}

// unheardReadiness says of containers that have never been ready that nothing tells why, where the events were not read.
func unheardReadiness(p *analysis.Pass, late func(*corev1.Pod, *corev1.Container, bool, *corev1.ContainerStatus) bool) {
	for _, w := range p.Workloads() {
		if p.Complete(snapshot.Events, w.Namespace) != snapshot.Unknown {
			continue
		}
		said := map[string]bool{}
		for _, pod := range alive(p.PodsOf(w)) {
			eachRunning(pod, func(c *corev1.Container, init bool, st *corev1.ContainerStatus) {
				if said[c.Name] || c.ReadinessProbe == nil || !late(pod, c, init, st) {
					return
				}
				if _, missing := missingPort(c, c.ReadinessProbe); missing {
					return
				}
				said[c.Name] = true
				p.CannotSay((&spec{workload: w}).object(c.Name), fmt.Sprintf("why readiness%s has not passed once in the %s since pod %s started it: the events were not read completely",
					because("", c.ReadinessProbe), analysis.Ago(p.Now(), st.State.Running.StartedAt.Time), pod.Name))
			})
		}
	}
}
