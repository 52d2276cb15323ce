package analysis

// This file leaves out what was found in namespaces that are being deleted: parts of them are gone and others are not yet, and what was
// read of them was read at different moments.

import (
	"fmt"
	"slices"

	"github.com/kubectl-scars/kubectl-scars/pkg/finding"
	"github.com/kubectl-scars/kubectl-scars/pkg/snapshot"
)

// LeaveOut drops from a report what was said of namespaces that were being deleted, or were gone, when namespaces were read, which is after
// all else. What is a fact whatever else goes stays (Lasting). It returns the findings that it dropped; a line of coverage for each
// namespace accounts for them.
func LeaveOut(r *finding.Report, s *snapshot.Snapshot, checks []*Check) []finding.Finding {
	lasting, known := map[string]bool{}, map[string]bool{}
	for _, c := range checks {
		lasting[c.ID] = Lasting(c)
	}
	leaving := func(namespace string) bool {
		out, ok := known[namespace]
		if !ok {
			out = leaving(s, namespace)
			known[namespace] = out
		}
		return out
	}
	var dropped []finding.Finding
	left := map[string][]string{} // namespace → checks
	r.Findings = slices.DeleteFunc(r.Findings, func(f finding.Finding) bool {
		ns := f.Object.Namespace
		if lasting[f.Check] || !leaving(ns) {
			return false
		}
		left[ns] = append(left[ns], f.Check)
		dropped = append(dropped, f)
		return true
	})
	r.CannotSay = slices.DeleteFunc(r.CannotSay, func(g finding.Gap) bool { return leaving(g.Object.Namespace) })
	for i := range r.Unexplained {
		u := &r.Unexplained[i]
		u.Pods = slices.DeleteFunc(u.Pods, func(p finding.ObjectRef) bool { return leaving(p.Namespace) })
		u.Count = len(u.Pods)
	}
	r.Unexplained = slices.DeleteFunc(r.Unexplained, func(u finding.Unexplained) bool { return u.Count == 0 })
	for namespace, checks := range left {
		n := len(checks)
		slices.Sort(checks)
		r.Coverage = append(r.Coverage, finding.Coverage{
			Resource: string(snapshot.Namespaces) + "/" + namespace, Namespace: namespace, State: finding.CoveragePartial,
			Reason: fmt.Sprintf("it is being deleted; findings there that are left out: %d", n), Checks: slices.Compact(checks),
		})
	}
	r.Sort()
	return dropped
}

// Lasting tells whether what a check finds in a namespace is a fact even while that is being deleted: it looks at pods, at what made them
// and gave them limits, at what scales them, at what was said of them and at what they use, so that what is gone already takes findings away
// and adds none.
func Lasting(c *Check) bool {
	lastingKinds := []snapshot.Kind{snapshot.Pods, snapshot.ReplicaSets, snapshot.Jobs, snapshot.Events, snapshot.PodMetrics, snapshot.Autoscalers,
		snapshot.StatefulSets, snapshot.DaemonSets, snapshot.LimitRanges}
	return !c.BySilence && !slices.ContainsFunc(c.Inputs, func(in Input) bool {
		info, _ := snapshot.InfoOf(in.Kind)
		return in.ByName && !info.OptIn || in.Kind == snapshot.Namespaces ||
			info.Namespaced && !slices.Contains(lastingKinds, in.Kind)
	})
}

// leaving tells whether a namespace is known to be on its way out.
func leaving(s *snapshot.Snapshot, namespace string) bool {
	if n, ok := s.Find(snapshot.Namespaces, "", namespace); ok {
		return n.GetDeletionTimestamp() != nil
	}
	return Gone(s, namespace)
}

// Gone tells whether a namespace is known not to exist.
func Gone(s *snapshot.Snapshot, namespace string) bool {
	return namespace != "" && s.View(snapshot.Namespaces).Absent(snapshot.Namespaces, "", namespace) == snapshot.Absent
}
