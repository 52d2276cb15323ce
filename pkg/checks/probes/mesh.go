package probes

// This file recognises probes that a service mesh has put in place of the author's.

import (
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
)

// byMesh tells whether a probe is Istio's rewritten form: /app-health/CONTAINER/{livez,readyz,startupz} on the agent's port 15020
// (istio pkg/kube/inject/app_probe.go). What the author wrote lies in an environment variable of the proxy, of which nothing is kept;
// so nothing is said of such a probe.
func byMesh(p *corev1.Probe) bool {
	const agent = 15020
	return p != nil && p.HTTPGet != nil && p.HTTPGet.Port == intstr.FromInt32(agent) && strings.HasPrefix(strings.TrimPrefix(p.HTTPGet.Path, "/"), "app-health/")
}
