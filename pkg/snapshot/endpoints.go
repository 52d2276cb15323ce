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

// SelectedBy lists the pods that a Service selects, by name. A Service without selector selects nothing.
func (v *View) SelectedBy(svc *corev1.Service) []*corev1.Pod {
	if len(svc.Spec.Selector) == 0 {
		return nil
	}
	selector := labels.SelectorFromSet(svc.Spec.Selector)
	var out []*corev1.Pod
	for _, p := range v.Pods(svc.Namespace) {
		if selector.Matches(labels.Set(p.Labels)) {
			out = append(out, p)
		}
	}
	return out
}
