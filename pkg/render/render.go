// Package render turns reports and views into text: for people (table, wide, markdown) and for programs (json, yaml, name, jsonpath,
// go-template). It knows the wire types and nothing of how they came about.
package render

import (
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/kubectl-scars/kubectl-scars/pkg/finding"
)

// Options say in which format, and for what kind of reader.
type Options struct {
	Format   string // one of Formats; empty means table
	Colour   bool   // ANSI colours, 16 of them
	Terminal bool   // the writer is a terminal: wrap to Width, tell ages; otherwise one line each and absolute times
	Width    int    // columns of the terminal; 0 means 80
	MaxLines int    // lines of the first screen, for table on a terminal; 0 means no cap
	UTF8     bool   // the reader's locale is UTF-8; otherwise only ASCII is written
	Source   string // what was looked at where it is no live cluster: "recorded incident, not your cluster"; empty says nothing
	Kubectl  string // how follow-up commands start, for a shell: "kubectl --context prod"; empty means "kubectl"
	Rerun    string // this very command without -o, for a shell: "kubectl scars triage -n shop"; empty names no command

	// Now is the reader's clock. Ages count from the report's own time; the reader's clock only tells when that was long ago.
	Now time.Time
}

// Formats lists what -o takes; a format that ends in = takes an argument.
func Formats() []string {
	return []string{
		"table", "wide", "markdown", "json", "yaml", "name",
		"jsonpath=", "jsonpath-file=", "go-template=", "go-template-file=",
	}
}

// Validate refuses a format that is unknown, or whose expression or template is wrong, before any work is done.
func Validate(format string) error {
	switch format {
	case "", "table", "wide", "markdown", "json", "name":
		return nil
	}
	_, err := structuredPrinter(format)
	return err
}

// Report writes a report, which must be sorted, in the format asked for.
func Report(w io.Writer, r *finding.Report, o Options) error {
	switch o.Format {
	case "", "table":
		return writeLines(w, newPage(w, r, o).table())
	case "wide":
		p := newPage(w, r, o)
		p.wide, p.MaxLines = true, 0
		return writeLines(w, p.table())
	case "markdown":
		return writeMarkdown(w, r, o)
	case "name":
		return writeNames(w, affected(r))
	default:
		return writeStructured(w, r, o.Format)
	}
}

// Line is a finding in one line, cut to the width of the terminal.
func Line(w io.Writer, f finding.Finding, o Options) string { return docPage(w, o).line(f) }

func unknownFormat(format string) error {
	return fmt.Errorf("unknown output format %q; use one of %s", format, strings.Join(Formats(), ", "))
}

// writeLines writes all at once: half a report is worse than none, and one write is quicker than a thousand.
func writeLines(w io.Writer, lines []string) error {
	var b strings.Builder
	for _, line := range lines {
		b.WriteString(strings.TrimRight(line, " "))
		b.WriteByte('\n')
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// affected are the objects of the findings, worst first.
func affected(r *finding.Report) []finding.ObjectRef {
	out := make([]finding.ObjectRef, len(r.Findings))
	for i, f := range r.Findings {
		out[i] = f.Object
	}
	return out
}
