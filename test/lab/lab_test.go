package lab

import (
	"context"
	"flag"
	"os"
	"os/signal"
	"slices"
	"strings"
	"testing"

	"github.com/kubectl-scars/kubectl-scars/test/lab/internal/incident"
)

var only = flag.String("only", "", "comma-separated incidents and healthy workloads to play; empty is all")

// TestLab plays the incidents and healthy workloads that need no node for themselves on a real cluster, holds the tool to what each one
// wants, and then to its promises. Package nodes plays the others meanwhile.
func TestLab(t *testing.T) {
	ctx, stop := signal.NotifyContext(t.Context(), os.Interrupt)
	defer stop()
	l := Start(ctx, t)
	tool, err := l.Tool(ctx)
	if err != nil {
		t.Fatal(err)
	}
	p, err := NewPlayer(l)
	if err != nil {
		t.Fatal(err)
	}
	incidents, err := Named(strings.FieldsFunc(*only, func(r rune) bool { return r == ',' })...)
	if err != nil {
		t.Fatal(err)
	}
	incidents = slices.DeleteFunc(incidents, func(in incident.Incident) bool { return in.Uses != "" || !l.CanPlay(in) })
	defer undo(context.WithoutCancel(ctx), t, p, incidents)
	p.TryAll(ctx, t, tool, incidents)
	if *only == "" || strings.Contains(*only, cascadeNamespace) {
		t.Run("cascade", func(t *testing.T) { cascade(ctx, t, l, tool) })
	}
	t.Run("audit", func(t *testing.T) { audit(ctx, t, tool) })
	t.Run("replay", func(t *testing.T) { replay(ctx, t, tool) })
	t.Run("restricted", func(t *testing.T) { restricted(ctx, t, l, tool) })
	t.Run("flags before the name", func(t *testing.T) { flagsFirst(ctx, t, tool) })
	t.Run("rank", func(t *testing.T) { rank(ctx, t, l, tool) })
	t.Run("speed", func(t *testing.T) { speed(ctx, t, l, tool) })
}

// undo takes away what play left standing.
func undo(ctx context.Context, t *testing.T, p *Player, incidents []incident.Incident) {
	for _, in := range incidents {
		if err := p.Undo(ctx, in); err != nil {
			t.Error(err)
		}
	}
}
