package probes

// This file finds probes that a service mesh's proxy lets pass whatever the program does.

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	corev1 "k8s.io/api/core/v1"

	"github.com/kubectl-scars/kubectl-scars/pkg/analysis"
	"github.com/kubectl-scars/kubectl-scars/pkg/finding"
	"github.com/kubectl-scars/kubectl-scars/pkg/kubeevent"
	"github.com/kubectl-scars/kubectl-scars/pkg/restart"
)

// istioProxy is the name of Istio's sidecar, which takes every connection to its pod in the program's place: that is why Istio asks for a TCP
// probe by itself, unless it is told not to (istio pkg/kube/inject/app_probe.go, convertAppProberTCPSocket).
const istioProxy = "istio-proxy"

// taken reports the liveness probes by TCP that Istio's proxy answers.
func taken(p *analysis.Pass) {
	eachSpec(p, func(s *spec) {
		if s.spec.HostNetwork || !hasContainer(s.spec, istioProxy) {
			return
		}
		for i := range s.size() {
			c := s.at(i)
			if c == nil || c.Name == istioProxy || c.LivenessProbe == nil || !s.intercepted(c, c.LivenessProbe) {
				continue
			}
			f := finding.Finding{
				Severity: finding.Warning, Confidence: finding.Strong, Object: s.object(c.Name),
				Message: fmt.Sprintf("%s takes every connection to the pod, so the liveness probe (%s) of container %s never acts and a hang is never healed",
					istioProxy, handler(c.LivenessProbe), c.Name),
				Evidence: []finding.Evidence{s.asks(c, kubeevent.Liveness)},
				Fix: s.andLook(finding.Fix{
					Text: `Let Istio's agent ask in the kubelet's place, as it does by itself unless the annotation sidecar.istio.io/rewriteAppHTTPProbers is "false"; or ask by a command, which runs beside the program`,
				}),
			}
			for _, other := range []kubeevent.Probe{kubeevent.Readiness, kubeevent.Startup} {
				if probe := restart.ProbeOf(c, other); probe != nil && s.intercepted(c, probe) {
					f.Message += fmt.Sprintf("; its %s probe always passes too", strings.ToLower(string(other)))
					f.Evidence = append(f.Evidence, s.asks(c, other))
				}
			}
			p.Report(f)
		}
	})
}

// intercepted tells whether a probe opens a connection and no more, to a port that Istio's proxy takes connections for.
func (s *spec) intercepted(c *corev1.Container, probe *corev1.Probe) bool {
	const mode, included, excluded = "sidecar.istio.io/interceptionMode", "traffic.sidecar.istio.io/includeInboundPorts", "traffic.sidecar.istio.io/excludeInboundPorts"
	if probe.TCPSocket == nil || probe.TCPSocket.Host != "" || throughAgent(probe) || s.annotations[mode] == "NONE" {
		return false
	}
	port := asked(c, probe)
	among := func(list string) bool {
		return slices.ContainsFunc(strings.Split(list, ","), func(one string) bool { return strings.TrimSpace(one) == strconv.Itoa(int(port)) })
	}
	in, set := s.annotations[included]
	return port > 0 && (!set || in == "*" || among(in)) && !among(s.annotations[excluded])
}

func hasContainer(spec *corev1.PodSpec, name string) bool {
	is := func(c corev1.Container) bool { return c.Name == name }
	return slices.ContainsFunc(spec.Containers, is) || slices.ContainsFunc(spec.InitContainers, is)
}
