package render

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/kubectl-scars/kubectl-scars/pkg/finding"
)

var update = flag.Bool("update", false, "write the golden files anew")

// golden compares output with a file under testdata.
func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(path, got, 0o644); err != nil { //nolint:gosec // a test file
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(path) //nolint:gosec // a test file
	if err != nil {
		t.Fatalf("%v (run with -update to write it)", err)
	}
	if !bytes.Equal(want, got) {
		line, w, g := firstDifference(string(want), string(got))
		t.Errorf("%s: line %d differs; look at it, then run with -update if it is right\nwant %s\ngot  %s", path, line, w, g)
	}
}

// firstDifference finds the first line in which two texts differ, counted from 1.
func firstDifference(want, got string) (line int, w, g string) {
	ws, gs := strings.Split(want, "\n"), strings.Split(got, "\n")
	for i := range max(len(ws), len(gs)) {
		w, g = "(end)", "(end)"
		if i < len(ws) {
			w = ws[i]
		}
		if i < len(gs) {
			g = gs[i]
		}
		if w != g {
			return i + 1, w, g
		}
	}
	return 0, "", ""
}

func reports() map[string]*finding.Report {
	return map[string]*finding.Report{
		"incident": incident(), "healthy": healthy(), "gaps": gaps(), "many": many(), "nasty": nasty(), "memory": memory(),
	}
}

// readers are the ways in which people look at a report.
func readers() map[string]Options {
	kubectl, rerun := "kubectl --context prod-eu", "kubectl scars triage --context prod-eu -n shop"
	return map[string]Options{
		"80":          {Terminal: true, Width: 80, MaxLines: 40, UTF8: true, Kubectl: kubectl, Rerun: rerun},
		"120":         {Terminal: true, Width: 120, MaxLines: 40, UTF8: true, Kubectl: kubectl, Rerun: rerun},
		"80color":     {Terminal: true, Width: 80, MaxLines: 40, UTF8: true, Colour: true, Kubectl: kubectl, Rerun: rerun},
		"120color":    {Terminal: true, Width: 120, MaxLines: 40, UTF8: true, Colour: true, Kubectl: kubectl, Rerun: rerun},
		"ascii":       {Terminal: true, Width: 80, MaxLines: 40},
		"pipe":        {UTF8: true, Kubectl: kubectl, Rerun: rerun},
		"wide":        {Format: "wide", Terminal: true, Width: 120, UTF8: true, Kubectl: kubectl, Now: noon.Add(8 * 24 * time.Hour)},
		"wide80color": {Format: "wide", Terminal: true, Width: 80, UTF8: true, Colour: true, Kubectl: kubectl},
		"widepipe":    {Format: "wide", UTF8: true},
		"markdown":    {Format: "markdown", UTF8: true, Kubectl: kubectl},
		"json":        {Format: "json"},
		"yaml":        {Format: "yaml"},
		"name":        {Format: "name"},
	}
}

func TestGolden(t *testing.T) {
	for name, r := range reports() {
		for reader, o := range readers() {
			t.Run(name+"/"+reader, func(t *testing.T) {
				var out bytes.Buffer
				if err := Report(&out, r, o); err != nil {
					t.Fatal(err)
				}
				golden(t, name+"."+reader+".golden", out.Bytes())
			})
		}
	}
}

// TestGoldenScreens shows what terminals of common sizes hold, less the prompt and the command.
func TestGoldenScreens(t *testing.T) {
	for _, size := range [][2]int{{80, 24}, {120, 30}, {80, 50}} {
		for name, r := range map[string]*finding.Report{"incident": incident(), "many": many(), "memory": memory()} {
			o := readers()["80"]
			o.Width, o.MaxLines = size[0], size[1]-2
			golden(t, fmt.Sprintf("%s.%dx%d.golden", name, size[0], size[1]), []byte(render(t, r, o)))
		}
	}
}

// TestGapGroups: what two areas cannot say for the same reason is told once, and what two checks of one area cannot say for each.
func TestGapGroups(t *testing.T) {
	gap := func(check, name string) finding.Gap {
		return finding.Gap{Check: check, Object: object("Pod", "shop", name), Reason: "what ended it: no events of that time are left"}
	}
	var got []string
	for _, g := range gapGroups([]finding.Gap{gap("oom/killed-not-memory", "a"), gap("oom/killed-not-memory", "b"), gap("oom/other", "a"), gap("probes/liveness-kill", "a"), gap("probes/liveness-kill", "c")}) {
		got = append(got, fmt.Sprint(g.check, len(g.objects)))
	}
	if want := []string{"oom/killed-not-memory2", "oom/other1", "probes/liveness-kill1"}; !slices.Equal(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
}
