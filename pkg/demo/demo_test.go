package demo

import (
	"bytes"
	"compress/gzip"
	"io"
	"regexp"
	"slices"
	"testing"
	"time"

	"github.com/kubectl-scars/kubectl-scars/pkg/analysis"
	"github.com/kubectl-scars/kubectl-scars/pkg/checks"
	"github.com/kubectl-scars/kubectl-scars/pkg/finding"
)

// findings runs the checks of an area over a demo.
func findings(t *testing.T, demo, area string) []finding.Finding {
	t.Helper()
	in, err := Read(demo)
	if err != nil {
		t.Fatal(err)
	}
	if in.Header == nil || len(in.Gaps) > 0 || len(in.Ignored) > 0 {
		t.Fatalf("header %v, gaps %v, ignored %v", in.Header, in.Gaps, in.Ignored)
	}
	var out []finding.Finding
	for _, o := range analysis.Run(in.Snapshot(), checks.Of(area), in.Header.Scope.Namespaces) {
		if o.Err != nil {
			t.Fatal(o.Err)
		}
		out = append(out, o.Findings...)
	}
	slices.SortFunc(out, finding.Compare)
	return out
}

func TestEachDemoShowsOneIncidentOfItsArea(t *testing.T) {
	for _, area := range checks.Areas() {
		found := findings(t, area, area)
		if len(found) == 0 {
			t.Errorf("the demo of %s shows nothing", area)
			continue
		}
		for _, f := range found {
			t.Logf("%s %s %s: %s", f.Check, f.Confidence, f.Object, f.Message)
			if f.Object != found[0].Object && area != "probes" { // of which the Service without ready pods is a consequence
				t.Errorf("the demo of %s has a second incident: %s %s: %s", area, f.Check, f.Object, f.Message)
			}
		}
	}
}

func TestTriageDemoShowsEveryArea(t *testing.T) {
	for _, area := range checks.Areas() {
		if len(findings(t, "triage", area)) == 0 {
			t.Errorf("the demo of triage shows nothing of %s", area)
		}
	}
}

// TestClockThatIsBehind: what happens after "now" has no negative age, whatever tells it.
func TestClockThatIsBehind(t *testing.T) {
	negative := regexp.MustCompile(`(^|[ (])-\d+(\.\d+)?(s|m|h|d)`)
	for _, name := range append(checks.Areas(), "triage") {
		in, err := Read(name)
		if err != nil {
			t.Fatal(err)
		}
		for _, behind := range []time.Duration{10 * time.Second, 10 * time.Minute, 10 * 365 * 24 * time.Hour} {
			for _, o := range analysis.Run(in.Builder.Build(in.Now.Add(-behind)), checks.All(), nil) {
				for _, f := range o.Findings {
					text := []string{f.Message}
					for _, e := range f.Evidence {
						text = append(text, e.Value)
					}
					for _, x := range f.Fix {
						text = append(text, x.Text)
					}
					if i := slices.IndexFunc(text, negative.MatchString); i >= 0 {
						t.Errorf("the demo of %s, %s ago: %s: %s", name, behind, f.Check, text[i])
					}
				}
			}
		}
	}
}

func TestDemosAreSmallAndHoldNoKey(t *testing.T) {
	key := regexp.MustCompile(`PRIVATE KEY|LS0tLS1CRUdJTiBFQyBQUklWQVRF|LS0tLS1CRUdJTiBQUklWQVRF|LS0tLS1CRUdJTiBSU0EgUFJJVkFUR|"tls\.key":`)
	for _, name := range append(checks.Areas(), "triage") {
		data, err := Open(name)
		if err != nil {
			t.Fatal(err)
		}
		if len(data) > 60<<10 {
			t.Errorf("the demo of %s has %d KiB, want at most 60", name, len(data)>>10)
		}
		if at := key.FindIndex(unpacked(t, name)); at != nil {
			t.Errorf("the demo of %s holds a key at byte %d", name, at[0])
		}
	}
}

// unpacked is the text of a demo.
func unpacked(t *testing.T, name string) []byte {
	t.Helper()
	data, err := Open(name)
	if err != nil {
		t.Fatal(err)
	}
	zr, err := gzip.NewReader(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	text, err := io.ReadAll(zr)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func TestUnknownDemo(t *testing.T) {
	if _, err := Open("dns"); err == nil {
		t.Error("there is a demo of dns")
	}
}
