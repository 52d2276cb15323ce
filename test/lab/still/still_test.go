// Package still holds the tool, on a still cluster with planted incidents, to what it promises whatever the cluster does: at any size, with
// any permissions, and with a server that misbehaves.
package still

import (
	"bytes"
	"context"
	"flag"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/kubectl-scars/kubectl-scars/pkg/checks"
	"github.com/kubectl-scars/kubectl-scars/pkg/cli"
	"github.com/kubectl-scars/kubectl-scars/pkg/finding"
	"github.com/kubectl-scars/kubectl-scars/pkg/render"
	"github.com/kubectl-scars/kubectl-scars/test/lab/internal/fault"
	"github.com/kubectl-scars/kubectl-scars/test/lab/internal/parts"
	"github.com/kubectl-scars/kubectl-scars/test/lab/internal/scale"
	"github.com/kubectl-scars/kubectl-scars/test/lab/internal/still"
)

const pods = 2000

// rig is the cluster of all tests here; they leave it as it was.
var rig *scale.Rig

func TestMain(m *testing.M) {
	flag.Parse()
	os.Exit(run(m))
}

func run(m *testing.M) int {
	cache, err := os.UserCacheDir()
	if err == nil {
		cache = filepath.Join(cache, "kubectl-scars-lab")
		err = parts.Built(cache)
	}
	if err == nil { // always the same place, so that what a killed test left behind is ended
		rig, err = scale.Up(context.Background(), filepath.Join(cache, "still"), pods, 0, os.Stderr)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	code := m.Run()
	written, err := rig.Audited()
	if err != nil || len(written) > 0 {
		fmt.Fprintf(os.Stderr, "asked for more than reads: %q %v\n", written, err)
		code = 1
	}
	if err := rig.Down(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		code = 1
	}
	return code
}

// commands are all that look at a cluster.
func commands() []string { return append([]string{"triage"}, checks.Areas()...) }

// proxy stands before the rig's server, for a user, at the moment at which everything planted is to be found.
func proxy(t *testing.T, user string, o fault.Options) (p *fault.Proxy, kubeconfig string) {
	t.Helper()
	config, err := rig.Config(user)
	if err != nil {
		t.Fatal(err)
	}
	o.Target = config
	if o.Clock == nil {
		o.Clock = clock
	}
	if p, err = fault.Start(o); err != nil {
		t.Fatal(err)
	}
	kubeconfig = filepath.Join(t.TempDir(), "kubeconfig")
	if err := p.Kubeconfig(kubeconfig, ""); err != nil {
		t.Fatal(err)
	}
	return p, kubeconfig
}

func clock() time.Time { return rig.Clock }

// said is what a run of the tool said.
type said struct {
	args   []string
	code   int
	report *finding.Report // nil where it did not come that far
	early  []string        // findings, before the report
	stderr string          // the rest of it
}

// How long a run may take beyond its own deadline: where it was given one, and where nothing is in its way. Both are far more than it needs.
const (
	slack = 15 * time.Second
	hung  = time.Minute
)

// look runs the tool in this process, and fails the test where it hangs, panics or says nothing.
func look(t *testing.T, kubeconfig string, args ...string) said {
	t.Helper()
	return lookAt(t, clock, kubeconfig, args...)
}

func lookAt(t *testing.T, now func() time.Time, kubeconfig string, args ...string) said {
	t.Helper()
	return lookIn(t, cli.Env{Now: now}, kubeconfig, args...)
}

func lookIn(t *testing.T, env cli.Env, kubeconfig string, args ...string) said {
	t.Helper()
	return lookAs(t, env, report, kubeconfig, args...)
}

// lookAs takes what is printed for a report the way it is told. A recording prints nothing.
func lookAs(t *testing.T, env cli.Env, read func([]byte) (*finding.Report, error), kubeconfig string, args ...string) said {
	t.Helper()
	if read == nil {
		read = report
	}
	out := said{args: args}
	var stdout, stderr bytes.Buffer
	env.In, env.Out, env.Err, env.Version = strings.NewReader(""), &stdout, &stderr, "test"
	env.Getenv = func(string) (string, bool) { return "", false }
	records := args[0] == "record"
	done := make(chan struct{})
	go func() {
		defer close(done)
		argv := append([]string{"kubectl-scars", "--kubeconfig", kubeconfig, "--color", "never"}, args...)
		if !records {
			argv = append(argv, "-o", "json")
		}
		out.code = cli.Run(t.Context(), env, argv)
	}()
	most := deadline + hung
	if i := slices.Index(args, "--timeout"); i >= 0 {
		own, err := time.ParseDuration(args[i+1])
		if err != nil {
			t.Fatal(err)
		}
		most = own + slack
	}
	select {
	case <-done:
	case <-time.After(most):
		panic(fmt.Sprintf("%q hangs", args)) // with the stacks of all that hangs
	}
	out.early, out.stderr = early(stderr.String())
	if stdout.Len() > 0 {
		var err error
		if out.report, err = read(stdout.Bytes()); err != nil {
			t.Fatalf("%q: %v: %s", args, err, stdout.Bytes())
		}
	}
	did := out.report != nil || records && out.code == 0
	if !did && out.stderr == "" || did && out.stderr != "" && !records || did && out.code != 0 {
		t.Errorf("%q: exit code %d, a report: %t, stderr %q", args, out.code, out.report != nil, out.stderr)
	}
	var lines []string
	for _, f := range out.findings() {
		lines = append(lines, render.Line(io.Discard, f, render.Options{Terminal: true, Width: wide.Width}))
	}
	for _, e := range out.early {
		if !slices.Contains(lines, e) {
			t.Errorf("%q: said early and not in the end: %s", args, e)
		}
	}
	return out
}

// wide is a terminal that cuts nothing.
var wide = &cli.TTY{Width: 5000, Height: 50}

// early takes apart what was said before the report and the rest. Of a progress line nothing is left: it has no end.
func early(stderr string) (lines []string, rest string) {
	heading := false
	for line := range strings.Lines(stderr) {
		line = line[strings.LastIndex(line, "\x1b[K")+1:]
		line = strings.TrimPrefix(line, "[K")
		switch {
		case !strings.HasSuffix(line, "\n"):
		case line == "found so far:\n":
			heading = true
		case heading && strings.HasPrefix(line, "  "):
			lines = append(lines, strings.TrimSuffix(line, "\n"))
		default:
			rest += line
		}
	}
	return lines, rest
}

// findings are those of a report, by fingerprint.
func (s said) findings() map[string]finding.Finding {
	out := map[string]finding.Finding{}
	if s.report != nil {
		for _, f := range s.report.Findings {
			out[f.Fingerprint] = f
		}
	}
	return out
}

// gaps are the lines of coverage that are not ok, but that a still cluster has no metrics API.
func (s said) gaps() []finding.Coverage {
	if s.report == nil {
		return nil
	}
	return slices.DeleteFunc(slices.Clone(s.report.Coverage), func(c finding.Coverage) bool {
		return c.State == finding.CoverageOK || c.State == finding.CoverageAbsent && strings.HasSuffix(c.Resource, ".metrics.k8s.io")
	})
}

// same tells a test that a run should have found what another found, without a gap.
func same(t *testing.T, got, want said) {
	t.Helper()
	if lost := subset(t, got, want); len(lost) > 0 || len(got.gaps()) > 0 {
		t.Errorf("%q: lost %q, gaps %v, stderr %q", got.args, lost, got.gaps(), got.stderr)
	}
}

// subset tells a test what a run found that an undisturbed one neither found nor covered by what says more, and what it lost without naming
// the gap. It returns what it lost.
func subset(t *testing.T, got, undisturbed said) (lost []string) {
	t.Helper()
	have, want := got.findings(), undisturbed.findings()
	covered := map[string]bool{}
	for _, f := range want {
		for _, id := range f.Covers {
			covered[id] = true
		}
	}
	for id, f := range have {
		if _, ok := want[id]; !ok && !covered[id] {
			t.Errorf("%q: found only when disturbed: %s %v: %s; gaps: %v", got.args, f.Check, f.Object, f.Message, got.gaps())
		}
	}
	if got.report == nil {
		return slices.Collect(maps.Keys(want)) // stderr says why
	}
	for id, f := range want {
		if _, ok := have[id]; ok {
			continue
		}
		lost = append(lost, fmt.Sprint(f.Check, " ", f.Object))
		explained := slices.ContainsFunc(got.gaps(), func(c finding.Coverage) bool { return explains(c, f) }) || owned(got, f)
		if !explained {
			t.Errorf("%q: lost without a word: %s %v: %s; gaps: %v", got.args, f.Check, f.Object, f.Message, got.gaps())
		}
	}
	return lost
}

// owned tells whether a run owns that it cannot say what another found: what was read of an object does not tell.
func owned(s said, f finding.Finding) bool {
	return slices.ContainsFunc(s.report.CannotSay, func(g finding.Gap) bool { return g.Check == f.Check && g.Object.SameObject(f.Object) })
}

// explains tells whether a line of coverage names the gap that a finding fell into: its check wanted that input, there or everywhere.
func explains(c finding.Coverage, f finding.Finding) bool {
	return slices.Contains(c.Checks, f.Check) && (c.Namespace == "" || f.Object.Namespace == "" || c.Namespace == f.Object.Namespace)
}

// named tells whether a line of coverage is about a resource, in any group, or about an object of it.
func named(c finding.Coverage, resource string) bool {
	of, _, _ := strings.Cut(c.Resource, "/")
	of, _, _ = strings.Cut(of, ".")
	return of == resource
}

// explained tells a test where something was lost to a fault of one resource and no gap in that explains it. What else was cut by time,
// because the fault took it or the machine is slow, explains as well.
func explained(t *testing.T, got, undisturbed said, resource string) {
	t.Helper()
	if got.report == nil {
		return
	}
	have := got.findings()
	enough := func(c finding.Coverage, f finding.Finding) bool {
		return explains(c, f) && (named(c, resource) || strings.Contains(c.Reason, "timeout)"))
	}
	for id, f := range undisturbed.findings() {
		if _, ok := have[id]; !ok && !slices.ContainsFunc(got.gaps(), func(c finding.Coverage) bool { return enough(c, f) }) {
			t.Errorf("%q: %s %v is lost, and nothing says that %s were not read; gaps: %v", got.args, f.Check, f.Object, resource, got.gaps())
		}
	}
}

// undisturbed is what a command finds where nothing is in its way.
func undisturbed(t *testing.T, args ...string) said {
	t.Helper()
	p, kubeconfig := proxy(t, still.Admin, fault.Options{})
	defer p.Close()
	s := look(t, kubeconfig, args...)
	if len(s.findings()) == 0 || len(s.gaps()) > 0 {
		t.Fatalf("%q: %d findings, gaps %v, stderr %q", args, len(s.findings()), s.gaps(), s.stderr)
	}
	return s
}
