package certs

// What the checks of this area say about stored certificates in common: which Secrets are looked at, what they hold, who presents them.

import (
	"crypto/x509"
	"fmt"
	"slices"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/kubectl-scars/kubectl-scars/pkg/analysis"
	"github.com/kubectl-scars/kubectl-scars/pkg/certchain"
	"github.com/kubectl-scars/kubectl-scars/pkg/finding"
	"github.com/kubectl-scars/kubectl-scars/pkg/snapshot"
)

// Annotations of cert-manager, on Secrets that it writes (cert-manager v1.21.1 pkg/apis/certmanager/v1/types.go).
const (
	certificateName = "cert-manager.io/certificate-name"
	issuerName      = "cert-manager.io/issuer-name"
	issuerKind      = "cert-manager.io/issuer-kind"
)

// inputs are what every check of stored certificates looks at.
func inputs() []analysis.Input {
	return []analysis.Input{analysis.AskedFor(analysis.Need(snapshot.Secrets)), analysis.Optional(snapshot.Ingresses)}
}

// askReferenced asks for the Secrets that Ingresses name and that the listing, which holds those of type kubernetes.io/tls, does not have.
func askReferenced(v *snapshot.View) []snapshot.Ask {
	var out []snapshot.Ask
	for _, i := range v.Ingresses("") {
		for _, tls := range i.Spec.TLS {
			if tls.SecretName != "" && v.Secret(i.Namespace, tls.SecretName) == nil {
				out = append(out, snapshot.Ask{Kind: snapshot.Secrets, Namespace: i.Namespace, Name: tls.SecretName})
			}
		}
	}
	return out
}

// stored is a Secret that holds, or should hold, a certificate and its key.
type stored struct {
	*corev1.Secret                 // nil where it does not exist
	chain          certchain.Chain // empty where none can be read
	uses           []snapshot.TLSUse
	looked         bool // every Ingress of the namespace was read
}

// storedSecrets lists the Secrets of type kubernetes.io/tls, and the others that an Ingress presents.
func storedSecrets(p *analysis.Pass) []stored {
	var out []stored
	read := chains.In(p.View)
	for _, s := range p.Secrets("") {
		if chain, ok := read[s]; ok {
			_, looked := p.Completeness(snapshot.Ingresses, s.Namespace)
			out = append(out, stored{s, chain, p.TLSUses(s.Namespace, s.Name), looked})
		}
	}
	return out
}

// chains are the certificates of these Secrets, as far as they can be read.
var chains = snapshot.Derived[map[*corev1.Secret]certchain.Chain]{
	Kinds: []snapshot.Kind{snapshot.Secrets, snapshot.Ingresses},
	Make: func(v *snapshot.View) map[*corev1.Secret]certchain.Chain {
		out := map[*corev1.Secret]certchain.Chain{}
		for _, s := range v.Secrets("") {
			if s.Type == corev1.SecretTypeTLS || len(v.TLSUses(s.Namespace, s.Name)) > 0 {
				out[s], _ = certchain.Parse(s.Data[corev1.TLSCertKey]) // what does not parse is secret-malformed's trouble
			}
		}
		return out
	},
}

func (s stored) ref() finding.ObjectRef { return analysis.RefTo("Secret", s.Secret) }

func (s stored) presented() bool { return len(s.uses) > 0 }

// severity is critical for what is presented and hurts now; the same trouble in a Secret that nobody is known to present is a warning.
func (s stored) severity() finding.Severity {
	if s.presented() {
		return finding.Critical
	}
	return finding.Warning
}

// manager is the name of the Certificate that cert-manager keeps the Secret for, and false where none does.
func (s stored) manager() (string, bool) {
	if s.Secret == nil {
		return "", false
	}
	name := s.Annotations[certificateName]
	return name, name != ""
}

// presenters says who presents the certificate, as the end of a sentence.
func (s stored) presenters() string {
	var ingresses []string
	for _, u := range s.uses {
		ingresses = appendNew(ingresses, "ingress/"+u.Ingress.Name)
	}
	switch {
	case len(ingresses) == 0 && !s.looked:
		return "whether an Ingress uses it is not known"
	case len(ingresses) == 0:
		return "no Ingress uses it"
	case len(ingresses) == 1:
		return ingresses[0] + " presents it for " + s.hosts()
	default:
		return some(ingresses, 2) + " present it for " + s.hosts()
	}
}

// hosts names those for which the certificate is presented.
func (s stored) hosts() string {
	var hosts []string
	for _, u := range s.uses {
		if len(u.Hosts) == 0 {
			return "every host"
		}
		for _, h := range u.Hosts {
			hosts = appendNew(hosts, h)
		}
	}
	return some(hosts, 3)
}

// users are the lines of evidence for who presents the Secret and who keeps it.
func (s stored) users() []finding.Evidence {
	const most = 5
	var out []finding.Evidence
	for _, u := range s.uses[:min(len(s.uses), most)] {
		to := "every host"
		if len(u.Hosts) > 0 {
			to = some(u.Hosts, 10)
		}
		out = append(out, finding.Evidence{
			Object: analysis.RefTo("Ingress", u.Ingress), Source: fmt.Sprintf("spec.tls[%d]", u.Entry), Value: u.Secret + " for " + to,
		})
	}
	if name, ok := s.manager(); ok {
		value := name
		if issuer := s.Annotations[issuerName]; issuer != "" {
			value += ", issued by " + s.Annotations[issuerKind] + "/" + issuer
		}
		out = append(out, finding.Evidence{Object: s.ref(), Source: "metadata.annotations[" + certificateName + "]", Value: value})
	}
	return out
}

// evidence quotes one certificate of tls.crt, counted from 1.
func (s stored) evidence(number int, cert *x509.Certificate, at time.Time) finding.Evidence {
	return finding.Evidence{
		Object: s.ref(), Source: fmt.Sprintf("data[tls.crt] certificate %d", number), Time: finding.At(at),
		Value: fmt.Sprintf("%s, for %s, issued by %s, valid from %s to %s",
			certchain.Describe(cert), some(certchain.Names(cert), 5), issuedBy(cert), clock(cert.NotBefore), clock(cert.NotAfter)),
	}
}

func issuedBy(cert *x509.Certificate) string {
	if s := cert.Issuer.String(); s != "" {
		return s
	}
	return "nobody"
}

// clock writes a time to the minute.
func clock(t time.Time) string { return t.UTC().Format("2006-01-02 15:04 UTC") }

// some lists the first few of many words.
func some(words []string, most int) string {
	switch {
	case len(words) == 0:
		return "no name"
	case len(words) > most+1:
		return strings.Join(words[:most], ", ") + fmt.Sprintf(" and %d more", len(words)-most)
	default:
		return strings.Join(words, ", ")
	}
}

func appendNew(list []string, word string) []string {
	if slices.Contains(list, word) {
		return list
	}
	return append(list, word)
}
