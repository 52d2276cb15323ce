package probes

// This file finds probes that speak HTTP to a port of HTTPS, or the reverse.

import (
	"fmt"
	"strings"

	corev1 "k8s.io/api/core/v1"

	"github.com/kubectl-scars/kubectl-scars/pkg/analysis"
	"github.com/kubectl-scars/kubectl-scars/pkg/finding"
	"github.com/kubectl-scars/kubectl-scars/pkg/kubeevent"
	"github.com/kubectl-scars/kubectl-scars/pkg/snapshot"
)

// WrongScheme is probes/wrong-scheme.
var WrongScheme = &analysis.Check{
	ID: "probes/wrong-scheme",
	Doc: analysis.Doc{
		Title:    "A probe speaks HTTP to an HTTPS port, or HTTPS to an HTTP port",
		Symptom:  "The probe never passes: the container is restarted over and over, or its pod is never Ready, though the program works.",
		Evidence: "The kubelet's own text of the failed attempts, within the last 15 min: \"server gave HTTP response to HTTPS client\", \"first record does not look like a TLS handshake\", or a TLS alert as a \"malformed HTTP response\" are strong. HTTP 400 to plain HTTP is consistent, and told only for a port that is called or numbered like one of HTTPS.",
		Why:      "A program that is well is killed or hidden, for ever.",
		Fix:      "Set scheme in httpGet to what the port speaks. Certificates are not verified by a kubelet.",
		Limits:   "Without events nothing is said: a port's number proves nothing. A certificate that the server demands of its clients looks different and is not meant.",
		Sources:  []string{"Go net/http and crypto/tls", "kubernetes v1.37.2 pkg/probe/http/http.go"},
	},
	Inputs: specInputs(analysis.Need(snapshot.Events)),
	Run:    wrongScheme,
}

// tlsAlert is how Go quotes an answer that is a TLS alert (RFC 8446, section 5.1: type 21, version 3.x) where it expects one of HTTP.
const tlsAlert = `malformed HTTP response "\x15\x03`

func wrongScheme(p *analysis.Pass) error {
	eachSpec(p, func(s *spec) {
		if !s.heard(p, "Unhealthy") {
			return
		}
		for i := range s.size() {
			c := s.at(i)
			list, n := probesOf(c)
			for _, probe := range list[:n] {
				if probe.probe.HTTPGet != nil {
					mixedUp(p, s, c, probe)
				}
			}
		}
	})
	return nil
}

// mixedUp reports one probe whose attempts fail so.
func mixedUp(p *analysis.Pass, s *spec, c *corev1.Container, probe named) {
	get := probe.probe.HTTPGet
	asks, speaks := "HTTP", "HTTPS"
	words := []string{tlsAlert, "statuscode: 400"}
	if get.Scheme == corev1.URISchemeHTTPS {
		asks, speaks = speaks, asks
		words = []string{"server gave HTTP response to HTTPS client", "first record does not look like a TLS handshake"}
	}
	a := s.lately(p, c.Name, probe.name, "Unhealthy", words, func(u kubeevent.Unhealthy, message string) string {
		bad := u.Class == kubeevent.Scheme || u.Class == kubeevent.HTTPStatus && u.Status == 400 && namedHTTPS(c, get)
		if !u.Counts() || !bad {
			return ""
		}
		if i := strings.Index(message, tlsAlert); i >= 0 {
			return message[:i+len(tlsAlert)] + "…" // what follows is what the program sent
		}
		return message
	})
	if a == nil {
		return
	}
	f := finding.Finding{
		Severity: finding.Warning, Confidence: finding.Strong, Object: s.object(c.Name), Key: fieldOf(probe.name),
		Message: fmt.Sprintf("%s of container %s asks in %s (%s), and that port speaks %s: %s in %d of %d pods",
			fieldOf(probe.name), c.Name, asks, handler(probe.probe), speaks, fails(a.count), a.pods, len(s.pods)),
		Evidence:  append(a.evidence, s.says(c.Name, s.field(c, fieldOf(probe.name)+".httpGet.scheme"), asks)),
		FirstSeen: finding.At(a.first), LastSeen: finding.At(a.last),
		Fix: s.andLook(finding.Fix{
			Text: fmt.Sprintf("Set scheme: %s in its httpGet", speaks),
			Command: patch(s.workload, c.Name, sidecar(c), fieldOf(probe.name), map[string]any{
				"httpGet": map[string]any{"port": get.Port, "scheme": speaks},
			}),
		}),
	}
	if a.classes[kubeevent.Scheme] == 0 {
		f.Confidence = finding.Consistent
		f.Message = strings.Replace(f.Message, "that port speaks", "that port most likely speaks", 1)
	}
	if ready(s.others) == 0 {
		f.Severity = finding.Critical
	}
	report(p, f)
}

// namedHTTPS tells whether a port is called, or numbered, like one of HTTPS.
func namedHTTPS(c *corev1.Container, get *corev1.HTTPGetAction) bool {
	name, number := strings.ToLower(get.Port.StrVal), get.Port.IntVal
	for _, port := range c.Ports {
		if port.Name == get.Port.StrVal || port.ContainerPort == number {
			name, number = strings.ToLower(port.Name), port.ContainerPort
		}
	}
	return strings.Contains(name, "https") || strings.Contains(name, "tls") || number%1000 == 443
}
