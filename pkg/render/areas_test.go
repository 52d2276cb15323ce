package render

// What stands for an area, and for a whole report, without a finding: "nothing" only where there is nothing, and "✓" only there.

import (
	"io"
	"testing"

	"github.com/kubectl-scars/kubectl-scars/pkg/finding"
)

func TestVerdict(t *testing.T) {
	looked := []finding.Looked{{Resource: "pods", Count: 2}}
	gap := []finding.Gap{{Check: "oom/limit-hit", Object: object("Pod", "shop", "web")}}
	for name, test := range map[string]struct {
		area      finding.AreaSummary
		cannotSay []finding.Gap
		want      string
		headword  string
	}{
		"healthy":            {finding.AreaSummary{Checks: 4, Looked: looked}, nil, "✓ nothing found: 4 checks over 2 pods", "Nothing found"},
		"hidden":             {finding.AreaSummary{Checks: 4, Looked: looked, Hidden: 2}, nil, "– 2 findings left out by --severity or --since", "2 findings left out by --severity or --since"},
		"skipped":            {finding.AreaSummary{Checks: 3, Skipped: 1, Looked: looked}, nil, "? cannot say: 1 of 4 checks could not run; the others found nothing in 2 pods", "Nothing found in what could be judged"},
		"hidden and skipped": {finding.AreaSummary{Checks: 3, Skipped: 1, Looked: looked, Hidden: 1}, nil, "? 1 finding left out by --severity or --since; 1 of 4 checks could not run", "1 finding left out by --severity or --since"},
		"gap":                {finding.AreaSummary{Checks: 4, Looked: looked}, gap, "? nothing found in what could be judged: 4 checks over 2 pods", "Nothing found in what could be judged"},
		"hidden, and a gap":  {finding.AreaSummary{Checks: 4, Looked: looked, Hidden: 1}, gap, "? 1 finding left out by --severity or --since; not all could be judged", "1 finding left out by --severity or --since"},
		"all skipped":        {finding.AreaSummary{Skipped: 4}, nil, "? cannot say: 4 of 4 checks could not run", "Nothing found in what could be judged"},
		"nothing to look at": {finding.AreaSummary{Checks: 4, Looked: []finding.Looked{{Resource: "pods"}}}, nil, "– nothing there to check: no pods", "Nothing there to check"},
		"nothing, skipped":   {finding.AreaSummary{Checks: 3, Skipped: 1, Looked: []finding.Looked{{Resource: "pods"}}}, nil, "? cannot say: 1 of 4 checks could not run; the others had nothing to check", "Nothing found in what could be judged"},
		"nothing, and a gap": {finding.AreaSummary{Checks: 4, Looked: []finding.Looked{{Resource: "pods"}}}, gap, "? nothing there to check in what could be read", "Nothing found in what could be judged"},
	} {
		t.Run(name, func(t *testing.T) {
			test.area.Area = "oom"
			r := report("oom")
			r.Summary.Areas, r.CannotSay = []finding.AreaSummary{test.area}, test.cannotSay
			p := newPage(io.Discard, r, Options{UTF8: true})
			glyph, verdict := p.verdict(test.area)
			if got := glyph.text + " " + verdict; got != test.want {
				t.Errorf("%q, want %q", got, test.want)
			}
			if got := p.headword(); got != test.headword {
				t.Errorf("%q, want %q", got, test.headword)
			}
		})
	}
}
