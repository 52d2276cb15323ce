package restart

// This file reads how the pod as a whole ended: evicted, preempted, past its deadline, with its node, or deleted.

import (
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/kubectl-scars/kubectl-scars/pkg/finding"
	"github.com/kubectl-scars/kubectl-scars/pkg/kubeevent"
)

// podEnd is the cause that the pod's own end gives to the end of a container, where it explains it: only the last end of a container
// can come from it, only one by a signal, and only one that is not older than the pod's end.
func podEnd(f Facts, e end, d Death) (cause Cause, detail string, evidence []finding.Evidence, ok bool) {
	if f.Pod == nil || !e.current || e.ExitCode != exitKilled && e.ExitCode != exitTerminated || !d.endedWithPod(f, e) {
		return "", "", nil, false
	}
	p := f.Pod
	pod := f.ref("")
	status := finding.Evidence{Object: pod, Source: "status.reason", Value: p.Status.Reason + ": " + strings.TrimSpace(p.Status.Message)}
	switch p.Status.Reason {
	case reasonEvicted:
		ev, _ := kubeevent.ParseEviction(p.Status.Message)
		if ev.Resource == "memory" {
			return MemoryEvicted, "", []finding.Evidence{status}, true
		}
		return OtherEvicted, otherEviction(p, ev), []finding.Evidence{status}, true
	case "Preempting":
		return Preempted, "the kubelet made room for a critical pod", []finding.Evidence{status}, true
	case "DeadlineExceeded":
		return Deadline, "", []finding.Evidence{status}, true
	case "Terminated", "Shutdown", "NodeShutdown":
		return NodeShutdown, "", []finding.Evidence{status}, true
	}
	if c := condition(p, corev1.DisruptionTarget); c != nil {
		status.Source, status.Value, status.Time = "status.conditions[DisruptionTarget]", c.Reason+": "+c.Message, finding.At(c.LastTransitionTime.Time)
		if c.Reason == corev1.PodReasonPreemptionByScheduler {
			return Preempted, "the scheduler made room for a pod of higher priority", []finding.Evidence{status}, true
		}
		return PodStopped, c.Reason, []finding.Evidence{status}, true
	}
	if p.DeletionTimestamp != nil {
		status.Source, status.Value = "metadata.deletionTimestamp", p.DeletionTimestamp.UTC().Format(time.RFC3339)
		return PodStopped, "", []finding.Evidence{status}, true
	}
	return "", "", nil, false
}

// writtenAfter is how long after it has ended a pod's containers the kubelet may take to write down why; a busy node takes seconds.
const writtenAfter = 30 * time.Second

// endedWithPod tells whether a container's last end came with its pod's: not before the moment at which that was decided, where the
// pod shows the moment.
func (d Death) endedWithPod(f Facts, e end) bool {
	p := f.Pod
	if p == nil || !e.current {
		return false
	}
	if c := condition(p, corev1.DisruptionTarget); c != nil && !d.Finished.IsZero() {
		before := slack
		if c.Reason == corev1.PodReasonTerminationByKubelet {
			before = writtenAfter
		}
		return !d.Finished.Before(c.LastTransitionTime.Add(-before))
	}
	if t := p.DeletionTimestamp; t != nil {
		var grace time.Duration // the deletion timestamp is when the grace period ends
		if s := p.DeletionGracePeriodSeconds; s != nil {
			grace = time.Duration(*s) * time.Second
		}
		return !d.Finished.Before(t.Add(-grace - slack))
	}
	return p.Status.Reason != "" && e.Reason != reasonOOM
}

// withinGrace tells that a container of a pod which is being deleted ended before its grace period did, so that no SIGKILL of the kubelet's was due.
func (d Death) withinGrace(f Facts) bool {
	t := f.Pod.DeletionTimestamp
	return t != nil && !d.Finished.IsZero() && d.Finished.Before(t.Add(-slack))
}

func condition(p *corev1.Pod, kind corev1.PodConditionType) *corev1.PodCondition {
	for i := range p.Status.Conditions {
		if c := &p.Status.Conditions[i]; c.Type == kind && c.Status == corev1.ConditionTrue {
			return c
		}
	}
	return nil
}
