package render

// What a check means, told offline: explain CHECK and explain --list.

import (
	"fmt"
	"io"
	"strings"

	"github.com/kubectl-scars/kubectl-scars/pkg/render/theme"
	"github.com/kubectl-scars/kubectl-scars/pkg/term"
)

// ExplainDoc is the documentation of one check. The texts are plain: paragraphs set apart by an empty line.
type ExplainDoc struct {
	ID, Area, Title string
	Symptom         string   // what an engineer sees
	Evidence        string   // what the check looks at, and what grades its confidence
	Why             string   // why it hurts
	Fix             string   // what to do
	Limits          string   // what it cannot know
	Sources         []string // KEPs, files of Kubernetes, RFCs
	Inputs          []string // resources that it reads
}

// section is one part of a documentation text.
type section struct {
	title string
	texts []string
	list  bool
}

func (d ExplainDoc) sections() []section {
	all := []section{
		{"What you see", paragraphs(d.Symptom), false}, {"Why it hurts", paragraphs(d.Why), false},
		{"What to do", paragraphs(d.Fix), false}, {"How it is proven", paragraphs(d.Evidence), false},
		{"What it cannot know", paragraphs(d.Limits), false}, {"What it reads", d.Inputs, true}, {"Sources", d.Sources, true},
	}
	var filled []section
	for _, s := range all {
		if len(s.texts) > 0 {
			filled = append(filled, s)
		}
	}
	return filled
}

func paragraphs(text string) []string {
	var all []string
	for _, p := range strings.Split(term.SanitizeBlock(text), "\n\n") {
		if p = strings.Join(strings.Fields(p), " "); p != "" {
			all = append(all, p)
		}
	}
	return all
}

// Explain writes the documentation of one check, in the formats table (or empty, or wide) and markdown. Where there is no terminal
// it is still set in 80 columns: it is prose.
func Explain(w io.Writer, d ExplainDoc, o Options) error {
	p := docPage(w, o)
	switch o.Format {
	case "", "table", "wide":
		if p.width = term.DefaultWidth; o.Terminal && o.Width > 0 {
			p.width = min(o.Width, 100) // longer lines are hard to read
		}
		lines := p.flow(0, 2, span{text: d.ID, style: theme.Heading}, strong(d.Title))
		for _, s := range d.sections() {
			lines = append(append(lines, ""), p.flow(0, 0, strong(s.title))...)
			for i, text := range s.texts {
				if i > 0 && !s.list {
					lines = append(lines, "")
				}
				lines = append(lines, p.flow(2, map[bool]int{false: 2, true: 4}[s.list], plain(text))...)
			}
		}
		return writeLines(w, lines)
	case "markdown":
		lines := []string{"# " + p.escape(d.ID), "", "**" + p.escape(d.Title) + "**"}
		for _, s := range d.sections() {
			lines = append(lines, "", "## "+s.title)
			for i, text := range s.texts {
				if s.list {
					if i == 0 {
						lines = append(lines, "")
					}
					lines = append(lines, "- "+p.escape(text))
				} else {
					lines = append(lines, "", p.escape(text))
				}
			}
		}
		return writeLines(w, lines)
	default:
		return fmt.Errorf("explain prints table or markdown, not %q", o.Format)
	}
}

// CheckList writes the table of checks, in the formats table (or empty, or wide), markdown and name.
func CheckList(w io.Writer, docs []ExplainDoc, o Options) error {
	p := docPage(w, o)
	var rows [][]string
	for _, d := range docs {
		rows = append(rows, []string{d.ID, d.Title, d.Area})
	}
	switch o.Format {
	case "", "table", "wide":
		return writeLines(w, p.grid([]string{"ID", "TITLE", "AREA"}, rows, 0))
	case "markdown":
		for _, row := range rows {
			row[0], row[1], row[2] = p.cell(row[0]), p.escape(row[1]), p.escape(row[2])
		}
		return writeLines(w, p.markdownTable([]string{"ID", "Title", "Area"}, rows))
	case "name":
		var lines []string
		for _, d := range docs {
			lines = append(lines, d.ID)
		}
		return writeLines(w, lines)
	default:
		return fmt.Errorf("the list of checks prints as table, markdown or name, not %q", o.Format)
	}
}
