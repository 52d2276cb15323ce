package probes

// This file tells pods that are still starting from pods that should serve by now.

import (
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/kubectl-scars/kubectl-scars/pkg/restart"
)

// How long a start may take before it is trouble, where no probe says so.
const (
	startsWithin  = 2 * time.Minute  // from the pod's creation, whatever it does
	createsWithin = 5 * time.Minute  // until its containers are created: images, volumes, network
	initsWithin   = 10 * time.Minute // one run of an init container
	settlesWithin = 30 * time.Second // after what the probes allow
)

// broken tells whether a container waits for a reason that no patience heals (kubernetes v1.37.2 pkg/kubelet/images/types.go and
// pkg/kubelet/kuberuntime/kuberuntime_container.go).
func broken(st *corev1.ContainerStatus) bool {
	if st.State.Waiting == nil {
		return false
	}
	switch st.State.Waiting.Reason {
	case "CrashLoopBackOff", "ImagePullBackOff", "ErrImagePull", "InvalidImageName", "ErrImageNeverPull",
		"CreateContainerConfigError", "CreateContainerError", "RunContainerError", "PreCreateHookError":
		return true
	default:
		return false
	}
}

// starting tells whether a pod that is not ready has not had the time for it yet: it has never been ready, nothing of it is broken, and
// it is within what its probes, or patience, allow.
func starting(pod *corev1.Pod, now time.Time) bool {
	if !neverReady(pod) {
		return false
	}
	if held(pod) {
		return true
	}
	age := now.Sub(pod.CreationTimestamp.Time)
	restarted, waiting, patient := false, false, true
	eachStatus(pod, func(c *corev1.Container, init bool, st *corev1.ContainerStatus) {
		restarted = restarted || st.RestartCount > 0
		switch {
		case broken(st):
			patient = false
		case st.State.Waiting != nil:
			waiting = true
		case st.State.Running != nil:
			running := min(age, now.Sub(st.State.Running.StartedAt.Time)) // the node's clock may be behind the server's
			patient = patient && running <= patience(c, init, st)
		case st.State.Terminated != nil && st.State.Terminated.ExitCode != 0:
			restarted = true
		}
	})
	switch {
	case !patient && !(age <= startsWithin && !anyBroken(pod)):
		return false
	case age <= startsWithin:
		return true
	case restarted || !scheduled(pod):
		return false
	case waiting:
		return age <= createsWithin || initializing(pod)
	default:
		return true
	}
}

// lost is the reason of what ended while its runtime did not run: with its node, or when the runtime was restarted. The end that containerd
// gives it is when it came back (containerd v2 internal/cri/server/restart.go).
const lost = "Unknown"

// cameBack tells whether all of a pod that is not ready was lost with its node, which has just come back: it is to be started again, or has
// been and has not had the time to get ready.
func cameBack(pod *corev1.Pod, now time.Time) bool {
	some, all := false, !anyBroken(pod)
	eachStatus(pod, func(c *corev1.Container, init bool, st *corev1.ContainerStatus) {
		if st.Ready || init && !sidecar(c) {
			return
		}
		end := st.State.Terminated
		if end == nil {
			end = st.LastTerminationState.Terminated
		}
		switch {
		case end == nil || end.Reason != lost:
			all = false
		case st.State.Running != nil:
			all = all && now.Sub(st.State.Running.StartedAt.Time) <= patience(c, init, st)
		default:
			all = all && (now.Sub(end.FinishedAt.Time) <= createsWithin || initializing(pod))
		}
		some = true
	})
	return some && all
}

// patience is how long a running container may take until it is ready: as long as its probes take to give up on it, and the attempts that
// must succeed in a row after the first that does.
func patience(c *corev1.Container, init bool, st *corev1.ContainerStatus) time.Duration {
	if init && !sidecar(c) {
		return initsWithin
	}
	d := settlesWithin
	if c.StartupProbe != nil {
		d += restart.BudgetOf(c.StartupProbe).Latest
	}
	if c.ReadinessProbe != nil {
		b := restart.BudgetOf(c.ReadinessProbe)
		d += b.Latest + b.Apart(max(c.ReadinessProbe.SuccessThreshold, 1)-1)
	}
	if st.Ready {
		d = 365 * 24 * time.Hour // it is another that the pod waits for
	}
	return d
}

func anyBroken(pod *corev1.Pod) (yes bool) {
	eachStatus(pod, func(_ *corev1.Container, _ bool, st *corev1.ContainerStatus) {
		yes = yes || broken(st)
	})
	return yes
}

// initializing tells whether an init container is at work, for which the others wait.
func initializing(pod *corev1.Pod) (yes bool) {
	eachStatus(pod, func(_ *corev1.Container, init bool, st *corev1.ContainerStatus) {
		yes = yes || init && st.State.Running != nil && !st.Ready
	})
	return yes
}

// held tells whether somebody keeps the pod from being scheduled on purpose, by spec.schedulingGates (KEP-3521): a queue of jobs.
func held(pod *corev1.Pod) bool {
	for _, c := range pod.Status.Conditions {
		if c.Type == corev1.PodScheduled && c.Status == corev1.ConditionFalse && c.Reason == corev1.PodReasonSchedulingGated {
			return true
		}
	}
	return false
}

func scheduled(pod *corev1.Pod) bool { return pod.Spec.NodeName != "" }

// eachStatus visits the containers and init containers of a pod that have a status.
func eachStatus(pod *corev1.Pod, visit func(c *corev1.Container, init bool, st *corev1.ContainerStatus)) {
	for _, list := range [][]corev1.ContainerStatus{pod.Status.InitContainerStatuses, pod.Status.ContainerStatuses} {
		for i := range list {
			if c, init := specOf(pod, list[i].Name); c != nil {
				visit(c, init, &list[i])
			}
		}
	}
}
