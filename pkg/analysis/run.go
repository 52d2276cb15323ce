package analysis

// This file runs checks over a snapshot and puts what they said together into a report.

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"sync"

	"github.com/kubectl-scars/kubectl-scars/pkg/finding"
	"github.com/kubectl-scars/kubectl-scars/pkg/snapshot"
)

func itoa(n int64) string { return strconv.FormatInt(n, 10) }

// Outcome is what one check said.
type Outcome struct {
	Check    *Check
	Findings []finding.Finding
	Gaps     []finding.Gap
	Skipped  bool            // a required input could not be read at all
	Err      error           // the check failed
	Touched  []snapshot.Kind // the kinds it looked at
}

// Run runs the checks over a snapshot, in parallel, and returns their outcomes in the order of the checks. namespaces is the scope:
// those that were read, or empty for all. A check that panics has failed, and the others go on; of a failed check nothing is kept.
func Run(s *snapshot.Snapshot, checks []*Check, namespaces []string) []Outcome {
	out := make([]Outcome, len(checks))
	var wg sync.WaitGroup
	for i, c := range checks {
		wg.Go(func() { out[i] = runOne(s, c, namespaces) })
	}
	wg.Wait()
	return out
}

func runOne(s *snapshot.Snapshot, c *Check, namespaces []string) (o Outcome) {
	o.Check = c
	if o.Skipped = !runnable(s, c, namespaces); o.Skipped {
		return o
	}
	p := &Pass{View: s.View(c.Kinds()...), check: c}
	defer func() {
		o = Outcome{Check: c, Findings: p.findings, Gaps: p.gaps, Err: o.Err, Touched: p.Touched()}
		if r := recover(); r != nil {
			o.Err = panicked(r)
		}
		if o.Err != nil {
			o.Err = fmt.Errorf("check %s: %w", c.ID, o.Err)
			o.Findings, o.Gaps = nil, nil // half a judgement is none
		}
	}()
	o.Err = c.Run(p)
	return o
}

func panicked(r any) error {
	var undeclared snapshot.UndeclaredError
	if err, ok := r.(error); ok && errors.As(err, &undeclared) {
		return undeclared
	}
	return fmt.Errorf("panicked: %v", r)
}

// runnable tells whether each required input could be read in at least one place of the scope.
func runnable(s *snapshot.Snapshot, c *Check, namespaces []string) bool {
	for _, in := range c.Inputs {
		if !in.Optional && !readable(s, in.Kind, namespaces) {
			return false
		}
	}
	return true
}

func readable(s *snapshot.Snapshot, kind snapshot.Kind, namespaces []string) bool {
	info, _ := snapshot.InfoOf(kind)
	if s.Count(kind, namespaces...) > 0 || s.StateOf(kind, "").Readable() {
		return true
	}
	return info.Namespaced && slices.ContainsFunc(namespaces, func(ns string) bool { return s.StateOf(kind, ns).Readable() })
}

// Assemble puts outcomes together into a report. Coverage lists every kind that the checks wanted, with how reading it went, and every
// check that failed.
func Assemble(s *snapshot.Snapshot, outcomes []Outcome, meta finding.Metadata) *finding.Report {
	r := finding.New(meta)
	checks := make([]*Check, len(outcomes))
	for i, o := range outcomes {
		checks[i] = o.Check
		r.Findings = append(r.Findings, o.Findings...)
		r.CannotSay = append(r.CannotSay, o.Gaps...)
		if o.Err != nil {
			r.Coverage = append(r.Coverage, finding.Coverage{
				Resource: "check " + o.Check.ID, State: finding.CoverageFailed, Reason: errors.Unwrap(o.Err).Error(), Checks: []string{o.Check.ID},
			})
		}
	}
	r.Findings = once(r.Findings)
	r.Coverage = append(r.Coverage, coverage(s, checks)...)
	r.Summary.Areas = areas(s, outcomes, meta.Scope.Namespaces)
	r.Sort()
	return r
}

func coverage(s *snapshot.Snapshot, checks []*Check) []finding.Coverage {
	var out []finding.Coverage
	sealed := map[snapshot.Kind]bool{}
	wanted := Wanted(checks)
	isWanted := func(k snapshot.Kind) bool {
		return slices.ContainsFunc(wanted, func(i snapshot.Info) bool { return i.Kind == k })
	}
	for _, st := range s.Sealed() {
		// Namespaces are read at the end of every run, whoever looks at them: what is false because its namespace was on its way out is known by them.
		toTell := st.Kind == snapshot.Namespaces && st.State.Status != snapshot.OK && st.State.Status != snapshot.NotServed && !st.State.Assumed
		if !isWanted(st.Kind) && !toTell && (st.Name == "" || len(WantedBy(checks, st.Kind)) == 0) {
			continue
		}
		state := finding.CoverageState(st.State.Status)
		if st.State.Assumed && st.State.Status == snapshot.Partial {
			state = finding.CoverageOK // manifests: all of them was read; what they cannot show, the reason says
		}
		if st.Name != "" && state == finding.CoverageOK {
			continue // an asked-for object that was answered is no news
		}
		if st.Name == "" {
			sealed[st.Kind] = true
		}
		c := finding.Coverage{Resource: string(st.Kind), Namespace: st.Namespace, State: state, Reason: st.State.Reason}
		if st.Name != "" {
			c.Resource += "/" + st.Name
		}
		if st.State.Assumed && c.Reason == "" {
			c.Reason = "taken for complete: plain objects do not say"
		}
		if state != finding.CoverageOK {
			c.Checks = WantedBy(checks, st.Kind)
		}
		if toTell {
			c.Checks = ids(checks)
		}
		out = append(out, c)
	}
	for _, info := range wanted {
		if !sealed[info.Kind] {
			out = append(out, finding.Coverage{
				Resource: string(info.Kind), State: finding.CoverageAbsent, Reason: "not in the input", Checks: WantedBy(checks, info.Kind),
			})
		}
	}
	return out
}

func ids(checks []*Check) []string {
	out := make([]string, len(checks))
	for i, c := range checks {
		out[i] = c.ID
	}
	return out
}

func areas(s *snapshot.Snapshot, outcomes []Outcome, namespaces []string) []finding.AreaSummary {
	out := []finding.AreaSummary{}
	kinds := map[string][]snapshot.Kind{}
	at := func(area string) *finding.AreaSummary {
		for i := range out {
			if out[i].Area == area {
				return &out[i]
			}
		}
		out = append(out, finding.AreaSummary{Area: area, Looked: []finding.Looked{}})
		return &out[len(out)-1]
	}
	manifests := s.Count(snapshot.Pods, namespaces...) == 0 // without pods it is the templates that were looked at, which checks take besides
	for _, o := range outcomes {
		a := at(o.Check.Area())
		if o.Skipped || o.Err != nil {
			a.Skipped++
			continue
		}
		a.Checks++
		for _, in := range o.Check.Inputs {
			template := manifests && slices.Contains(snapshot.TemplateKinds(), in.Kind) && s.Count(in.Kind, namespaces...) > 0
			if (!in.Optional || template) && !slices.Contains(kinds[a.Area], in.Kind) {
				kinds[a.Area] = append(kinds[a.Area], in.Kind)
			}
		}
	}
	for i := range out {
		for _, k := range kinds[out[i].Area] {
			out[i].Looked = append(out[i].Looked, finding.Looked{Resource: string(k), Count: s.Count(k, namespaces...)})
		}
	}
	return out
}
