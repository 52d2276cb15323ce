// Package nodes plays what happens to nodes: the incidents that need one for themselves, and a node that fails.
package nodes

import (
	"context"
	"flag"
	"strings"
	"testing"

	"github.com/kubectl-scars/kubectl-scars/test/lab"
)

var only = flag.String("only", "", "comma-separated incidents to play, or life; empty is all of this package")

// TestNodes plays these incidents, each node's one after the other, and then restarts a node under healthy workloads.
func TestNodes(t *testing.T) {
	ctx, l, tool := lab.PlayGroup(t, "nodes", *only)
	if *only == "" || *only == lifeNamespace {
		t.Run(lifeNamespace, func(t *testing.T) { life(ctx, t, l, tool) })
	}
	t.Run("restarts", func(t *testing.T) { restarts(ctx, t, l) })
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
