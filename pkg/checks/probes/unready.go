package probes

// This file says in a few words why a pod is not ready.

import (
	"fmt"

	corev1 "k8s.io/api/core/v1"

	"github.com/kubectl-scars/kubectl-scars/pkg/finding"
	"github.com/kubectl-scars/kubectl-scars/pkg/kubeevent"
	"github.com/kubectl-scars/kubectl-scars/pkg/restart"
)

// unready is the reason for which a pod is not ready, by its own status, and the evidence for it. Events only add how a probe failed.
func unready(pod *corev1.Pod, events []*corev1.Event) (reason string, evidence finding.Evidence) {
	ref := finding.ObjectRef{Kind: "Pod", Namespace: pod.Namespace, Name: pod.Name}
	for _, c := range pod.Status.Conditions {
		if c.Type == corev1.PodScheduled && c.Status == corev1.ConditionFalse {
			return "cannot be scheduled", finding.Evidence{Object: ref, Source: "status.conditions[PodScheduled]", Value: c.Reason + ": " + c.Message, Time: finding.At(c.LastTransitionTime.Time)}
		}
	}
	eachStatus(pod, func(c *corev1.Container, init bool, st *corev1.ContainerStatus) {
		if reason != "" || st.Ready {
			return
		}
		path := "status.containerStatuses[" + st.Name + "]"
		if init {
			path = "status.initContainerStatuses[" + st.Name + "]"
		}
		at := ref
		at.Container = st.Name
		evidence = finding.Evidence{Object: at, Source: path + ".ready", Value: "false"}
		switch {
		case broken(st):
			reason = "in " + st.State.Waiting.Reason
			evidence.Source, evidence.Value = path+".state.waiting", st.State.Waiting.Reason+": "+st.State.Waiting.Message
		case st.State.Terminated != nil && st.State.Terminated.Reason == lost:
			reason = "lost with its node or runtime, and not started again"
			evidence.Source, evidence.Value = path+".state.terminated", fmt.Sprintf("reason %s, exitCode %d", lost, st.State.Terminated.ExitCode)
			evidence.Time = finding.At(st.State.Terminated.FinishedAt.Time)
		case st.State.Terminated != nil && (st.State.Terminated.ExitCode != 0 || !init):
			reason = fmt.Sprintf("ended with %d (%s)", st.State.Terminated.ExitCode, st.State.Terminated.Reason)
			evidence.Source, evidence.Value = path+".state.terminated", reason
		case init && st.State.Running != nil && !sidecar(c):
			reason = "waiting for init container " + st.Name
		case st.State.Running != nil && c.StartupProbe != nil && (st.Started == nil || !*st.Started):
			reason = "not started" + seen(pod, events, c.Name, kubeevent.Startup, c.StartupProbe)
		case st.State.Running != nil && c.ReadinessProbe != nil:
			reason = "failing the readiness probe" + seen(pod, events, c.Name, kubeevent.Readiness, c.ReadinessProbe)
		}
	})
	if reason != "" {
		return reason, evidence
	}
	for _, c := range pod.Status.Conditions {
		if c.Type == corev1.PodReady {
			return "not ready" + bracket(c.Reason), finding.Evidence{Object: ref, Source: "status.conditions[Ready]", Value: c.Reason + ": " + c.Message, Time: finding.At(c.LastTransitionTime.Time)}
		}
	}
	return "not ready", finding.Evidence{Object: ref, Source: "status.phase", Value: string(pod.Status.Phase)}
}

// seen says how a probe failed lately, where events tell, and what it asks.
func seen(pod *corev1.Pod, events []*corev1.Event, container string, name kubeevent.Probe, probe *corev1.Probe) string {
	var latest *restart.Symptom
	for _, s := range restart.Symptoms(pod, events, container, name) {
		if latest == nil || s.Last.After(latest.Last) {
			latest = &s
		}
	}
	if latest == nil || latest.Outcome == kubeevent.Warned {
		return because("", probe)
	}
	return because(latest.String(), probe)
}

func bracket(s string) string {
	if s == "" {
		return ""
	}
	return " (" + s + ")"
}
