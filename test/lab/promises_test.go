package lab

// This file holds the tool to what it promises on any cluster, whatever is wrong there: it only reads, replays to the byte, works with
// few rights, and is quick. TestLab calls it while the incidents stand.

import (
	"bytes"
	"context"
	"net/url"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// audit holds every command to the API server's own log: only reads, and each collection, or the part of it with some label, listed once.
func audit(ctx context.Context, t *testing.T, tool Tool) {
	commands := [][]string{
		{"record", "-A", "-f", filepath.Join(t.TempDir(), "recording.json")}, {"version", "--remote"}, {"triage", "node/node1", "-n", "default"},
		{"oom", "rank"}, {"probes", "timeline", "-A"}, {"probes", "recommend", "-A"}, {"oom", "-A", "--kubelet-stats"},
	}
	for _, area := range []string{"oom", "probes", "netpol", "certs", "pvc", "triage"} {
		commands = append(commands, []string{area, "-A"}, []string{area, "-n", "default"})
	}
	for _, args := range commands {
		t.Run(strings.Join(args[:2], " "), func(t *testing.T) {
			res, err := tool.Run(ctx, args...)
			if err != nil || res.Code != 0 {
				t.Fatalf("code %d, %v: %s", res.Code, err, res.Stderr)
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
					listed[strings.TrimSpace(u.Path+" "+u.Query().Get("labelSelector"))]++ // stores of metrics are told by one label or another
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

// replay: what a run saw, looked at again, gives the same report, byte for byte.
func replay(ctx context.Context, t *testing.T, tool Tool) {
	for _, area := range []string{"triage", "oom", "probes", "netpol", "certs", "pvc"} {
		file := filepath.Join(t.TempDir(), area+".json.gz")
		live, err := tool.Run(ctx, area, "-A", "--save", file, "-o", "json")
		if err != nil || live.Code != 0 {
			t.Fatalf("code %d, %v: %s", live.Code, err, live.Stderr)
		}
		again, err := tool.Run(ctx, area, "--from", file, "-o", "json")
		if err != nil || again.Code != 0 {
			t.Fatalf("code %d, %v: %s", again.Code, err, again.Stderr)
		}
		if !bytes.Equal(live.Stdout, again.Stdout) {
			t.Errorf("%s: live and replayed differ", area)
		}
		if len(again.Requests) > 0 {
			t.Errorf("%s --from asked the server: %v", area, again.Requests)
		}
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

// flagsFirst: kubectl itself refuses flags before a plugin's name; the tool is not started.
func flagsFirst(ctx context.Context, t *testing.T, tool Tool) {
	u, err := tool.admin()
	if err != nil {
		t.Fatal(err)
	}
	res, err := tool.kubectl(ctx, u, "--namespace", "default", "scars", "oom")
	if err != nil {
		t.Fatal(err)
	}
	if res.Code != 1 || len(res.Stdout) > 0 || !strings.Contains(string(res.Stderr), "flags cannot be placed before plugin name") {
		t.Errorf("code %d\n%s%s", res.Code, res.Stdout, res.Stderr)
	}
}

// tenPods stay gated, so that they cost the nodes nothing.
const tenPods = `apiVersion: apps/v1
kind: Deployment
metadata: {name: ten}
spec:
  replicas: 10
  selector: {matchLabels: {app: ten}}
  template:
    metadata: {labels: {app: ten}}
    spec:
      schedulingGates: [{name: lab.example/gate}]
      containers: [{name: app, image: "registry.example/web:1.0"}]
`

// speed: in a namespace of ten pods, a look takes at most twice as long as "kubectl get pods": medians of one alternating run.
func speed(ctx context.Context, t *testing.T, l *Lab, tool Tool) {
	const ns, rounds, most = "speed", 31, 2.0
	if err := l.Apply(ctx, ns, []byte(tenPods)); err != nil {
		t.Fatal(err)
	}
	defer l.Delete(context.WithoutCancel(ctx), ns, nil)
	if err := Poll(ctx, time.Minute, time.Second, func() (string, error) {
		names, err := l.Run(ctx, nil, "get", "pods", "-n", ns, "-o", "name")
		if n := strings.Count(names, "pod/"); n != 10 {
			return "not ten pods yet", err
		}
		return "", err
	}); err != nil {
		t.Fatal(err)
	}
	u, err := tool.admin()
	if err != nil {
		t.Fatal(err)
	}
	var ours, theirs []time.Duration
	for range rounds {
		for _, c := range []struct {
			took *[]time.Duration
			args []string
		}{{&ours, []string{"scars", "oom", "-n", ns}}, {&theirs, []string{"get", "pods", "-n", ns}}} {
			res, err := tool.kubectl(ctx, u, c.args...)
			if err != nil || res.Code != 0 {
				t.Fatalf("%v: code %d, %v: %s", c.args, res.Code, err, res.Stderr)
			}
			*c.took = append(*c.took, res.Took)
		}
	}
	slices.Sort(ours)
	slices.Sort(theirs)
	ratio := float64(ours[rounds/2]) / float64(theirs[rounds/2])
	t.Logf("scars oom takes %.2f times as long as get pods (medians of %d)", ratio, rounds)
	if ratio > most {
		t.Errorf("scars oom takes %.2f times as long as get pods, at most %.1f is allowed", ratio, most)
	}
}
