package term

// Text fitted into columns, counted in terminal cells: East Asian characters take two, combining marks none.

import (
	"strings"

	"github.com/charmbracelet/x/ansi"
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
// most first columns. A character wider than the space is not cut: it stands alone.
func Split(token string, first, width int) []string {
	var pieces []string
	room := first
	for Cells(token) > room {
		head := ansi.Truncate(token, room, "")
		if head == "" && len(pieces) == 0 && room < width {
			room = width
			continue
		}
		if head == "" {
			_, size := firstCluster(token)
			head = token[:size]
		}
		pieces = append(pieces, head)
		token = token[len(head):]
		room = width
	}
	if token != "" || len(pieces) == 0 {
		pieces = append(pieces, token)
	}
	return pieces
}

// firstCluster is the first character of a text as a reader sees it, and its length in bytes.
func firstCluster(s string) (string, int) {
	for i := range s {
		if i > 0 && Cells(s[:i]) > 0 {
			return s[:i], i
		}
	}
	return s, len(s)
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
