package render

// One line for each area that has nothing to show, and what kept it from being a clean bill of health.

import (
	"fmt"
	"strings"

	"github.com/kubectl-scars/kubectl-scars/pkg/finding"
	"github.com/kubectl-scars/kubectl-scars/pkg/render/theme"
	"github.com/kubectl-scars/kubectl-scars/pkg/term"
)

func (p *page) areas() []string {
	pad := 0
	for _, a := range p.report.Summary.Areas {
		pad = max(pad, term.Cells(p.text(a.Area)))
	}
	var lines []string
	for _, a := range p.report.Summary.Areas {
		glyph, verdict := p.verdict(a)
		if verdict == "" {
			continue
		}
		name := p.text(a.Area) + strings.Repeat(" ", pad-term.Cells(p.text(a.Area)))
		prefix := p.theme.Paint(glyph.style, p.text(glyph.text)) + " " + name + "  "
		lines = append(lines, p.flowAfter(prefix, term.Cells(prefix), plain(verdict))...)
	}
	return lines
}

// verdict is empty where findings of the area speak for it and nothing is missing.
func (p *page) verdict(a finding.AreaSummary) (span, string) {
	var (
		good = span{text: "✓", style: theme.Good}
		gap  = span{text: "?", style: theme.Gap}
		none = faint("–")
	)
	found := 0
	for _, f := range p.report.Findings {
		if finding.Area(f.Check) == a.Area {
			found++
		}
	}
	switch ran := fmt.Sprintf("%d of %s could not run", a.Skipped, number(a.Checks+a.Skipped, "check", "checks")); {
	case a.Skipped > 0 && found > 0:
		return gap, "more may be wrong: " + ran
	case a.Skipped > 0 && a.Checks == 0:
		return gap, "cannot say: " + ran
	case a.Skipped > 0 && a.Hidden > 0:
		return gap, leftOut(a.Hidden) + "; " + ran
	case a.Skipped > 0 && empty(a):
		return gap, "cannot say: " + ran + "; the others had nothing to check"
	case a.Skipped > 0:
		return gap, "cannot say: " + ran + "; the others found nothing in " + over(a)
	case found > 0:
		return span{}, ""
	case p.gapIn(a.Area) && a.Hidden > 0:
		return gap, leftOut(a.Hidden) + "; not all could be judged"
	case p.gapIn(a.Area) && empty(a):
		return gap, "nothing there to check in what could be read"
	case p.gapIn(a.Area):
		return gap, "nothing found in what could be judged: " + number(a.Checks, "check", "checks") + " over " + over(a)
	case a.Hidden > 0:
		return none, leftOut(a.Hidden)
	case empty(a):
		return none, "nothing there to check: " + over(a)
	default:
		return good, "nothing found: " + number(a.Checks, "check", "checks") + " over " + over(a)
	}
}

func leftOut(findings int) string {
	return number(findings, "finding", "findings") + " left out by --severity or --since"
}

func over(a finding.AreaSummary) string {
	var parts []string
	for _, l := range a.Looked {
		parts = append(parts, looked(l))
	}
	if len(parts) == 0 {
		return "no objects"
	}
	return strings.Join(parts, ", ")
}

// empty tells whether there was nothing to look at, which is not the same as health: perhaps the namespace is the wrong one.
func empty(a finding.AreaSummary) bool {
	for _, l := range a.Looked {
		if l.Count != 0 {
			return false
		}
	}
	return true
}

// gapIn tells whether something kept a check of the area from judging all there is, though every check ran.
func (p *page) gapIn(area string) bool {
	for _, g := range p.report.CannotSay {
		if finding.Area(g.Check) == area {
			return true
		}
	}
	for _, c := range p.report.Coverage {
		if !isGap(c) {
			continue
		}
		for _, check := range c.Checks {
			if finding.Area(check) == area {
				return true
			}
		}
	}
	return false
}
