package oom

import (
	"testing"

	corev1 "k8s.io/api/core/v1"
)

func TestRanged(t *testing.T) {
	const text = "LimitRanger plugin set: cpu, memory request for container app; memory limit for container app; cpu limit for container web; cpu, memory limit for init container migrate"
	for container, want := range map[string]bool{"app": true, "web": false, "migrate": true, "ap": false, "": false} {
		if got := ranged(text, container); got != want {
			t.Errorf("%s: %v", container, got)
		}
	}
}

// FuzzInjected: annotations are anybody's to write.
func FuzzInjected(f *testing.F) {
	f.Add("LimitRanger plugin set: memory limit for container app", "app")
	f.Add("Pod resources updated by v: container 0: memory limit", "app")
	f.Add("LimitRanger plugin set: ; ; limit for ", "")
	f.Fuzz(func(t *testing.T, text, container string) {
		pod := &corev1.Pod{Spec: corev1.PodSpec{Containers: []corev1.Container{{Name: "app"}}}}
		ranged(text, container)
		if m := byVPA.FindStringSubmatch(text); m != nil {
			updated(pod, container, m[2])
		}
	})
}
