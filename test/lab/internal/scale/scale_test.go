package scale

import (
	"bytes"
	"encoding/json"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/types"

	"github.com/kubectl-scars/kubectl-scars/pkg/analysis"
	"github.com/kubectl-scars/kubectl-scars/pkg/checks"
	"github.com/kubectl-scars/kubectl-scars/pkg/cli"
	"github.com/kubectl-scars/kubectl-scars/pkg/finding"
	"github.com/kubectl-scars/kubectl-scars/pkg/recording"
	"github.com/kubectl-scars/kubectl-scars/pkg/snapshot"
	"github.com/kubectl-scars/kubectl-scars/pkg/snapshot/clustertest"
	"github.com/kubectl-scars/kubectl-scars/test/lab/internal/pki"
)

// measured are the checks that speak of numbers alone, which a still cluster has none of: no metrics API, no kubelet. The lab plays them.
var measured = []string{"oom/close-to-limit", "oom/cache-not-leak", "oom/request-far-below-usage", "oom/no-limit-noisy", "oom/spiky"}

// TestPlanted: there is an incident of every other check.
func TestPlanted(t *testing.T) {
	kinds, err := Kinds()
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range checks.All() {
		n := 0
		for _, in := range kinds {
			if in.Check == c.ID {
				n++
			}
		}
		if none := slices.Contains(measured, c.ID); (n == 0) != none {
			t.Errorf("%d planted incidents of %s", n, c.ID)
		}
	}
}

// TestPlantedOffline has the tool judge each planted incident by itself, from a file, as the writer would have written it: it must find that
// and nothing else, and say what the incident wants said.
func TestPlantedOffline(t *testing.T) {
	kinds, err := Kinds()
	if err != nil {
		t.Fatal(err)
	}
	ca, err := pki.NewCA(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	for i, in := range kinds {
		p := place{Namespace: in.Name + "-0", Node: "node-" + in.Name + "-0", number: i, now: time.Now()}
		objects, err := p.objects(in, ca)
		if err != nil {
			t.Fatalf("%s: %v", in.Name, err)
		}
		report := judgedOffline(t, objects, p.now)
		v, err := Judge(report, p.planted(in))
		if err != nil {
			t.Fatalf("%s: %v", in.Name, err)
		}
		if len(v.Missed)+len(v.Extra)+len(v.Gaps) > 0 {
			t.Errorf("%s: missed %q, extra %q, gaps %q", in.Name, v.Missed, v.Extra, v.Gaps)
		}
		var r finding.Report
		if err := json.Unmarshal(report, &r); err != nil {
			t.Fatal(err)
		}
		if !slices.ContainsFunc(r.Findings, func(f finding.Finding) bool { return f.Check == in.Check && in.Says.MatchString(f.Message) }) {
			t.Errorf("%s: nothing says %q: %v", in.Name, in.Says, r.Findings)
		}
	}
}

// judgedOffline is triage's report on objects that lie in a file.
func judgedOffline(t *testing.T, objects []snapshot.Object, now time.Time) []byte {
	t.Helper()
	b := snapshot.NewBuilder()
	for i, o := range objects {
		if o.SetResourceVersion("1"); o.GetUID() == "" {
			o.SetUID(types.UID(fmt.Sprint(i)))
		}
		if err := b.Add(o); err != nil {
			t.Fatal(err)
		}
	}
	for _, info := range snapshot.Kinds() {
		if !info.OptIn {
			b.Seal(info.Kind, "", snapshot.State{Status: snapshot.OK})
		}
	}
	for _, a := range analysis.Asks(b.Build(now), checks.All()) {
		b.SealAsk(a, snapshot.State{Status: snapshot.OK})
	}
	name := filepath.Join(t.TempDir(), "planted.json")
	if err := recording.Save(name, recording.Header{}, b.Build(now)); err != nil {
		t.Fatal(err)
	}
	var out, errs bytes.Buffer
	env := cli.Env{
		In: strings.NewReader(""), Out: &out, Err: &errs, Version: "test", Now: func() time.Time { return now },
		Getenv: func(string) (string, bool) { return "", false },
	}
	code := cli.Run(t.Context(), env, []string{"kubectl-scars", "triage", "-A", "--from", name, "-o", "json"})
	if code != 0 {
		t.Fatalf("exit code %d: %s", code, errs.String())
	}
	return out.Bytes()
}

// TestUnhealthy: as many events are dealt out as were asked for, each with a name of its own, and of each Deployment that has some it is said that
// readiness flaps, and nothing else of anything.
func TestUnhealthy(t *testing.T) {
	const pods = 200
	now := time.Now()
	for _, events := range []int{1, 60, 777, 1003, 4321} {
		u := newUnhealthy(events, pods, now)
		var objects []snapshot.Object
		names := map[string]bool{}
		for group := range clustertest.Groups(pods, now) {
			before := len(group)
			group = u.add(group)
			for _, o := range group[before:] {
				names[o.GetNamespace()+"/"+o.GetName()] = true
			}
			for _, o := range group[:before] {
				if names[o.GetNamespace()+"/"+o.GetName()] {
					t.Errorf("%d events: one bears the name of %s", events, o.GetName())
				}
			}
			objects = append(objects, group...)
		}
		if len(names) != events || u.left != 0 {
			t.Errorf("%d events: %d were dealt out, %d are left", events, len(names), u.left)
		}
		if events < perPod {
			continue // of one failure nothing is said
		}
		v, err := Judge(judgedOffline(t, objects, now), u.failed)
		if err != nil || len(v.Missed)+len(v.Extra) > 0 || len(u.failed) == 0 {
			t.Errorf("%d events: %v, missed %q, extra %q", events, err, v.Missed, v.Extra)
		}
	}
}
