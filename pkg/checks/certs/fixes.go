package certs

// Commands that look into a Secret, replace what it holds, and ask cert-manager.

import (
	corev1 "k8s.io/api/core/v1"

	"github.com/kubectl-scars/kubectl-scars/pkg/finding"
)

// show prints the certificate that a Secret holds, without touching the key.
func (s stored) show() finding.Fix {
	return finding.Fix{
		Text: "Look at the certificate that is stored",
		Command: finding.Kubectl(s.Namespace, "get", "secret", s.Name, "-o", `jsonpath={.data.tls\.crt}`) +
			" | base64 -d | openssl x509 -noout -subject -issuer -dates -ext subjectAltName",
	}
}

// replace says how a good pair gets into the Secret: by hand, or by whoever keeps it.
func (s stored) replace() []finding.Fix {
	if name, ok := s.manager(); ok {
		return []finding.Fix{
			{
				Text:    "cert-manager keeps this Secret: see what holds it up. If the Certificate is gone, nothing will ever renew this Secret",
				Command: finding.Kubectl(s.Namespace, "describe", "certificate", name),
			},
			{Text: "When the cause is mended, have it issued anew at once: " + finding.Quote("cmctl", "renew", "-n", s.Namespace, name)},
		}
	}
	command := finding.Kubectl(s.Namespace, "create", "secret", "tls", s.Name, "--cert=fullchain.pem", "--key=privkey.pem", "--dry-run=client", "-o", "yaml")
	if s.Type == corev1.SecretTypeTLS {
		command += " | " + finding.Kubectl("", "apply", "--server-side", "--force-conflicts", "-f", "-") // leaves no copy of the key in an annotation
	} else { // the type of a Secret cannot be changed
		command += " | " + finding.Kubectl("", "replace", "--force", "-f", "-")
	}
	return []finding.Fix{{Text: "Store a new certificate, with its intermediates after it, and its key", Command: command}}
}
