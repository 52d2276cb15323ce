package snapshot

// This file joins Services with their EndpointSlices and the pods that they select.

import (
	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	"k8s.io/apimachinery/pkg/labels"
)

func (s *Snapshot) joinSlices() map[key][]*discoveryv1.EndpointSlice {
	of := map[key][]*discoveryv1.EndpointSlice{}
	for _, e := range s.tables[EndpointSlices].typed.([]*discoveryv1.EndpointSlice) {
		k := key{e.Namespace, e.Labels[discoveryv1.LabelServiceName]}
		of[k] = append(of[k], e)
	}
	return of
}

// SlicesOf lists the EndpointSlices of a Service, by name.
func (v *View) SlicesOf(svc *corev1.Service) []*discoveryv1.EndpointSlice {
	v.touch(EndpointSlices)
	return v.s.joins.slices()[key{svc.Namespace, svc.Name}]
}

// label is one that pods of a namespace have.
type label struct{ namespace, key, value string }

func (s *Snapshot) joinServices() map[label][]*corev1.Pod {
	with := map[label][]*corev1.Pod{}
	for _, svc := range s.tables[Services].typed.([]*corev1.Service) {
		for k, v := range svc.Spec.Selector {
			with[label{svc.Namespace, k, v}] = nil
		}
	}
	for _, p := range s.tables[Pods].typed.([]*corev1.Pod) {
		for k, v := range p.Labels {
			l := label{p.Namespace, k, v}
			if list, wanted := with[l]; wanted {
				with[l] = append(list, p)
			}
		}
	}
	return with
}

// SelectedBy lists the pods that a Service of the snapshot selects, by name. A Service without selector selects nothing.
func (v *View) SelectedBy(svc *corev1.Service) []*corev1.Pod {
	v.touch(Services, Pods)
	if len(svc.Spec.Selector) == 0 {
		return nil
	}
	var fewest []*corev1.Pod
	first := true
	for k, value := range svc.Spec.Selector {
		if with := v.s.joins.with()[label{svc.Namespace, k, value}]; first || len(with) < len(fewest) {
			fewest, first = with, false
		}
	}
	selector := labels.SelectorFromSet(svc.Spec.Selector)
	var out []*corev1.Pod
	for _, p := range fewest {
		if selector.Matches(labels.Set(p.Labels)) {
			out = append(out, p)
		}
	}
	return out
}
