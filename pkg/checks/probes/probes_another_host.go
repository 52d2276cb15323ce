package probes

// This file finds probes that ask another host than their pod.

import (
	"fmt"
	"net/netip"
	"slices"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/validation"

	"github.com/kubectl-scars/kubectl-scars/pkg/analysis"
	"github.com/kubectl-scars/kubectl-scars/pkg/finding"
)

// ProbesAnotherHost is probes/probes-another-host.
var ProbesAnotherHost = &analysis.Check{
	ID: "probes/probes-another-host",
	Doc: analysis.Doc{
		Title:    "A probe asks another host than its own pod",
		Symptom:  "The probe passes although the program is ill, or fails although it is well; with 127.0.0.1 it fails from the first second, or asks whatever listens on the node.",
		Evidence: "host of httpGet or tcpSocket: proven by the spec.",
		Why:      "The kubelet asks from the node's network, where 127.0.0.1 is the node and any other host is not this container. A restart cannot heal another host.",
		Fix:      "Leave the field host away: the kubelet then asks the pod's IP. For a virtual host, set the header Host.",
		Limits:   "Silent for pods in the node's network that ask a loopback address, an IP or localhost: that is how control planes are probed. Silent for a loopback address with a hostPort of the container, for a host that is one of the pod's own IPs, and for what is neither an IP nor a name, such as a placeholder in a manifest.",
		Sources:  []string{"kubernetes v1.37.2 pkg/probe/http/request.go", "k8s.io/api core/v1 HTTPGetAction", "KEP-4940: Pod Security forbids the field from 1.34"},
	},
	Inputs: specInputs(),
	Run:    probesAnotherHost,
}

func probesAnotherHost(p *analysis.Pass) error {
	eachSpec(p, func(s *spec) {
		for i := range s.size() {
			c := s.at(i)
			list, n := probesOf(c)
			for _, probe := range list[:n] {
				host, field := hostOf(probe.probe)
				if host == "" || !isHost(host) || s.ownHost(host) || loopback(host) && published(c, asked(c, probe.probe)) {
					continue
				}
				effect := fmt.Sprintf("asks %s, not its own pod", host)
				if loopback(host) {
					effect = fmt.Sprintf("asks %s, which is the node, not the container", host)
				}
				p.Report(finding.Finding{
					Severity: finding.Warning, Confidence: finding.Proven, Object: s.object(c.Name), Key: fieldOf(probe.name),
					Message:  fmt.Sprintf("%s of container %s %s: it says nothing of the program that it stands for", fieldOf(probe.name), c.Name, effect),
					Evidence: []finding.Evidence{s.says(c.Name, s.field(c, fieldOf(probe.name)+field), host+" ("+handler(probe.probe)+")")},
					Fix:      s.andLook(finding.Fix{Text: "Leave host away, so that the pod's IP is asked; the program has to listen there and not on 127.0.0.1 alone"}),
				})
			}
		}
	})
	return nil
}

// hostOf is the host that a probe asks, empty for its own pod, and the field of the probe that says so.
func hostOf(p *corev1.Probe) (host, field string) {
	switch {
	case p.HTTPGet != nil:
		return p.HTTPGet.Host, ".httpGet.host"
	case p.TCPSocket != nil:
		return p.TCPSocket.Host, ".tcpSocket.host"
	default:
		return "", ""
	}
}

// published tells whether a port of the node leads to this container on the node's loopback addresses too.
func published(c *corev1.Container, port int32) bool {
	return slices.ContainsFunc(c.Ports, func(have corev1.ContainerPort) bool {
		ip, err := netip.ParseAddr(have.HostIP)
		everywhere := have.HostIP == "" || err == nil && (ip.IsUnspecified() || ip.IsLoopback())
		return have.HostPort == port && port != 0 && everywhere && (have.Protocol == "" || have.Protocol == corev1.ProtocolTCP)
	})
}

// isHost tells a host from a placeholder that is still to be filled in.
func isHost(host string) bool {
	_, err := netip.ParseAddr(host)
	return err == nil || len(validation.IsDNS1123Subdomain(host)) == 0
}

func loopback(host string) bool {
	ip, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && ip.IsLoopback()
}

// ownHost tells whether a host is the pod itself: of a pod in the node's network that is each address of the node, which is not known
// in full.
func (s *spec) ownHost(host string) bool {
	_, err := netip.ParseAddr(host)
	if s.spec.HostNetwork && (err == nil || loopback(host)) {
		return true
	}
	for _, pod := range s.pods {
		if host == pod.Status.PodIP || slices.ContainsFunc(pod.Status.PodIPs, func(ip corev1.PodIP) bool { return ip.IP == host }) {
			return true
		}
	}
	return false
}
