package history

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/kubectl-scars/kubectl-scars/pkg/finding"
)

var (
	usual = probing{delay: 30, period: 10, failures: 3, readyPeriod: 5} // liveness waits 50 s at the least
	swift = []answered{{0.01, 0.5}, {0.025, 0.995}, {0.1, 1}}
)

// services are those that are judged.
func services() []*service {
	const day, week = 24 * time.Hour, 7 * 24 * time.Hour
	one := func(name string, p probing, from, to float64) version {
		return version{name: name, probes: p, from: from, to: to}
	}
	later := func(v version, since time.Duration) version {
		v.since = since
		return v
	}
	killed := one("bloated-5d8f7c9b4", usual, 5, 6)
	killed.oom = true
	revised := func(old, newest string) []version {
		return []version{one(old, probing{delay: 300, period: 10, failures: 3, readyPeriod: 5}, 200, 240), later(one(newest, usual, 15, 30), week)}
	}
	return []*service{
		{name: "steady", kind: "Deployment", replicas: 2, lifetime: 3 * day, answers: swift, versions: []version{
			one("steady-5d8f7c9b4", usual, 12, 38), later(one("steady-6c9d8f7b5", usual, 12, 38), week),
		}},
		{name: "cut", kind: "Deployment", replicas: 2, lifetime: 2 * day, answers: swift, versions: []version{one("cut-5d8f7c9b4", usual, 35, 80)}},
		{name: "never", kind: "Deployment", replicas: 1, lifetime: 5 * day, answers: swift, versions: []version{one("never-5d8f7c9b4", usual, 70, 90)}},
		{name: "changed", kind: "Deployment", replicas: 2, lifetime: 2 * day, answers: swift, versions: []version{
			one("changed-5d8f7c9b4", probing{delay: 300, period: 10, failures: 3, readyPeriod: 5}, 200, 240), later(one("changed-6c9d8f7b5", usual, 15, 25), week),
		}},
		{name: "crashing", kind: "Deployment", replicas: 1, lifetime: 9 * day, crashes: 11 * time.Hour, answers: swift, versions: []version{one("crashing-5d8f7c9b4", usual, 18, 24)}},
		{name: "bloated", kind: "Deployment", replicas: 1, lifetime: 9 * day, answers: swift, versions: []version{killed}},
		{name: "slow", kind: "Deployment", replicas: 2, lifetime: 3 * day, versions: []version{one("slow-5d8f7c9b4", usual, 12, 20)},
			answers: []answered{{0.25, 0.6}, {0.5, 0.97}, {1, 0.9995}}}, // 5 of 10,000 get none in time
		{name: "heavy", kind: "Deployment", replicas: 2, lifetime: 3 * day, versions: []version{one("heavy-5d8f7c9b4", usual, 12, 20)},
			answers: []answered{{0.25, 0.6}, {0.5, 0.97}, {1, 1}}}, // all do
		{name: "meshed", kind: "Deployment", replicas: 2, lifetime: 2 * day, answers: swift, sidecar: [2]float64{8, 32}, versions: []version{one("meshed-5d8f7c9b4", usual, 5, 9)}},
		{name: "ordered", kind: "StatefulSet", replicas: 2, lifetime: 4 * day, labels: true, answers: swift, versions: revised("ordered-5d8f7c9b4", "ordered-6c9d8f7b5")},
		{name: "plain", kind: "StatefulSet", replicas: 2, lifetime: 4 * day, answers: swift, versions: revised("plain-5d8f7c9b4", "plain-6c9d8f7b5")},
		{name: "agent", kind: "DaemonSet", replicas: 2, lifetime: 4 * day, answers: swift, versions: revised("5d8f7c9b4", "6c9d8f7b5")},
		{name: "quiet", kind: "Deployment", replicas: 2, lifetime: 3 * day, quiet: true, answers: swift, versions: []version{one("quiet-5d8f7c9b4", usual, 12, 20)}},
	}
}

// objects are the manifests of the services: the template of today, and for Deployments the ReplicaSets.
func objects(t *testing.T, services []*service) string {
	t.Helper()
	var b strings.Builder
	for _, s := range services {
		today := s.versions[len(s.versions)-1]
		spec := func(v version) string {
			out := "{spec: {containers: [{name: app, " + v.probes.manifest() + "}]"
			if s.sidecar[1] > 0 {
				out += fmt.Sprintf(", initContainers: [{name: proxy, restartPolicy: Always, startupProbe: {exec: {command: [up]}, periodSeconds: %d, failureThreshold: 60, timeoutSeconds: 1}}]", sidecarPeriod)
			}
			return out + "}}"
		}
		fmt.Fprintf(&b, "---\napiVersion: apps/v1\nkind: %s\nmetadata: {name: %[2]s, namespace: %[3]s, uid: %[2]s, generation: %[4]d}\nspec: {replicas: %[5]d, selector: {}, template: %[6]s}\n",
			s.kind, s.name, namespace, len(s.versions), s.replicas, spec(today))
		if s.kind == "StatefulSet" {
			fmt.Fprintf(&b, "status: {updateRevision: %s}\n", today.name)
		}
		for _, v := range s.versions {
			if s.kind == "Deployment" {
				fmt.Fprintf(&b, "---\napiVersion: apps/v1\nkind: ReplicaSet\nmetadata: {name: %s, namespace: %s, ownerReferences: [{apiVersion: apps/v1, kind: Deployment, name: %s, uid: %[3]s, controller: true}]}\nspec: {replicas: 0, selector: {}, template: %s}\n",
					v.name, namespace, s.name, spec(v))
			}
		}
	}
	name := filepath.Join(t.TempDir(), "services.yaml")
	if err := os.WriteFile(name, []byte(b.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	return name
}

// advised runs the binary on the manifests, with a store's history, and gives the advice by the names of workload and container, and the
// lines of coverage about history that are not ok.
func advised(t *testing.T, binary, manifest, store string) (items map[string]finding.ProbeAdvice, notes []string) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), binary, "probes", "recommend", "--from", manifest, "--now", now.Format(time.RFC3339), "--prometheus", store, "-o", "json", "--timeout", "5m")
	var errs bytes.Buffer
	cmd.Stderr = &errs
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%v: %s", err, errs.String())
	}
	var view finding.ProbesRecommend
	if err := json.Unmarshal(out, &view); err != nil {
		t.Fatal(err)
	}
	for _, c := range view.Coverage {
		if c.Resource == "history" && c.State != finding.CoverageOK {
			notes = append(notes, c.Reason)
		}
	}
	items = map[string]finding.ProbeAdvice{}
	for _, item := range view.Items {
		items[item.Object.Name+"/"+item.Object.Container] = item
	}
	return items, notes
}

// numbers are what is recommended, by field: startupProbe.failureThreshold.
func numbers(item finding.ProbeAdvice) map[string]int {
	out := map[string]int{}
	for _, n := range item.Numbers {
		out[n.Probe+"."+n.Field] = int(n.Recommended)
	}
	return out
}

// starts is what is true of the starts of a service under its probes of today: how long they took, fastest first, and how many were killed.
type starts struct {
	took   []time.Duration
	killed int
	others int
}

func startsOf(s *service) (out starts) {
	today := s.versions[len(s.versions)-1].probes
	for _, p := range s.play() {
		for _, r := range p.containers {
			switch {
			case r.ready.After(now) || r.ended.After(now), r.ready.IsZero() && r.ended.IsZero():
			case p.version.probes != today:
				out.others++
			case !r.ready.IsZero():
				out.took = append(out.took, r.listens.Sub(r.began))
			case !r.decided.IsZero():
				out.killed++
			}
		}
	}
	slices.Sort(out.took)
	return out
}

// slowest is the slowest start of which a store can know: one that succeeded, or as long as liveness waits at least.
func (s starts) slowest(p probing) time.Duration {
	out := time.Duration(0)
	if n := len(s.took); n > 0 {
		out = s.took[n-1]
	}
	if s.killed > 0 {
		out = max(out, p.guaranteed())
	}
	return out
}

func TestStartsOfARealPrometheus(t *testing.T) {
	all := services()
	blocks := t.TempDir()
	began := time.Now()
	n := writeServices(t, blocks, all)
	t.Logf("%d samples of %d services written in %s", n, len(all), time.Since(began).Round(time.Millisecond))
	binary, manifest := build(t), objects(t, all)
	began = time.Now()
	items, notes := advised(t, binary, manifest, start(t, blocks))
	t.Logf("started and asked in %s", time.Since(began).Round(time.Millisecond))
	if len(notes) > 0 {
		t.Errorf("coverage: %q", notes)
	}
	for _, s := range all {
		if s.sidecar[1] > 0 {
			judgeSidecars(t, s, items)
		} else {
			judgeStarts(t, s, items[s.name+"/app"])
		}
	}
	judgeAnswers(t, items)

	t.Run("a store without the kubelets' probes", func(t *testing.T) {
		blocks := t.TempDir()
		writeServices(t, blocks, all, "prober_")
		bare, notes := advised(t, binary, manifest, start(t, blocks))
		if text := strings.Join(notes, "; "); !strings.Contains(text, "no prober_probe_duration_seconds: how long probes take to be answered is not known (the kubelets tell at /metrics/probes)") {
			t.Errorf("it does not say what it lacks: %q", notes)
		}
		for name, item := range bare {
			if len(item.Answers) > 0 || numbers(item)["livenessProbe.timeoutSeconds"] > 0 {
				t.Errorf("%s: answers from nowhere: %+v", name, item)
			}
			if !reflect.DeepEqual(item.Starts, items[name].Starts) {
				t.Errorf("%s: starts %+v, with the probes %+v", name, item.Starts, items[name].Starts)
			}
		}
	})
}

// judgeStarts holds what is recommended to what is true. Each measured start may be longer than it was by the period of readiness and a
// second, and the numbers are rounded up to whole attempts.
func judgeStarts(t *testing.T, s *service, item finding.ProbeAdvice) {
	t.Helper()
	today := s.versions[len(s.versions)-1].probes
	truth, got := startsOf(s), item.Starts
	late := time.Duration(today.readyPeriod+1) * time.Second
	t.Logf("%s: true %d ready, %d killed, %d of others; got %d ready, %d killed, %d at most, %d of others; %v", s.name, len(truth.took), truth.killed, truth.others,
		len(got.Ready), len(got.Killed), got.AtMost, got.Others, numbers(item))
	if len(got.Ready) != len(truth.took) || got.AtMost > 0 || got.Others != truth.others {
		t.Errorf("%s: %d of %d starts that succeeded, %d at most, %d of %d under other probes", s.name, len(got.Ready), len(truth.took), got.AtMost, got.Others, truth.others)
	}
	for i := range min(len(got.Ready), len(truth.took)) {
		if off := time.Duration(got.Ready[i])*time.Second - truth.took[i]; off < -time.Second || off > late {
			t.Errorf("%s: start %d of those in order is off by %s", s.name, i, off)
		}
	}
	// Of three starts within one look of five minutes the second is not seen, nor is one that lies between two scrapes; what is recommended does
	// not depend on how many there were.
	if len(got.Killed) > truth.killed || 2*len(got.Killed) < truth.killed {
		t.Errorf("%s: %d of %d starts that were killed", s.name, len(got.Killed), truth.killed)
	}
	for _, k := range got.Killed {
		if d := time.Duration(k) * time.Second; d < today.guaranteed() || d > today.guaranteed()+time.Duration(today.period+1)*time.Second {
			t.Errorf("%s: killed after at least %s, liveness guarantees %s", s.name, d, today.guaranteed())
		}
	}
	if len(truth.took) == 0 && truth.killed == 0 {
		if item.CannotSay == "" || len(item.Numbers) > 0 {
			t.Errorf("%s: no start is known, recommended %v", s.name, numbers(item))
		}
		return
	}
	slowest, n := truth.slowest(today), numbers(item)
	least, most := 2*slowest, 2*(slowest+late)
	if len(truth.took) == 0 {
		const unseen = 5 * time.Minute // at least, where no start has been seen to end
		least, most = max(unseen, 3*slowest), max(unseen, 3*(slowest+late))
	}
	budget, high := today.guaranteed(), max(today.guaranteed(), most) // where liveness waits long enough, nothing is added
	if failures, asked := n["startupProbe.failureThreshold"]; asked {
		period := time.Duration(n["startupProbe.periodSeconds"]) * time.Second
		budget, high = period*time.Duration(failures-1), most+2*period
		if most <= today.guaranteed() {
			t.Errorf("%s: %s is waited, the slowest start takes %s: recommended %v", s.name, today.guaranteed(), slowest, n)
		}
	}
	if budget < least || budget > high {
		t.Errorf("%s: recommended to wait %s, want %s to %s", s.name, budget, least, high)
	}
	if worst := s.versions[len(s.versions)-1].to; truth.killed > 0 && budget < time.Duration(worst*float64(time.Second)) {
		t.Errorf("%s: a start may take %vs, and would be killed after %s", s.name, worst, budget)
	}
}

// judgeSidecars holds the starts of sidecars, of which kube-state-metrics tells only when they were done and cAdvisor when they began. Of the
// container beside a bound alone is known: its pod is ready with the last.
func judgeSidecars(t *testing.T, s *service, items map[string]finding.ProbeAdvice) {
	t.Helper()
	var truth []time.Duration
	for _, p := range s.play() {
		if !p.sidecar.ready.After(now) {
			truth = append(truth, p.sidecar.listens.Sub(p.sidecar.began))
		}
	}
	slices.Sort(truth)
	got := items[s.name+"/proxy"].Starts
	if len(got.Ready) != len(truth) || len(truth) == 0 || got.AtMost > 0 || got.Error > sidecarPeriod+2 { // its period, the time-out of an attempt, and a second
		t.Fatalf("%s: %+v, %d starts of sidecars are true", s.name, got, len(truth))
	}
	for i := range min(len(got.Ready), len(truth)) {
		if off := time.Duration(got.Ready[i])*time.Second - truth[i]; off < -time.Second || off > (sidecarPeriod+1)*time.Second {
			t.Errorf("%s: start %d of sidecars in order is off by %s", s.name, i, off)
		}
	}
	if notes := strings.Join(items[s.name+"/proxy"].Notes, " "); !strings.Contains(notes, "only those that succeeded") {
		t.Errorf("%s: survivors alone understate a start, and nothing says so: %q", s.name, notes)
	}
	n := numbers(items[s.name+"/proxy"])
	if budget := 2 * truth[len(truth)-1]; time.Duration(n["startupProbe.failureThreshold"]-1)*sidecarPeriod*time.Second < budget {
		t.Errorf("%s: recommended %v, want at least %s", s.name, n, budget)
	}
	if app := items[s.name+"/app"]; len(app.Starts.Ready) > 0 || app.Starts.AtMost != len(truth) || !strings.Contains(app.CannotSay, "container proxy has probes too") {
		t.Errorf("%s: beside its sidecar: %+v", s.name, app)
	}
}
