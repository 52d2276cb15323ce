package clustertest

// This file makes what a metrics API says of the pods.

import (
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	metricsv1beta1 "k8s.io/metrics/pkg/apis/metrics/v1beta1"
)

// Usage is what a metrics API says of a pod as of a moment: half of each limit in use, as metrics-server v0.9.0 writes it.
func Usage(p *corev1.Pod, now time.Time) *metricsv1beta1.PodMetrics {
	m := &metricsv1beta1.PodMetrics{
		ObjectMeta: metav1.ObjectMeta{Namespace: p.Namespace, Name: p.Name, Labels: p.Labels, CreationTimestamp: metav1.NewTime(now)},
		Timestamp:  metav1.NewTime(now.Add(-20 * time.Second)), Window: metav1.Duration{Duration: 15 * time.Second},
	}
	for _, c := range p.Spec.Containers {
		m.Containers = append(m.Containers, metricsv1beta1.ContainerMetrics{Name: c.Name, Usage: corev1.ResourceList{
			corev1.ResourceMemory: *resource.NewQuantity(c.Resources.Limits.Memory().Value()/2+int64(len(p.Name))<<10, resource.BinarySI),
			corev1.ResourceCPU:    *resource.NewScaledQuantity(12345678, resource.Nano),
		}})
	}
	return m
}
