package lab

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"strings"
	"testing"
	"time"

	"github.com/kubectl-scars/kubectl-scars/test/lab/internal/incident"
)

var only = flag.String("only", "", "comma-separated incidents and healthy workloads to play; empty is all")

// enough time for all: emulated nodes are slow, on a busy machine more than twice as slow.
const enough = 30 * time.Minute

// TestLab plays all incidents and all healthy workloads on a real cluster and holds the tool to what each one wants.
// A lab that runs is used and left running; otherwise one is brought up and taken down.
func TestLab(t *testing.T) {
	ctx, stop := signal.NotifyContext(t.Context(), os.Interrupt)
	defer stop()
	if end, ok := t.Deadline(); ok && *only == "" && time.Until(end) < enough {
		t.Fatal("the lab needs longer than go test's default: go test -timeout 90m .")
	}
	l := start(ctx, t)
	tool, err := l.Tool(ctx)
	if err != nil {
		t.Fatal(err)
	}
	incidents, err := Named(chosen()...)
	if err != nil {
		t.Fatal(err)
	}
	p, err := NewPlayer(l)
	if err != nil {
		t.Fatal(err)
	}
	defer undo(context.WithoutCancel(ctx), t, p, incidents)
	t.Run("play", func(t *testing.T) { play(ctx, t, p, tool, incidents) })
	t.Run("audit", func(t *testing.T) { audit(ctx, t, tool) })
	t.Run("replay", func(t *testing.T) { replay(ctx, t, tool) })
	t.Run("restricted", func(t *testing.T) { restricted(ctx, t, l, tool) })
	t.Run("flags before the name", func(t *testing.T) { flagsFirst(ctx, t, tool) })
	t.Run("speed", func(t *testing.T) { speed(ctx, t, l, tool) })
	t.Run("node failure", func(t *testing.T) { nodeFailure(ctx, t, l) })
}

func start(ctx context.Context, t *testing.T) *Lab {
	_, err := Attach()
	running := err == nil
	l, err := Up(ctx, os.Stderr)
	if err != nil {
		t.Fatal(err)
	}
	if !running {
		t.Cleanup(func() {
			if err := l.Down(); err != nil {
				t.Error(err)
			}
		})
	}
	return l
}

// chosen are the names given with -only.
func chosen() []string {
	if *only == "" {
		return nil
	}
	return strings.Split(*only, ",")
}

func play(ctx context.Context, t *testing.T, p *Player, tool Tool, incidents []incident.Incident) {
	count := map[string]int{}
	once := func(ctx context.Context, in incident.Incident) error {
		if err := p.Play(ctx, in); err != nil {
			return err
		}
		return see(ctx, tool, in)
	}
	for in, err := range p.Each(ctx, incidents, func(ctx context.Context, in incident.Incident) error {
		err := once(ctx, in)
		if err != nil && ctx.Err() == nil {
			// Emulated nodes on a busy machine miss their times now and then. Once more, and it is said.
			fmt.Printf("second try of %s, because: %v\n", in.Name, err)
			if err = p.Undo(ctx, in); err == nil {
				err = once(ctx, in)
			}
		}
		return err
	}) {
		kind := "incidents named"
		if in.Check == "" {
			kind = "healthy workloads left alone"
		}
		count[kind+" of"]++
		t.Run(in.Name, func(t *testing.T) {
			if err != nil {
				t.Fatal(err)
			}
			count[kind]++
		})
	}
	for _, kind := range []string{"incidents named", "healthy workloads left alone"} {
		fmt.Printf("%d of %d %s\n", count[kind], count[kind+" of"], kind)
	}
}

// undo takes away what play left standing.
func undo(ctx context.Context, t *testing.T, p *Player, incidents []incident.Incident) {
	for _, in := range incidents {
		if in.Uses != "" {
			continue // was taken away at once
		}
		if err := p.Undo(ctx, in); err != nil {
			t.Error(err)
		}
	}
}

// see asks the tool about the whole cluster and judges what it says about one incident. A check may wait until a trouble
// lasts (the longest, pvc/waiting-for-consumer, for five minutes); about the healthy it must be silent at once.
func see(ctx context.Context, tool Tool, in incident.Incident) error {
	patience := Patience
	if in.Check == "" {
		patience = 0
	}
	return poll(ctx, patience, 5*time.Second, func() (string, error) {
		r, _, err := ask(ctx, tool, "triage", "-A")
		if err != nil {
			return "", err
		}
		return judge(in, r.of(in.Name)), nil
	})
}
