// Package survivors lets nodes, and what runs on them, fail and come back.
package survivors

import (
	"context"
	"flag"
	"os"
	"strings"
	"testing"

	"github.com/kubectl-scars/kubectl-scars/test/lab"
)

var only = flag.String("only", "", "life: healthy workloads under what happens to them; empty is all else")

// TestSurvivors lets a node fail and come back, and what runs on another.
func TestSurvivors(t *testing.T) {
	ctx, l, tool := lab.Begin(t)
	if *only == lifeNamespace {
		life(ctx, t, l, tool)
		return
	}
	t.Run("node failure", func(t *testing.T) { nodeFailure(ctx, t, l) })
	t.Run("restarts", func(t *testing.T) { restarts(ctx, t, l) })
}

// nodeFailure: the lab can pull a node's plug, and power it on again.
func nodeFailure(ctx context.Context, t *testing.T, l *lab.Lab) {
	const node = "node2"
	release, err := l.Use(ctx, node)
	if err != nil {
		t.Fatal(err)
	}
	defer release()
	if err := l.StopNode(node); err != nil {
		t.Fatal(err)
	}
	if err := l.WaitNode(ctx, node, false); err != nil {
		t.Error(err)
	}
	if err := l.StartNode(context.WithoutCancel(ctx), node, os.Stderr); err != nil {
		t.Error(err)
	}
}

// restarts: kubelet and containerd of a node can be ended, and their supervisor starts them again.
func restarts(ctx context.Context, t *testing.T, l *lab.Lab) {
	const node = "node3"
	release, err := l.Use(ctx, node)
	if err != nil {
		t.Fatal(err)
	}
	defer release()
	for name, restart := range map[string]func(context.Context, string) error{"kubelet": l.RestartKubelet, "containerd": l.RestartContainerd} {
		pid := func() string {
			out, err := l.InNode(ctx, node, "cat /run/lab/"+name+".pid")
			if err != nil {
				t.Fatal(err)
			}
			return strings.TrimSpace(out)
		}
		before := pid()
		if err := restart(ctx, node); err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		out, err := l.InNode(ctx, node, "for i in $(seq 60); do p=$(cat /run/lab/"+name+".pid); [ \"$p\" != "+before+" ] && kill -0 $p && echo again && break; sleep 1; done")
		if err != nil || !strings.Contains(out, "again") {
			t.Errorf("%s did not come back: %q %v", name, out, err)
		}
	}
	if err := l.WaitNode(ctx, node, true); err != nil {
		t.Error(err)
	}
}
