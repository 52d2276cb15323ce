package cli

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/kubectl-scars/kubectl-scars/pkg/collect/apitest"
	"github.com/kubectl-scars/kubectl-scars/pkg/finding"
)

// screen is a terminal that tells when something has appeared on it.
type screen struct {
	mu    sync.Mutex
	all   bytes.Buffer
	wants string
	came  chan struct{}
}

func (s *screen) Write(b []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	n, err := s.all.Write(b)
	if s.wants != "" && strings.Contains(s.all.String(), s.wants) {
		s.wants = ""
		close(s.came)
	}
	return n, err
}

func (s *screen) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.all.String()
}

// released are volumes that nobody uses any more; each is a finding that needs no pods.
func released(n int) string {
	var out strings.Builder
	for i := range n {
		fmt.Fprintf(&out, `---
apiVersion: v1
kind: PersistentVolume
metadata: {name: vol-%02d, uid: u%d, resourceVersion: "7"}
spec:
  storageClassName: fast
  capacity: {storage: 1Gi}
  persistentVolumeReclaimPolicy: Retain
  claimRef: {kind: PersistentVolumeClaim, apiVersion: v1, name: data, namespace: shop, uid: c%d}
  csi: {driver: csi.example, volumeHandle: h%d}
status: {phase: Released, lastPhaseTransitionTime: "2026-11-23T12:00:00Z"}
`, i, i, i, i)
	}
	return out.String()
}

// played is one run on a terminal.
type played struct {
	*screen
	code   int
	stdout []byte
}

// run runs the tool on a terminal, against a server of some released volumes that meets each request for pods with a fault.
func run(ctx context.Context, t *testing.T, volumes int, seen *screen, pods func(*http.Request), args ...string) played {
	t.Helper()
	objects, err := apitest.Parse([]byte(released(volumes)))
	if err != nil {
		t.Fatal(err)
	}
	now := time.Date(2026, 11, 23, 18, 0, 0, 0, time.UTC)
	server := apitest.Start(apitest.Options{Objects: objects, Now: now, Fault: func(_ http.ResponseWriter, r *http.Request, path string) bool {
		if strings.HasSuffix(path, "/pods") {
			pods(r)
		}
		return false
	}})
	t.Cleanup(server.Stop)
	config, err := server.Kubeconfig("test", "", "")
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "config")
	if err := os.WriteFile(file, config, 0o600); err != nil {
		t.Fatal(err)
	}
	var stdout bytes.Buffer
	env := Env{
		In: strings.NewReader(""), Out: &stdout, Err: seen, Getenv: func(string) (string, bool) { return "", false }, Now: func() time.Time { return now },
		Version: "test", ErrTTY: &TTY{Width: 100, Height: 40},
	}
	code := Run(ctx, env, append([]string{"kubectl-scars", "--kubeconfig", file}, args...))
	return played{seen, code, stdout.Bytes()}
}

// play runs triage against a server that does not answer for pods before something appears on the terminal.
func play(t *testing.T, volumes int, until string, flags ...string) (*screen, *finding.Report) {
	t.Helper()
	args := append([]string{"triage", "-A", "-o", "json", "--color", "never"}, flags...)
	if len(flags) > 0 && flags[0] == "record" {
		args = []string{"record", "-A", "-f", filepath.Join(t.TempDir(), "saved.json")}
	}
	seen := &screen{wants: until, came: make(chan struct{})}
	got := run(t.Context(), t, volumes, seen, seen.wait, args...)
	if got.code != 0 {
		t.Fatalf("exit code %d", got.code)
	}
	return seen, got.report(t)
}

// wait is for what is wanted, or until nobody asks any more.
func (s *screen) wait(r *http.Request) {
	select {
	case <-s.came:
	case <-r.Context().Done():
	}
}

func (p played) report(t *testing.T) *finding.Report {
	t.Helper()
	var report finding.Report
	if len(p.stdout) == 0 {
		return &report
	}
	if err := json.Unmarshal(p.stdout, &report); err != nil {
		t.Fatalf("%v: %s", err, p.stdout)
	}
	return &report
}

// provisional are the early lines on a terminal, without progress.
func provisional(s *screen) []string {
	_, rest, ok := strings.Cut(s.String(), "found so far:\n")
	if !ok {
		return nil
	}
	var out []string
	for line := range strings.Lines(rest) {
		if i := strings.LastIndex(line, "\x1b[K"); i >= 0 { // the progress line that it replaced
			line = line[i+len("\x1b[K"):]
		}
		if strings.HasPrefix(line, "  ") {
			out = append(out, strings.TrimSpace(line))
		}
	}
	return out
}

func TestFindingsComeBeforeTheSlowestInput(t *testing.T) {
	seen, report := play(t, 1, "vol-00")
	lines := provisional(seen)
	if len(lines) != 1 || len(report.Findings) != 1 {
		t.Fatalf("%q, want what the report has: %+v", lines, report.Findings)
	}
	if f := report.Findings[0]; !strings.Contains(lines[0], "persistentvolume/vol-00") || !strings.Contains(lines[0], f.Message[:30]) {
		t.Errorf("%q, but the report says %q", lines[0], f.Message)
	}
}

func TestEarlyLinesAreFew(t *testing.T) {
	seen, report := play(t, 3*earlyLines, fmt.Sprintf("vol-%02d", earlyLines-1))
	if lines := provisional(seen); len(lines) != earlyLines || len(report.Findings) != 3*earlyLines {
		t.Errorf("%d lines, want %d; %d findings in the end", len(lines), earlyLines, len(report.Findings))
	}
}

// TestEarlyLinesKeepToWhatWasAsked: severities, checks and areas that the report leaves out are not shown before it.
func TestEarlyLinesKeepToWhatWasAsked(t *testing.T) {
	for _, flags := range [][]string{{"--severity", "critical"}, {"--skip", "pvc/released"}} {
		seen, report := play(t, 1, "reading the cluster", flags...)
		if lines := provisional(seen); len(lines) != 0 || len(report.Findings) != 0 {
			t.Errorf("%q: %q early, %d findings in the end", flags, lines, len(report.Findings))
		}
	}
}

// TestRecordJudgesNothing: neither in the end nor early.
func TestRecordJudgesNothing(t *testing.T) {
	seen, report := play(t, 1, "reading the cluster", "record")
	if strings.Contains(seen.String(), "found so far") || len(report.Findings) != 0 {
		t.Errorf("%q", seen)
	}
}
