package scale

// This file is the whole of it: a cluster of a size, what is measured on it, and the table that comes out.

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"github.com/kubectl-scars/kubectl-scars/test/lab/internal/fault"
	"github.com/kubectl-scars/kubectl-scars/test/lab/internal/parts"
	"github.com/kubectl-scars/kubectl-scars/test/lab/internal/still"
)

// podsPerPlant is how many pods there are to one planted incident of each check.
const podsPerPlant = 2000

// Rig is a still cluster of a size, with the programs that are measured on it.
type Rig struct {
	*still.Cluster `json:"-"`

	Pods     int
	Failures int // events of failed probes besides
	Objects  int64
	Planted  []Planted
	Clock    time.Time // a moment at which everything planted is old enough to be found

	tool, floor string
}

// Up brings up a cluster and fills it, with so many events of failed probes besides. The API server gets the flags.
func Up(ctx context.Context, dir string, pods, failures int, log io.Writer, flags ...string) (*Rig, error) {
	c, err := still.Up(ctx, dir, log, flags...)
	if err != nil {
		return nil, err
	}
	r := &Rig{Cluster: c, Pods: pods, Failures: failures}
	if err = r.programs(ctx); err == nil {
		err = r.fill(ctx, log)
	}
	if err == nil {
		err = c.Renew(ctx)
	}
	if err != nil {
		_ = c.Down()
		return nil, err
	}
	return r, nil
}

// Again gives a rig that Up brought up and that runs since, for other programs than those of then.
func Again(ctx context.Context, dir string) (*Rig, error) {
	c, err := still.Open(dir)
	if err != nil {
		return nil, err
	}
	r := &Rig{}
	data, err := os.ReadFile(filepath.Join(dir, rigFile))
	if err == nil {
		err = json.Unmarshal(data, r)
	}
	if err != nil {
		return nil, err
	}
	r.Cluster = c
	return r, r.programs(ctx)
}

// rigFile says what the cluster has been filled with.
const rigFile = "rig.json"

// programs builds what is measured.
func (r *Rig) programs(ctx context.Context) error {
	module, err := parts.ModuleDir(ctx)
	if err != nil {
		return err
	}
	if r.tool, err = parts.Tool(ctx, module, r.Dir); err != nil {
		return err
	}
	r.floor, err = parts.Own(ctx, module, r.Dir, "scale")
	return err
}

func (r *Rig) fill(ctx context.Context, log io.Writer) error {
	config, err := r.Config(still.Writer)
	if err != nil {
		return err
	}
	begin := time.Now()
	var failed []Planted
	if r.Objects, failed, err = Populate(ctx, config, r.Pods, r.Failures); err != nil {
		return err
	}
	if r.Planted, err = Plant(ctx, config, r.CA, max(1, r.Pods/podsPerPlant)); err != nil {
		return err
	}
	r.Planted = append(r.Planted, failed...)
	r.Clock = time.Now().Add(6 * time.Minute) // pvc/waiting-for-consumer waits for five
	fmt.Fprintf(log, "%d objects and %d planted incidents were written in %s\n", r.Objects, len(r.Planted), time.Since(begin).Round(time.Second))
	data, err := json.Marshal(r)
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(r.Dir, rigFile), data, 0o600)
}

// Look runs triage over everything at the rig's clock, and judges what it found.
func (r *Rig) Look(ctx context.Context) (Verdict, error) {
	report, err := r.Through(ctx, fault.Options{Clock: func() time.Time { return r.Clock }}, r.triage(), nil)
	if err != nil {
		return Verdict{}, err
	}
	return Judge(report, r.Planted)
}

func (r *Rig) triage() Program { return r.everywhere("triage") }

// everywhere is a command of the tool, asked about all namespaces.
func (r *Rig) everywhere(command string) Program {
	return Program{Name: "kubectl scars " + command + " -A", Argv: []string{r.tool, command, "-A", "-o", "json"}}
}

// Compare measures the floor, the tool, the tool with a garbage collector as Go has it, two areas by themselves, and kubectl in turn.
func (r *Rig) Compare(ctx context.Context, rounds int) ([]Cost, error) {
	unbounded := r.triage()
	unbounded.Name, unbounded.Env = "the same with `GOGC=100`", []string{"GOGC=100"}
	return r.Measure(ctx, rounds, []Program{
		{Name: "floor: the same inputs, read and dropped", Argv: []string{r.floor, "-floor"}}, r.triage(), unbounded,
		r.everywhere("oom"), r.everywhere("probes"),
		{Name: "kubectl get pods -A", Argv: []string{r.Kubectl, "get", "pods", "-A"}},
	})
}

// Audited lists the verbs that anybody but the writer asked for, except those that only read.
func (r *Rig) Audited() ([]string, error) {
	f, err := os.Open(r.AuditLog())
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return writes(f)
}

// State is where a rig of a size keeps its state unless it is told otherwise.
func State(pods int) (string, error) {
	cache, err := os.UserCacheDir()
	return filepath.Join(cache, "kubectl-scars-lab", fmt.Sprintf("scale-%d", pods)), err
}
