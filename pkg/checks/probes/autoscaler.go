package probes

// This file reads what a HorizontalPodAutoscaler says of the load of a workload, and what it would do about a change of its replicas.

import (
	"fmt"
	"strings"

	autoscalingv2 "k8s.io/api/autoscaling/v2"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	"k8s.io/utils/ptr"

	"github.com/kubectl-scars/kubectl-scars/pkg/analysis"
	"github.com/kubectl-scars/kubectl-scars/pkg/cascade"
	"github.com/kubectl-scars/kubectl-scars/pkg/finding"
	"github.com/kubectl-scars/kubectl-scars/pkg/snapshot"
)

// autoscalers are those of a namespace, or all, by what they scale. Of two that scale the same, which the controller refuses, it is none.
func autoscalers(p *analysis.Pass) map[snapshot.Ref]*autoscalingv2.HorizontalPodAutoscaler {
	out := map[snapshot.Ref]*autoscalingv2.HorizontalPodAutoscaler{}
	for _, h := range p.Autoscalers("") {
		target := snapshot.Ref{Kind: h.Spec.ScaleTargetRef.Kind, Namespace: h.Namespace, Name: h.Spec.ScaleTargetRef.Name}
		if _, twice := out[target]; twice {
			h = nil
		}
		out[target] = h
	}
	return out
}

// scalerOf is what the cascade is judged by; nil where there is no autoscaler.
func scalerOf(h *autoscalingv2.HorizontalPodAutoscaler) *cascade.Scaler {
	if h == nil {
		return nil
	}
	s := &cascade.Scaler{Name: h.Name, Max: h.Spec.MaxReplicas}
	for _, c := range h.Status.Conditions { // kubernetes v1.37.2 pkg/controller/podautoscaler/horizontal.go
		if c.Type == autoscalingv2.ScalingLimited {
			s.Short = c.Status == corev1.ConditionTrue && c.Reason == "TooManyReplicas" && h.Status.CurrentReplicas >= h.Spec.MaxReplicas
		}
	}
	return s
}

// cpuUse is how much of its CPU limit a container uses by what the autoscaler was told, or its pod of all limits; zero where that is not known.
func cpuUse(h *autoscalingv2.HorizontalPodAutoscaler, pod *corev1.PodSpec, container string) float64 {
	if h == nil {
		return 0
	}
	whole, of := int64(0), int64(0)
	for i := range pod.Containers {
		limit := pod.Containers[i].Resources.Limits.Cpu().MilliValue()
		if limit <= 0 {
			whole = -1 << 40 // one without a limit takes what it gets
		}
		whole += limit
		if pod.Containers[i].Name == container {
			of = limit
		}
	}
	for _, m := range h.Status.CurrentMetrics {
		switch {
		case m.ContainerResource != nil && m.ContainerResource.Name == corev1.ResourceCPU && m.ContainerResource.Container == container && of > 0:
			return share(m.ContainerResource.Current.AverageValue, of)
		case m.Resource != nil && m.Resource.Name == corev1.ResourceCPU && whole > 0:
			return share(m.Resource.Current.AverageValue, whole)
		}
	}
	return 0
}

func share(q *resource.Quantity, of int64) float64 {
	if q == nil || q.MilliValue() < 0 {
		return 0
	}
	return float64(q.MilliValue()) / float64(of)
}

// scaled quotes what the autoscaler says.
func scaled(h *autoscalingv2.HorizontalPodAutoscaler) finding.Evidence {
	ref := analysis.RefTo("HorizontalPodAutoscaler", h)
	ref.APIVersion = "autoscaling/v2"
	parts := []string{fmt.Sprintf("%d replicas of %d to %d, %d wanted", h.Status.CurrentReplicas, ptr.Deref(h.Spec.MinReplicas, 1), h.Spec.MaxReplicas, h.Status.DesiredReplicas)}
	for _, m := range h.Spec.Metrics {
		if m.Resource == nil || m.Resource.Target.AverageUtilization == nil {
			continue
		}
		for _, now := range h.Status.CurrentMetrics {
			if now.Resource != nil && now.Resource.Name == m.Resource.Name && now.Resource.Current.AverageUtilization != nil {
				parts = append(parts, fmt.Sprintf("%s at %d %% of the requests, target %d %%", m.Resource.Name, *now.Resource.Current.AverageUtilization, *m.Resource.Target.AverageUtilization))
			}
		}
	}
	for _, c := range h.Status.Conditions {
		if c.Type == autoscalingv2.ScalingLimited && c.Status == corev1.ConditionTrue {
			parts = append(parts, "limited: "+c.Reason)
		}
	}
	return finding.Evidence{Object: ref, Source: "status", Value: strings.Join(parts, "; ")}
}

// moreReplicas is how to get more of them where an autoscaler would undo a scale.
func moreReplicas(h *autoscalingv2.HorizontalPodAutoscaler, replicas int32) finding.Fix {
	name := "horizontalpodautoscaler/" + h.Name
	now := max(replicas, h.Status.CurrentReplicas)
	if now < h.Spec.MaxReplicas {
		return finding.Fix{
			Text:    "Raise the autoscaler's minimum, as it would undo a scale, or take load off at the door; a restart would only take more away",
			Command: finding.Kubectl(h.Namespace, "patch", name, "-p", fmt.Sprintf(`{"spec":{"minReplicas":%d}}`, min(2*now, h.Spec.MaxReplicas))),
		}
	}
	return finding.Fix{
		Text:    fmt.Sprintf("Raise the autoscaler's maximum of %d, at which it is, or take load off at the door; a restart would only take more away", h.Spec.MaxReplicas),
		Command: finding.Kubectl(h.Namespace, "patch", name, "-p", fmt.Sprintf(`{"spec":{"minReplicas":%d,"maxReplicas":%d}}`, 2*now, 2*now)),
	}
}
