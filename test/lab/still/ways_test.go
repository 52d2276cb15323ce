package still

// The ways in which the tool is called, and what each finds where nothing is in its way.

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/kubectl-scars/kubectl-scars/pkg/cli"
	"github.com/kubectl-scars/kubectl-scars/pkg/finding"
	"github.com/kubectl-scars/kubectl-scars/test/lab/internal/fault"
	"github.com/kubectl-scars/kubectl-scars/test/lab/internal/scale"
	"github.com/kubectl-scars/kubectl-scars/test/lab/internal/still"
)

// way is one way to call the tool.
type way struct {
	name string
	args []string
	file string // which flag names a file to be written, empty: none
	read func(stdout []byte) (*finding.Report, error)
}

// drawWay picks a way, and what it is called with.
func drawWay(draw *rand.Rand) way {
	p := pick(draw, func(p scale.Planted) bool { return p.Namespace != "" })
	command := []string{"triage", finding.Area(p.Check)}[draw.IntN(2)]
	natural := map[string]string{"Pod": "triage", "Secret": "certs", "PersistentVolumeClaim": "pvc"} // who takes a bare NAME for what
	bare := pick(draw, func(p scale.Planted) bool {
		return natural[p.Kind] == "triage" || natural[p.Kind] != "" && natural[p.Kind] == finding.Area(p.Check)
	})
	all := commands()[draw.IntN(len(commands()))]
	ways := []way{
		{name: "-A", args: []string{all, "-A"}},
		{name: "-n", args: []string{command, "-n", p.Namespace}},
		{name: "TYPE/NAME", args: []string{command, "-n", p.Namespace, strings.ToLower(p.Kind) + "/" + p.Name}},
		{name: "NAME", args: []string{natural[bare.Kind], "-n", bare.Namespace, bare.Name}},
		{name: "-l", args: []string{"triage", "-A", "-l", "app=web"}},
		{name: "--save", args: []string{"triage", "-A"}, file: "--save"},
		{name: "record", args: []string{"record", "-A"}, file: "-f"},
		{name: "rank", args: []string{"oom", "rank"}, read: viewed("oom/rank", func() finding.View { return &finding.OOMRank{} })},
		{name: "timeline", args: []string{"probes", "timeline", "-A"}, read: viewed("probes/timeline", func() finding.View { return &finding.ProbesTimeline{} })},
		{name: "recommend", args: []string{"probes", "recommend", "-A"}, read: viewed("probes/recommend", func() finding.View { return &finding.ProbesRecommend{} })},
		{name: "version", args: []string{"version", "--remote"}, read: version},
	}
	if draw.IntN(2) == 0 {
		return ways[0]
	}
	return ways[1+draw.IntN(len(ways)-1)]
}

func pick(draw *rand.Rand, fits func(scale.Planted) bool) scale.Planted {
	all := slices.DeleteFunc(slices.Clone(rig.Planted), func(p scale.Planted) bool { return !fits(p) })
	return all[draw.IntN(len(all))]
}

func (w way) key() string { return w.name + " " + strings.Join(w.args, " ") }

// look calls the tool this way, with more flags. What it wrote into a file is judged as well, and is what is returned of a recording.
func (w way) look(t *testing.T, env cli.Env, kubeconfig string, flags ...string) said {
	t.Helper()
	args := slices.Concat(w.args, flags)
	if w.name == "version" {
		args = without(args, "--timeout")
	}
	if w.file == "" {
		return lookAs(t, env, w.read, kubeconfig, args...)
	}
	file := filepath.Join(t.TempDir(), "saved.json.gz")
	args = append(args, w.file, file)
	got := lookAs(t, env, w.read, kubeconfig, args...)
	if got.code != 0 {
		return got
	}
	again := look(t, kubeconfig, "triage", "--from", file)
	if got.report == nil {
		got.report = again.report
		return got
	}
	if live, later := ids(got), ids(again); !slices.Equal(live, later) {
		t.Errorf("%q: found %q, and in what it saved %q", args, live, later)
	}
	return got
}

func ids(s said) []string {
	var out []string
	for _, f := range s.report.Findings {
		out = append(out, f.Fingerprint)
	}
	return out
}

// without leaves a flag and its value out.
func without(args []string, flag string) []string {
	if i := slices.Index(args, flag); i >= 0 {
		return slices.Delete(slices.Clone(args), i, i+2)
	}
	return args
}

// viewed reads a view as a report: each object that it is about stands for a finding.
func viewed(id string, empty func() finding.View) func(stdout []byte) (*finding.Report, error) {
	return func(stdout []byte) (*finding.Report, error) {
		v := empty()
		if err := json.Unmarshal(stdout, v); err != nil {
			return nil, err
		}
		r := &finding.Report{Coverage: v.Head().Coverage}
		for _, o := range v.Objects() {
			r.Findings = append(r.Findings, finding.Finding{Check: id, Object: o, Fingerprint: fmt.Sprint(o)})
		}
		return r, nil
	}
}

// version reads the server's version as if it were a finding.
func version(stdout []byte) (*finding.Report, error) {
	var v struct{ Server string }
	if err := json.Unmarshal(stdout, &v); err != nil {
		return nil, err
	}
	return &finding.Report{Findings: []finding.Finding{{Check: "version", Fingerprint: v.Server}}}, nil
}

// report reads what it is called.
func report(stdout []byte) (*finding.Report, error) {
	d := json.NewDecoder(bytes.NewReader(stdout))
	r := &finding.Report{}
	if err := d.Decode(r); err != nil {
		return nil, err
	}
	if _, err := d.Token(); err != io.EOF {
		return nil, errors.New("something follows the report")
	}
	return r, nil
}

// undisturbedBy remembers what each way finds where nothing is in its way.
type undisturbedBy map[string]said

func (u undisturbedBy) find(t *testing.T, w way) said {
	t.Helper()
	if s, ok := u[w.key()]; ok {
		return s
	}
	p, kubeconfig := proxy(t, still.Admin, fault.Options{})
	defer p.Close()
	s := w.look(t, cli.Env{Now: clock}, kubeconfig)
	if len(s.findings()) == 0 || len(s.gaps()) > 0 {
		t.Fatalf("%q: exit code %d, %d findings, gaps %v, stderr %q", s.args, s.code, len(s.findings()), s.gaps(), s.stderr)
	}
	u[w.key()] = s
	return s
}
