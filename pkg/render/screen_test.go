package render

// What the first screen holds, and what makes room for what.

import (
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/kubectl-scars/kubectl-scars/pkg/finding"
)

func TestFirstScreenFits(t *testing.T) {
	for _, r := range []*finding.Report{incident(), many(), healthy()} {
		for _, lines := range []int{22, 28, 38, 40, 50, 60, 120} {
			for _, width := range []int{80, 120} {
				out := render(t, r, Options{Terminal: true, Width: width, MaxLines: lines, UTF8: true, Rerun: "kubectl scars triage"})
				p := &page{width: width}
				if rows := p.rows(strings.Split(strings.TrimSuffix(out, "\n"), "\n")); rows >= lines {
					t.Errorf("%d rows on a screen of %d lines and %d columns:\n%s", rows, lines, width, out)
				}
			}
		}
	}
}

// TestFirstScreenNamesEveryCritical: one card does not fill the screen before all that is critical has a line.
func TestFirstScreenNamesEveryCritical(t *testing.T) {
	r := many()
	for lines := 20; lines < 120; lines += 7 {
		out := render(t, r, Options{Terminal: true, Width: 80, MaxLines: lines, UTF8: true, Rerun: "kubectl scars oom"})
		if n := strings.Count(out, "✗ CRITICAL"); n != r.Summary.Critical {
			t.Errorf("%d lines: %d of %d named:\n%s", lines, n, r.Summary.Critical, out)
		}
	}
}

// TestFirstScreenTellsWhatToDo: below every critical's cause, what to do about the worst comes before the rest, whatever else there is to say.
func TestFirstScreenTellsWhatToDo(t *testing.T) {
	screen := readers()["80"]
	screen.MaxLines = 22
	short := screen
	short.Rerun = "kubectl scars triage -A"
	first := limitHit("shop", "web-0")
	first.Message = strings.Repeat("The kernel killed it. ", 11)
	first.Fix = []finding.Fix{{Text: "Read what it said last", Command: "kubectl logs -p web-0"}, {Text: "Patch it", Command: strings.Repeat("x", 300)}}
	r := report("oom", first)
	for i := range 5 {
		r.Findings = append(r.Findings, limitHit("shop", fmt.Sprintf("web-%d", i+1)))
	}
	for _, resource := range []string{"horizontalpodautoscalers.autoscaling", "nodes.metrics.k8s.io", "pods.metrics.k8s.io"} {
		r.Coverage = append(r.Coverage, finding.Coverage{Resource: resource, State: finding.CoverageAbsent})
	}
	for _, c := range []struct {
		report *finding.Report
		o      Options
		want   string
	}{
		{r, short, "    kubectl --context prod-eu logs -p web-0\n"},
		{r, short, "– coverage: absent: horizontalpodautoscalers.autoscaling, …\n"},
		{many(), screen, "    kubectl --context prod-eu -n shop set resources deployment/web-0 "},
		{incident(), screen, "  → Raise the limit above the peak; "}, // of which the command has no room
	} {
		if out := render(t, c.report, c.o); !strings.Contains(out, c.want) {
			t.Errorf("no %q:\n%s", c.want, out)
		}
	}
}

// TestTerseCutsOnlyWhatIsLonger: a text that fits into a line is left whole.
func TestTerseCutsOnlyWhatIsLonger(t *testing.T) {
	p := &page{Options: Options{UTF8: true}, width: 30, terse: true}
	for text, want := range map[string]string{
		"thirty columns of it, no more.":     "thirty columns of it, no more.",
		"thirty columns of it, and no more.": "thirty columns of it, and …",
	} {
		if lines := p.flow(0, 2, plain(text)); len(lines) != 1 || lines[0] != want {
			t.Errorf("%q, want %q", lines, want)
		}
	}
}

// TestEachCardIsMadeOnce: without a cap there is nothing to try out.
func TestEachCardIsMadeOnce(t *testing.T) {
	r := report("oom")
	for i := range 100 {
		r.Findings = append(r.Findings, limitHit("shop", fmt.Sprintf("web-%d", i)))
	}
	for name, o := range map[string]Options{"pipe": {}, "wide": {Format: "wide", Terminal: true, Width: 80}} {
		p := newPage(io.Discard, r, o)
		p.wide = o.Format == "wide"
		once := testing.AllocsPerRun(1, func() { p.blocks(grouped(r.Findings), 0) })
		all := testing.AllocsPerRun(1, func() { render(t, r, o) })
		if all > 1.5*once {
			t.Errorf("%s: %.0f allocations where the cards take %.0f", name, all, once)
		}
	}
}
