package startup

// This file measures the starts of sidecars: init containers that run on (restartPolicy Always), for whose startup probe the containers after
// them wait. The condition Initialized is True as soon as the last of them has started, and stays so when a sidecar is started again
// (kubernetes v1.37.2 pkg/kubelet/status/generate.go), so that it tells of a pod's first start alone.

import (
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/kubectl-scars/kubectl-scars/pkg/restart"
)

// initializes tells whether a pod is initialized at the moment at which a container's startup probe has succeeded.
func initializes(p *corev1.Pod, c *corev1.Container) bool {
	n := len(p.Spec.InitContainers)
	return n > 0 && p.Spec.InitContainers[n-1].Name == c.Name && sidecar(&p.Spec.InitContainers[n-1]) && c.StartupProbe != nil
}

func sidecar(c *corev1.Container) bool {
	return c.RestartPolicy != nil && *c.RestartPolicy == corev1.ContainerRestartPolicyAlways
}

// initialized completes the start of a container that initializes its pod, by when the pod was; false where that was not in this life.
func (s *Start) initialized(c *corev1.Container, at time.Time) bool {
	if at.Before(s.Began) {
		return false
	}
	s.Bound, s.ready, s.sign = Within, at, corev1.PodInitialized
	var held time.Duration // by its hook alone: the containers after it are not started before
	if hooked(c) {
		held = at.Sub(s.Began)
	}
	s.Took, s.Least = bounds(&corev1.Container{StartupProbe: c.StartupProbe}, at.Sub(s.Began), held)
	if s.Took > restart.BudgetOf(c.StartupProbe).Latest+slack {
		s.Bound, s.Least, s.Why = AtMost, 0, "its pod was initialized later than its startup probe waits"
	}
	return true
}
