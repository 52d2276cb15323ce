package analysis

// This file holds what a check sees and says: the pass, and the words that checks have in common.

import (
	"slices"
	"time"

	"github.com/kubectl-scars/kubectl-scars/pkg/finding"
	"github.com/kubectl-scars/kubectl-scars/pkg/snapshot"
)

// Pass is what a check sees: the declared part of the snapshot, the time, and where to report. It has no client, no clock, no writer.
type Pass struct {
	*snapshot.View

	check    *Check
	findings []finding.Finding
	gaps     []finding.Gap
}

// Report takes a finding. The check's ID and the fingerprint are filled in here.
func (p *Pass) Report(f finding.Finding) {
	f.Check = p.check.ID
	f.Fingerprint = finding.Fingerprint(f)
	if f.Evidence == nil {
		f.Evidence = []finding.Evidence{}
	}
	if extra := len(f.Evidence) - finding.MaxEvidence; extra > 0 {
		f.Evidence, f.MoreEvidence = slices.Clone(f.Evidence[:finding.MaxEvidence]), extra
	}
	if f.Fix == nil {
		f.Fix = []finding.Fix{}
	}
	p.findings = append(p.findings, f)
}

// CannotSay takes a judgement that could not be made, because its evidence is gone or was not readable.
func (p *Pass) CannotSay(object finding.ObjectRef, reason string) {
	p.gaps = append(p.gaps, finding.Gap{Check: p.check.ID, Object: object, Reason: reason})
}

// Absence is the confidence of a claim that rests on an object's absence, and false where nothing may be claimed.
func (p *Pass) Absence(kind snapshot.Kind, namespace, name string) (finding.Confidence, bool) {
	switch p.Absent(kind, namespace, name) {
	case snapshot.Absent:
		return finding.Proven, true
	case snapshot.AbsentAssumed:
		return finding.Strong, true
	default:
		return "", false
	}
}

// Completeness is the confidence of a claim that rests on a whole listing, and false where it was not read to the end.
func (p *Pass) Completeness(kind snapshot.Kind, namespace string) (finding.Confidence, bool) {
	switch p.Complete(kind, namespace) {
	case snapshot.Known:
		return finding.Proven, true
	case snapshot.Assumed:
		return finding.Strong, true
	default:
		return "", false
	}
}

// Ref turns a reference of the snapshot into one of a finding.
func Ref(r snapshot.Ref) finding.ObjectRef {
	return finding.ObjectRef{APIVersion: r.APIVersion, Kind: r.Kind, Namespace: r.Namespace, Name: r.Name}
}

// RefTo names an object as evidence.
func RefTo(kind string, o interface {
	GetNamespace() string
	GetName() string
}) finding.ObjectRef {
	return finding.ObjectRef{Kind: kind, Namespace: o.GetNamespace(), Name: o.GetName()}
}

// Ago is the age of a moment, cut to what a reader needs: "45s", "12m", "3h", "9d". A moment in the future has age "0s", and one that
// nobody noted "an unknown time": objects in files may have lost their timestamps.
func Ago(now, then time.Time) string {
	if then.IsZero() {
		return "an unknown time"
	}
	return Span(now.Sub(then))
}

// Span is a duration cut to what a reader needs.
func Span(d time.Duration) string {
	switch {
	case d <= 0:
		return "0s"
	case d < 2*time.Minute:
		return d.Truncate(time.Second).String()
	case d < 2*time.Hour:
		return itoa(int64(d/time.Minute)) + "m"
	case d < 48*time.Hour:
		return itoa(int64(d/time.Hour)) + "h"
	default:
		return itoa(int64(d/(24*time.Hour))) + "d"
	}
}
