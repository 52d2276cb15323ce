package certs

// This file finds TLS Secrets whose entries are missing, empty or not what they should be.

import (
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/kubectl-scars/kubectl-scars/pkg/analysis"
	"github.com/kubectl-scars/kubectl-scars/pkg/finding"
	"github.com/kubectl-scars/kubectl-scars/pkg/snapshot"
)

// SecretMalformed is certs/secret-malformed.
var SecretMalformed = &analysis.Check{
	ID: "certs/secret-malformed",
	Doc: analysis.Doc{
		Title:    "A TLS Secret does not hold a usable certificate and key",
		Symptom:  "The Ingress controller logs that the Secret is invalid and presents its default certificate; a server that mounts it does not start.",
		Evidence: "What was told of the entries tls.crt and tls.key when the Secret was read: there, empty, PEM, how many blocks of which kind, whether they parse. Proven. A key is never kept; of it only that it could be read and the hash of its public half.",
		Why:      "The API server insists only that the entries exist, and warns who writes them. A private key in tls.crt leaks wherever the certificate is taken for public.",
		Fix:      "Store the certificate with its intermediates as PEM in tls.crt, and the key alone, unencrypted, as PEM in tls.key.",
		Limits:   "A certificate is called unreadable where Go's crypto/x509 does not read it, as with curves that it does not know. Empty entries that no Ingress presents are left alone for 5 minutes: some controllers make the Secret first and fill it later. Secrets of other types are looked at only where an Ingress names them.",
		Sources:  []string{"kubernetes v1.37.2 pkg/apis/core/validation/validation.go, ValidateSecret", "RFC 7468"},
	},
	Inputs: inputs(),
	Asks:   askReferenced,
	Run:    secretMalformed,
}

const filling = 5 * time.Minute // how long a Secret may stay empty that nobody presents

func secretMalformed(p *analysis.Pass) error {
	for _, s := range storedSecrets(p) {
		problems := s.problems()
		if len(problems) == 0 {
			continue
		}
		if !s.presented() && s.empty() && p.Now().Sub(s.CreationTimestamp.Time) < filling {
			continue
		}
		f := finding.Finding{Severity: finding.Info, Confidence: finding.Proven, Object: s.ref()}
		var messages []string
		for _, pr := range problems {
			severity := pr.severity
			if severity == finding.Critical {
				severity = s.severity()
			}
			if severity.AtLeast(f.Severity) {
				f.Severity = severity
			}
			messages = append(messages, pr.text)
			f.Evidence = append(f.Evidence, finding.Evidence{Object: s.ref(), Source: pr.source, Value: pr.value})
		}
		f.Message = strings.Join(messages, ", and ") + "; " + s.presenters()
		f.Evidence = append(f.Evidence, s.users()...)
		f.Fix = append(s.mend(), finding.Fix{
			Text:    "See which entries there are and how long they are, without their values",
			Command: finding.Kubectl(s.Namespace, "describe", "secret", s.Name),
		})
		p.Report(f)
	}
	return nil
}

// mend says what to do about the problems.
func (s stored) mend() []finding.Fix {
	if s.usable() {
		return []finding.Fix{s.retype()}
	}
	if strings.Contains(s.Annotations[snapshot.AnnotationCertError], string(snapshot.FaultPrivateKey)) {
		return append([]finding.Fix{{Text: "Take the key out of tls.crt; where others could read the certificate, have a new one issued with a new key"}}, s.replace()...)
	}
	return s.replace()
}

// usable tells whether nothing is wrong with the entries.
func (s stored) usable() bool { return len(s.certificateProblems()) == 0 && len(s.keyProblems()) == 0 }

// empty tells whether neither entry holds anything.
func (s stored) empty() bool {
	none := func(fault string) bool { return fault == "" || fault == string(snapshot.FaultEmpty) }
	return len(s.chain) == 0 && s.Annotations[snapshot.AnnotationKeyHash] == "" &&
		none(s.Annotations[snapshot.AnnotationCertError]) && none(s.Annotations[snapshot.AnnotationKeyError])
}

// problem is one thing wrong with a Secret. Its severity is that in a Secret that is presented.
type problem struct {
	severity            finding.Severity
	text, source, value string
}

func (s stored) problems() []problem {
	if s.lacks(corev1.TLSCertKey) && s.lacks(corev1.TLSPrivateKeyKey) {
		return []problem{{finding.Critical, "there is neither tls.crt nor tls.key" + s.instead(), "data", s.entries()}}
	}
	out := append(s.certificateProblems(), s.keyProblems()...)
	if len(out) == 0 && s.Type != corev1.SecretTypeTLS {
		out = append(out, problem{
			finding.Info, "type is " + string(s.Type) + ", not kubernetes.io/tls: some controllers refuse it, and monitors of certificates overlook it", "type", string(s.Type),
		})
	}
	return out
}

func (s stored) certificateProblems() []problem {
	faults := s.Annotations[snapshot.AnnotationCertError]
	if faults == "" {
		if s.lacks(corev1.TLSCertKey) {
			return []problem{{finding.Critical, "there is no tls.crt" + s.instead(), "data", s.entries()}}
		}
		return nil
	}
	var out []problem
	for _, f := range strings.Split(faults, ",") {
		code, block, _ := strings.Cut(f, "@")
		severity := finding.Warning // the rest of the file is readable
		switch {
		case len(s.chain) == 0:
			severity = finding.Critical
		case code == string(snapshot.FaultOtherBlock): // servers pass over parameters and the like
			severity = finding.Info
		}
		out = append(out, problem{severity, certificateFault(snapshot.PEMFault(code), block), "data[tls.crt]", f})
	}
	return out
}

func (s stored) keyProblems() []problem {
	switch fault := s.Annotations[snapshot.AnnotationKeyError]; {
	case fault != "":
		return []problem{{finding.Critical, keyFault(snapshot.PEMFault(fault)), "data[tls.key]", fault}}
	case s.lacks(corev1.TLSPrivateKeyKey):
		return []problem{{finding.Critical, "there is no tls.key", "data", s.entries()}}
	default:
		return nil
	}
}

// lacks tells whether an entry does not exist: neither anything of it was kept nor anything wrong was found with it.
func (s stored) lacks(entry string) bool {
	if entry == corev1.TLSCertKey {
		return len(s.chain) == 0 && s.Annotations[snapshot.AnnotationCertError] == ""
	}
	return s.Annotations[snapshot.AnnotationKeyHash] == "" && s.Annotations[snapshot.AnnotationKeyError] == ""
}

// entries lists the names of the Secret's entries.
func (s stored) entries() string {
	if names := s.Annotations[snapshot.AnnotationKeys]; names != "" {
		return strings.ReplaceAll(names, ",", ", ")
	}
	return "no entries"
}

// instead tells which other entries there are, since a wrong name is the usual cause.
func (s stored) instead() string {
	var others []string
	for _, name := range strings.Split(s.Annotations[snapshot.AnnotationKeys], ",") {
		if name != "" && name != corev1.TLSPrivateKeyKey {
			others = append(others, name)
		}
	}
	if len(others) == 0 {
		return ""
	}
	return " (only " + some(others, 3) + ")"
}
