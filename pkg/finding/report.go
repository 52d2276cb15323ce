package finding

// This file holds the report: the one object that structured output is.

import "time"

// The type of the structured output.
const (
	APIVersion = "scars.dev/v1alpha1"
	ReportKind = "Report"
)

// Report is what one run says: the structured output, and all that a renderer knows.
type Report struct {
	APIVersion string   `json:"apiVersion"`
	Kind       string   `json:"kind"`
	Metadata   Metadata `json:"metadata"`
	Summary    Summary  `json:"summary"`

	Findings []Finding `json:"findings"` // in the order of Sort

	// CannotSay lists what a check would have judged, had its evidence not been gone or forbidden.
	CannotSay []Gap `json:"cannotSay"`

	// Unexplained lists pods that are not ready and that no finding speaks of (triage only), by their own reason.
	Unexplained []Unexplained `json:"unexplained,omitempty"`

	// Coverage lists every input that was wanted and how reading it went.
	Coverage []Coverage `json:"coverage"`
}

// Metadata says when, where and by what the report was made.
type Metadata struct {
	Time        time.Time `json:"time"` // "now" of the analysis: the server's clock, or the recording's
	ToolVersion string    `json:"toolVersion"`
	Context     string    `json:"context,omitempty"`
	Scope       Scope     `json:"scope"`
}

// Scope says what was looked at.
type Scope struct {
	Command       string   `json:"command"`              // oom, probes, netpol, certs, pvc or triage; for a view its words: "oom rank"
	AllNamespaces bool     `json:"allNamespaces"`        // every namespace
	Namespaces    []string `json:"namespaces,omitempty"` // otherwise these
	Subjects      []string `json:"subjects,omitempty"`   // TYPE/NAME arguments
	Selector      string   `json:"selector,omitempty"`   // -l
	Since         string   `json:"since,omitempty"`      // --since, as a Go duration
}

// Summary counts.
type Summary struct {
	Critical int           `json:"critical"`
	Warning  int           `json:"warning"`
	Info     int           `json:"info"`
	Areas    []AreaSummary `json:"areas"`
}

// AreaSummary says what one area looked at and how much it found.
type AreaSummary struct {
	Area     string   `json:"area"`
	Checks   int      `json:"checks"`  // checks that ran
	Skipped  int      `json:"skipped"` // checks that could not run for want of an input, or failed
	Critical int      `json:"critical"`
	Warning  int      `json:"warning"`
	Info     int      `json:"info"`
	Hidden   int      `json:"hidden,omitempty"` // findings that --severity or --since left out
	Looked   []Looked `json:"looked"`           // how many objects of each kind the area's checks saw
}

// Looked counts the objects of one resource.
type Looked struct {
	Resource string `json:"resource"`
	Count    int    `json:"count"`
}

// Gap is a judgement that could not be made.
type Gap struct {
	Check  string    `json:"check"`
	Object ObjectRef `json:"object"`
	Reason string    `json:"reason"` // "cannot say …, because …" without those words
}

// Unexplained groups pods that are not ready for a reason that no check of this run explains.
type Unexplained struct {
	Reason string      `json:"reason"` // as the pod says it: ImagePullBackOff, Unschedulable, CrashLoopBackOff …
	Detail string      `json:"detail,omitempty"`
	Count  int         `json:"count"`
	Pods   []ObjectRef `json:"pods"` // the first few
}

// CoverageState says how reading an input went.
type CoverageState string

// The states of an input.
const (
	CoverageOK        CoverageState = "ok"
	CoverageForbidden CoverageState = "forbidden" // the server said no
	CoverageAbsent    CoverageState = "absent"    // not served by this cluster, or not in the files
	CoveragePartial   CoverageState = "partial"   // some of it was read
	CoverageFailed    CoverageState = "failed"    // an error, a time-out, or a check that failed
)

// Coverage is one input and how reading it went.
type Coverage struct {
	Resource  string        `json:"resource"`            // pods, secrets, networkpolicies.networking.k8s.io … or a file, or the objects that -l asks for
	Namespace string        `json:"namespace,omitempty"` // empty: the whole cluster, or cluster-scoped
	State     CoverageState `json:"state"`
	Reason    string        `json:"reason,omitempty"`
	Checks    []string      `json:"checks,omitempty"` // checks that wanted it, where it is not ok
}

// New makes an empty report whose lists are empty, not null.
func New(meta Metadata) *Report {
	return &Report{
		APIVersion: APIVersion, Kind: ReportKind, Metadata: meta,
		Summary:  Summary{Areas: []AreaSummary{}},
		Findings: []Finding{}, CannotSay: []Gap{}, Coverage: []Coverage{},
	}
}

// Complete tells whether every input that a check wanted was read; an API that the cluster does not serve is no gap.
func (r *Report) Complete() bool {
	for _, c := range r.Coverage {
		if c.State != CoverageOK && c.State != CoverageAbsent {
			return false
		}
	}
	return true
}

// Worst is the severity of the worst finding, and false where there is none.
func (r *Report) Worst() (Severity, bool) {
	if len(r.Findings) == 0 {
		return "", false
	}
	worst := Info
	for _, f := range r.Findings {
		if f.Severity.Rank() < worst.Rank() {
			worst = f.Severity
		}
	}
	return worst, true
}
