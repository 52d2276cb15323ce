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
	create := []string{"create", "secret", "tls", s.Name, "--cert=fullchain.pem", "--key=privkey.pem"}
	if s.Type != corev1.SecretTypeTLS { // the type of a Secret cannot be changed
		create = []string{"create", "secret", "generic", s.Name, "--from-file=tls.crt=fullchain.pem", "--from-file=tls.key=privkey.pem"}
	}
	return []finding.Fix{{
		Text: "Store a new certificate, with its intermediates after it, and its key",
		// A server-side apply leaves no copy of the key in an annotation.
		Command: finding.Kubectl(s.Namespace, append(create, "--dry-run=client", "-o", "yaml")...) +
			" | " + finding.Kubectl(s.Namespace, "apply", "--server-side", "--force-conflicts", "-f", "-"),
	}}
}

// retype makes a Secret anew with the type that it should have; for a moment there is none.
func (s stored) retype() finding.Fix {
	return finding.Fix{
		Text: "The type of a Secret cannot be changed: make it anew from its certificate and key, when a moment without it does no harm",
		Command: finding.Kubectl(s.Namespace, "create", "secret", "tls", s.Name, "--cert=fullchain.pem", "--key=privkey.pem", "--dry-run=client", "-o", "yaml") +
			" | " + finding.Kubectl(s.Namespace, "replace", "--force", "-f", "-"),
	}
}
