package history

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/kubectl-scars/kubectl-scars/pkg/finding"
	"github.com/kubectl-scars/kubectl-scars/pkg/history"
	"github.com/kubectl-scars/kubectl-scars/pkg/history/historytest"
)

var (
	update = flag.Bool("update", false, "rewrite in docs/oom-recommend.md what so many containers are documented by")
	number = flag.Int("containers", tabled, "how many containers; 200 takes minutes")
)

const (
	tabled = 30  // containers that the table is of
	many   = 200 // that the bars of time and memory are for, and a paragraph

	mostMemory = 150_000_000 / 1024 // KiB, of the process
	mostTime   = 1.5                // times what the store itself takes to answer the same questions
)

// asked is what the real binary recommends, and what it took.
type asked struct {
	items  map[string]finding.Recommendation // by the workload's name
	took   time.Duration
	memory int64 // KiB
}

// ask runs the binary on manifests of the cases, with a store's history.
func ask(t *testing.T, binary, manifest, store string) asked {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), binary, "oom", "recommend", "--from", manifest, "--now", "2026-11-23T00:00:00Z", "--prometheus", store, "-o", "json", "--timeout", "20m")
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	at := time.Now()
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	memory := watchMemory(cmd.Process.Pid)
	if err := cmd.Wait(); err != nil {
		t.Fatalf("%v: %s", err, errs.String())
	}
	a := asked{items: map[string]finding.Recommendation{}, took: time.Since(at), memory: memory()}
	t.Logf("asked in %s, of which the tool computed %s, with %d MiB", a.took.Round(time.Millisecond), (cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()).Round(time.Millisecond), a.memory>>10)
	var view finding.OOMRecommend
	if err := json.Unmarshal(out.Bytes(), &view); err != nil {
		t.Fatal(err)
	}
	for _, c := range view.Coverage {
		if c.Resource == "history" && c.State != finding.CoverageOK {
			t.Errorf("coverage: %s %s", c.State, c.Reason)
		}
	}
	for _, item := range view.Items {
		a.items[item.Object.Name] = item
	}
	return a
}

func build(t *testing.T) string {
	t.Helper()
	binary := filepath.Join(t.TempDir(), "kubectl-scars")
	cmd := exec.CommandContext(t.Context(), "go", "build", "-o", binary, "./cmd/kubectl-scars")
	cmd.Dir = filepath.Join("..", "..")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	return binary
}

func manifest(t *testing.T, cases []historytest.Case) string {
	t.Helper()
	var b strings.Builder
	for _, c := range cases {
		fmt.Fprintf(&b, "---\napiVersion: apps/v1\nkind: Deployment\nmetadata: {name: %s, namespace: %s}\nspec: {replicas: %d, selector: {}, template: {spec: {containers: [{name: app, resources: {requests: {memory: %[4]d}, limits: {memory: %[4]d}}}]}}}\n",
			c.ID, namespace, c.Replicas, c.LimitBytes())
	}
	name := filepath.Join(t.TempDir(), "cases.yaml")
	if err := os.WriteFile(name, []byte(b.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	return name
}

// strategy is one way to set limits, with what came of it.
type strategy struct {
	name   string
	limits map[string]float64 // by the workload's name
	deaths int
	memory float64 // bytes of all limits
	equal  int     // deaths, if all limits were cut or raised alike until they take as much memory as ours
}

func TestRecommendationsOfARealPrometheus(t *testing.T) {
	cases := historytest.Cases(*number)
	blocks := t.TempDir()
	began := time.Now()
	n := writeBlocks(t, blocks, cases)
	t.Logf("%d samples of %d containers written in %s", n, len(cases), time.Since(began).Round(time.Second))
	again := t.TempDir() // for a second server: one locks its blocks
	if err := os.CopyFS(again, os.DirFS(blocks)); err != nil {
		t.Fatal(err)
	}
	store := start(t, blocks)
	binary, objects := build(t), manifest(t, cases)
	ours := ask(t, binary, objects, store)
	if ours.memory > mostMemory {
		t.Errorf("it took %d KiB, at most %d are allowed", ours.memory, mostMemory)
	}

	t.Run("a store with limits", func(t *testing.T) {
		limited := ask(t, binary, objects, start(t, again, "--query.max-samples=50000"))
		for name, item := range ours.items {
			if !reflect.DeepEqual(item, limited.items[name]) {
				t.Errorf("%s: %+v, without limits %+v", name, limited.items[name], item)
			}
		}
	})
	took := compareTime(t, binary, objects, store)
	t.Log(took)
	if len(cases) >= many && took.ratio() > mostTime { // a ratio in one run, and of fewer it is too short to hold
		t.Errorf("%s: at most %.1f are allowed", took, mostTime)
	}

	strategies := []*strategy{{name: "as it was"}, {name: "scars"}, {name: "krr"}, {name: "krr, kills"}, {name: "VPA"}}
	for _, s := range strategies {
		s.limits = map[string]float64{}
	}
	rows := map[string]*row{}
	for _, c := range cases {
		item := ours.items[c.ID]
		checkItem(t, c, item)
		if c.Leak {
			continue
		}
		for i, limit := range []float64{float64(c.LimitBytes()), float64(item.Limit.Recommended), krr(t, store, c, false), krr(t, store, c, true), vpa(t, c)} {
			strategies[i].limits[c.ID] = limit
		}
		rows[c.Name] = judge(c, strategies, rows[c.Name])
	}
	all := &row{deaths: make([]int, len(strategies)), memory: make([]float64, len(strategies))}
	for _, r := range rows {
		all.best += r.best
		for i := range strategies {
			all.deaths[i] += r.deaths[i]
			all.memory[i] += r.memory[i]
		}
	}
	for i, s := range strategies {
		s.deaths, s.memory = all.deaths[i], all.memory[i]
		t.Logf("%-10s %5d deaths, %+.1f %% memory", s.name, s.deaths, (s.memory/all.best-1)*100)
	}
	weigh(t, cases, strategies)
	hold(t, strategies, all)
	document(t, judged{cases, rows, all, strategies, ours, took})
}

// checkItem holds what is known of one case: its quantile, whether it leaks, and that "strong" is.
func checkItem(t *testing.T, c historytest.Case, item finding.Recommendation) {
	t.Helper()
	if (item.Leak != nil) != c.Leak {
		t.Errorf("%s (%s): leak %v", c.ID, c.Name, item.Leak)
	}
	if item.CannotSay != "" || item.Confidence == "" {
		t.Errorf("%s (%s): %q", c.ID, c.Name, item.CannotSay)
	}
	if c.Rollout > 0 { // then only one version counts
		return
	}
	var peaks []float64
	for _, p := range c.Pods(4 * historytest.Week) {
		peaks = append(peaks, steadyPeaks(c, p)...)
	}
	slices.Sort(peaks)
	want := peaks[int(math.Ceil(0.99*float64(len(peaks))))-1]
	if off := float64(item.Basis.Peaks)/want - 1; math.Abs(off) > 0.02 {
		t.Errorf("%s (%s): the quantile is off by %.1f %%", c.ID, c.Name, off*100)
	}
}

// steadyPeaks are the peaks by minute of a pod, without the first ten minutes of each life.
func steadyPeaks(c historytest.Case, p historytest.Pod) []float64 {
	var out []float64
	minute, high, age := time.Duration(-1), 0.0, time.Duration(0)
	c.Play(p, 0, 4*historytest.Week, float64(c.LimitBytes()), func(s historytest.Sample) {
		m := (s.At + time.Minute - 1).Truncate(time.Minute)
		if m != minute {
			if high > 0 && age > history.StartUp {
				out = append(out, high)
			}
			minute, high = m, 0
		}
		high, age = max(high, s.WorkingSet), m-s.LifeStart
	})
	return append(out, high)
}

// row is what became of the cases of one shape, by strategy.
type row struct {
	deaths []int
	memory []float64
	best   float64
}

// judge plays the fifth week.
func judge(c historytest.Case, strategies []*strategy, r *row) *row {
	if r == nil {
		r = &row{deaths: make([]int, len(strategies)), memory: make([]float64, len(strategies))}
	}
	best := 0.0
	for i, s := range strategies {
		r.memory[i] += s.limits[c.ID]
		for _, p := range c.Pods(5 * historytest.Week) {
			o := c.Play(p, 4*historytest.Week, 5*historytest.Week, s.limits[c.ID], nil)
			r.deaths[i] += o.Deaths
			if i == 0 {
				best = max(best, c.Play(p, 4*historytest.Week, 5*historytest.Week, 0, nil).Need)
			}
		}
	}
	r.best += best
	return r
}

// weigh plays the fifth week with limits that take as much memory in all as ours do.
func weigh(t *testing.T, cases []historytest.Case, strategies []*strategy) {
	t.Helper()
	ours := strategies[1]
	for _, s := range strategies[1:] {
		for _, c := range cases {
			if c.Leak {
				continue
			}
			for _, p := range c.Pods(5 * historytest.Week) {
				s.equal += c.Play(p, 4*historytest.Week, 5*historytest.Week, s.limits[c.ID]*ours.memory/s.memory, nil).Deaths
			}
		}
		t.Logf("%s with as much memory as ours: %d deaths", s.name, s.equal)
	}
}

// hold are the bars.
func hold(t *testing.T, strategies []*strategy, all *row) {
	t.Helper()
	before, ours := strategies[0], strategies[1]
	if float64(ours.deaths) > 0.05*float64(before.deaths) {
		t.Errorf("%d of %d deaths are left", ours.deaths, before.deaths)
	}
	if ours.memory > 1.15*all.best {
		t.Errorf("the limits are %.1f %% above the best", (ours.memory/all.best-1)*100)
	}
	for _, rival := range strategies[2:] {
		if rival.deaths <= ours.deaths && rival.memory <= ours.memory {
			t.Errorf("%s is better: %d deaths with %.0f MiB, ours %d with %.0f", rival.name, rival.deaths, rival.memory/(1<<20), ours.deaths, ours.memory/(1<<20))
		}
		if rival.equal < ours.deaths || rival.equal == ours.deaths && ours.deaths > 0 {
			t.Errorf("%s with as much memory as ours: %d deaths, ours %d", rival.name, rival.equal, ours.deaths)
		}
	}
}
