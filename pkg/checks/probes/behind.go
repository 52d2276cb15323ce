package probes

// This file finds the Services that send requests to a workload's pods, and the container that gets them.

import (
	"cmp"
	"slices"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/intstr"

	"github.com/kubectl-scars/kubectl-scars/pkg/analysis"
)

// bySelector are Services that send requests to whatever is ready, by namespace and one label that they select by.
type bySelector map[[3]string][]*corev1.Service

func servicesByReadiness(p *analysis.Pass) bySelector {
	out := bySelector{}
	for _, svc := range p.Services("") {
		if svc.Spec.Type == corev1.ServiceTypeExternalName || svc.Spec.PublishNotReadyAddresses || svc.DeletionTimestamp != nil {
			continue
		}
		least := ""
		for k := range svc.Spec.Selector {
			if least == "" || k < least {
				least = k
			}
		}
		if least != "" {
			at := [3]string{svc.Namespace, least, svc.Spec.Selector[least]}
			out[at] = append(out[at], svc)
		}
	}
	return out
}

// behind lists the Services that select pods with such labels, by name.
func (b bySelector) behind(s *spec) []*corev1.Service {
	return b.selecting(s.workload.Namespace, s.labels)
}

func (b bySelector) selecting(namespace string, labels map[string]string) []*corev1.Service {
	var out []*corev1.Service
	for k, v := range labels {
		for _, svc := range b[[3]string{namespace, k, v}] {
			if selects(svc.Spec.Selector, labels) {
				out = append(out, svc)
			}
		}
	}
	slices.SortFunc(out, func(a, b *corev1.Service) int { return cmp.Compare(a.Name, b.Name) })
	return out
}

func selects(selector, labels map[string]string) bool {
	for k, v := range selector {
		if have, ok := labels[k]; !ok || have != v {
			return false
		}
	}
	return true
}

// serves finds the container that listens on a port of a Service, nil where the spec does not tell: a number that no container declares
// is that of the only one.
func (s *spec) serves(port corev1.ServicePort) *corev1.Container {
	target := port.TargetPort
	if target == (intstr.IntOrString{}) {
		target = intstr.FromInt32(port.Port)
	}
	for _, list := range [][]corev1.Container{s.spec.Containers, s.spec.InitContainers} {
		for i := range list {
			for _, have := range list[i].Ports {
				if target.Type == intstr.String && have.Name == target.StrVal || target.Type == intstr.Int && have.ContainerPort == target.IntVal {
					return &list[i]
				}
			}
		}
	}
	if target.Type == intstr.Int && len(s.spec.Containers) == 1 && len(s.spec.InitContainers) == 0 {
		return &s.spec.Containers[0]
	}
	return nil
}
