// Package nodes plays what happens to nodes: the incidents that need one for themselves, and a node that fails.
package nodes

import (
	"context"
	"flag"
	"os"
	"os/signal"
	"slices"
	"strings"
	"testing"

	"github.com/kubectl-scars/kubectl-scars/test/lab"
	"github.com/kubectl-scars/kubectl-scars/test/lab/internal/incident"
)

var only = flag.String("only", "", "comma-separated incidents to play; empty is all that need a node for themselves")

// TestNodes plays these incidents, each node's one after the other, and then lets a node fail.
func TestNodes(t *testing.T) {
	ctx, stop := signal.NotifyContext(t.Context(), os.Interrupt)
	defer stop()
	l := lab.Start(ctx, t)
	tool, err := l.Tool(ctx)
	if err != nil {
		t.Fatal(err)
	}
	p, err := lab.NewPlayer(l)
	if err != nil {
		t.Fatal(err)
	}
	incidents, err := lab.Named(strings.FieldsFunc(*only, func(r rune) bool { return r == ',' })...)
	if err != nil {
		t.Fatal(err)
	}
	p.TryAll(ctx, t, tool, slices.DeleteFunc(incidents, func(in incident.Incident) bool { return in.Uses == "" || !l.CanPlay(in) }))
	t.Run("node failure", func(t *testing.T) { nodeFailure(ctx, t, l) })
	t.Run("restarts", func(t *testing.T) { restarts(ctx, t, l) })
}

// nodeFailure: the lab can pull a node's plug, and power it on again.
func nodeFailure(ctx context.Context, t *testing.T, l *lab.Lab) {
	const node = "node2"
	if err := l.StopNode(node); err != nil {
		t.Fatal(err)
	}
	if err := l.WaitNode(ctx, node, false); err != nil {
		t.Error(err)
	}
	if err := l.StartNode(ctx, node, os.Stderr); err != nil {
		t.Error(err)
	}
}

// restarts: kubelet and containerd of a node can be ended, and their supervisor starts them again.
func restarts(ctx context.Context, t *testing.T, l *lab.Lab) {
	const node = "node3"
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
