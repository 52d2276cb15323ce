package probes

import (
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// TestCameBack: what was lost with its node has the time of a start from when its runtime was back, with the init containers that run again;
// what is broken, or ended by itself, has none.
func TestCameBack(t *testing.T) {
	now := time.Date(2026, 11, 30, 7, 10, 0, 0, time.UTC)
	gone := func(d time.Duration) *corev1.ContainerStateTerminated {
		return &corev1.ContainerStateTerminated{ExitCode: 255, Reason: lost, FinishedAt: metav1.NewTime(now.Add(-d))}
	}
	ended := func(d time.Duration) corev1.ContainerStatus {
		return corev1.ContainerStatus{Name: "web", State: corev1.ContainerState{Terminated: gone(d)}}
	}
	running := func(d time.Duration, before *corev1.ContainerStateTerminated) corev1.ContainerStatus {
		return corev1.ContainerStatus{
			Name: "web", State: corev1.ContainerState{Running: &corev1.ContainerStateRunning{StartedAt: metav1.NewTime(now.Add(-d))}},
			LastTerminationState: corev1.ContainerState{Terminated: before},
		}
	}
	waiting := func(name, reason string, before *corev1.ContainerStateTerminated) corev1.ContainerStatus {
		return corev1.ContainerStatus{
			Name: name, State: corev1.ContainerState{Waiting: &corev1.ContainerStateWaiting{Reason: reason}}, LastTerminationState: corev1.ContainerState{Terminated: before},
		}
	}
	for name, tc := range map[string]struct {
		init, web corev1.ContainerStatus
		want      bool
	}{
		"just back":                      {web: ended(15 * time.Second), want: true},
		"back for ten minutes":           {web: ended(10 * time.Minute)},
		"started again":                  {web: running(5*time.Second, gone(time.Minute)), want: true},
		"started again long ago":         {web: running(8*time.Minute, gone(9*time.Minute))},
		"it waits for its volume":        {web: waiting("web", "ContainerCreating", gone(time.Minute)), want: true},
		"its init container works":       {init: corev1.ContainerStatus{Name: "init", State: corev1.ContainerState{Running: &corev1.ContainerStateRunning{StartedAt: metav1.NewTime(now.Add(-8 * time.Minute))}}}, web: ended(9 * time.Minute), want: true},
		"its init container is broken":   {init: waiting("init", "CrashLoopBackOff", nil), web: ended(time.Minute)},
		"it crashes since":               {web: waiting("web", "CrashLoopBackOff", gone(time.Minute))},
		"it failed by itself":            {web: running(5*time.Second, &corev1.ContainerStateTerminated{ExitCode: 1, Reason: "Error", FinishedAt: metav1.NewTime(now)})},
		"it fails its probe, and always": {web: running(5*time.Second, nil)},
	} {
		pod := &corev1.Pod{
			Spec:   corev1.PodSpec{InitContainers: []corev1.Container{{Name: "init"}}, Containers: []corev1.Container{{Name: "web"}}},
			Status: corev1.PodStatus{ContainerStatuses: []corev1.ContainerStatus{tc.web}},
		}
		if tc.init.Name != "" {
			pod.Status.InitContainerStatuses = []corev1.ContainerStatus{tc.init}
		}
		if got := cameBack(pod, now); got != tc.want {
			t.Errorf("%s: %v", name, got)
		}
	}
}
