package render

// Markdown, for pasting into an incident's record: an overview as a table, then each finding with its proof and remedy. Times are
// absolute, nothing is cut, and what the cluster says stands in code spans or is escaped, so that it cannot become markup,
// mention people or load images.

import (
	"cmp"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/olekukonko/tablewriter"
	"github.com/olekukonko/tablewriter/renderer"
	"github.com/olekukonko/tablewriter/tw"

	"github.com/kubectl-scars/kubectl-scars/pkg/finding"
	"github.com/kubectl-scars/kubectl-scars/pkg/term"
)

func writeMarkdown(w io.Writer, r *finding.Report, o Options) error {
	o.Terminal, o.Colour = false, false
	p := newPage(w, r, o)
	lines := p.markdownHead()
	for _, f := range r.Findings {
		lines = append(lines, p.markdownFinding(f)...)
	}
	lines = append(lines, p.markdownGaps()...)
	return writeLines(w, lines)
}

func (p *page) markdownHead() []string {
	lines := p.markdownTop(": " + p.headword())
	if len(p.report.Findings) == 0 {
		return lines
	}
	var rows [][]string
	for _, f := range p.report.Findings {
		rows = append(rows, []string{p.escape(p.badge(f.Severity).text), p.cell(p.brief(p.ref(f.Object))), p.cell(p.brief(f.Check)), p.escape(p.brief(f.Message))})
	}
	return append(append(lines, ""), p.markdownTable([]string{"Severity", "Object", "Check", "Cause"}, rows)...)
}

// headword is the result in a few words. It says that nothing was found only where that is all there is to say.
func (p *page) headword() string {
	hidden, gaps, none := 0, false, true
	for _, a := range p.report.Summary.Areas {
		hidden += a.Hidden
		gaps = gaps || a.Skipped > 0 || p.gapIn(a.Area)
		none = none && empty(a)
	}
	switch {
	case len(p.report.Findings) > 0:
		return counts(p.report.Findings)
	case hidden > 0:
		return leftOut(hidden)
	case len(p.report.Unexplained) > 0:
		return "Pods are not ready, and no check explains them"
	case gaps:
		return "Nothing found in what could be judged"
	case none:
		return "Nothing there to check"
	}
	return "Nothing found"
}

// markdownTop is the title, and below it what was looked at and when.
func (p *page) markdownTop(title string) []string {
	m := p.report.Metadata
	facts := []string{}
	if p.Source != "" {
		facts = append(facts, p.escape(p.brief(p.Source)))
	}
	for _, fact := range [][2]string{
		{"context", m.Context}, {"namespace", cmp.Or(strings.Join(m.Scope.Namespaces, ", "), map[bool]string{true: "all"}[m.Scope.AllNamespaces])},
		{"only", strings.Join(m.Scope.Subjects, ", ")}, {"selector", m.Scope.Selector}, {"since", m.Scope.Since},
	} {
		if fact[1] != "" {
			facts = append(facts, fact[0]+" "+p.code(fact[1]))
		}
	}
	if !m.Time.IsZero() {
		facts = append(facts, m.Time.UTC().Format(time.RFC3339))
	}
	return []string{"## kubectl scars " + p.escape(m.Scope.Command) + title, "", strings.Join(facts, " · ")}
}

// markdownSheet is a view.
func (p *page) markdownSheet(s sheet) []string {
	lines := p.markdownTop("")
	if len(s.panels) == 0 {
		lines = append(lines, "", p.escape(s.nothing))
	}
	for _, part := range s.panels {
		var title []string
		for _, sp := range part.title {
			title = append(title, p.escape(sp.text))
		}
		lines = append(lines, "", "### "+strings.Join(title, " "))
		if part.lanes != nil {
			lines = append(lines, fence("text", strings.Join(p.lanes(*part.lanes, -1), "\n"))...)
		}
		for _, t := range part.tables {
			rows := make([][]string, len(t.rows))
			for i, row := range t.rows {
				for _, cell := range row {
					rows[i] = append(rows[i], p.escape(p.brief(cell)))
				}
			}
			lines = append(append(lines, "", p.escape(t.title), ""), p.markdownTable(t.header, rows)...)
		}
		for i, note := range part.notes {
			if i == 0 {
				lines = append(lines, "")
			}
			var words []string
			for _, sp := range note {
				words = append(words, p.escape(sp.text))
			}
			lines = append(lines, "- "+strings.Join(words, " "))
		}
		for _, c := range part.charts {
			lines = append(lines, fence("text", strings.Join(p.chart(c), "\n"))...)
		}
	}
	if s.closing != "" {
		lines = append(lines, "", p.escape(p.brief(s.closing)))
	}
	return append(lines, p.markdownGaps()...)
}

func (p *page) markdownFinding(f finding.Finding) []string {
	title := p.code(p.ref(f.Object))
	if f.Object.Container != "" {
		title += " container " + p.code(f.Object.Container)
	}
	var sure []string
	for _, s := range []string{p.escape(string(f.Confidence)), p.lasting(f)} {
		if s != "" {
			sure = append(sure, s)
		}
	}
	lines := []string{"", "### " + p.escape(p.badge(f.Severity).text) + " " + title, "", "**" + p.escape(f.Message) + "**", ""}
	lines = append(lines, p.code(f.Check)+" · "+strings.Join(append(sure, "fingerprint "+p.code(f.Fingerprint)), " · "), "")
	for _, e := range f.Evidence {
		line := "- " + p.code(p.ref(e.Object))
		if e.Source != "" {
			line += " " + p.code(e.Source)
		}
		if e.Count > 1 {
			line += " ×" + itoa(int(e.Count))
		}
		line += ": " + p.code(e.Value)
		if at := p.when(e.Time); at != "" {
			line += " (" + at + ")"
		}
		lines = append(lines, line)
	}
	lines = append(lines, p.markdownMemory(f.Memory)...)
	for _, fix := range f.Fix {
		lines = append(lines, "", "→ "+p.escape(fix.Text))
		if fix.Command != "" {
			lines = append(lines, fence("sh", p.text(p.command(fix.Command)))...)
		}
		if fix.Patch != "" {
			lines = append(lines, fence("yaml", strings.TrimRight(p.block(fix.Patch), "\n"))...)
		}
	}
	return lines
}

// markdownGaps is what the footer is on a terminal.
func (p *page) markdownGaps() []string {
	var items []string
	for _, g := range gapGroups(p.report.CannotSay) {
		items = append(items, fmt.Sprintf("- ? cannot say %s for %s: %s", p.code(g.check), p.code(p.objects(g.objects)), p.escape(g.reason)))
	}
	for _, u := range p.report.Unexplained {
		items = append(items, fmt.Sprintf("- ▲ %s that no check explains: %s %s %s", number(podCount(u), "pod not ready", "pods not ready"),
			p.code(u.Reason), p.escape(u.Detail), p.code(p.objects(u.Pods))))
	}
	for _, a := range p.report.Summary.Areas {
		if glyph, verdict := p.verdict(a); verdict != "" {
			items = append(items, fmt.Sprintf("- %s %s: %s", glyph.text, p.escape(a.Area), p.escape(verdict)))
		}
	}
	var lines []string
	if len(items) > 0 {
		lines = append([]string{"", "### The rest", ""}, items...)
	}
	var rows [][]string
	for _, c := range p.report.Coverage {
		if c.State != finding.CoverageOK {
			rows = append(rows, []string{p.cell(p.brief(c.Resource)), p.cell(p.brief(c.Namespace)), p.escape(string(c.State)), p.escape(p.brief(c.Reason))})
		}
	}
	if len(rows) > 0 {
		lines = append(lines, "", "### Coverage", "")
		lines = append(lines, p.markdownTable([]string{"Input", "Namespace", "State", "Reason"}, rows)...)
	}
	return lines
}

// code is foreign text in a code span, fenced by more backticks than it holds (CommonMark 0.31, section 6.1).
func (p *page) code(s string) string {
	s = strings.TrimSpace(p.text(s))
	if s == "" {
		return ""
	}
	ticks := strings.Repeat("`", longestRun(s)+1)
	if len(ticks) > 1 {
		return ticks + " " + s + " " + ticks
	}
	return ticks + s + ticks
}

// brief bounds the text of a table's cell, because all rows are padded to the widest: the findings below tell all of it.
func (p *page) brief(s string) string { return term.Clip(p.text(s), 300, p.text("…")) }

// cell is a code span within a table, where a bar ends the cell even there (GFM, section 4.10).
func (p *page) cell(s string) string { return strings.ReplaceAll(p.code(s), "|", `\|`) }

// escape keeps foreign text in a sentence from being markup: a backslash before each character that could begin some
// (CommonMark, section 2.4), and an invisible break after @ so that nobody is mentioned.
func (p *page) escape(s string) string {
	var b strings.Builder
	for _, r := range strings.TrimSpace(p.text(s)) {
		switch {
		case r == '@':
			b.WriteString("@<!-- -->")
			continue
		case strings.ContainsRune("\\`*_{}[]<>#|~!&$", r):
			b.WriteByte('\\')
		}
		b.WriteRune(r)
	}
	return b.String()
}

func (p *page) block(s string) string {
	s = term.SanitizeBlock(s)
	if !p.UTF8 {
		lines := strings.Split(s, "\n")
		for i := range lines {
			lines[i] = term.ASCII(lines[i])
		}
		s = strings.Join(lines, "\n")
	}
	return s
}

func fence(language, text string) []string {
	ticks := strings.Repeat("`", max(3, longestRun(text)+1))
	return append(append([]string{"", ticks + language}, strings.Split(text, "\n")...), ticks)
}

// longestRun is the length of the longest run of backticks.
func longestRun(s string) int {
	longest, run := 0, 0
	for _, r := range s {
		if r == '`' {
			run++
			longest = max(longest, run)
		} else {
			run = 0
		}
	}
	return longest
}

func (p *page) markdownTable(header []string, rows [][]string) []string {
	var b strings.Builder
	asIs := tw.CellFormatting{AutoWrap: tw.WrapNone, AutoFormat: tw.Off}
	left := tw.CellAlignment{Global: tw.AlignLeft}
	padding := tw.CellPadding{Global: tw.PaddingDefault}
	table := tablewriter.NewTable(&b,
		tablewriter.WithRenderer(renderer.NewMarkdown()),
		tablewriter.WithHeaderConfig(tw.CellConfig{Formatting: asIs, Alignment: left, Padding: padding}),
		tablewriter.WithRowConfig(tw.CellConfig{Formatting: asIs, Alignment: left, Padding: padding}),
		tablewriter.WithEastAsian(tw.Off),
	)
	table.Header(header)
	err := table.Bulk(rows)
	if err == nil {
		err = table.Render()
	}
	if err != nil {
		return []string{p.escape("table: " + err.Error())}
	}
	return strings.Split(strings.TrimRight(b.String(), "\n"), "\n")
}
