package startup

import (
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/kubectl-scars/kubectl-scars/pkg/restart"
)

// meshed is a pod whose sidecar "proxy" began at t0 and whose "app", with probes of its own, was ready after two minutes.
func meshed(initialized time.Duration, startup, readiness *corev1.Probe) *corev1.Pod {
	p := pod(2*time.Minute, probe(0, 5, 3, 1), nil, nil)
	p.Status.ContainerStatuses[0].State.Running.StartedAt = metav1.NewTime(t0.Add(initialized + time.Second))
	always, started := corev1.ContainerRestartPolicyAlways, true
	p.Spec.InitContainers = []corev1.Container{{Name: "setup"}, {Name: "proxy", RestartPolicy: &always, StartupProbe: startup, ReadinessProbe: readiness}}
	p.Status.InitContainerStatuses = []corev1.ContainerStatus{{
		Name: "proxy", Ready: true, Started: &started, State: corev1.ContainerState{Running: &corev1.ContainerStateRunning{StartedAt: metav1.NewTime(t0)}},
	}}
	p.Status.Conditions = append(p.Status.Conditions, corev1.PodCondition{Type: corev1.PodInitialized, Status: corev1.ConditionTrue, LastTransitionTime: metav1.NewTime(t0.Add(initialized))})
	return p
}

func TestStartsOfSidecars(t *testing.T) {
	first := meshed(30*time.Second, probe(0, 2, 60, 1), nil) // another init container runs after it
	first.Spec.InitContainers = append(first.Spec.InitContainers[1:], corev1.Container{Name: "setup"})
	hooked := meshed(30*time.Second, probe(0, 2, 60, 1), nil)
	hooked.Spec.InitContainers[1].Lifecycle = &corev1.Lifecycle{PostStart: &corev1.LifecycleHandler{Sleep: &corev1.SleepAction{Seconds: 9}}}
	for name, w := range map[string]struct {
		pod         *corev1.Pod
		bound       Bound
		took, least time.Duration
		sign        string
	}{
		"the pod waits for it":      {meshed(30*time.Second, probe(0, 2, 60, 1), nil), Within, 30 * time.Second, 26 * time.Second, "Initialized"},
		"its readiness is no start": {meshed(30*time.Second, probe(0, 2, 60, 1), probe(0, 10, 3, 1)), Within, 30 * time.Second, 26 * time.Second, "Initialized"},
		"held back by its hook":     {hooked, Within, 30 * time.Second, 0, "Initialized"},
		"another runs after it":     {first, AtMost, 2 * time.Minute, 0, "ContainersReady"},
		"started again":             {meshed(-time.Hour, probe(0, 2, 60, 1), nil), AtMost, 2 * time.Minute, 0, "ContainersReady"},
		"later than its probe":      {meshed(5*time.Minute, probe(0, 2, 60, 1), nil), AtMost, 5 * time.Minute, 0, "Initialized"},
		"readiness alone":           {meshed(0, nil, probe(0, 10, 3, 1)), AtMost, 2 * time.Minute, 0, "ContainersReady"},
	} {
		i := 0
		for w.pod.Spec.InitContainers[i].Name != "proxy" {
			i++
		}
		c := &w.pod.Spec.InitContainers[i]
		s, ok := Observe(restart.Facts{Namespace: "shop", Name: "web-0", Pod: w.pod, Now: t0.Add(time.Hour)}, c)
		if !ok || s.Bound != w.bound || s.Took != w.took || s.Least != w.least || (s.Why != "") != (w.bound == AtMost) {
			t.Errorf("%s: got %v %s %v..%v (%s), want %s %v..%v", name, ok, s.Bound, s.Least, s.Took, s.Why, w.bound, w.least, w.took)
		}
		if e := s.Evidence(); !strings.Contains(e[0].Source, "initContainerStatuses[proxy]") || e[1].Source != "status.conditions["+w.sign+"]" {
			t.Errorf("%s: evidence %+v", name, e)
		}
		// Weeks of metrics tell the same of the same life.
		l := Life{Pod: "web-0", Began: t0, Watched: true, Ready: t0.Add(2 * time.Minute), Initialized: since(w.pod, corev1.PodInitialized)}
		past, _ := (&Past{Lives: []Life{l}}).Starts(c, w.pod, every, nil)
		if len(past) != 1 || past[0].Bound != w.bound || past[0].Took != w.took || past[0].Least != w.least {
			t.Errorf("%s: of weeks: %+v", name, past)
		}
	}
}
