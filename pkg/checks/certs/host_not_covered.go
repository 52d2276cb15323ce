package certs

// This file finds Ingresses that present a certificate for hosts that it does not name.

import (
	"crypto/x509"
	"fmt"
	"time"

	networkingv1 "k8s.io/api/networking/v1"

	"github.com/kubectl-scars/kubectl-scars/pkg/analysis"
	"github.com/kubectl-scars/kubectl-scars/pkg/certchain"
	"github.com/kubectl-scars/kubectl-scars/pkg/finding"
	"github.com/kubectl-scars/kubectl-scars/pkg/snapshot"
)

// HostNotCovered is certs/host-not-covered.
var HostNotCovered = &analysis.Check{
	ID: "certs/host-not-covered",
	Doc: analysis.Doc{
		Title:    "An Ingress presents a certificate for a host that it does not name",
		Symptom:  "Browsers refuse one host (NET::ERR_CERT_COMMON_NAME_INVALID) while others of the same Ingress work; ingress-nginx logs that the certificate does not match the host and presents its default one.",
		Evidence: "The hosts of spec.tls, those of the rules that fall under them, and the subject alternative names of the first certificate in the Secret. Proven: no name matches as clients match.",
		Why:      "A host that was added to an Ingress but not to its certificate fails from its first request.",
		Fix:      "Have a certificate issued that names every host. A wildcard stands for exactly one label, and not for the bare domain.",
		Limits:   "A common name does not count, as in every browser since 2017. Silent on rules whose host no entry of spec.tls takes in: these present the controller's default on purpose or by oversight, which cannot be told apart. Says what is stored, not what is presented.",
		Sources:  []string{"RFC 9525, sections 2 and 6.3", "https://publicsuffix.org"},
	},
	Inputs: []analysis.Input{analysis.Need(snapshot.Ingresses), analysis.AskedFor(analysis.Need(snapshot.Secrets))},
	Asks:   askReferenced,
	Run:    hostNotCovered,
}

func hostNotCovered(p *analysis.Pass) error {
	for _, i := range p.Ingresses("") {
		seen := map[string]bool{}
		for _, tls := range i.Spec.TLS {
			secret := p.Secret(i.Namespace, tls.SecretName)
			if secret == nil || seen[tls.SecretName] || i.DeletionTimestamp != nil {
				continue
			}
			seen[tls.SecretName] = true
			s := stored{Secret: secret, uses: usesBy(p, i, tls.SecretName), chain: chains.In(p.View)[secret]}
			if _, managed := s.manager(); len(s.chain) == 0 || managed && p.Now().Sub(i.CreationTimestamp.Time) < issuing {
				continue
			}
			var hosts []string
			for _, u := range s.uses {
				hosts = append(hosts, u.Hosts...)
			}
			if missing := certchain.Uncovered(s.chain[0], hosts); len(missing) > 0 {
				reportUncovered(p, i, s, missing)
			}
		}
	}
	return nil
}

func reportUncovered(p *analysis.Pass, i *networkingv1.Ingress, s stored, missing []string) {
	leaf := s.chain[0]
	f := finding.Finding{
		Severity: finding.Critical, Confidence: finding.Proven, Object: analysis.RefTo("Ingress", i), Key: s.Name,
		Message:  fmt.Sprintf("certificate in secret/%s does not cover %s: it is for %s", s.Name, some(missing, 3), names(leaf)),
		Evidence: append(s.users(), s.evidence(1, leaf, time.Time{})),
	}
	if name, ok := s.manager(); ok {
		f.Fix = append(f.Fix, finding.Fix{
			Text:    "cert-manager keeps the certificate: compare its spec.dnsNames with the hosts, and see whether a new one is being issued",
			Command: finding.Kubectl(s.Namespace, "get", "certificate", name, "-o", "jsonpath={.spec.dnsNames}{\"\\n\"}{.status.conditions}"),
		})
	} else {
		f.Fix = s.replace()
		f.Fix[0].Text = "Store a certificate that names " + some(missing, 3) + " too, with its intermediates after it, and its key"
	}
	f.Fix = append(f.Fix, s.show())
	p.Report(f)
}

// names says whom a certificate is for, and where it does so in a way that no client accepts.
func names(cert *x509.Certificate) string {
	list := certchain.Names(cert)
	if len(list) == 0 && cert.Subject.CommonName != "" {
		return fmt.Sprintf("no name but its common name %s, which clients do not look at", cert.Subject.CommonName)
	}
	return some(list, 3)
}
