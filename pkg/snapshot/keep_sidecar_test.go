package snapshot

import (
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// TestInitializedIsKeptOfSidecars: of other pods, conditions that only say that a step was taken are dropped.
func TestInitializedIsKeptOfSidecars(t *testing.T) {
	always := corev1.ContainerRestartPolicyAlways
	b := NewBuilder()
	for name, policy := range map[string]*corev1.ContainerRestartPolicy{"sidecar": &always, "init": nil} {
		if err := b.Add(&corev1.Pod{
			TypeMeta: metav1.TypeMeta{APIVersion: "v1", Kind: "Pod"}, ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: name},
			Spec: corev1.PodSpec{InitContainers: []corev1.Container{{Name: "agent", RestartPolicy: policy}}, Containers: []corev1.Container{{Name: "web"}}},
			Status: corev1.PodStatus{Conditions: []corev1.PodCondition{
				{Type: corev1.PodScheduled, Status: corev1.ConditionTrue}, {Type: corev1.PodInitialized, Status: corev1.ConditionTrue},
				{Type: corev1.PodReady, Status: corev1.ConditionTrue},
			}},
		}); err != nil {
			t.Fatal(err)
		}
	}
	for _, pod := range b.Build(metav1.Now().Time).View(Pods).Pods("") {
		want := map[string]int{"sidecar": 2, "init": 1}[pod.Name]
		if got := len(pod.Status.Conditions); got != want {
			t.Errorf("%s: %d conditions are kept, want %d: %v", pod.Name, got, want, pod.Status.Conditions)
		}
	}
}
