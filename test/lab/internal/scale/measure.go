package scale

// This file measures programs: how long each takes, how much memory, and what it asks of the server.

import (
	"bytes"
	"context"
	"fmt"
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
	Name string
	Argv []string
}

// Cost is what one program costs: medians of several runs.
type Cost struct {
	Name     string
	Took     time.Duration
	RSS      int64 // peak resident set, bytes
	Received int64 // bytes, TLS and headers among them
	Requests int64
}

// Measure runs programs in turn, a number of rounds, and once more through a proxy that counts.
func Measure(ctx context.Context, c *still.Cluster, rounds int, programs []Program) ([]Cost, error) {
	took, rss := make([][]time.Duration, len(programs)), make([][]int64, len(programs))
	kubeconfig := filepath.Join(c.Dir, "admin.kubeconfig")
	for range rounds {
		for i, p := range programs {
			_, t, m, err := run(ctx, kubeconfig, p.Argv)
			if err != nil {
				return nil, err
			}
			took[i], rss[i] = append(took[i], t), append(rss[i], m)
		}
	}
	var out []Cost
	for i, p := range programs {
		cost := Cost{Name: p.Name, Took: median(took[i]), RSS: median(rss[i])}
		if err := count(ctx, c, p, &cost); err != nil {
			return nil, err
		}
		out = append(out, cost)
	}
	return out, nil
}

func count(ctx context.Context, c *still.Cluster, p Program, cost *Cost) error {
	_, err := Through(ctx, c, fault.Options{}, p, func(proxy *fault.Proxy) { cost.Received, cost.Requests = proxy.Counted() })
	return err
}

// Through runs a program through a proxy as the administrator, and returns what it printed. after sees the proxy once more.
func Through(ctx context.Context, c *still.Cluster, o fault.Options, p Program, after func(*fault.Proxy)) ([]byte, error) {
	config, err := c.Config("admin")
	if err != nil {
		return nil, err
	}
	o.Target = config
	proxy, err := fault.Start(o)
	if err != nil {
		return nil, err
	}
	defer proxy.Close()
	kubeconfig := filepath.Join(c.Dir, "proxy.kubeconfig")
	if err := proxy.Kubeconfig(kubeconfig, ""); err != nil {
		return nil, err
	}
	stdout, _, _, err := run(ctx, kubeconfig, p.Argv)
	if after != nil {
		after(proxy)
	}
	return stdout, err
}

func run(ctx context.Context, kubeconfig string, argv []string) (stdout []byte, took time.Duration, rss int64, err error) {
	cmd := exec.CommandContext(ctx, argv[0], argv[1:]...)
	cmd.Env = append(os.Environ(), "KUBECONFIG="+kubeconfig)
	var out, said bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &said
	begin := time.Now()
	if err := cmd.Run(); err != nil {
		return nil, 0, 0, fmt.Errorf("%v: %w: %s", argv, err, said.Bytes())
	}
	return out.Bytes(), time.Since(begin), cmd.ProcessState.SysUsage().(*syscall.Rusage).Maxrss << 10, nil
}

func median[T int64 | time.Duration](list []T) T {
	slices.Sort(list)
	return list[len(list)/2]
}
