package render

// Styled text fitted into lines. It is wrapped while it is plain and painted after, so that no colour runs over a line's end, and
// all of it passes through one place that makes foreign characters harmless: no format can forget to.

import (
	"io"
	"strings"
	"time"

	"github.com/kubectl-scars/kubectl-scars/pkg/finding"
	"github.com/kubectl-scars/kubectl-scars/pkg/render/theme"
	"github.com/kubectl-scars/kubectl-scars/pkg/term"
)

// minText is the least number of columns that text is set in; margins give way before it does.
const minText = 16

// page is one report on its way to one reader.
type page struct {
	Options
	report *finding.Report
	theme  theme.Theme
	width  int       // columns; 0: never wrap
	now    time.Time // from which ages count
	wide   bool
	terse  bool // of what takes several lines only the first is shown: the screen is low, and findings come first
}

func newPage(w io.Writer, r *finding.Report, o Options) *page {
	p := &page{Options: o, report: r, theme: theme.New(w, o.Colour), now: o.Now}
	if !r.Metadata.Time.IsZero() {
		p.now = r.Metadata.Time
	}
	if o.Terminal {
		p.width = o.Width
		if p.width <= 0 {
			p.width = term.DefaultWidth
		}
	} else {
		p.MaxLines = 0
	}
	if p.Kubectl == "" {
		p.Kubectl = "kubectl"
	}
	return p
}

// docPage is a page without a report.
func docPage(w io.Writer, o Options) *page {
	return newPage(w, finding.New(finding.Metadata{}), o)
}

// span is a piece of text in one style. Spans are set apart by a space.
type span struct {
	text  string
	style theme.Style
	solid bool // its spaces are not places to break
}

func plain(text string) span  { return span{text: text} }
func strong(text string) span { return span{text: text, style: theme.Strong} }
func faint(text string) span  { return span{text: text, style: theme.Faint} }

// text makes foreign text fit for the reader: harmless, and ASCII where there is nothing else.
func (p *page) text(s string) string {
	s = term.Sanitize(s)
	if !p.UTF8 {
		s = term.ASCII(s)
	}
	return s
}

// flow sets spans into lines: the first indented by indent columns, the others by hang.
func (p *page) flow(indent, hang int, spans ...span) []string {
	return p.flowAfter(strings.Repeat(" ", indent), hang, spans...)
}

// flowAfter sets spans into lines, the first of which begins with a finished (painted, harmless) prefix; the others are indented by hang.
func (p *page) flowAfter(prefix string, hang int, spans ...span) []string {
	if p.terse {
		full := *p
		full.terse = false
		lines := full.flowAfter(prefix, hang, spans...)
		if len(lines) > 1 {
			full.width = max(p.width-len(" ..."), 1)
			lines = []string{full.flowAfter(prefix, hang, spans...)[0] + p.text(" …")}
		}
		return lines
	}
	var lines []string
	var line []span
	margin, used := term.Cells(prefix), 0
	if p.width > 0 && p.width-max(margin, hang) < minText { // a terminal that narrow has no room for margins
		hang = min(hang, 2) // never 0: only our own words begin a line
		if prefix = strings.TrimSpace(prefix); prefix != "" {
			lines = append(lines, term.Clip(prefix, p.width, ""))
		}
		prefix, margin = strings.Repeat(" ", hang), hang
	}
	flush := func() {
		lines = append(lines, prefix+p.paint(line))
		line, prefix, margin, used = nil, strings.Repeat(" ", hang), hang, 0
	}
	for _, w := range p.words(spans) {
		cells := term.Cells(w.text)
		gap := min(used, 1)
		if p.width <= 0 || margin+used+gap+cells <= p.width {
			line, used = append(line, w), used+gap+cells
			continue
		}
		// What must be cut anyway begins where there is still some room; anything else begins a line.
		if used > 0 && (cells <= p.width-hang || p.width-margin-used-gap < minText) {
			flush()
			gap = 0
		}
		pieces := term.Split(w.text, p.width-margin-used-gap, p.width-hang)
		for i, piece := range pieces {
			line, used = append(line, span{text: piece, style: w.style}), used+gap+term.Cells(piece)
			if gap = 0; i < len(pieces)-1 {
				flush()
			}
		}
	}
	if len(line) > 0 {
		flush()
	}
	return lines
}

// words cuts spans at their spaces.
func (p *page) words(spans []span) []span {
	var words []span
	for _, s := range spans {
		text := p.text(s.text)
		if s.solid && strings.TrimSpace(text) != "" {
			words = append(words, span{text: strings.TrimSpace(text), style: s.style})
			continue
		}
		for _, word := range strings.Fields(text) {
			words = append(words, span{text: word, style: s.style})
		}
	}
	return words
}

// paint joins the words of one line, those of one style under one paint.
func (p *page) paint(line []span) string {
	var parts []string
	for i := 0; i < len(line); {
		j, text := i+1, line[i].text
		for ; j < len(line) && line[j].style == line[i].style; j++ {
			text += " " + line[j].text
		}
		parts = append(parts, p.theme.Paint(line[i].style, text))
		i = j
	}
	return strings.Join(parts, " ")
}
