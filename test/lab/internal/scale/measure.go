package scale

// This file measures programs: how long each takes, how much memory, and what it asks of the server.

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"syscall"
	"time"

	"github.com/kubectl-scars/kubectl-scars/test/lab/internal/fault"
	"github.com/kubectl-scars/kubectl-scars/test/lab/internal/still"
)

// Program is what is measured.
type Program struct {
	Name       string
	Argv       []string
	Kubeconfig string   // "": the administrator's
	Env        []string // NAME=VALUE, beside this process's
}

// Cost is what one program costs: medians of several runs.
type Cost struct {
	Name     string
	Took     time.Duration
	RSS      int64 // peak resident set, bytes
	Received int64 // bytes, TLS and headers among them
	Requests int64
}

// Measure runs programs in turn, a number of rounds, and once more through a proxy that counts. Each round has an order of its own, always
// the same: what one program leaves the server to clean up would else always fall to the next.
func (r *Rig) Measure(ctx context.Context, rounds int, programs []Program) ([]Cost, error) {
	took, rss := make([][]time.Duration, len(programs)), make([][]int64, len(programs))
	order := rand.New(rand.NewPCG(1, 2)) //nolint:gosec // for fairness
	for range rounds {
		for _, i := range order.Perm(len(programs)) {
			p := programs[i]
			_, u, err := r.run(ctx, cmp.Or(p.Kubeconfig, filepath.Join(r.Dir, "admin.kubeconfig")), p)
			if err != nil {
				return nil, err
			}
			took[i], rss[i] = append(took[i], u.Took), append(rss[i], u.RSS)
		}
	}
	var out []Cost
	for i, p := range programs {
		cost := Cost{Name: p.Name, Took: median(took[i]), RSS: median(rss[i])}
		if err := r.count(ctx, p, &cost); err != nil {
			return nil, err
		}
		out = append(out, cost)
	}
	return out, nil
}

func (r *Rig) count(ctx context.Context, p Program, cost *Cost) error {
	_, err := r.Through(ctx, fault.Options{}, p, func(proxy *fault.Proxy) { cost.Received, cost.Requests = proxy.Counted() })
	return err
}

// Through runs a program through a proxy as the administrator, and returns what it printed. after sees the proxy once more.
func (r *Rig) Through(ctx context.Context, o fault.Options, p Program, after func(*fault.Proxy)) ([]byte, error) {
	config, err := r.Config(still.Admin)
	if err != nil {
		return nil, err
	}
	o.Target = config
	proxy, err := fault.Start(o)
	if err != nil {
		return nil, err
	}
	defer proxy.Close()
	kubeconfig := filepath.Join(r.Dir, "proxy.kubeconfig")
	if err := proxy.Kubeconfig(kubeconfig, ""); err != nil {
		return nil, err
	}
	stdout, _, err := r.run(ctx, kubeconfig, p)
	if after != nil {
		after(proxy)
	}
	return stdout, err
}

// run runs a program below another, which measures it: a process starts with the peak memory of the one that made it, and this one's may be
// large.
func (r *Rig) run(ctx context.Context, kubeconfig string, p Program) (stdout []byte, u usage, err error) {
	result := filepath.Join(r.Dir, "usage.json")
	cmd := exec.CommandContext(ctx, r.floor, append([]string{"-measure", result}, p.Argv...)...)
	cmd.Env = append(append(os.Environ(), p.Env...), "KUBECONFIG="+kubeconfig)
	var out, said bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &said
	if err := cmd.Run(); err != nil {
		return nil, u, fmt.Errorf("%v: %w: %s", p.Argv, err, said.Bytes())
	}
	data, err := os.ReadFile(result)
	if err != nil {
		return nil, u, err
	}
	return out.Bytes(), u, json.Unmarshal(data, &u)
}

// usage is what one run took.
type usage struct {
	Took time.Duration
	RSS  int64 // peak, bytes
}

// MeasureOne runs a program in this process's place, and writes what it took to a file.
func MeasureOne(ctx context.Context, file string, argv []string) error {
	cmd := exec.CommandContext(ctx, argv[0], argv[1:]...)
	cmd.Stdout, cmd.Stderr = os.Stdout, os.Stderr
	begin := time.Now()
	if err := cmd.Run(); err != nil {
		return err
	}
	data, err := json.Marshal(usage{time.Since(begin), cmd.ProcessState.SysUsage().(*syscall.Rusage).Maxrss << 10})
	if err != nil {
		return err
	}
	return os.WriteFile(file, data, 0o600)
}

func median[T int64 | time.Duration](list []T) T {
	slices.Sort(list)
	return list[len(list)/2]
}
