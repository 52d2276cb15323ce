package certs

// This file finds pairs that are none: the key in tls.key belongs to another certificate than the first in tls.crt.

import (
	"fmt"

	"github.com/kubectl-scars/kubectl-scars/pkg/analysis"
	"github.com/kubectl-scars/kubectl-scars/pkg/certchain"
	"github.com/kubectl-scars/kubectl-scars/pkg/finding"
	"github.com/kubectl-scars/kubectl-scars/pkg/snapshot"
)

// KeyMismatch is certs/key-mismatch.
var KeyMismatch = &analysis.Check{
	ID: "certs/key-mismatch",
	Doc: analysis.Doc{
		Title:    "The private key does not belong to the certificate",
		Symptom:  "The API server takes the Secret, with a warning at most, but servers refuse the pair (tls: private key does not match public key; key values mismatch) and present a default certificate, an older one, or do not start.",
		Evidence: "The hash of the public key of the first certificate in tls.crt, and that of the public half of tls.key, which is all that is kept of the key. Proven: the two differ.",
		Why:      "The API server only insists that both entries exist. The trouble starts when a server next reads them: at a restart, perhaps weeks later.",
		Fix:      "Store certificate and key of one issuance. Where the key belongs to a later certificate of the file, put that one first.",
		Limits:   "Silent where the key cannot be read; that is secret-malformed.",
		Sources:  []string{"kubernetes v1.37.2 pkg/apis/core/validation/validation.go, ValidateSecret", "Go crypto/tls.X509KeyPair"},
	},
	Inputs: inputs(),
	Asks:   askReferenced,
	Run:    keyMismatch,
}

func keyMismatch(p *analysis.Pass) error {
	for _, s := range storedSecrets(p) {
		have := s.Annotations[snapshot.AnnotationKeyHash]
		if have == "" || len(s.chain) == 0 {
			continue
		}
		want, err := certchain.KeyHash(s.chain[0])
		if err != nil || want == have {
			continue
		}
		f := finding.Finding{
			Severity: s.severity(), Confidence: finding.Proven, Object: s.ref(),
			Message: "tls.key is not the key of the certificate in tls.crt, and servers refuse such a pair; " + s.presenters(),
			Evidence: []finding.Evidence{
				{Object: s.ref(), Source: "data[tls.crt] public key", Value: fmt.Sprintf("%s (%s)", want, certchain.Describe(s.chain[0]))},
				{Object: s.ref(), Source: "data[tls.key] public key", Value: have},
			},
			Fix: append(s.replace(), s.show()),
		}
		if at := s.chain.HolderOf(have); at > 0 {
			f.Message = fmt.Sprintf("tls.key belongs to certificate %d of the %d in tls.crt (%s), but servers take the first (%s) and refuse the pair; %s",
				at+1, len(s.chain), certchain.Describe(s.chain[at]), certchain.Describe(s.chain[0]), s.presenters())
			f.Fix = append([]finding.Fix{{Text: "Put the certificate that the key belongs to first in tls.crt, and its issuers after it in turn"}}, f.Fix...)
		}
		f.Evidence = append(f.Evidence, s.users()...)
		p.Report(f)
	}
	return nil
}
