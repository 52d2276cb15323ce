package certs

// This file finds certificates whose end is near, measured by their own lifetime and by who renews them.

import (
	"fmt"
	"time"

	"github.com/kubectl-scars/kubectl-scars/pkg/analysis"
	"github.com/kubectl-scars/kubectl-scars/pkg/certchain"
	"github.com/kubectl-scars/kubectl-scars/pkg/finding"
)

// Expiring is certs/expiring.
var Expiring = &analysis.Check{
	ID: "certs/expiring",
	Doc: analysis.Doc{
		Title:   "A stored certificate ends soon and has not been renewed",
		Symptom: "Nothing yet.",
		Evidence: "notBefore and notAfter of the certificate and of the intermediates in tls.crt. Renewed by hand, it is a warning with less than a third of the lifetime left (at most 30 days) and critical with less than a sixth (at most 7 days): proven. " +
			"Kept by cert-manager, what counts is how long the renewal is overdue: strong where the Ingress states when to renew (cert-manager.io/renew-before), consistent where only the default, two thirds of the lifetime, is known; then it stays an info until less than a sixth is left. It is critical once cert-manager's waits (1 hour, doubling, at most 32 hours) leave at most two tries before the end.",
		Why:    "The lifetimes of public certificates shrink to 47 days by 2029, and fixed limits of 30 and 7 days are either always red or too late.",
		Fix:    "Renew now, and let a machine do it. Where cert-manager keeps the Secret, find out why its renewal is late.",
		Limits: "A Secret that no Ingress presents is graded one step lower. Whether somebody else than cert-manager renews a certificate cannot be seen. spec.renewBefore of a Certificate that no Ingress made is not read. Silent in the ordinary renewal window: an hour or 2 % of the lifetime after the renewal was due.",
		Sources: []string{
			"cert-manager v1.21.1 pkg/util/pki/renewaltime.go and pkg/controller/certificates/trigger/trigger_controller.go",
			"CA/Browser Forum ballot SC-081v3",
		},
	},
	Inputs: inputs(),
	Asks:   askReferenced,
	Run:    expiring,
}

// The annotations by which an Ingress tells cert-manager when to renew.
const (
	renewBefore           = "cert-manager.io/renew-before"
	renewBeforePercentage = "cert-manager.io/renew-before-percentage"
)

func expiring(p *analysis.Pass) error {
	for _, s := range storedSecrets(p) {
		if len(s.chain) == 0 {
			continue
		}
		leaf, first := s.chain[0], s.chain.Path().FirstToEnd()
		if certchain.Expired(first, p.Now()) || certchain.NotYetValid(leaf, p.Now()) {
			continue
		}
		lifetime := certchain.Lifetime(leaf)
		f := finding.Finding{Object: s.ref(), Confidence: finding.Proven}
		urgency, late := certchain.ByHand(lifetime, first.NotAfter, p.Now()), ""
		if _, managed := s.manager(); managed && first == leaf {
			schedule := s.schedule(lifetime)
			urgency = schedule.Grade(lifetime, leaf.NotAfter, p.Now())
			f.Confidence, late = overdue(schedule, leaf.NotAfter, p.Now())
			if urgency > certchain.Calm && !schedule.Stated && !s.looked {
				p.CannotSay(f.Object, fmt.Sprintf("whether the renewal of the certificate, which expires in %s, is late: the Ingresses, one of which may state when it is due, were not read",
					analysis.Span(leaf.NotAfter.Sub(p.Now()))))
				continue
			}
		}
		severity, worth := s.grade(urgency)
		if !worth {
			continue
		}
		f.Severity = severity
		f.Message = fmt.Sprintf("certificate expires in %s (%s) of a lifetime of %s%s; %s",
			analysis.Span(leaf.NotAfter.Sub(p.Now())), clock(leaf.NotAfter), analysis.Span(lifetime), late, s.presenters())
		f.Evidence = []finding.Evidence{s.evidence(1, leaf, time.Time{})}
		if first != leaf {
			f.Confidence = finding.Strong
			f.Message = fmt.Sprintf("intermediate %s in the chain expires in %s (%s), before the certificate itself (%s); %s",
				certchain.Describe(first), analysis.Span(first.NotAfter.Sub(p.Now())), clock(first.NotAfter), clock(leaf.NotAfter), s.presenters())
			f.Evidence = append(f.Evidence, s.evidence(number(s.chain, first), first, time.Time{}))
		}
		f.Evidence = append(f.Evidence, s.users()...)
		f.Fix = append(s.replace(), s.show())
		p.Report(f)
	}
	return nil
}

// schedule is when cert-manager renews the Secret's certificate, as far as an Ingress states it.
func (s stored) schedule(lifetime time.Duration) certchain.Schedule {
	for _, u := range s.uses {
		a := u.Ingress.Annotations
		if schedule := certchain.NewSchedule(lifetime, a[renewBefore], a[renewBeforePercentage]); schedule.Stated {
			return schedule
		}
	}
	return certchain.NewSchedule(lifetime, "", "")
}

// overdue says how late a renewal by cert-manager is, as part of a sentence.
func overdue(schedule certchain.Schedule, end, now time.Time) (finding.Confidence, string) {
	due := schedule.Due(end)
	by, confidence := "by cert-manager's default", finding.Consistent
	if schedule.Stated {
		by, confidence = "as its Ingress states", finding.Strong
	}
	return confidence, fmt.Sprintf(", though its renewal was due %s ago %s and at most %s left",
		analysis.Ago(now, due), by, tries(certchain.TriesLeft(due, end, now)))
}

func tries(n int) string {
	if n == 1 {
		return "1 try is"
	}
	return fmt.Sprintf("%d tries are", n)
}

// grade turns an urgency into a severity, one step lower where nobody is known to present the certificate, and false where it is not
// worth telling.
func (s stored) grade(u certchain.Urgency) (finding.Severity, bool) {
	if !s.presented() {
		u--
	}
	switch u {
	case certchain.Late:
		return finding.Critical, true
	case certchain.Soon:
		return finding.Warning, true
	case certchain.Notice:
		return finding.Info, true
	default:
		return "", false
	}
}
