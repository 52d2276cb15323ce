package netpol

// This file tells whether a pod is stuck without a sandbox, since when, and what the kubelet gave as the cause.

import (
	"slices"
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/kubectl-scars/kubectl-scars/pkg/analysis"
	"github.com/kubectl-scars/kubectl-scars/pkg/cni"
	"github.com/kubectl-scars/kubectl-scars/pkg/finding"
	"github.com/kubectl-scars/kubectl-scars/pkg/kubeevent"
	"github.com/kubectl-scars/kubectl-scars/pkg/snapshot"
)

const (
	// firstTry is how long a single failure may pass for a hiccup of a pod that just starts.
	firstTry = 30 * time.Second
	// joining is how long a node that joins, or whose network agent restarts, may say that its network is not ready yet: images have to
	// be pulled for it.
	joining = 2 * time.Minute
	// remakes is how often a sandbox must have been made anew for that to be trouble by itself.
	remakes = 3
)

// stuckPod is a pod that is there and has no working sandbox, or cannot get rid of it.
type stuckPod struct {
	pod      *corev1.Pod
	cause    cni.Cause
	named    bool // an event names the cause
	since    time.Time
	evidence []finding.Evidence
}

// failure tells whether an event speaks of a sandbox that could not be made or taken down.
func failure(e *corev1.Event) (cni.Cause, bool) {
	switch e.Reason {
	case "FailedCreatePodSandBox", "NetworkNotReady":
		return cni.Classify(e.Message), true
	case "FailedKillPod":
		c := cni.Classify(e.Message)
		return c, c.Teardown
	}
	return cni.Cause{}, false
}

// causeOf is the newest cause that events name. What only follows from another cause yields to any other.
func causeOf(events []*corev1.Event) (best cni.Cause, found bool) {
	var newest time.Time
	for _, e := range events {
		c, ok := failure(e)
		_, last, _ := kubeevent.Span(e)
		if !ok || found && c.Class == cni.NameReserved {
			continue
		}
		if !found || best.Class == cni.NameReserved || last.After(newest) {
			best, newest, found = c, last, true
		}
	}
	return best, found
}

// stuck decides about one pod.
func stuck(now time.Time, inc snapshot.Incarnation) (s stuckPod, is bool) {
	pod := inc.Pod
	s.pod = pod
	ending := pod.DeletionTimestamp != nil
	if pod.Status.Phase == corev1.PodSucceeded || pod.Status.Phase == corev1.PodFailed || !ending && hasSandbox(pod) {
		return s, false
	}
	tries, only := int32(0), true
	for _, e := range inc.Events {
		c, bad := failure(e)
		first, last, n := kubeevent.Span(e)
		if again := e.Reason == "SandboxChanged"; !bad && !again || bad && c.Teardown != ending || again && ending {
			continue
		}
		tries += n
		only = only && e.Reason == "NetworkNotReady"
		if s.since.IsZero() || first.Before(s.since) {
			s.since = first
		}
		s.say(finding.Evidence{Object: analysis.RefTo("Pod", pod), Source: "event " + e.Reason, Value: cni.Strip(e.Message), Time: finding.At(last), Count: n})
	}
	relevant := slices.DeleteFunc(slices.Clone(inc.Events), func(e *corev1.Event) bool {
		c, ok := failure(e)
		return !ok || c.Teardown != ending
	})
	s.cause, s.named = causeOf(relevant)
	switch {
	case tries == 0:
		return s, false
	case !s.named && (tries < remakes || ending):
		return s, false
	case tries < 2 && now.Sub(s.since) < firstTry, only && now.Sub(s.since) < joining:
		return s, false
	case !s.named:
		s.cause = cni.Cause{Class: cni.Unknown, Detail: "the event that says why has expired"}
	}
	for _, c := range pod.Status.Conditions {
		if c.Type == corev1.PodReadyToStartContainers && c.Status == corev1.ConditionFalse {
			value := c.Message
			if value == "" {
				value = string(c.Status)
			}
			s.evidence = append(s.evidence, finding.Evidence{
				Object: analysis.RefTo("Pod", pod), Source: "status.conditions[PodReadyToStartContainers]", Value: value, Time: finding.At(c.LastTransitionTime.Time),
			})
		}
	}
	return s, true
}

// say adds a line of evidence; events that differ in ids alone become one.
func (s *stuckPod) say(e finding.Evidence) {
	for i, old := range s.evidence {
		if old.Source == e.Source && old.Value == e.Value {
			e.Count += old.Count
			if old.Time != nil && e.Time != nil && old.Time.After(*e.Time) {
				e.Time = old.Time
			}
			s.evidence[i] = e
			return
		}
	}
	s.evidence = append(s.evidence, e)
}

// hasSandbox tells whether the pod's sandbox is ready: the condition PodReadyToStartContainers says so (Kubernetes 1.29 and later), or,
// where it is not there, the pod has an IP, or some container has come further than to wait for the sandbox.
func hasSandbox(pod *corev1.Pod) bool {
	for _, c := range pod.Status.Conditions {
		if c.Type == corev1.PodReadyToStartContainers {
			return c.Status == corev1.ConditionTrue
		}
	}
	for _, list := range [][]corev1.ContainerStatus{pod.Status.InitContainerStatuses, pod.Status.ContainerStatuses} {
		for _, c := range list {
			w := c.State.Waiting
			if w == nil && c.State != (corev1.ContainerState{}) || c.LastTerminationState.Terminated != nil ||
				w != nil && w.Reason != "" && w.Reason != "ContainerCreating" && w.Reason != "PodInitializing" {
				return true
			}
		}
	}
	return pod.Status.PodIP != ""
}
