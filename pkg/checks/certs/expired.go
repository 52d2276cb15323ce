package certs

// This file finds certificates that are outside their validity: expired, not yet valid, or with an issuer in the chain that is.

import (
	"crypto/x509"
	"fmt"
	"slices"

	"github.com/kubectl-scars/kubectl-scars/pkg/analysis"
	"github.com/kubectl-scars/kubectl-scars/pkg/certchain"
	"github.com/kubectl-scars/kubectl-scars/pkg/finding"
)

// Expired is certs/expired.
var Expired = &analysis.Check{
	ID: "certs/expired",
	Doc: analysis.Doc{
		Title:    "A stored certificate is outside its validity",
		Symptom:  "Clients refuse the connection: certificate has expired, NET::ERR_CERT_DATE_INVALID, x509: certificate has expired or is not yet valid. kubectl get certificate may still say READY True, because readiness is evaluated only on changes and every 10 hours.",
		Evidence: "notBefore and notAfter of the first certificate in tls.crt, and of the intermediates that it leads to. Proven: the bytes say so. For an intermediate it is strong, because a client may know another way to a root; beyond the first one consistent and at most a warning, because there it is often a root, signed by another for older clients. What is presented by an Ingress hurts now and is critical; otherwise it is a warning.",
		Why:      "Every client that checks certificates fails at once, also the ones of other services.",
		Fix:      "Store a renewed certificate with its chain. Where cert-manager keeps the Secret, find out what holds the renewal up.",
		Limits:   "Says what is stored, not what a server presents: one that has not reloaded may differ. A beginning up to 5 minutes ahead counts as a difference between clocks. Self-signed roots in the chain are not looked at, since clients use their own. Secrets of other types are looked at only where an Ingress names them.",
		Sources:  []string{"RFC 5280, section 4.1.2.5", "https://github.com/cert-manager/cert-manager/issues/7895"},
	},
	Inputs: inputs(),
	Asks:   askReferenced,
	Run:    expired,
}

func expired(p *analysis.Pass) error {
	for _, s := range storedSecrets(p) {
		if len(s.chain) == 0 {
			continue
		}
		leaf, path := s.chain[0], s.chain.Path()
		f := finding.Finding{Severity: s.severity(), Confidence: finding.Proven, Object: s.ref()}
		switch first := path.FirstToEnd(); {
		case certchain.Expired(leaf, p.Now()):
			f.Message = fmt.Sprintf("certificate expired %s ago (%s)%s; %s",
				analysis.Ago(p.Now(), leaf.NotAfter), clock(leaf.NotAfter), notRenewed(s), s.presenters())
			f.Evidence = []finding.Evidence{s.evidence(1, leaf, leaf.NotAfter)}
			f.FirstSeen = finding.At(leaf.NotAfter)
		case certchain.NotYetValid(leaf, p.Now()):
			f.Message = fmt.Sprintf("certificate becomes valid only in %s (%s); %s",
				analysis.Span(leaf.NotBefore.Sub(p.Now())), clock(leaf.NotBefore), s.presenters())
			f.Evidence = []finding.Evidence{s.evidence(1, leaf, leaf.NotBefore)}
		case certchain.Expired(first, p.Now()):
			f.Confidence = finding.Strong
			f.Message = fmt.Sprintf("intermediate %s in the chain expired %s ago (%s) and takes the certificate, itself valid until %s, with it; %s",
				certchain.Describe(first), analysis.Ago(p.Now(), first.NotAfter), clock(first.NotAfter), clock(leaf.NotAfter), s.presenters())
			f.Evidence = []finding.Evidence{s.evidence(number(s.chain, first), first, first.NotAfter), s.evidence(1, leaf, leaf.NotAfter)}
			f.FirstSeen = finding.At(first.NotAfter)
			if slices.Index(path, first) > 1 { // often a root that another one has signed for older clients: most know its key as a root
				f.Confidence = finding.Consistent
				if f.Severity == finding.Critical {
					f.Severity = finding.Warning
				}
			}
		default:
			continue
		}
		f.Evidence = append(f.Evidence, s.users()...)
		f.Fix = append(s.replace(), s.show())
		p.Report(f)
	}
	return nil
}

func notRenewed(s stored) string {
	if name, ok := s.manager(); ok {
		return ": cert-manager did not renew certificate/" + name
	}
	return ""
}

// number is the place of a certificate in its file, counted from 1.
func number(chain certchain.Chain, cert *x509.Certificate) int { return slices.Index(chain, cert) + 1 }
