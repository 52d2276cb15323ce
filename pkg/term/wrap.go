package term

// Text fitted into columns, counted in terminal cells: East Asian characters take two, combining marks none.

import (
	"strings"

	"github.com/charmbracelet/x/ansi"
	"github.com/rivo/uniseg"
)

// Cells is the number of columns that text takes. Escape sequences take none.
func Cells(s string) int { return ansi.StringWidth(s) }

// Clip shortens text to at most width columns, the last of which then holds tail.
func Clip(s string, width int, tail string) string {
	if width <= 0 {
		return ""
	}
	return ansi.Truncate(s, width, tail)
}

// Split cuts a token that has no break of its own (a digest, a path, Chinese) into pieces of at most width columns, the first of at
// most first columns. A character wider than that is not cut: it stands alone. The token is plain text, without escape sequences.
func Split(token string, first, width int) []string {
	var pieces []string
	room, used, start := first, 0, 0
	for rest, at, state := token, 0, -1; rest != ""; {
		var cluster string
		var cells int
		cluster, rest, cells, state = uniseg.FirstGraphemeClusterInString(rest, state)
		if used > 0 && used+cells > room {
			pieces = append(pieces, token[start:at])
			room, used, start = width, 0, at
		}
		used += cells
		at += len(cluster)
	}
	return append(pieces, token[start:])
}

// Wrap breaks plain text of one line at spaces into lines of at most width columns; a longer token is cut. 0 or less: one line.
func Wrap(s string, width int) []string {
	words := strings.Fields(s)
	if width <= 0 {
		return []string{strings.Join(words, " ")}
	}
	lines, line, used := []string{}, "", 0
	for _, word := range words {
		if used > 0 && used+1+Cells(word) <= width {
			line, used = line+" "+word, used+1+Cells(word)
			continue
		}
		if used > 0 {
			lines = append(lines, line)
		}
		pieces := Split(word, width, width)
		lines = append(lines, pieces[:len(pieces)-1]...)
		line = pieces[len(pieces)-1]
		used = Cells(line)
	}
	if used > 0 || len(lines) == 0 {
		lines = append(lines, line)
	}
	return lines
}
