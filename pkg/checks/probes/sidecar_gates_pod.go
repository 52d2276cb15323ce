package probes

// This file finds sidecars that keep the pod that they serve from starting or from getting requests.

import (
	"fmt"

	corev1 "k8s.io/api/core/v1"

	"github.com/kubectl-scars/kubectl-scars/pkg/analysis"
	"github.com/kubectl-scars/kubectl-scars/pkg/finding"
	"github.com/kubectl-scars/kubectl-scars/pkg/kubeevent"
	"github.com/kubectl-scars/kubectl-scars/pkg/restart"
	"github.com/kubectl-scars/kubectl-scars/pkg/snapshot"
)

// SidecarGatesPod is probes/sidecar-gates-pod.
var SidecarGatesPod = &analysis.Check{
	ID: "probes/sidecar-gates-pod",
	Doc: analysis.Doc{
		Title:    "A sidecar's probe holds up the whole pod",
		Symptom:  "The pod stays in Init or PodInitializing, or is never Ready though its own program works.",
		Evidence: "An init container with restartPolicy Always runs and is not started by its startup probe, or not ready by its readiness probe, for longer than the probe allows, while the other containers wait for it or are all ready: proven by the pod's status.",
		Why:      "The containers after a sidecar are created only once its startup probe has passed, and its readiness counts for the pod's.",
		Fix:      "Mend the sidecar or its probe. If the pod can do without it, leave its readiness probe away.",
		Limits:   "Silent within what the probes allow for a start, also for one after a crash, unless the sidecar was restarted twice and the pod has been unready for 2 min; and for a readiness that is lost for less than that. A probe whose port is not there is told by probes/stuck-startup and probes/never-ready-port.",
		Sources:  []string{"KEP-753: sidecar containers", "kubernetes v1.37.2 pkg/kubelet/kuberuntime/kuberuntime_container.go (computeInitContainerActions)"},
	},
	Inputs: analysis.PodInputs(analysis.Optional(snapshot.Events)),
	Run:    sidecarGatesPod,
}

// gate is a sidecar that holds up pods of a workload.
type gate struct {
	f   finding.Finding
	hit int
	hold
}

// hold is how a sidecar holds up one pod.
type hold struct {
	text     string
	evidence []finding.Evidence
	failures []finding.Evidence // what events say of its probe
	saidBy   string             // the check that may know why
}

func sidecarGatesPod(p *analysis.Pass) error {
	for _, w := range p.Workloads() {
		pods := p.PodsOf(w)
		var order []string
		var found map[string]*gate
		ready, all := 0, 0
		for _, pod := range pods {
			if !notFinished(pod) {
				continue
			}
			all++
			if isReady(pod) {
				ready++
				continue
			}
			for i := range pod.Spec.InitContainers {
				c := &pod.Spec.InitContainers[i]
				if !sidecar(c) {
					continue
				}
				h := gates(p, pod, c)
				if h == nil {
					continue
				}
				if found == nil {
					found = map[string]*gate{}
				}
				if found[c.Name] == nil {
					found[c.Name] = &gate{hold: *h, f: finding.Finding{
						Severity: finding.Warning, Confidence: finding.Proven, Object: (&spec{workload: w}).object(c.Name), Evidence: h.evidence, SaidBy: h.saidBy,
						Fix: []finding.Fix{
							{Text: "See what the sidecar says", Command: finding.Kubectl(w.Namespace, "logs", pod.Name, "-c", c.Name)},
							{Text: "Mend it or its probe; if the pod can do without it, leave its readiness probe away"},
						},
					}}
					order = append(order, c.Name)
				}
				g := found[c.Name]
				g.hit++
				g.f.Evidence = append(g.f.Evidence, h.failures...)
			}
		}
		for _, name := range order {
			g := found[name]
			g.f.Message = fmt.Sprintf("%s; %d of %d pods", g.text, g.hit, all)
			if ready == 0 {
				g.f.Severity = finding.Critical
			}
			p.Report(g.f)
		}
	}
	return nil
}

// gates tells how a sidecar holds up its pod, nil where it does not.
func gates(p *analysis.Pass, pod *corev1.Pod, c *corev1.Container) *hold {
	st := statusOf(pod.Status.InitContainerStatuses, c.Name)
	if st == nil || st.State.Running == nil {
		return nil
	}
	age := p.Now().Sub(st.State.Running.StartedAt.Time)
	waiting, well := 0, len(pod.Spec.Containers) > 0
	for i := range pod.Spec.Containers {
		other := statusOf(pod.Status.ContainerStatuses, pod.Spec.Containers[i].Name)
		if other == nil || other.State.Waiting != nil && other.State.Waiting.Reason == "PodInitializing" {
			waiting++
		}
		well = well && other != nil && other.Ready
	}
	at := analysis.RefTo("Pod", pod)
	at.Container = c.Name
	path := "status.initContainerStatuses[" + c.Name + "]"
	events := p.EventsOf("Pod", pod)
	switch {
	case c.StartupProbe != nil && st.Started != nil && !*st.Started && waiting > 0:
		if _, stuck := missingPort(c, c.StartupProbe); stuck {
			return nil // which probes/stuck-startup tells
		}
		// One start that failed may be chance: this one has its time too. After that it is held up, however young the present life is.
		again := st.RestartCount > 1 && unreadyFor(p, pod)
		if !again && age <= restart.BudgetOf(c.StartupProbe).Latest+settlesWithin {
			return nil
		}
		wait := "1 container waits"
		if waiting > 1 {
			wait = fmt.Sprintf("%d containers wait", waiting)
		}
		h := &hold{saidBy: StartupKill.ID, evidence: []finding.Evidence{
			{Object: at, Source: path + ".started", Value: fmt.Sprintf("false, restartCount %d", st.RestartCount), Time: finding.At(st.State.Running.StartedAt.Time)},
			{Object: at, Source: "status.containerStatuses[*].state.waiting.reason", Value: fmt.Sprintf("PodInitializing in %d of %d", waiting, len(pod.Spec.Containers))},
		}}
		if _, stuck := whyUnable(pod, c, true, c.StartupProbe, kubeevent.Startup, events, p.Now()); stuck {
			h.saidBy = StuckStartup.ID
		}
		words, failures := lastFailure(pod, events, at, kubeevent.Startup, c.StartupProbe)
		h.text, h.failures = fmt.Sprintf("sidecar %s has not started%s, and %s for it", c.Name, words, wait), failures
		return h
	case c.ReadinessProbe != nil && !st.Ready && well && age > patience(c, true, st) && unreadyFor(p, pod):
		if _, missing := missingPort(c, c.ReadinessProbe); missing {
			return nil // which probes/never-ready-port tells
		}
		words, failures := lastFailure(pod, events, at, kubeevent.Readiness, c.ReadinessProbe)
		return &hold{
			text:     fmt.Sprintf("sidecar %s is not ready%s, so the pod gets no requests, though its other containers are ready", c.Name, words),
			failures: failures,
			evidence: []finding.Evidence{
				{Object: at, Source: path + ".ready", Value: "false"},
				{Object: at, Source: "status.containerStatuses[*].ready", Value: "true"},
			},
		}
	default:
		return nil
	}
}

// lastFailure says how a probe failed last, where events tell, and what it asks.
func lastFailure(pod *corev1.Pod, events []*corev1.Event, at finding.ObjectRef, name kubeevent.Probe, probe *corev1.Probe) (string, []finding.Evidence) {
	var last restart.Symptom
	for _, s := range restart.Symptoms(pod, events, at.Container, name) {
		if s.Outcome != kubeevent.Warned && s.Last.After(last.Last) {
			last = s
		}
	}
	if last.Event == nil {
		return because("", probe), nil
	}
	return because(last.String(), probe), []finding.Evidence{last.Evidence(at)}
}

func unreadyFor(p *analysis.Pass, pod *corev1.Pod) bool {
	for _, c := range pod.Status.Conditions {
		if c.Type == corev1.PodReady {
			return p.Now().Sub(c.LastTransitionTime.Time) > startsWithin
		}
	}
	return false
}

func statusOf(list []corev1.ContainerStatus, name string) *corev1.ContainerStatus {
	for i := range list {
		if list[i].Name == name {
			return &list[i]
		}
	}
	return nil
}
