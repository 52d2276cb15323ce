package probes

// This file finds the Services that send requests to a workload's pods, and the container that gets them.

import (
	"cmp"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/intstr"

	"github.com/kubectl-scars/kubectl-scars/pkg/analysis"
	"github.com/kubectl-scars/kubectl-scars/pkg/order"
	"github.com/kubectl-scars/kubectl-scars/pkg/snapshot"
)

// bySelector are Services that send requests to whatever is ready, by namespace and one label that they select by.
type bySelector map[[3]string][]*corev1.Service

func servicesByReadiness(p *analysis.Pass) bySelector { return allByReadiness.In(p.View) }

var allByReadiness = snapshot.Derived[bySelector]{Kinds: []snapshot.Kind{snapshot.Services}, Make: findByReadiness}

func findByReadiness(v *snapshot.View) bySelector {
	out := bySelector{}
	for _, svc := range v.Services("") {
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
	order.By(out, func(a, b *corev1.Service) int { return cmp.Compare(a.Name, b.Name) })
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
	target := targetOf(port)
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

func targetOf(port corev1.ServicePort) intstr.IntOrString {
	if port.TargetPort == (intstr.IntOrString{}) {
		return intstr.FromInt32(port.Port)
	}
	return port.TargetPort
}

// portOf is the number of the port of a container that a Service targets.
func portOf(c *corev1.Container, port corev1.ServicePort) int32 { return number(c, targetOf(port)) }

// asked is the number of the port that a probe asks, zero where it asks none or one that the container does not have.
func asked(c *corev1.Container, p *corev1.Probe) int32 {
	switch {
	case p.HTTPGet != nil:
		return number(c, p.HTTPGet.Port)
	case p.TCPSocket != nil:
		return number(c, p.TCPSocket.Port)
	case p.GRPC != nil:
		return p.GRPC.Port
	default:
		return 0
	}
}

// number resolves a port of a container, zero where it has none of that name.
func number(c *corev1.Container, port intstr.IntOrString) int32 {
	if port.Type == intstr.Int {
		return port.IntVal
	}
	for _, have := range c.Ports {
		if have.Name == port.StrVal {
			return have.ContainerPort
		}
	}
	return 0
}
