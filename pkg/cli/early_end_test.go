package cli

// How a run ends that has said something early: by an interrupt, or with a file of what it saw.

import (
	"bytes"
	"context"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/kubectl-scars/kubectl-scars/pkg/finding"
)

// TestInterruptAfterEarlyLines: Ctrl-C ends the run at once with 130 and with a report of what had been read, early lines among it.
func TestInterruptAfterEarlyLines(t *testing.T) {
	for _, volumes := range []int{1, 2 * earlyLines} {
		ctx, interrupt := context.WithCancel(t.Context())
		seen := &screen{wants: "vol-00", came: make(chan struct{})}
		go func() {
			<-seen.came
			interrupt()
		}()
		file := filepath.Join(t.TempDir(), "saved.json")
		got := run(ctx, t, volumes, seen, func(r *http.Request) { <-r.Context().Done() }, "triage", "-A", "-o", "json", "--color", "never", "--save", file)
		interrupt()
		if got.code != exitInterrupted {
			t.Errorf("exit code %d", got.code)
		}
		report := got.report(t)
		lines := provisional(seen)
		if len(lines) != min(volumes, earlyLines) || len(report.Findings) != volumes {
			t.Errorf("%d early lines, %d findings of %d", len(lines), len(report.Findings), volumes)
		}
		for _, line := range lines {
			if !slices.ContainsFunc(report.Findings, func(f finding.Finding) bool { return strings.Contains(line, "persistentvolume/"+f.Object.Name+": ") }) {
				t.Errorf("said early and not in the end: %s", line)
			}
		}
		if !slices.ContainsFunc(report.Coverage, func(c finding.Coverage) bool {
			return c.Resource == "pods" && c.State == finding.CoverageFailed && c.Reason == "interrupted"
		}) {
			t.Errorf("coverage %v", report.Coverage)
		}
		if _, err := os.Stat(file); !os.IsNotExist(err) {
			t.Errorf("half of what there was to see was saved: %v", err)
		}
	}
}

// TestSavedAfterEarlyLines: what a run that said something early saved is judged as it was.
func TestSavedAfterEarlyLines(t *testing.T) {
	file := filepath.Join(t.TempDir(), "saved.json.gz")
	seen := &screen{wants: "vol-00", came: make(chan struct{})}
	live := run(t.Context(), t, 3, seen, seen.wait, "triage", "-A", "-o", "json", "--save", file)
	if live.code != 0 || len(provisional(seen)) != 3 || len(live.report(t).Findings) != 3 {
		t.Fatalf("exit code %d: %s", live.code, live)
	}
	later, err := offline("triage", "-A", "-o", "json", "--from", file)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(live.stdout, later) {
		t.Errorf("live:\n%s\nlater:\n%s", live.stdout, later)
	}
}

// offline runs the tool a year later, without a cluster.
func offline(args ...string) ([]byte, error) {
	var stdout, stderr bytes.Buffer
	env := Env{
		In: strings.NewReader(""), Out: &stdout, Err: &stderr, Getenv: func(string) (string, bool) { return "", false }, Version: "test",
		Now: func() time.Time { return time.Date(2027, 11, 23, 18, 0, 0, 0, time.UTC) },
	}
	if code := Run(context.Background(), env, append([]string{"kubectl-scars"}, args...)); code != 0 {
		return nil, exitStatus(code)
	}
	return stdout.Bytes(), nil
}
