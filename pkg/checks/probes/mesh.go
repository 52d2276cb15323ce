package probes

// This file recognises probes that a service mesh asks in the kubelet's place.

import (
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/intstr"

	"github.com/kubectl-scars/kubectl-scars/pkg/finding"
	"github.com/kubectl-scars/kubectl-scars/pkg/snapshot"
)

// byMesh tells whether a probe is Istio's rewritten form: /app-health/CONTAINER/{livez,readyz,startupz} on the agent's port 15020
// (istio pkg/kube/inject/app_probe.go). Where the proxy's environment says what the author wrote, that stands in its place; where it does not,
// nothing is said of what such a probe asks.
func byMesh(p *corev1.Probe) bool {
	const agent = 15020
	return p != nil && p.HTTPGet != nil && !snapshot.ThroughAgent(p) &&
		p.HTTPGet.Port == intstr.FromInt32(agent) && strings.HasPrefix(strings.TrimPrefix(p.HTTPGet.Path, "/"), "app-health/")
}

// throughAgent tells whether Istio's agent answers the kubelet for the program.
func throughAgent(p *corev1.Probe) bool { return snapshot.ThroughAgent(p) || byMesh(p) }

// agentSaysNo is what to do about HTTP 500 of a probe that Istio's agent asks: that is its answer also where it got none
// (istio pilot/cmd/pilot-agent/status/server.go, handleAppProbe).
func agentSaysNo(namespace string, pod *corev1.Pod) finding.Fix {
	f := finding.Fix{Text: "Istio's agent asks for the kubelet and answers HTTP 500 also where it gets no connection, or no answer in time: its log says which"}
	if pod != nil {
		f.Command = finding.Kubectl(namespace, "logs", pod.Name, "-c", istioProxy)
	}
	return f
}
