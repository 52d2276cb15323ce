package render

// Views, for people: panels of tables below the same header and above the same footer as a report's. What is in the panels is a file
// of its own per view; programs get the wire type itself, by the same printers.

import (
	"fmt"
	"io"
	"slices"

	"github.com/kubectl-scars/kubectl-scars/pkg/finding"
	"github.com/kubectl-scars/kubectl-scars/pkg/render/theme"
)

// sheet is a view as people see it.
type sheet struct {
	noun    string // what one panel is about, in the singular
	nothing string // said where there is no panel
	panels  []panel
	closing string // said below all panels
}

// panel is about one thing: a node, a workload.
type panel struct {
	title  []span
	tables []table
	notes  [][]span // a paragraph each
	charts []chart
	lanes  *lanes
}

// table is rows below a line that says what it shows.
type table struct {
	title  string
	header []string
	rows   [][]string
	noun   string // what one row is, in the singular
	spare  int    // so many columns at the end are left out on the first screen of a terminal
}

// sheetOf lays a view out: all of it, or what is enough for a first look.
func sheetOf(v finding.View, all bool) (sheet, error) {
	switch v := v.(type) {
	case *finding.OOMRank:
		return rankSheet(v), nil
	case *finding.OOMRecommend:
		return recommendSheet(v, all), nil
	case *finding.ProbesRecommend:
		return probesSheet(v, all), nil
	case *finding.ProbesTimeline:
		return timelineSheet(v, all), nil
	default:
		return sheet{}, fmt.Errorf("view %T has no layout", v)
	}
}

// View writes a view in the format asked for.
func View(w io.Writer, v finding.View, o Options) error {
	switch o.Format {
	case "name":
		return writeNames(w, v.Objects())
	case Patch:
		return writePatches(w, v, o)
	case "", "table", "wide", "markdown":
	default:
		return writeStructured(w, v, o.Format)
	}
	s, err := sheetOf(v, o.Format == "wide" || o.Format == "markdown")
	if err != nil {
		return err
	}
	head := v.Head()
	r := &finding.Report{Metadata: head.Metadata, CannotSay: head.CannotSay, Coverage: head.Coverage}
	if o.Format == "markdown" {
		o.Terminal, o.Colour = false, false
		return writeLines(w, newPage(w, r, o).markdownSheet(s))
	}
	p := newPage(w, r, o)
	if o.Format == "wide" {
		p.wide, p.MaxLines = true, 0
	}
	return writeLines(w, p.sheet(s))
}

// mostRows are how many rows a table may have, tried in turn until the first screen holds all panels.
var mostRows = [...]int{40, 30, 20, 15, 10, 8, 5, 3}

// sheet is the view for a terminal, or for a pipe.
func (p *page) sheet(s sheet) []string {
	head, foot := p.header(), p.footer()
	if s.closing != "" {
		foot = append(p.flow(0, 2, faint("–"), plain(p.brief(s.closing))), foot...)
	}
	if len(foot) > 0 {
		foot = append([]string{""}, foot...)
	}
	if len(s.panels) == 0 {
		return append(append(append(head, ""), p.flow(0, 2, strong(s.nothing))...), foot...)
	}
	room := p.MaxLines - p.rows(head) - p.rows(foot) - 1
	var blocks [][]string
	for _, most := range mostRows {
		if p.MaxLines == 0 {
			most = -1
		}
		var fits bool
		if blocks, fits = p.panels(s.panels, most, room); fits || p.MaxLines == 0 {
			break
		}
	}
	lines := head
	for _, b := range blocks {
		lines = append(append(lines, ""), b...)
	}
	if n := len(s.panels) - len(blocks); n > 0 {
		lines = append(append(lines, ""), p.flow(0, 2, strong("… and "+number(n, "more "+s.noun, "more "+s.noun+"s")+":"), span{text: "-o wide", style: theme.Strong, solid: true})...)
	}
	return append(lines, foot...)
}

// panels lays out panels with at most so many rows in each table (fewer than none: all of them): as many as fit into room lines, but at
// least one. It tells whether all of them fit.
func (p *page) panels(all []panel, most, room int) (out [][]string, fit bool) {
	used := 0
	for i, s := range all {
		lines := p.flow(0, 2, s.title...)
		if s.lanes != nil {
			lines = append(append(lines, ""), p.lanes(*s.lanes, most)...)
		}
		for _, t := range s.tables {
			lines = append(lines, "")
			lines = append(lines, p.titled(t, most)...)
		}
		for i, note := range s.notes {
			if i == 0 {
				lines = append(lines, "")
			}
			lines = append(lines, p.flow(2, 4, note...)...)
		}
		for _, c := range s.charts {
			lines = append(append(lines, ""), p.chart(c)...)
		}
		used += p.rows(lines) + 1
		if i > 0 && p.MaxLines > 0 && used+2 > room { // a blank line, and the one that counts the rest
			return out, false
		}
		out = append(out, lines)
	}
	return out, p.MaxLines == 0 || used <= room
}

// titled is one table with its title.
func (p *page) titled(t table, most int) []string {
	rows := t.rows
	if most >= 0 && len(rows) > most+1 { // a line that says "1 more" could be that row
		rows = rows[:most]
	}
	header := t.header
	if p.short() && t.spare > 0 {
		header, rows = header[:len(header)-t.spare], slices.Clone(rows)
		for i := range rows {
			rows[i] = rows[i][:len(header)]
		}
	}
	lines := p.flow(0, 2, plain(t.title))
	for _, line := range p.grid(header, rows, 2) { // indented, so that a wrapped cell cannot look like a line of ours
		lines = append(lines, "  "+line)
	}
	if n := len(t.rows) - len(rows); n > 0 {
		lines = append(lines, p.flow(2, 4, faint("… and "+number(n, "more "+t.noun, "more "+t.noun+"s")))...)
	}
	return lines
}
