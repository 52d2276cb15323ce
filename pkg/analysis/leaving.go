package analysis

// This file leaves out what was found in namespaces that are being deleted: parts of them are gone and others are not yet, and what was
// read of them was read at different moments.

import (
	"fmt"
	"slices"

	"github.com/kubectl-scars/kubectl-scars/pkg/finding"
	"github.com/kubectl-scars/kubectl-scars/pkg/snapshot"
)

// LeaveOut drops the findings in namespaces that are being deleted, or were gone when namespaces were read, which is last, except those that
// have been said already, by fingerprint. A line of coverage for each such namespace accounts for them.
func LeaveOut(r *finding.Report, s *snapshot.Snapshot, said map[string]bool) {
	left := map[string][]string{} // namespace → checks
	r.Findings = slices.DeleteFunc(r.Findings, func(f finding.Finding) bool {
		out := !said[f.Fingerprint] && leaving(s, f.Object.Namespace)
		if out {
			left[f.Object.Namespace] = append(left[f.Object.Namespace], f.Check)
		}
		return out
	})
	for namespace, checks := range left {
		n := len(checks)
		slices.Sort(checks)
		r.Coverage = append(r.Coverage, finding.Coverage{
			Resource: string(snapshot.Namespaces) + "/" + namespace, Namespace: namespace, State: finding.CoveragePartial,
			Reason: fmt.Sprintf("it is being deleted; findings there that are left out: %d", n), Checks: slices.Compact(checks),
		})
	}
	r.Sort()
}

// leaving tells whether a namespace is known to be on its way out.
func leaving(s *snapshot.Snapshot, namespace string) bool {
	if namespace == "" {
		return false
	}
	if n, ok := s.Find(snapshot.Namespaces, "", namespace); ok {
		return n.GetDeletionTimestamp() != nil
	}
	st := s.StateOf(snapshot.Namespaces, "")
	return st.Status == snapshot.OK && !st.Assumed
}
