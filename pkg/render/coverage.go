package render

// What could not be read: one line on the first screen, a table in wide.

import (
	"fmt"
	"strings"

	"github.com/kubectl-scars/kubectl-scars/pkg/finding"
	"github.com/kubectl-scars/kubectl-scars/pkg/render/theme"
)

// isGap tells whether an input is missing that the cluster or the files have: what does not exist there is no gap.
func isGap(c finding.Coverage) bool {
	return c.State != finding.CoverageOK && c.State != finding.CoverageAbsent
}

// coverage is empty where every input was read.
func (p *page) coverage() []string {
	all, gaps := map[string]bool{}, map[string]bool{}
	var absent []string
	type key struct {
		resource string
		state    finding.CoverageState
	}
	var order []key
	entries := map[key][]finding.Coverage{}
	for _, c := range p.report.Coverage {
		all[c.Resource] = true
		k := key{c.Resource, c.State}
		switch {
		case isGap(c):
			gaps[c.Resource] = true
			if entries[k] == nil {
				order = append(order, k)
			}
		case c.State == finding.CoverageAbsent && entries[k] == nil:
			absent = append(absent, c.Resource)
		}
		entries[k] = append(entries[k], c)
	}
	if len(order) == 0 && len(absent) == 0 {
		return nil
	}
	var parts []string
	for i, k := range order {
		if p.short() && i >= maxListed && len(order)-i > 1 {
			parts = append(parts, fmt.Sprintf("%d more", len(order)-i))
			break
		}
		parts = append(parts, p.coveragePart(entries[k]))
	}
	if len(absent) > 0 {
		parts = append(parts, "absent: "+strings.Join(absent, ", "))
	}
	text := "coverage:"
	if len(gaps) > 0 {
		text += fmt.Sprintf(" %d of %s not fully read:", len(gaps), number(len(all), "input", "inputs"))
	}
	glyph := span{text: "?", style: theme.Gap}
	if len(gaps) == 0 {
		glyph = faint("–")
	}
	spans := []span{glyph, strong(text), plain(strings.Join(parts, "; "))}
	if !p.wide && len(gaps) > 0 {
		spans = append(spans, plain("(details:"), span{text: "-o wide)", solid: true})
	}
	return p.flow(0, 2, spans...)
}

// coveragePart says how reading one resource went: "secrets forbidden in 3 namespaces", "events partial (page 3: time-out)".
func (p *page) coveragePart(entries []finding.Coverage) string {
	part := entries[0].Resource + " " + string(entries[0].State)
	var namespaces []string
	for _, c := range entries {
		if c.Namespace != "" {
			namespaces = append(namespaces, c.Namespace)
		}
	}
	switch {
	case len(namespaces) > 2:
		part += fmt.Sprintf(" in %d namespaces", len(namespaces))
	case len(namespaces) > 0:
		part += " in " + strings.Join(namespaces, " and ")
	}
	// The server's sentence for "forbidden" says nothing that the word does not.
	if c := entries[0]; c.Reason != "" && c.State != finding.CoverageForbidden {
		part += " (" + p.clip(c.Reason, 80) + ")"
	}
	return part
}

// coverageTable lists every input that was not read in full, for wide: as a table where no word has to be broken for it.
func (p *page) coverageTable() []string {
	rows := [][]string{{"INPUT", "NAMESPACE", "STATE", "REASON", "WANTED BY"}}
	for _, c := range p.report.Coverage {
		if c.State == finding.CoverageOK && c.Reason == "" {
			continue
		}
		rows = append(rows, []string{c.Resource, c.Namespace, string(c.State), c.Reason, strings.Join(c.Checks, ", ")})
	}
	if len(rows) == 1 {
		return nil
	}
	// Indented, so that a wrapped cell cannot begin a line and look like one of ours.
	lines := []string{""}
	if p.width > 0 && leastWidth(natural(rows, longestWord)) > p.width-2 {
		return append(lines, p.coverageList(rows[1:])...)
	}
	for _, line := range p.grid(rows[0], rows[1:], 2) {
		lines = append(lines, "  "+line)
	}
	return lines
}

// coverageList is the table for a narrow terminal.
func (p *page) coverageList(rows [][]string) []string {
	var lines []string
	for _, row := range rows {
		spans := []span{strong(row[0])}
		if row[1] != "" {
			spans = append(spans, plain("in "+row[1]))
		}
		spans = append(spans, plain(row[2]))
		if row[3] != "" {
			spans[len(spans)-1].text += ":"
			spans = append(spans, plain(row[3]))
		}
		lines = append(lines, p.flow(2, 4, spans...)...)
		if row[4] != "" {
			lines = append(lines, p.flow(4, 6, faint("wanted by "+row[4]))...)
		}
	}
	return lines
}
