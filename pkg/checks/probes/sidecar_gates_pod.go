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
		Limits:   "Silent within what the probes allow for a start, and for a readiness that is lost for less than 2 min.",
		Sources:  []string{"KEP-753: sidecar containers", "kubernetes v1.37.2 pkg/kubelet/kuberuntime/kuberuntime_container.go (computeInitContainerActions)"},
	},
	Inputs: analysis.PodInputs(analysis.Optional(snapshot.Events)),
	Run:    sidecarGatesPod,
}

// gate is a sidecar that holds up pods of a workload.
type gate struct {
	f    finding.Finding
	hit  int
	text string
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
				text, evidence, ok := gates(p, pod, c)
				if !ok {
					continue
				}
				if found == nil {
					found = map[string]*gate{}
				}
				if found[c.Name] == nil {
					found[c.Name] = &gate{text: text, f: finding.Finding{
						Severity: finding.Warning, Confidence: finding.Proven, Object: (&spec{workload: w}).object(c.Name), Evidence: evidence,
						Fix: []finding.Fix{
							{Text: "See what the sidecar says", Command: finding.Kubectl(w.Namespace, "logs", pod.Name, "-c", c.Name)},
							{Text: "Mend it or its probe; if the pod can do without it, leave its readiness probe away"},
						},
					}}
					order = append(order, c.Name)
				}
				found[c.Name].hit++
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

// gates tells how a sidecar holds up its pod.
func gates(p *analysis.Pass, pod *corev1.Pod, c *corev1.Container) (string, []finding.Evidence, bool) {
	st := statusOf(pod.Status.InitContainerStatuses, c.Name)
	if st == nil || st.State.Running == nil {
		return "", nil, false
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
		if _, stuck := missingPort(c, c.StartupProbe); stuck || st.RestartCount == 0 && age <= restart.BudgetOf(c.StartupProbe).Guaranteed+settlesWithin {
			return "", nil, false
		}
		wait := "1 container waits"
		if waiting > 1 {
			wait = fmt.Sprintf("%d containers wait", waiting)
		}
		return fmt.Sprintf("sidecar %s has not started%s, and %s for it", c.Name, seen(events, c.Name, kubeevent.Startup, c.StartupProbe), wait),
			[]finding.Evidence{
				{Object: at, Source: path + ".started", Value: fmt.Sprintf("false, restartCount %d", st.RestartCount), Time: finding.At(st.State.Running.StartedAt.Time)},
				{Object: at, Source: "status.containerStatuses[*].state.waiting.reason", Value: fmt.Sprintf("PodInitializing in %d of %d", waiting, len(pod.Spec.Containers))},
			}, true
	case c.ReadinessProbe != nil && !st.Ready && well && age > patience(c, true, st) && unreadyFor(p, pod):
		return fmt.Sprintf("sidecar %s is not ready%s, so the pod gets no requests, though its other containers are ready", c.Name, seen(events, c.Name, kubeevent.Readiness, c.ReadinessProbe)),
			[]finding.Evidence{
				{Object: at, Source: path + ".ready", Value: "false"},
				{Object: at, Source: "status.containerStatuses[*].ready", Value: "true"},
			}, true
	default:
		return "", nil, false
	}
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
