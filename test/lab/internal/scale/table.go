package scale

// This file writes what was measured into a page of the documentation.

import (
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
)

const (
	scaleHead        = "| pods | objects | what | time | × floor | peak memory | received | requests |\n|---:|---:|---|---:|---:|---:|---:|---:|\n"
	alternativesHead = "| link | how the inputs are read | time | × first | peak memory | received | requests |\n|---|---|---:|---:|---:|---:|---:|\n"
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

// WriteScale puts rows into the table of sizes of a page, in place of those of the same size.
func WriteScale(page string, pods int, rows string) error {
	return write(page, "scale", func(old string) string {
		lines := strings.SplitAfter(rows, "\n")
		for line := range strings.SplitAfterSeq(old, "\n") {
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
		return scaleHead + strings.Join(lines, "")
	})
}

// WriteAlternatives puts the rows in place of those that a page has.
func WriteAlternatives(page, rows string) error {
	return write(page, "alternatives", func(string) string { return alternativesHead + rows })
}

// write changes what stands between two marks of a page: "<!-- NAME:begin" to the end of its line, and "<!-- NAME:end".
func write(page, name string, change func(old string) string) error {
	data, err := os.ReadFile(page)
	if err != nil {
		return err
	}
	before, rest, ok := strings.Cut(string(data), "<!-- "+name+":begin")
	mark, rest, begun := strings.Cut(rest, "\n")
	old, after, ended := strings.Cut(rest, "<!-- "+name+":end")
	if !ok || !begun || !ended {
		return fmt.Errorf("%s has no place for the table: <!-- %s:begin -->", page, name)
	}
	return os.WriteFile(page, []byte(before+"<!-- "+name+":begin"+mark+"\n"+change(old)+"<!-- "+name+":end"+after), 0o644)
}

func sizeOf(row string) (int, bool) {
	cells := strings.Split(row, "|")
	if len(cells) < 3 {
		return 0, false
	}
	n, err := strconv.Atoi(strings.TrimSpace(cells[1]))
	return n, err == nil
}
