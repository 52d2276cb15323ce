package render

import (
	"bytes"
	"encoding/json"
	"fmt"
	"reflect"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/charmbracelet/x/ansi"

	"github.com/kubectl-scars/kubectl-scars/pkg/finding"
	"github.com/kubectl-scars/kubectl-scars/pkg/term"
)

func render(t *testing.T, r *finding.Report, o Options) string {
	t.Helper()
	var out bytes.Buffer
	if err := Report(&out, r, o); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

// pasted tells whether a line is there to be pasted, which makes it exempt from the width.
func pasted(r *finding.Report, line string) bool {
	for _, f := range r.Findings {
		for _, fix := range f.Fix {
			for _, whole := range append(strings.Split(term.SanitizeBlock(fix.Patch), "\n"), term.Sanitize(fix.Command)) {
				if whole != "" && strings.Contains(term.ASCII(line), term.ASCII(strings.TrimPrefix(whole, "kubectl "))) {
					return true
				}
			}
		}
	}
	return strings.Contains(line, "kubectl scars ")
}

func TestNoLineIsWiderThanTheTerminal(t *testing.T) {
	for name, r := range reports() {
		for _, format := range []string{"table", "wide"} {
			for _, utf8 := range []bool{true, false} {
				for width := 20; width <= 140; width += 7 {
					o := Options{Format: format, Terminal: true, Width: width, UTF8: utf8, Colour: width%2 == 0, Rerun: "kubectl scars triage -n shop"}
					for _, line := range strings.Split(render(t, r, o), "\n") {
						if term.Cells(line) > width && !pasted(r, line) {
							t.Fatalf("%s, %s, %d columns: a line of %d: %q", name, format, width, term.Cells(line), line)
						}
					}
				}
			}
		}
	}
}

func TestNothingFromTheClusterControlsTheTerminal(t *testing.T) {
	r := nasty()
	all := readers()
	all["jsonpath"] = Options{Format: "jsonpath={.findings}{.metadata}{.coverage}{.cannotSay}{.unexplained}{.summary}"}
	all["go-template"] = Options{Format: "go-template={{range .findings}}{{.message}}{{.fix}}{{end}}{{.metadata}}"}
	forPrograms := map[string]bool{"json": true, "yaml": true, "jsonpath": true, "go-template": true}
	for reader, o := range all {
		out := render(t, r, o)
		if o.Colour {
			out = ansi.Strip(out) // what is left of colour must be none of ours
		}
		if !utf8.ValidString(out) {
			t.Errorf("%s: not UTF-8", reader)
		}
		for _, c := range out {
			if c != '\n' && (unicode.IsControl(c) || unicode.Is(unicode.Cf, c) || c == 0x2028) {
				t.Errorf("%s: contains %U", reader, c)
			}
		}
		for _, line := range strings.Split(out, "\n") {
			if strings.HasPrefix(line, "CRITICAL forged") && o.Format != "markdown" && !forPrograms[reader] {
				t.Errorf("%s: a line of the cluster's looks like ours: %q", reader, line)
			}
		}
		if !o.UTF8 && o.Format != "name" && !forPrograms[reader] {
			for _, c := range out {
				if c >= utf8.RuneSelf {
					t.Errorf("%s: %q where only ASCII can be shown", reader, c)
				}
			}
		}
	}
}

func TestColourAddsNothingButColour(t *testing.T) {
	for name, r := range reports() {
		for _, o := range []Options{{Terminal: true, Width: 80, MaxLines: 40, UTF8: true}, {UTF8: true}, {Format: "wide", Terminal: true, Width: 100}} {
			without := render(t, r, o)
			o.Colour = true
			with := render(t, r, o)
			if got := ansi.Strip(with); got != without {
				line, w, g := firstDifference(without, got)
				t.Errorf("%s: line %d: without colour %q, with %q", name, line, w, g)
			}
			if strings.Contains(with, "\x1b[38;") || strings.Contains(with, "\x1b[48;") {
				t.Errorf("%s: colours beyond the 16", name)
			}
		}
	}
}

func TestEveryFindingIsShownOrCounted(t *testing.T) {
	r := many()
	for lines := 1; lines < 200; lines++ {
		out := render(t, r, Options{Terminal: true, Width: 80, MaxLines: lines, UTF8: true})
		shown := strings.Count(out, "oom/limit-hit")
		more := 0
		if _, rest, ok := strings.Cut(out, "… and "); ok {
			if _, err := fmt.Sscanf(rest, "%d more finding", &more); err != nil {
				t.Fatal(err)
			}
		}
		if shown < 1 || shown+more != len(r.Findings) {
			t.Fatalf("%d lines: %d shown, %d counted, %d there", lines, shown, more, len(r.Findings))
		}
	}
}

// TestCoverageBreaksNoName: names of resources and checks are looked up and pasted, at any width that holds one.
func TestCoverageBreaksNoName(t *testing.T) {
	r := report("oom")
	c := finding.Coverage{
		Resource: "horizontalpodautoscalers.autoscaling", Namespace: "shop", State: finding.CoverageAbsent, Reason: "not in the input",
		Checks: []string{"oom/request-far-below-usage", "probes/liveness-not-later-than-readiness", "oom/limit-hit"},
	}
	r.Coverage = []finding.Coverage{c}
	for width := 60; width < 160; width += 5 {
		out := render(t, r, Options{Format: "wide", Terminal: true, Width: width, UTF8: true})
		for _, name := range append(c.Checks, c.Resource) {
			if !strings.Contains(out, name) {
				t.Errorf("%d columns: %s is broken:\n%s", width, name, out)
			}
		}
	}
}

func TestPipeCutsNothing(t *testing.T) {
	for _, r := range []*finding.Report{many(), nasty()} {
		out := render(t, r, Options{UTF8: true, MaxLines: 5, Width: 20})
		for _, f := range r.Findings {
			texts := []string{f.Check, f.Message}
			for _, e := range f.Evidence {
				texts = append(texts, e.Value, e.Source)
			}
			for _, text := range texts {
				if text = strings.Join(strings.Fields(term.Sanitize(text)), " "); !strings.Contains(out, text) {
					t.Errorf("cut: %.80q", text)
				}
			}
		}
	}
}

func TestOneFindingOneLineInAPipe(t *testing.T) {
	for _, f := range incident().Findings {
		found := false
		for _, line := range strings.Split(render(t, incident(), Options{UTF8: true}), "\n") {
			found = found || strings.Contains(line, strings.ToUpper(string(f.Severity))) && strings.Contains(line, f.Check) &&
				strings.Contains(line, f.Object.String()) && strings.Contains(line, f.Message)
		}
		if !found {
			t.Errorf("no line holds all of %s about %s", f.Check, f.Object)
		}
	}
}

func TestJSONHoldsTheReport(t *testing.T) {
	for name, r := range reports() {
		out := render(t, r, Options{Format: "json"})
		if !strings.HasSuffix(out, "}\n") {
			t.Errorf("%s: no newline at the end", name)
		}
		var back finding.Report
		if err := json.Unmarshal([]byte(out), &back); err != nil {
			t.Fatal(err)
		}
		raw, err := json.Marshal(r)
		if err != nil {
			t.Fatal(err)
		}
		var want finding.Report
		if err := json.Unmarshal(raw, &want); err != nil {
			t.Fatal(err)
		}
		if !reflect.DeepEqual(want, back) {
			t.Errorf("%s: JSON does not come back as it was", name)
		}
	}
}

func TestOneHugeTextDoesNotBlowUpTheRest(t *testing.T) {
	const rows, huge = 500, 1 << 18
	r := report("oom")
	for i := range rows {
		r.Findings = append(r.Findings, limitHit("shop", fmt.Sprintf("web-%d", i)))
		r.Coverage = append(r.Coverage, finding.Coverage{Resource: fmt.Sprintf("file-%d", i), State: finding.CoverageFailed, Reason: "broken"})
	}
	r.Findings[0].Message, r.Coverage[0].Reason = strings.Repeat("x", huge), strings.Repeat("y", huge)
	for _, o := range []Options{{}, {Format: "wide"}, {Format: "markdown"}, {Format: "wide", Terminal: true}} {
		if n := len(render(t, r, o)); n > 4*huge+8*maxCell*rows {
			t.Errorf("%+v: %d bytes", o, n)
		}
	}
}

// TestInfosDoNotPushOutWhatHurts shows an object with something critical and much that is only worth knowing, before another that is critical.
func TestInfosDoNotPushOutWhatHurts(t *testing.T) {
	r := report("oom", limitHit("shop", "api"), limitHit("shop", "web"))
	for i := range 9 {
		f := limitHit("shop", "api")
		f.Severity, f.Key, f.Message = finding.Info, fmt.Sprint(i), "worth knowing"
		r.Findings = append(r.Findings, f)
	}
	r.Sort()
	out := render(t, r, Options{Terminal: true, Width: 80, MaxLines: 50, UTF8: true})
	if n := strings.Count(out, "✗ CRITICAL oom/limit-hit"); n != 2 {
		t.Errorf("%d of 2 criticals have a card:\n%s", n, out)
	}
	if !strings.Contains(out, "more findings (") {
		t.Errorf("nothing was left out, so the test shows nothing:\n%s", out)
	}
}
