// Package oracle holds engines to the code of Kubernetes itself that they describe.
package oracle

import (
	"fmt"
	"math/rand"
	"testing"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	podresource "k8s.io/kubernetes/pkg/api/v1/resource"
	v1qos "k8s.io/kubernetes/pkg/apis/core/v1/helper/qos"
	"k8s.io/kubernetes/pkg/kubelet/qos"
	"k8s.io/kubernetes/pkg/kubelet/types"

	"github.com/kubectl-scars/kubectl-scars/pkg/victim"
)

// amounts are memory requests and limits of all sizes, on nodes of all sizes.
var amounts = []string{"", "", "1", "1Mi", "16Mi", "100M", "128Mi", "1Gi", "3000Mi", "7Gi", "64Gi", "1Ti"}

func list(r *rand.Rand) corev1.ResourceList {
	out := corev1.ResourceList{}
	if a := amounts[r.Intn(len(amounts))]; a != "" {
		out[corev1.ResourceMemory] = resource.MustParse(a)
	}
	if r.Intn(3) == 0 {
		out[corev1.ResourceCPU] = resource.MustParse("100m")
	}
	return out
}

func pod(r *rand.Rand) *corev1.Pod {
	p := &corev1.Pod{}
	container := func(name string) corev1.Container {
		c := corev1.Container{Name: name, Resources: corev1.ResourceRequirements{Requests: list(r)}}
		if c.Resources.Limits = list(r); r.Intn(3) == 0 {
			c.Resources.Limits = c.Resources.Requests.DeepCopy()
		}
		return c
	}
	for i := range 1 + r.Intn(3) {
		p.Spec.Containers = append(p.Spec.Containers, container(fmt.Sprintf("c%d", i)))
	}
	for i := range r.Intn(3) {
		c := container(fmt.Sprintf("i%d", i))
		if r.Intn(2) == 0 {
			c.RestartPolicy = new(corev1.ContainerRestartPolicyAlways)
		}
		p.Spec.InitContainers = append(p.Spec.InitContainers, c)
	}
	if r.Intn(4) == 0 {
		p.Spec.Resources = &corev1.ResourceRequirements{Requests: list(r), Limits: list(r)}
	}
	if r.Intn(4) == 0 {
		p.Spec.Overhead = list(r)
	}
	if r.Intn(10) == 0 { // BestEffort
		p.Spec.Resources = nil
		for _, containers := range [][]corev1.Container{p.Spec.InitContainers, p.Spec.Containers} {
			for i := range containers {
				containers[i].Resources = corev1.ResourceRequirements{}
			}
		}
	}
	priority := []int32{0, 1000, 2000000000, 2000001000}[r.Intn(4)]
	p.Spec.Priority = &priority
	p.Spec.PriorityClassName = []string{"", "system-cluster-critical", "system-node-critical"}[r.Intn(3)]
	if r.Intn(6) == 0 {
		p.Annotations = map[string]string{corev1.MirrorPodAnnotationKey: "x"}
	}
	p.Status.QOSClass = v1qos.ComputePodQOS(p)
	return p
}

// TestVictim: the score of a container, the request of a pod and whether it is critical are what the kubelet's own functions say.
func TestVictim(t *testing.T) {
	r := rand.New(rand.NewSource(1))
	classes := map[corev1.PodQOSClass]int{}
	for range 20000 {
		p := pod(r)
		classes[p.Status.QOSClass]++
		capacity := []int64{1 << 30, 3<<30 + 12345, 16 << 30, 1 << 40}[r.Intn(4)]
		if got, want := victim.Critical(p), types.IsCriticalPod(p); got != want {
			t.Fatalf("critical: %v, the kubelet says %v: %+v", got, want, p)
		}
		if got, want := victim.Request(p), podresource.GetResourceRequest(p, corev1.ResourceMemory); got != want {
			t.Fatalf("request: %d, the kubelet says %d: %+v", got, want, p)
		}
		for _, containers := range [][]corev1.Container{p.Spec.InitContainers, p.Spec.Containers} {
			for i := range containers {
				got, why, ok := victim.OOMScoreAdj(p, &containers[i], capacity)
				if want := qos.GetContainerOOMScoreAdjust(p, &containers[i], capacity); !ok || got != want {
					t.Fatalf("score of %s on %d bytes: %d (%s), the kubelet says %d: %+v", containers[i].Name, capacity, got, why, want, p)
				}
			}
		}
	}
	for _, class := range []corev1.PodQOSClass{corev1.PodQOSGuaranteed, corev1.PodQOSBurstable, corev1.PodQOSBestEffort} {
		if classes[class] < 100 {
			t.Errorf("only %d pods were %s", classes[class], class)
		}
	}
}
