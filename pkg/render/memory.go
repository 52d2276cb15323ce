package render

// Where the memory stands that a finding speaks of: one bar whose parts add up, and what they are.

import (
	"strings"

	"github.com/kubectl-scars/kubectl-scars/pkg/finding"
	"github.com/kubectl-scars/kubectl-scars/pkg/term"
)

// The bar: wide enough to tell parts apart, and no wider than helps.
const (
	minBar      = 12
	maxBar      = 60
	markdownBar = 48
)

// fill is what a part is drawn with: a shade where there is UTF-8, a letter where there is not.
func (p *page) fill(kind finding.MemoryKind) string {
	shade, letter := "▚", "?"
	switch kind {
	case finding.MemoryProgram:
		shade, letter = "█", "P"
	case finding.MemoryFiles:
		shade, letter = "▓", "T"
	case finding.MemoryKernel:
		shade, letter = "▒", "K"
	case finding.MemoryActive:
		shade, letter = "░", "c"
	case finding.MemoryOld:
		shade, letter = "┄", "o"
	case finding.MemoryRest:
		shade, letter = "▒", "R"
	case finding.MemoryWorking:
		shade, letter = "▓", "W"
	case finding.MemoryUsage:
		shade, letter = "▓", "U"
	}
	if p.UTF8 {
		return shade
	}
	return letter
}

// memory shows it below the cause: as a picture on a terminal, in a line where lines are read by programs.
func (p *page) memory(m *finding.Memory) []string {
	if m == nil || m.Total <= 0 {
		return nil
	}
	if !p.Terminal {
		line := "memory of " + p.who(m) + ": " + strings.Join(p.legend(m, false), " + ") + " = " + p.against(m)
		if len(m.Parts) == 1 {
			line = "memory of " + p.who(m) + ": " + string(m.Parts[0].Name) + " " + p.against(m)
		}
		if m.Says != "" {
			line += "; " + m.Says
		}
		return p.flow(4, 6, plain(line))
	}
	after := " " + p.against(m)
	if at := p.when(m.Time); at != "" {
		after += " · " + at
	}
	var lines []string
	cells := min(p.width-4-2-term.Cells(p.text(after)), maxBar)
	if cells >= minBar && telling(m) {
		lines = append(lines, "    "+p.bar(m, cells)+p.text(after))
	} else {
		lines = p.flow(4, 6, plain(after))
	}
	var spans []span
	for _, entry := range p.legend(m, true) {
		spans = append(spans, span{text: entry, solid: true})
	}
	lines = append(lines, p.flow(4, 4, spans...)...)
	if m.Says != "" {
		lines = append(lines, p.flow(4, 4, plain(m.Says))...)
	}
	return lines
}

// telling tells whether there is anything to compare: parts with each other, or the sum with a limit.
func telling(m *finding.Memory) bool { return len(m.Parts) > 1 || m.Limit > 0 }

// who names the pod, and its container.
func (p *page) who(m *finding.Memory) string {
	name := m.Object.String()
	if m.Object.Container != "" {
		name += " container " + m.Object.Container
	}
	if at := p.when(m.Time); at != "" {
		return name + " (" + m.Source + ", " + at + ")"
	}
	return name + " (" + m.Source + ")"
}

// against is the sum and what it counts against.
func (p *page) against(m *finding.Memory) string {
	switch {
	case m.Limit > 0 && m.LimitOf == "pod":
		return finding.Bytes(m.Total) + " of the pod's " + finding.Bytes(m.Limit)
	case m.Limit > 0:
		return finding.Bytes(m.Total) + " of " + finding.Bytes(m.Limit)
	default:
		return finding.Bytes(m.Total) + ", no limit"
	}
}

// legend lists the parts, what is left, and the numbers beside them; drawn begins each with what it is drawn with.
func (p *page) legend(m *finding.Memory, drawn bool) []string {
	var out []string
	for _, part := range m.Parts {
		entry := string(part.Name) + " " + finding.Bytes(part.Bytes)
		if drawn {
			entry = p.fill(part.Name) + " " + entry
		}
		if part.GivesWay {
			entry += " (gives way)"
		}
		out = append(out, entry)
	}
	if !drawn {
		return out
	}
	if m.Limit > m.Total {
		out = append(out, "· free "+finding.Bytes(m.Limit-m.Total))
	}
	if m.Peak > 0 {
		out = append(out, "· peak "+finding.Bytes(m.Peak))
	}
	if m.Request > 0 {
		out = append(out, "· asked for "+finding.Bytes(m.Request))
	}
	return append(out, "· "+m.Source)
}

// bar draws the parts in so many cells; what is free of the limit stays empty. Each part has at least one cell, and the largest gives what
// the others need.
func (p *page) bar(m *finding.Memory, cells int) string {
	scale := max(m.Total, m.Limit)
	widths, used, largest := make([]int, len(m.Parts)), 0, 0
	for i, part := range m.Parts {
		widths[i] = min(max(1, int(float64(part.Bytes)/float64(scale)*float64(cells)+0.5)), cells)
		used += widths[i]
		if widths[i] > widths[largest] {
			largest = i
		}
	}
	most := cells
	if m.Limit > m.Total {
		most-- // that there is something left
	}
	if len(m.Parts) > 0 && (used > most || m.Limit <= m.Total) {
		widths[largest] = max(1, widths[largest]+most-used)
	}
	var b strings.Builder
	for i, part := range m.Parts {
		b.WriteString(strings.Repeat(p.fill(part.Name), widths[i]))
	}
	drawn := term.Clip(b.String(), cells, "") // more parts than cells
	return "[" + drawn + strings.Repeat(" ", max(0, cells-term.Cells(drawn))) + "]"
}

// markdownMemory is the picture in a block of its own, where spaces count.
func (p *page) markdownMemory(m *finding.Memory) []string {
	if m == nil || m.Total <= 0 {
		return nil
	}
	text := p.against(m) + "\n" + strings.Join(p.legend(m, true), "  ")
	if telling(m) {
		text = p.bar(m, markdownBar) + " " + text
	}
	lines := append([]string{"", "Memory of " + p.code(p.who(m)) + ":"}, fence("text", p.block(text))...)
	if m.Says != "" {
		lines = append(lines, "", p.escape(m.Says))
	}
	return lines
}
