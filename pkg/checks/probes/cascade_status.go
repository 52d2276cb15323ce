package probes

// This file reads from the status of pods, and from metrics, what package cascade judges by.

import (
	"slices"
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/kubectl-scars/kubectl-scars/pkg/analysis"
	"github.com/kubectl-scars/kubectl-scars/pkg/cascade"
)

// status is that of the container in one of the pods, nil where it has none.
func (f *falling) status(pod *corev1.Pod) (status *corev1.ContainerStatus) {
	eachStatus(pod, func(c *corev1.Container, _ bool, st *corev1.ContainerStatus) {
		if c.Name == f.container.Name {
			status = st
		}
	})
	return status
}

// lastEnd is when a container last ended, and how long it had lived; zero where that is not known.
func lastEnd(st *corev1.ContainerStatus) (at time.Time, lived time.Duration) {
	for _, t := range []*corev1.ContainerStateTerminated{st.LastTerminationState.Terminated, st.State.Terminated} {
		if t != nil && t.FinishedAt.After(at) {
			if at, lived = t.FinishedAt.Time, 0; t.StartedAt.Unix() > 0 {
				lived = at.Sub(t.StartedAt.Time)
			}
		}
	}
	return at, lived
}

// use is how much of their CPU limit the replicas use, on average, by the metrics API or else by what the autoscaler was told; zero where no
// number or no limit is known.
func (f *falling) use(p *analysis.Pass) float64 {
	var sum float64
	n := 0
	limit := f.container.Resources.Limits.Cpu().MilliValue()
	for _, pod := range f.pods {
		u := p.PodUsage(pod.Namespace, pod.Name)
		if u == nil || limit <= 0 {
			continue
		}
		for _, c := range u.Containers {
			if c.Name == f.container.Name && c.MilliCPU > 0 {
				sum, n = sum+float64(c.MilliCPU)/float64(limit), n+1
			}
		}
	}
	if n == 0 {
		return cpuUse(f.scaler, &f.pods[0].Spec, f.container.Name)
	}
	f.measured = true
	return sum / float64(n)
}

func (f *falling) ready() (n int) {
	for _, r := range f.facts.Replicas {
		if r.Ready {
			n++
		}
	}
	return n
}

// signalled counts the replicas whose container a signal ended within the window: what status alone tells.
func (f *falling) signalled(now time.Time) (n int) {
	for _, pod := range f.pods {
		if st := f.status(pod); st != nil {
			ends := []*corev1.ContainerStateTerminated{st.State.Terminated, st.LastTerminationState.Terminated}
			if slices.ContainsFunc(ends, func(t *corev1.ContainerStateTerminated) bool {
				return t != nil && (t.ExitCode == 137 || t.ExitCode == 143) && t.Reason != "OOMKilled" && now.Sub(t.FinishedAt.Time) <= cascade.Window
			}) {
				n++
			}
		}
	}
	return n
}

// neverServed tells whether a pod has never been ready: what ends it then is its start, not its load.
func neverServed(pod *corev1.Pod) bool { return !isReady(pod) && neverReady(pod) }
