package snapshot

// What the pods of one template have in common is held once: of 20,000 pods, containers, labels and amounts of resources are most of the
// memory. A snapshot never changes, so its objects may share.

import (
	"maps"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
)

// sharing holds each part that was seen, by its content.
type sharing struct {
	containers map[string][]corev1.Container
	labels     map[string]map[string]string
	amounts    map[string]corev1.ResourceList
	resources  map[string]*corev1.ResourceRequirements
}

func newSharing() sharing {
	return sharing{
		containers: map[string][]corev1.Container{}, labels: map[string]map[string]string{},
		amounts: map[string]corev1.ResourceList{}, resources: map[string]*corev1.ResourceRequirements{},
	}
}

// pod replaces the parts of a trimmed pod by equal ones of earlier pods.
func (s *sharing) pod(p *corev1.Pod) {
	p.Labels = s.labelled(p.Labels)
	p.Spec.Containers = s.list(p.Spec.Containers)
	p.Spec.InitContainers = s.list(p.Spec.InitContainers)
	p.Spec.Resources, p.Status.Resources = s.required(p.Spec.Resources), s.required(p.Status.Resources)
	p.Status.Conditions = slices.Clone(p.Status.Conditions) // decoders leave room for more
	for _, list := range [][]corev1.ContainerStatus{
		p.Status.InitContainerStatuses, p.Status.ContainerStatuses, p.Status.EphemeralContainerStatuses,
	} {
		for i := range list {
			list[i].Resources, list[i].AllocatedResources = s.required(list[i].Resources), s.amount(list[i].AllocatedResources)
		}
	}
}

// list returns one slice for all equal container lists.
func (s *sharing) list(list []corev1.Container) []corev1.Container {
	if len(list) == 0 {
		return list
	}
	spec := corev1.PodSpec{Containers: list}
	bytes, err := spec.Marshal()
	if err != nil {
		return list
	}
	return one(s.containers, string(bytes), list)
}

func (s *sharing) labelled(labels map[string]string) map[string]string {
	if len(labels) == 0 {
		return labels
	}
	var key strings.Builder
	for _, name := range slices.Sorted(maps.Keys(labels)) {
		key.WriteString(name + "\x00" + labels[name] + "\x00")
	}
	return one(s.labels, key.String(), labels)
}

func (s *sharing) amount(list corev1.ResourceList) corev1.ResourceList {
	if len(list) == 0 {
		return list
	}
	return one(s.amounts, keyOf(list), list)
}

func (s *sharing) required(r *corev1.ResourceRequirements) *corev1.ResourceRequirements {
	if r == nil {
		return nil
	}
	bytes, err := r.Marshal()
	if err != nil {
		return r
	}
	return one(s.resources, string(bytes), r)
}

func keyOf(list corev1.ResourceList) string {
	var key strings.Builder
	for _, name := range slices.Sorted(maps.Keys(list)) {
		amount := list[name]
		key.WriteString(string(name) + "\x00" + amount.String() + "\x00")
	}
	return key.String()
}

// one returns the first value that was seen with a key.
func one[T any](known map[string]T, key string, value T) T {
	if first, ok := known[key]; ok {
		return first
	}
	known[key] = value
	return value
}
