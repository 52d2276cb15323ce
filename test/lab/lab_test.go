package lab

import (
	"context"
	"flag"
	"fmt"
	"net/url"
	"os"
	"os/signal"
	"slices"
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
	t.Run("restricted", func(t *testing.T) { restricted(ctx, t, l, tool) })
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
	for in, err := range p.Each(ctx, incidents, func(ctx context.Context, in incident.Incident) error {
		if err := p.Play(ctx, in); err != nil {
			return err
		}
		return see(ctx, tool, in)
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

// audit holds every command to what the tool promises: it only reads, and reads each collection once.
func audit(ctx context.Context, t *testing.T, tool Tool) {
	for _, command := range []string{"oom", "probes", "netpol", "certs", "pvc", "triage"} {
		t.Run(command, func(t *testing.T) {
			_, res, err := ask(ctx, tool, command, "-A")
			if err != nil {
				t.Fatal(err)
			}
			if len(res.Requests) == 0 {
				t.Fatal("the audit log shows no request")
			}
			listed := map[string]int{}
			for _, r := range res.Requests {
				review := strings.HasPrefix(r.Object.Resource, "selfsubject") && r.Verb == "create"
				if !slices.Contains([]string{"get", "list", "watch"}, r.Verb) && !review {
					t.Errorf("%s %s", r.Verb, r.URI)
				}
				if u, err := url.Parse(r.URI); err == nil && r.Verb == "list" && u.Query().Get("continue") == "" {
					listed[u.Path]++
				}
			}
			for path, n := range listed {
				if n > 1 {
					t.Errorf("listed %d times: %s", n, path)
				}
			}
		})
	}
}

// restricted: with a Role in one namespace the tool works there and says what it could not read.
func restricted(ctx context.Context, t *testing.T, l *Lab, tool Tool) {
	const ns = "restricted"
	u, err := l.RestrictedUser(ctx, "viewer", ns, Rule{
		APIGroups: []string{""}, Resources: []string{"pods", "events"}, Verbs: []string{"get", "list"}})
	if err != nil {
		t.Fatal(err)
	}
	defer l.Delete(context.WithoutCancel(ctx), ns, nil)
	res, err := tool.RunAs(ctx, u, "oom", "-n", ns)
	if err != nil {
		t.Fatal(err)
	}
	if res.Code != 0 {
		t.Errorf("code %d: %s", res.Code, res.Stderr)
	}
	if !strings.Contains(string(res.Stdout), "forbidden") {
		t.Errorf("does not say what was forbidden:\n%s", res.Stdout)
	}
}
