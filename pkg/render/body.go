package render

// The findings, as many as the first screen holds.

import (
	"fmt"

	"github.com/kubectl-scars/kubectl-scars/pkg/finding"
	"github.com/kubectl-scars/kubectl-scars/pkg/render/theme"
	"github.com/kubectl-scars/kubectl-scars/pkg/term"
)

// maxDigest is how many lines of the first screen are kept for a digest of the findings that do not fit.
const maxDigest = 3

// block is one finding ready to be shown, with the heading of its group where it opens one.
type block struct {
	finding finding.Finding
	lines   []string
}

// body shows the findings, as many as fit whole into room lines (0: all of them) but at least one. The rest is counted, and told in
// one line each where lines are left.
// Where not all fit, what is only worth knowing comes last, whatever object it is about: it must not push out what hurts.
func (p *page) body(room int) []string {
	blocks := p.blocks(grouped(p.report.Findings), room)
	n := p.fit(blocks, room)
	if n == len(blocks) {
		return join(blocks)
	}
	blocks = p.blocks(hurtsFirst(p.report.Findings), room)
	n = p.fit(blocks, room)
	rest := func(n int) []finding.Finding {
		var left []finding.Finding
		for _, b := range blocks[n:] {
			left = append(left, b.finding)
		}
		return left
	}
	n = p.fit(blocks, max(room-1-p.rows(p.more(rest(n)))-min(len(blocks)-n, maxDigest), 1))
	lines := append(join(blocks[:n]), "")
	lines = append(lines, p.more(rest(n))...)
	return append(lines, p.digest(rest(n), room-p.rows(lines))...)
}

// blocks makes a block of each finding. Those far below the first screen stay without lines: there may be thousands.
func (p *page) blocks(groups [][]finding.Finding, room int) []block {
	var blocks []block
	used := 0
	for _, group := range groups {
		for i, f := range group {
			b := block{finding: f}
			if room == 0 || used <= room {
				if len(blocks) > 0 && (i == 0 || !p.short()) {
					b.lines = append(b.lines, "")
				}
				if i == 0 && p.Terminal {
					b.lines = append(b.lines, p.flow(0, 2, span{text: p.ref(f.Object), style: theme.Heading})...)
				}
				b.lines = append(b.lines, p.card(f)...)
				used += p.rows(b.lines)
			}
			blocks = append(blocks, b)
		}
	}
	return blocks
}

// hurtsFirst groups what is above info, and then the infos.
func hurtsFirst(findings []finding.Finding) [][]finding.Finding {
	var hurts, rest []finding.Finding
	for _, f := range findings {
		if f.Severity == finding.Info {
			rest = append(rest, f)
		} else {
			hurts = append(hurts, f)
		}
	}
	return append(grouped(hurts), grouped(rest)...)
}

// fit counts the blocks that fit into room lines, at least one; a room of 0 holds all.
func (p *page) fit(blocks []block, room int) int {
	used := 0
	for i, b := range blocks {
		if used += p.rows(b.lines); room > 0 && i > 0 && used > room {
			return i
		}
	}
	return len(blocks)
}

// rows is how many lines of the terminal finished lines take: a command is not wrapped by us, so the terminal does it.
func (p *page) rows(lines []string) int {
	rows := 0
	for _, line := range lines {
		rows++
		if p.width > 0 {
			rows += max(term.Cells(line)-1, 0) / p.width
		}
	}
	return rows
}

func join(blocks []block) []string {
	var lines []string
	for _, b := range blocks {
		lines = append(lines, b.lines...)
	}
	return lines
}

// more counts what was left out and names the command that shows it; the command is kept whole, for pasting.
func (p *page) more(rest []finding.Finding) []string {
	text := fmt.Sprintf("… and %s (%s)", number(len(rest), "more finding", "more findings"), counts(rest))
	if p.Rerun == "" {
		return p.flow(0, 2, strong(text+", all with"), span{text: "-o wide", style: theme.Strong, solid: true})
	}
	text += ":"
	command := p.text(p.Rerun + " -o wide")
	lines := p.flow(0, 2, strong(text))
	if len(lines) == 1 && p.fits(lines[0]+" "+command) {
		return []string{lines[0] + " " + command}
	}
	return append(lines, "  "+command)
}

// digest tells findings in one line each, as many as there is room for; the line before has counted all of them.
func (p *page) digest(rest []finding.Finding, room int) []string {
	var lines []string
	for i, f := range rest {
		if i >= room || i == room-1 && len(rest) > room {
			break
		}
		lines = append(lines, p.line(f))
	}
	if len(lines) > 0 && len(lines) < len(rest) {
		lines = append(lines, p.text("  …"))
	}
	return lines
}

// line is a finding in one line.
func (p *page) line(f finding.Finding) string {
	badge := p.badge(f.Severity)
	line := "  " + p.theme.Paint(badge.style, p.text(badge.text)) + " " + p.text(p.ref(f.Object)+": "+f.Message)
	return term.Clip(line, p.width, p.text("…"))
}
