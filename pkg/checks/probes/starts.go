package probes

// This file measures how long the containers of a workload take to start.

import (
	"reflect"

	corev1 "k8s.io/api/core/v1"

	"github.com/kubectl-scars/kubectl-scars/pkg/analysis"
	"github.com/kubectl-scars/kubectl-scars/pkg/checks/deaths"
	"github.com/kubectl-scars/kubectl-scars/pkg/finding"
	"github.com/kubectl-scars/kubectl-scars/pkg/restart"
	"github.com/kubectl-scars/kubectl-scars/pkg/snapshot"
	"github.com/kubectl-scars/kubectl-scars/pkg/startup"
)

// starts is what is known of the starts of one container of a workload, in the pods that have its probes.
type starts struct {
	startup.Sum
	workload  snapshot.Ref
	container *corev1.Container // as the newest pod has it
	init      bool
	restarts  int32 // of the container in these pods, by whatever cause
}

func (s starts) object() finding.ObjectRef {
	ref := analysis.Ref(s.workload)
	ref.Container = s.container.Name
	return ref
}

// startsOf measures the starts of a container of a workload.
func startsOf(v *snapshot.View, w snapshot.Ref, c *corev1.Container) starts {
	out := starts{workload: w, container: c}
	var all []startup.Start
	for _, inc := range v.Incarnations(w) {
		if inc.Pod == nil || inc.Pod.DeletionTimestamp != nil || snapshot.Finished(inc.Pod) {
			continue
		}
		own, init := specOf(inc.Pod, c.Name)
		if own == nil || !sameProbes(own, c) {
			continue
		}
		out.init = init
		eachStatus(inc.Pod, func(of *corev1.Container, _ bool, st *corev1.ContainerStatus) {
			if of == own {
				out.restarts += max(st.RestartCount, 0)
			}
		})
		if s, ok := startup.Observe(deaths.Facts(v, w, inc, false), own); ok {
			all = append(all, s)
		}
		all = append(all, startup.Killed(inc.Pod, own, deaths.Of(v, inc.Pod))...)
	}
	out.Sum = startup.SumOf(all)
	return out
}

// outlast tells whether the container's starts may take as long as the liveness probe waits, so that what it kills by its clock is a start.
// Where none was measured, only that nothing listened speaks for a start that takes its time.
func (s starts) outlast(liveness *corev1.Probe, refused bool) bool {
	if n := len(s.Ready); n > 0 {
		return s.Ready[n-1].Took > restart.BudgetOf(liveness).Guaranteed*4/5
	}
	return refused
}

// sameProbes tells whether two pods' containers start under the same probes: what was measured under others is another rollout's.
func sameProbes(a, b *corev1.Container) bool {
	same := func(a, b *corev1.Probe) bool { return a == b || reflect.DeepEqual(a, b) }
	return a == b || same(a.StartupProbe, b.StartupProbe) && same(a.LivenessProbe, b.LivenessProbe) && same(a.ReadinessProbe, b.ReadinessProbe)
}

// newestPod is the pod of a workload that was made last of those that are there, nil where there is none.
func newestPod(v *snapshot.View, w snapshot.Ref) (newest *corev1.Pod) {
	for _, pod := range v.PodsOf(w) {
		if snapshot.Finished(pod) || pod.DeletionTimestamp != nil {
			continue
		}
		if newest == nil || newest.CreationTimestamp.Time.Before(pod.CreationTimestamp.Time) {
			newest = pod
		}
	}
	return newest
}

// eachContainer visits the containers of a pod that start under probes: sidecars and the containers proper.
func eachContainer(pod *corev1.Pod, visit func(c *corev1.Container, init bool)) {
	for i := range pod.Spec.InitContainers {
		if c := &pod.Spec.InitContainers[i]; sidecar(c) {
			visit(c, true)
		}
	}
	for i := range pod.Spec.Containers {
		visit(&pod.Spec.Containers[i], false)
	}
}
