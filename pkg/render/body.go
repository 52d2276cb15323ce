package render

// The findings, as many as the first screen holds.

import (
	"cmp"
	"slices"

	"github.com/kubectl-scars/kubectl-scars/pkg/finding"
	"github.com/kubectl-scars/kubectl-scars/pkg/render/theme"
	"github.com/kubectl-scars/kubectl-scars/pkg/term"
)

// maxDigest is how many lines of the first screen are kept for a digest of findings that are not critical and do not fit. Each critical one has
// its line, whatever that leaves for cards: who is on call must see the list before one of them fills the screen. What to do about the worst
// comes next, before the lines of those that are not critical.
const maxDigest = 3

// block is one finding ready to be shown, with the heading of its group where it opens one.
type block struct {
	finding finding.Finding
	lines   []string
}

// body shows the findings in room lines (0: all of them): as many as fit whole beside a digest of the rest, or else the first one cut.
// Where not all fit, what is only worth knowing comes last, whatever object it is about: it must not push out what hurts.
func (p *page) body(room int) (lines []string, cut bool) {
	blocks := p.blocks(grouped(p.report.Findings), room)
	if p.fit(blocks, room) == len(blocks) {
		return join(blocks), false
	}
	blocks = p.blocks(hurtsFirst(p.report.Findings), room)
	rest := func(n int) []finding.Finding {
		var left []finding.Finding
		for _, b := range blocks[n:] {
			left = append(left, b.finding)
		}
		return left
	}
	for n := p.fit(blocks, room); n > 0; n-- {
		lines := append(append(join(blocks[:n]), ""), p.more(rest(n), false)...)
		if left := room - p.rows(lines); left >= kept(rest(n)) {
			return append(lines, p.digest(rest(n), left)...), false
		}
	}
	first, more := blocks[0].finding, p.more(rest(1), true)
	left := room - p.rows(more) - 1
	spare := left - p.rows(p.cut(first, 0)) // beside the cause
	spare -= p.rows(p.step(first, spare-criticals(rest(1))))
	lines = append(append(p.cut(first, left-min(kept(rest(1)), max(spare, 0))), ""), more...)
	return append(lines, p.digest(rest(1), room-p.rows(lines))...), true
}

// kept is how many lines the first screen keeps for a digest.
func kept(rest []finding.Finding) int {
	critical := criticals(rest)
	return critical + min(len(rest)-critical, maxDigest)
}

func criticals(findings []finding.Finding) (n int) {
	for _, f := range findings {
		if f.Severity == finding.Critical {
			n++
		}
	}
	return n
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
				if i == 0 {
					b.lines = append(b.lines, p.heading(f)...)
				}
				b.lines = append(b.lines, p.card(f)...)
				used += p.rows(b.lines)
			}
			blocks = append(blocks, b)
		}
	}
	return blocks
}

// heading names the object of a group of findings; in a pipe each finding does.
func (p *page) heading(f finding.Finding) []string {
	if !p.Terminal {
		return nil
	}
	return p.flow(0, 2, span{text: p.ref(f.Object), style: theme.Heading})
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

// fit counts the blocks that fit into room lines; a room of 0 holds all.
func (p *page) fit(blocks []block, room int) int {
	used := 0
	for i, b := range blocks {
		if room == 0 {
			break
		}
		if used += p.rows(b.lines); used > room {
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

// more counts what was left out and names the command that shows it; the command is kept whole, for pasting. cut tells that something of
// the finding above was left out as well: then the severities, which the head of the page counts too, give way for a line.
func (p *page) more(rest []finding.Finding, cut bool) []string {
	texts := []string{"… in full"}
	if len(rest) > 0 {
		text, severities := "… and "+number(len(rest), "more finding", "more findings"), " ("+counts(rest)+")"
		texts = []string{text + severities}
		if cut {
			texts = []string{text + severities + ", this one in full", text + ", this one in full"}
		}
	}
	if p.Rerun == "" {
		return p.flow(0, 2, strong(texts[0]+", all with"), span{text: "-o wide", style: theme.Strong, solid: true})
	}
	command := p.text(p.Rerun + " -o wide")
	for _, text := range texts {
		if lines := p.flow(0, 2, strong(text+":")); len(lines) == 1 && p.fits(lines[0]+" "+command) {
			return []string{lines[0] + " " + command}
		}
	}
	return append(p.flow(0, 2, strong(texts[0]+":")), "  "+command)
}

// digest tells findings in one line each, worst first, as many as there is room for; the line before has counted all of them.
func (p *page) digest(rest []finding.Finding, room int) []string {
	slices.SortStableFunc(rest, func(a, b finding.Finding) int { return cmp.Compare(a.Severity.Rank(), b.Severity.Rank()) })
	var lines []string
	for _, f := range rest[:min(len(rest), max(room, 0))] {
		lines = append(lines, p.line(f))
	}
	return lines
}

// line is a finding in one line.
func (p *page) line(f finding.Finding) string {
	badge := p.badge(f.Severity)
	line := "  " + p.theme.Paint(badge.style, p.text(badge.text)) + " " + p.text(p.ref(f.Object)+": "+f.Message)
	return term.Clip(line, p.width, p.text("…"))
}
