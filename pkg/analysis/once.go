package analysis

// This file lets a trouble that several checks came upon be told once, by the check that knows the cause. It shows only where these checks
// run together: triage says what the liveness probe did, oom alone says that it was not memory.

import (
	"slices"

	"github.com/kubectl-scars/kubectl-scars/pkg/finding"
)

// once drops the findings of which another check of the same run says more, and nothing milder. What is left names those that it covers.
func once(findings []finding.Finding) []finding.Finding {
	type about struct{ check, kind, namespace, name string }
	by := map[about][]int{}
	of := func(check string, o finding.ObjectRef) about { return about{check, o.Kind, o.Namespace, o.Name} } // as SameObject compares
	for i, f := range findings {
		k := of(f.Check, f.Object)
		by[k] = append(by[k], i)
	}
	sayer := make([]int, len(findings)) // the finding that says more; negative where there is none
	for i, f := range findings {
		sayer[i] = -1
		if f.SaidBy == "" {
			continue
		}
		for _, j := range by[of(f.SaidBy, f.Object)] {
			if g := findings[j]; g.Severity.AtLeast(f.Severity) && same(g.Object, f.Object) && shareEvidence(f, g) {
				sayer[i] = j
				break
			}
		}
	}
	covers := map[int][]string{}
	for i, f := range findings {
		if last := sayer[i]; last >= 0 {
			for steps := 0; sayer[last] >= 0 && steps < len(findings); steps++ { // it may be said by another in its turn
				last = sayer[last]
			}
			covers[last] = append(covers[last], f.Fingerprint)
		}
	}
	left := []finding.Finding{} // a list on the wire, also where nothing is found
	for i, f := range findings {
		if sayer[i] < 0 {
			f.Covers = covers[i]
			slices.Sort(f.Covers)
			left = append(left, f)
		}
	}
	return left
}

// shareEvidence tells whether two findings rest on the same field or kind of event of one object, or container.
func shareEvidence(f, g finding.Finding) bool {
	return slices.ContainsFunc(f.Evidence, func(a finding.Evidence) bool {
		return slices.ContainsFunc(g.Evidence, func(b finding.Evidence) bool { return a.Source == b.Source && same(a.Object, b.Object) })
	})
}

// same tells whether two references mean one object and, where both name a container, one container: what is told of a sidecar does not
// speak for what it stands beside.
func same(a, b finding.ObjectRef) bool {
	return a.SameObject(b) && (a.Container == b.Container || a.Container == "" || b.Container == "")
}
