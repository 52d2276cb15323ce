package finding

// This file orders and counts findings, and gives each its fingerprint.

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"strings"

	"github.com/kubectl-scars/kubectl-scars/pkg/order"
)

// Compare orders findings: worst first, then surest first, then by object and check, so that output is deterministic.
func Compare(a, b Finding) int {
	return cmp.Or(
		cmp.Compare(a.Severity.Rank(), b.Severity.Rank()),
		cmp.Compare(a.Confidence.Rank(), b.Confidence.Rank()),
		CompareObjects(a.Object, b.Object),
		cmp.Compare(a.Check, b.Check),
		cmp.Compare(a.Key, b.Key),
		cmp.Compare(a.Message, b.Message),
	)
}

// CompareObjects orders references by namespace, kind, name and container.
func CompareObjects(a, b ObjectRef) int {
	return cmp.Or(
		cmp.Compare(a.Namespace, b.Namespace), cmp.Compare(a.Kind, b.Kind),
		cmp.Compare(a.Name, b.Name), cmp.Compare(a.Container, b.Container),
	)
}

// Sort puts the findings and all other lists of the report in their one order, and counts the findings.
func (r *Report) Sort() {
	order.By(r.Findings, Compare)
	order.By(r.CannotSay, func(a, b Gap) int {
		return cmp.Or(CompareObjects(a.Object, b.Object), cmp.Compare(a.Check, b.Check), cmp.Compare(a.Reason, b.Reason))
	})
	order.By(r.Unexplained, func(a, b Unexplained) int {
		return cmp.Or(cmp.Compare(b.Count, a.Count), cmp.Compare(a.Reason, b.Reason), cmp.Compare(a.Detail, b.Detail))
	})
	order.By(r.Coverage, func(a, b Coverage) int {
		return cmp.Or(cmp.Compare(a.Resource, b.Resource), cmp.Compare(a.Namespace, b.Namespace), cmp.Compare(a.Reason, b.Reason))
	})
	r.count()
}

// count counts the findings, in all and by area.
func (r *Report) count() {
	r.Summary.Critical, r.Summary.Warning, r.Summary.Info = tally(r.Findings, "")
	for i := range r.Summary.Areas {
		a := &r.Summary.Areas[i]
		a.Critical, a.Warning, a.Info = tally(r.Findings, a.Area)
	}
}

func tally(findings []Finding, area string) (critical, warning, info int) {
	for _, f := range findings {
		switch {
		case area != "" && Area(f.Check) != area:
		case f.Severity == Critical:
			critical++
		case f.Severity == Warning:
			warning++
		default:
			info++
		}
	}
	return critical, warning, info
}

// Fingerprint identifies the trouble over runs: a hash of check, object and key. Times, counts, pod names and UIDs are not in it.
func Fingerprint(f Finding) string {
	sum := sha256.Sum256([]byte(strings.Join([]string{
		f.Check, f.Object.Kind, f.Object.Namespace, f.Object.Name, f.Object.Container, f.Key,
	}, "\x00")))
	return hex.EncodeToString(sum[:8])
}
