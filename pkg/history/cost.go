package history

// What changes cost. What is set aside for a pod is not the sum of its containers: init containers run one after another and before the
// others, sidecars beside all, and a pod may have a request and a limit of its own, beside which those of containers cost nothing.

import (
	"fmt"
	"slices"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	podresource "k8s.io/component-helpers/resource"

	"github.com/kubectl-scars/kubectl-scars/pkg/finding"
)

// costs fills in what the changes of one workload's containers cost, one after another: those that run all the time first, so that an init
// container costs what it needs above them.
func costs(items []finding.Recommendation) {
	changed := make([]bool, len(items))
	before := setAside(items, changed)
	for turn := range 3 {
		for i := range items {
			item := &items[i]
			if turnOf(item.Pod) != turn {
				continue
			}
			changed[i] = true
			after := setAside(items, changed)
			item.Cost.Requests = (after.Requests - before.Requests) * int64(item.Replicas)
			item.Cost.Limits = (after.Limits - before.Limits) * int64(item.Replicas)
			before = after
		}
	}
}

func turnOf(p finding.PodShape) int {
	switch {
	case p.Sidecar:
		return 1
	case p.Init:
		return 2
	}
	return 0
}

// setAside is what one pod requests, and its limit, where some of its containers were changed as recommended. Containers without a limit have
// no bound, and count as nothing before and after.
func setAside(items []finding.Recommendation, changed []bool) finding.Cost {
	pod, always := corev1.Pod{}, corev1.ContainerRestartPolicyAlways
	for i, item := range items {
		request, limit := item.Request.Now, item.Limit.Now
		if changed[i] && item.Request.Recommended > 0 {
			request = item.Request.Recommended
		}
		if changed[i] && item.Limit.Recommended > 0 && limit > 0 {
			limit = item.Limit.Recommended
		}
		c := corev1.Container{Resources: corev1.ResourceRequirements{Requests: memory(request), Limits: memory(limit)}}
		list := &pod.Spec.Containers
		if item.Pod.Init {
			list = &pod.Spec.InitContainers
		}
		if item.Pod.Sidecar {
			c.RestartPolicy = &always
		}
		*list = append(*list, c)
	}
	if own := items[0].Pod; own.PodLevel {
		pod.Spec.Resources = &corev1.ResourceRequirements{Requests: memory(own.Request), Limits: memory(own.Limit)}
	}
	requests, limits := podresource.PodRequests(&pod, podresource.PodResourcesOptions{}), podresource.PodLimits(&pod, podresource.PodResourcesOptions{})
	out := finding.Cost{Requests: requests.Memory().Value(), Limits: limits.Memory().Value()}
	if out.Requests == 0 {
		out.Requests = items[0].Pod.Limit // kubernetes v1.37.2 pkg/apis/core/v1/defaults.go, defaultPodRequests
	}
	return out
}

// memory is a list of resources with so many bytes, or none.
func memory(bytes int64) corev1.ResourceList {
	if bytes == 0 {
		return nil
	}
	return corev1.ResourceList{corev1.ResourceMemory: *resource.NewQuantity(bytes, resource.BinarySI)}
}

// bounded notes where the server would not take the changes of a pod that has a request and a limit of its own: all requests together may not
// be above the one, and no limit above the other (kubernetes v1.37.2 pkg/apis/core/validation, validatePodResourceConsistency).
func bounded(items []finding.Recommendation) {
	const first = "; raise that first, or the server refuses the patch"
	own := items[0].Pod
	if !own.PodLevel {
		return
	}
	changed := make([]bool, len(items))
	for i := range items {
		changed[i] = items[i].Request.Recommended > 0
		if limit := items[i].Limit.Recommended; own.Limit > 0 && limit > own.Limit {
			items[i].Notes = append(items[i].Notes, fmt.Sprintf("the pod's own limit is %s only%s", Quantity(float64(own.Limit)), first))
		}
	}
	bare := slices.Clone(items)
	bare[0].Pod.PodLevel, bare[0].Pod.Limit = false, 0
	if all := setAside(bare, changed).Requests; own.Request > 0 && all > own.Request {
		items[0].Notes = append(items[0].Notes, fmt.Sprintf("with it the containers request %s, the pod's own request is %s only%s", Quantity(float64(all)), Quantity(float64(own.Request)), first))
	}
}
