package lab

// This file asks the tool about the cluster and judges what it says about an incident.

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/kubectl-scars/kubectl-scars/test/lab/internal/incident"
)

// Report is the part of the tool's structured output that the lab judges by (scars.dev/v1alpha1).
type Report struct {
	Kind     string    `json:"kind"`
	Findings []Finding `json:"findings"`
	Coverage []struct {
		Resource, Namespace, State, Reason string
	} `json:"coverage"`
}

// unread tells what could not be read; empty when all that there is was.
func (r Report) unread() string {
	for _, c := range r.Coverage {
		if c.State != "ok" && c.State != "absent" {
			return fmt.Sprintf("%s of namespace %q were not read: %s, %s", c.Resource, c.Namespace, c.State, c.Reason)
		}
	}
	return ""
}

// Finding is one of its findings.
type Finding struct {
	Check    string `json:"check"`
	Severity string `json:"severity"`
	Object   struct {
		Kind      string `json:"kind"`
		Namespace string `json:"namespace"`
		Name      string `json:"name"`
		Container string `json:"container"`
	} `json:"object"`
	Message  string `json:"message"`
	Evidence []struct {
		Source string `json:"source"`
		Value  string `json:"value"`
	} `json:"evidence"`
	Fix []Fix `json:"fix"`
}

// Fix is what of it the tests read.
type Fix struct {
	Text    string `json:"text"`
	Command string `json:"command"`
}

func (f Finding) String() string {
	return fmt.Sprintf("%s %s %s/%s: %s", f.Check, f.Severity, f.Object.Kind, f.Object.Name, f.Message)
}

func (f Finding) shows(want *regexp.Regexp) bool {
	for _, e := range f.Evidence {
		if want.MatchString(e.Value) {
			return true
		}
	}
	return false
}

// Report runs the tool and reads its report. What it asked is not looked up.
func (t Tool) Report(ctx context.Context, args ...string) (r Report, err error) {
	res, err := t.kubectl(ctx, User{Kubeconfig: t.lab.Kubeconfig()}, slices.Concat([]string{"scars"}, args, []string{"-o", "json"})...)
	if err != nil {
		return r, err
	}
	if err := json.Unmarshal(res.Stdout, &r); err != nil || res.Code != 0 || r.Kind != "Report" {
		return r, fmt.Errorf("kubectl scars %s: code %d, stderr %q: %w", strings.Join(args, " "), res.Code, res.Stderr, err)
	}
	return r, nil
}

// looks lets all who wait for the same look at the cluster share it: each gets one that began after it asked.
type looks struct {
	mu   sync.Mutex
	last map[string]*look // by what the tool is called with
}

type look struct {
	mu     sync.Mutex
	began  time.Time
	report Report
	err    error
}

func (l *looks) at(ctx context.Context, tool Tool, args []string) (Report, error) {
	asked := time.Now()
	l.mu.Lock()
	key := strings.Join(args, " ")
	if l.last == nil {
		l.last = map[string]*look{}
	}
	if l.last[key] == nil {
		l.last[key] = &look{}
	}
	shared := l.last[key]
	l.mu.Unlock()
	shared.mu.Lock()
	defer shared.mu.Unlock()
	if shared.began.Before(asked) {
		shared.began = time.Now()
		shared.report, shared.err = tool.Report(ctx, args...)
	}
	return shared.report, shared.err
}

// of keeps what concerns an incident: its namespace, and cluster-scoped objects that bear its name or that it is about.
func (r Report) of(in incident.Incident) []Finding {
	return slices.DeleteFunc(slices.Clone(r.Findings), func(f Finding) bool {
		o := f.Object
		return o.Namespace != in.Name && (o.Namespace != "" || o.Name != in.Name && o.Kind+"/"+o.Name != in.Object)
	})
}

// judge says what is wrong with the findings about an incident; empty is right.
func judge(in incident.Incident, all []Finding) string {
	for _, f := range all {
		if slices.Contains(in.Not, incident.Wrong{Check: f.Check, Object: f.Object.Kind + "/" + f.Object.Name}) {
			return fmt.Sprintf("wrong: %v", f)
		}
	}
	if in.Check == "" {
		loud := slices.DeleteFunc(slices.Clone(all), func(f Finding) bool { return f.Severity == "info" })
		if len(loud) > 0 {
			return fmt.Sprintf("healthy, but: %v", loud)
		}
		return ""
	}
	i := slices.IndexFunc(all, func(f Finding) bool { return f.Object.Kind+"/"+f.Object.Name == in.Object })
	switch {
	case i < 0:
		return fmt.Sprintf("nothing about %s; findings: %v", in.Object, all)
	case all[i].Check != in.Check:
		return fmt.Sprintf("first finding is %v, want %s", all[i], in.Check)
	case !in.Says.MatchString(all[i].Message):
		return fmt.Sprintf("message of %v does not match %v", all[i], in.Says)
	case in.Shows != nil && !all[i].shows(in.Shows):
		return fmt.Sprintf("no evidence of %v matches %v: %v", all[i], in.Shows, all[i].Evidence)
	}
	return ""
}

// Try plays an incident and asks the tool about it. Emulated nodes on a busy machine miss their times now and then: then it is played once
// more, and that is said.
func (p *Player) Try(ctx context.Context, tool Tool, in incident.Incident) error {
	once := func() error {
		if err := p.Play(ctx, in); err != nil {
			return err
		}
		return p.see(ctx, tool, in)
	}
	err := once()
	if err == nil || ctx.Err() != nil {
		return err
	}
	fmt.Fprintf(os.Stderr, "second try of %s, because: %v\n", in.Name, err)
	p.again.Store(in.Name, in.Check == "")
	if err := p.Undo(ctx, in); err != nil {
		return err
	}
	return once()
}

// see asks the tool about the whole cluster and judges what it says about one incident. A check may wait until a trouble
// lasts (the longest, pvc/waiting-for-consumer, for five minutes); about the healthy it must be silent at once.
func (p *Player) see(ctx context.Context, tool Tool, in incident.Incident) error {
	patience := Patience
	if in.Check == "" {
		patience = time.Minute // to read everything
	}
	return Poll(ctx, patience, 5*time.Second, func() (string, error) {
		r, err := p.looks.at(ctx, tool, append([]string{"triage", "-A"}, in.With...))
		if err != nil {
			return "", err
		}
		wrong := judge(in, r.of(in))
		switch {
		case in.Check != "":
			return wrong, nil
		case wrong != "":
			return "", errors.New(wrong)
		}
		return r.unread(), nil // which makes silence worth nothing
	})
}

// Begin starts a lab where none runs, and builds the tool. The context ends on Ctrl-C, and a minute before go test's own time is up, so that
// what was waited for is told and what was begun is undone.
func Begin(t *testing.T) (context.Context, *Lab, Tool) {
	t.Helper()
	ctx, stop := signal.NotifyContext(t.Context(), os.Interrupt)
	t.Cleanup(stop)
	if end, ok := t.Deadline(); ok {
		var cancel context.CancelFunc
		ctx, cancel = context.WithDeadline(ctx, end.Add(-time.Minute))
		t.Cleanup(cancel)
	}
	l := Start(ctx, t)
	tool, err := l.Tool(ctx)
	if err != nil {
		t.Fatal(err)
	}
	return ctx, l, tool
}

// PlayGroup tries all of a group, the short ones of them with "go test -short", or those whose names are given, separated by commas, on a lab
// that it starts where none runs.
func PlayGroup(t *testing.T, group, only string) (context.Context, *Lab, Tool) {
	t.Helper()
	ctx, l, tool := Begin(t)
	incidents, err := Named(strings.FieldsFunc(only, func(r rune) bool { return r == ',' })...)
	if err != nil {
		t.Fatal(err)
	}
	incidents = slices.DeleteFunc(incidents, func(in incident.Incident) bool {
		return Group(in) != group || !l.CanPlay(in) || testing.Short() && only == "" && !isShort(in)
	})
	if len(incidents) == 0 && only == "" {
		t.Fatalf("nothing to play in group %q", group)
	}
	p := NewPlayer(l)
	t.Cleanup(func() { // before the lab is left
		for _, in := range incidents {
			if !stays(in) {
				continue // gone already
			}
			if err := p.Undo(context.WithoutCancel(ctx), in); err != nil {
				t.Error(err)
			}
		}
	})
	p.TryAll(ctx, t, tool, incidents)
	return ctx, l, tool
}

// TryAll tries incidents and healthy workloads side by side, each as a subtest, and prints how many came out as wanted.
func (p *Player) TryAll(ctx context.Context, t *testing.T, tool Tool, incidents []incident.Incident) {
	count, kinds := map[string]int{}, map[bool]string{false: "incidents named", true: "healthy workloads left alone"} // by whether they are healthy
	var took sync.Map
	try := func(ctx context.Context, in incident.Incident) error {
		begin := time.Now()
		defer func() { took.Store(in.Name, time.Since(begin).Round(time.Second)) }()
		return p.Try(ctx, tool, in)
	}
	for in, err := range p.Each(ctx, incidents, try) {
		kind := kinds[in.Check == ""]
		count[kind+" of"]++
		t.Run(in.Name, func(t *testing.T) {
			time, _ := took.Load(in.Name)
			t.Log(time)
			if err != nil {
				t.Fatal(err)
			}
			count[kind]++
		})
	}
	p.again.Range(func(_, healthy any) bool {
		count[kinds[healthy.(bool)]+" again"]++
		return true
	})
	for _, kind := range []string{kinds[false], kinds[true]} {
		if of := count[kind+" of"]; of > 0 {
			fmt.Printf("%d of %d %s, %d of them at a second try\n", count[kind], of, kind, count[kind+" again"])
		}
	}
}
