package deaths

import (
	"fmt"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/kubectl-scars/kubectl-scars/pkg/restart"
	"github.com/kubectl-scars/kubectl-scars/pkg/snapshot"
)

// TestOneNodeOutOfMemory wants the events of a node to be read once, not for each of the pods that died on it. Memory taken counts the work.
func TestOneNodeOutOfMemory(t *testing.T) {
	const said, pods = 10_000, 100
	now := time.Date(2026, 11, 23, 18, 0, 0, 0, time.UTC)
	b := snapshot.NewBuilder()
	add := func(o snapshot.Object) {
		if err := b.Add(o); err != nil {
			t.Fatal(err)
		}
	}
	died := func(i int) metav1.Time { return metav1.NewTime(now.Add(-time.Duration(i) * time.Second)) }
	for i := range said {
		name := fmt.Sprintf("n1.%d", i)
		add(&corev1.Event{
			ObjectMeta:     metav1.ObjectMeta{Namespace: "default", Name: name, UID: types.UID(name)},
			InvolvedObject: corev1.ObjectReference{Kind: "Node", Name: "n1", UID: "n1"}, Reason: "SystemOOM",
			Message: fmt.Sprintf("System OOM encountered, victim process: app, pid: %d", i+1), FirstTimestamp: died(i), LastTimestamp: died(i), Count: 1,
		})
	}
	for i := range pods {
		name := fmt.Sprintf("web-%d", i)
		add(&corev1.Pod{
			ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: name, UID: types.UID(name)},
			Spec:       corev1.PodSpec{NodeName: "n1", Containers: []corev1.Container{{Name: "app"}}},
			Status: corev1.PodStatus{Phase: corev1.PodRunning, ContainerStatuses: []corev1.ContainerStatus{{
				Name: "app", RestartCount: 1, State: corev1.ContainerState{Running: &corev1.ContainerStateRunning{StartedAt: metav1.NewTime(now)}},
				LastTerminationState: corev1.ContainerState{Terminated: &corev1.ContainerStateTerminated{
					Reason: "OOMKilled", ExitCode: 137, StartedAt: died(said), FinishedAt: died(i),
				}},
			}}},
		})
	}
	s := b.Build(now)
	once := testing.AllocsPerRun(1, func() { findOOMs(s.View()) })
	var x *index
	all := testing.AllocsPerRun(1, func() { x = find(s.View(), false) })
	for _, c := range x.containers {
		if cause := c.deaths[0].death.Cause; cause != restart.NodeMemory {
			t.Errorf("%s died of %s", c.workload.Name, cause)
		}
	}
	if len(x.containers) != pods || all > 2*once {
		t.Errorf("%d of %d died; finding it took %.0f allocations, reading the events once %.0f", len(x.containers), pods, all, once)
	}
}
