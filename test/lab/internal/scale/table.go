package scale

// This file writes what was measured into a page of the documentation.

import (
	"bytes"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
)

const (
	beginTable = "<!-- scale:begin, written by go run ./cmd/scale -->"
	endTable   = "<!-- scale:end -->"
	head       = "| pods | objects | what | time | × floor | peak memory | received | requests |\n|---:|---:|---|---:|---:|---:|---:|---:|\n"
)

// Table is a row for each program.
func (r *Rig) Table(costs []Cost) string {
	var out strings.Builder
	for _, c := range costs {
		fmt.Fprintf(&out, "| %d | %d | %s | %.1f s | %.2f | %d MB | %.1f MB | %d |\n", r.Pods, r.Objects, c.Name, c.Took.Seconds(),
			c.Took.Seconds()/costs[0].Took.Seconds(), c.RSS/1e6, float64(c.Received)/1e6, c.Requests)
	}
	return out.String()
}

// Write puts the rows into a page, in place of those of the same size.
func Write(page string, pods int, rows string) error {
	data, err := os.ReadFile(page)
	if err != nil {
		return err
	}
	before, rest, ok := bytes.Cut(data, []byte(beginTable))
	old, after, closed := bytes.Cut(rest, []byte(endTable))
	if !ok || !closed {
		return fmt.Errorf("%s has no place for the table: %s", page, beginTable)
	}
	lines := strings.SplitAfter(rows, "\n")
	for line := range strings.SplitAfterSeq(string(old), "\n") {
		if size, ok := sizeOf(line); ok && size != pods {
			lines = append(lines, line)
		}
	}
	lines = slices.DeleteFunc(lines, func(l string) bool { return strings.TrimSpace(l) == "" })
	slices.SortStableFunc(lines, func(a, b string) int {
		x, _ := sizeOf(a)
		y, _ := sizeOf(b)
		return x - y
	})
	return os.WriteFile(page, []byte(string(before)+beginTable+"\n"+head+strings.Join(lines, "")+endTable+string(after)), 0o644)
}

func sizeOf(row string) (int, bool) {
	cells := strings.Split(row, "|")
	if len(cells) < 3 {
		return 0, false
	}
	n, err := strconv.Atoi(strings.TrimSpace(cells[1]))
	return n, err == nil
}
