package render

// Tables. tablewriter lays them out in kubectl's look; the column widths and the breaking of long tokens are ours, because it divides
// a given width equally and never breaks a word.

import (
	"strings"

	"github.com/olekukonko/tablewriter"
	"github.com/olekukonko/tablewriter/renderer"
	"github.com/olekukonko/tablewriter/tw"

	"github.com/kubectl-scars/kubectl-scars/pkg/term"
)

// gridGap is the number of spaces between columns, as kubectl has.
const gridGap = 3

// maxCell bounds the columns of a cell even where nothing is cut otherwise, because all rows are padded to the widest.
const maxCell = 2000

// grid lays rows out below a header, within the page's width less a margin.
func (p *page) grid(header []string, rows [][]string, margin int) []string {
	all := append([][]string{header}, rows...)
	clean := make([][]string, len(all))
	for i, row := range all {
		clean[i] = make([]string, len(row))
		for j, cell := range row {
			clean[i][j] = strings.TrimSpace(term.Clip(p.text(cell), maxCell, p.text("…")))
		}
	}
	widths := squeeze(natural(clean, term.Cells), natural(clean, longestWord), p.width-margin)
	for _, row := range clean {
		for j, cell := range row {
			row[j] = strings.Join(term.Wrap(cell, widths[j]), "\n")
		}
	}
	var b strings.Builder
	padding := tw.CellPadding{Global: tw.Padding{Right: strings.Repeat(" ", gridGap), Overwrite: true}}
	left := tw.CellAlignment{Global: tw.AlignLeft}
	asIs := tw.CellFormatting{AutoWrap: tw.WrapNone, AutoFormat: tw.Off}
	table := tablewriter.NewTable(&b,
		tablewriter.WithRenderer(renderer.NewBlueprint(tw.Rendition{
			Borders: tw.BorderNone,
			Settings: tw.Settings{
				Separators: tw.SeparatorsNone,
				Lines:      tw.LinesNone,
			},
		})),
		tablewriter.WithHeaderConfig(tw.CellConfig{Formatting: asIs, Alignment: left, Padding: padding}),
		tablewriter.WithRowConfig(tw.CellConfig{Formatting: asIs, Alignment: left, Padding: padding}),
		tablewriter.WithEastAsian(tw.Off),
		tablewriter.WithTrimSpace(tw.Off),
	)
	table.Header(clean[0])
	if err := table.Bulk(clean[1:]); err != nil {
		return p.flow(0, 2, plain("table: "+err.Error()))
	}
	if err := table.Render(); err != nil {
		return p.flow(0, 2, plain("table: "+err.Error()))
	}
	lines := strings.Split(strings.TrimRight(b.String(), "\n"), "\n")
	for i := range lines {
		lines[i] = strings.TrimRight(lines[i], " ")
	}
	return lines
}

// natural is the widest that a column's cells are by some measure.
func natural(rows [][]string, cells func(string) int) []int {
	widths := make([]int, len(rows[0]))
	for _, row := range rows {
		for j, cell := range row {
			widths[j] = max(widths[j], cells(cell))
		}
	}
	return widths
}

// longestWord is the width below which a text cannot be set without breaking a word.
func longestWord(s string) int {
	longest := 0
	for _, word := range strings.Fields(s) {
		longest = max(longest, term.Cells(word))
	}
	return longest
}

// squeeze takes from the widest column until the line fits: the long texts give, the short facts stay whole. Words are broken only where
// not even all of them fit side by side.
func squeeze(widths, words []int, room int) []int {
	if room <= 0 {
		return widths
	}
	least := make([]int, len(widths))
	if leastWidth(words) <= room {
		least = words
	}
	for total := leastWidth(widths); total > room; total-- {
		widest := 0
		for j := range widths {
			if widths[j]-least[j] > 0 && (widths[widest] == least[widest] || widths[j] > widths[widest]) {
				widest = j
			}
		}
		if widths[widest] <= 1 {
			break
		}
		widths[widest]--
	}
	return widths
}

// leastWidth is how wide a table is whose columns have these widths.
func leastWidth(widths []int) int {
	total := gridGap * (len(widths) - 1)
	for _, w := range widths {
		total += w
	}
	return total
}
