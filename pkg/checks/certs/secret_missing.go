package certs

// This file finds Ingresses that name a TLS Secret which does not exist.

import (
	"fmt"
	"time"

	networkingv1 "k8s.io/api/networking/v1"

	"github.com/kubectl-scars/kubectl-scars/pkg/analysis"
	"github.com/kubectl-scars/kubectl-scars/pkg/finding"
	"github.com/kubectl-scars/kubectl-scars/pkg/snapshot"
)

// SecretMissing is certs/secret-missing.
var SecretMissing = &analysis.Check{
	ID: "certs/secret-missing",
	Doc: analysis.Doc{
		Title:    "An Ingress names a TLS Secret that does not exist",
		Symptom:  "Browsers warn about a certificate of somebody else: the controller presents its own, such as \"Kubernetes Ingress Controller Fake Certificate\" or \"TRAEFIK DEFAULT CERT\".",
		Evidence: "spec.tls[].secretName of the Ingress, and that asking the API for that Secret found none. Proven where it was asked for by name; listings cannot prove it, since they hold only Secrets of type kubernetes.io/tls.",
		Why:      "No event and no condition tells of it; the Ingress looks healthy.",
		Fix:      "Make the Secret, correct the name, or, where an annotation asks cert-manager for it, see what holds the issuance up.",
		Limits:   "Silent in an Ingress's first minute, and for ten minutes where an annotation asks cert-manager for the Secret. Controllers that take certificates from elsewhere (AWS Load Balancer Controller, GKE with managed certificates) ignore the name.",
		Sources:  []string{"kubernetes v1.37.2 staging/src/k8s.io/api/networking/v1/types.go, IngressTLS"},
	},
	Inputs: []analysis.Input{analysis.Need(snapshot.Ingresses), analysis.AskedFor(analysis.Optional(snapshot.Secrets))},
	Asks:   askReferenced,
	Run:    secretMissing,
}

// How long after its creation an Ingress may lack its Secret: files are applied one after another, and issuers take their time.
const (
	applying = time.Minute
	issuing  = 10 * time.Minute
)

func secretMissing(p *analysis.Pass) error {
	for _, i := range p.Ingresses("") {
		seen := map[string]bool{}
		for _, tls := range i.Spec.TLS {
			if tls.SecretName == "" || seen[tls.SecretName] || i.DeletionTimestamp != nil || p.Secret(i.Namespace, tls.SecretName) != nil {
				continue
			}
			seen[tls.SecretName] = true
			issuer := asksIssuer(i)
			if age := p.Now().Sub(i.CreationTimestamp.Time); age < applying || issuer != "" && age < issuing {
				continue
			}
			confidence, known := p.Absence(snapshot.Secrets, i.Namespace, tls.SecretName)
			if !known {
				p.CannotSay(analysis.RefTo("Ingress", i), fmt.Sprintf("whether secret/%s exists: it could not be asked for", tls.SecretName))
				continue
			}
			reportMissing(p, i, tls.SecretName, issuer, confidence)
		}
	}
	return nil
}

func reportMissing(p *analysis.Pass, i *networkingv1.Ingress, name, issuer string, confidence finding.Confidence) {
	uses := stored{uses: usesBy(p, i, name)}
	f := finding.Finding{
		Severity: finding.Critical, Confidence: confidence, Object: analysis.RefTo("Ingress", i), Key: name,
		Message:   fmt.Sprintf("secret/%s does not exist, so controllers present a default certificate for %s", name, uses.hosts()),
		FirstSeen: finding.At(i.CreationTimestamp.Time),
	}
	f.Evidence = append(uses.users(), finding.Evidence{
		Object: finding.ObjectRef{Kind: "Secret", Namespace: i.Namespace, Name: name}, Source: "kubectl get secret", Value: "not found",
	})
	if issuer != "" {
		f.Message = fmt.Sprintf("secret/%s does not exist: cert-manager has not issued it in the %s since it was asked to; controllers present a default certificate for %s",
			name, analysis.Ago(p.Now(), i.CreationTimestamp.Time), uses.hosts())
		f.Evidence = append(f.Evidence, finding.Evidence{Object: f.Object, Source: "metadata.annotations[" + issuer + "]", Value: i.Annotations[issuer]})
		f.Fix = []finding.Fix{
			{Text: "See what holds the issuance up; cert-manager names the Certificate after the Secret", Command: finding.Kubectl(i.Namespace, "describe", "certificate", name)},
			{Text: "If there is no such Certificate, cert-manager has told why in an event of the Ingress", Command: finding.Kubectl(i.Namespace, "describe", "ingress", i.Name)},
		}
	} else {
		f.Fix = []finding.Fix{
			{Text: "See which TLS Secrets there are: perhaps one has the name that was meant", Command: finding.Kubectl(i.Namespace, "get", "secrets", "--field-selector", "type=kubernetes.io/tls")},
			{Text: "Make it from a certificate, with its intermediates after it, and its key", Command: finding.Kubectl(i.Namespace, "create", "secret", "tls", name, "--cert=fullchain.pem", "--key=privkey.pem")},
		}
	}
	p.Report(f)
}

// asksIssuer is the annotation by which an Ingress asks cert-manager for its certificates, or empty.
func asksIssuer(i *networkingv1.Ingress) string {
	for _, a := range []string{"cert-manager.io/cluster-issuer", "cert-manager.io/issuer", "kubernetes.io/tls-acme"} {
		if v := i.Annotations[a]; v != "" && v != "false" {
			return a
		}
	}
	return ""
}

// usesBy are the entries of one Ingress that name a Secret.
func usesBy(p *analysis.Pass, i *networkingv1.Ingress, secret string) []snapshot.TLSUse {
	var out []snapshot.TLSUse
	for _, u := range p.TLSUses(i.Namespace, secret) {
		if u.Ingress == i {
			out = append(out, u)
		}
	}
	return out
}
