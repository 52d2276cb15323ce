package oom

// Tests of what numbers add to findings about deaths: the picture, its sentence, and how to get it where nobody asked.

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/kubectl-scars/kubectl-scars/pkg/analysis"
	"github.com/kubectl-scars/kubectl-scars/pkg/finding"
	"github.com/kubectl-scars/kubectl-scars/pkg/recording"
	"github.com/kubectl-scars/kubectl-scars/pkg/snapshot"
)

// dead is a pod whose container app was killed at 17:50 after 50 minutes and runs again; limits and the second container are filled in.
const dead = `
apiVersion: v1
kind: Pod
metadata: {name: web, namespace: shop, uid: u}
spec:
  nodeName: node1
  %s
  containers: [{name: app, resources: {%s}}, {name: proxy}]
status:
  phase: Running
  containerStatuses:
  - name: app
    ready: true
    restartCount: 1
    state: {running: {startedAt: "2026-11-23T17:50:10Z"}}
    lastState: {terminated: {exitCode: 137, reason: OOMKilled, startedAt: "2026-11-23T17:00:00Z", finishedAt: "2026-11-23T17:50:00Z"}}
  - {name: proxy, ready: true, state: {running: {startedAt: "2026-11-23T17:00:00Z"}}}
---
apiVersion: metrics.k8s.io/v1beta1
kind: PodMetrics
metadata: {name: web, namespace: shop}
timestamp: "%s"
window: 15s
containers: [{name: app, usage: {memory: %dMi}}, {name: proxy, usage: {memory: 90Mi}}]
`

// found runs a check on objects as of 18:00, with what was asked of kubelets answered or not.
func found(t *testing.T, c *analysis.Check, objects string, asked snapshot.Status) finding.Finding {
	t.Helper()
	in, err := recording.ReadFrom("test", strings.NewReader(objects), recording.DefaultLimits())
	if err != nil {
		t.Fatal(err)
	}
	if asked != "" {
		in.Builder.SealAsk(snapshot.Ask{Kind: snapshot.KubeletStats, Name: "node1"}, snapshot.State{Status: asked})
	}
	s := in.Builder.Build(time.Date(2026, 11, 23, 18, 0, 0, 0, time.UTC))
	o := analysis.Run(s, []*analysis.Check{c}, nil)[0]
	if o.Err != nil || len(o.Findings) != 1 {
		t.Fatalf("%d findings, %v", len(o.Findings), o.Err)
	}
	return o.Findings[0]
}

func TestExplain(t *testing.T) {
	const (
		limit  = "limits: {memory: 256Mi}, requests: {memory: 64Mi}"
		before = "2026-11-23T17:49:48Z"
		after  = "2026-11-23T17:59:48Z"
	)
	kubelet := func(rows string) string {
		return "---\napiVersion: scars.dev/v1alpha1\nkind: NodeStats\nmetadata: {name: node1}\nrows:\n" + rows
	}
	for name, test := range map[string]struct {
		check   *analysis.Check
		objects string
		asked   snapshot.Status
		source  string // of the picture; empty: none
		says    string
		advised bool // to ask the kubelet
	}{
		"the last number before the kill": {LimitHit, fmt.Sprintf(dead, "", limit, before, 100), "", metricsAPI,
			"12s before the kill it used 100Mi: it rose to 256Mi between two samples", true},
		"a number after the kill":     {LimitHit, fmt.Sprintf(dead, "", limit, after, 70), "", metricsAPI, "the 70Mi seen now are of the life after", true},
		"a number of an earlier life": {LimitHit, fmt.Sprintf(dead, "", limit, "2026-11-23T16:59:00Z", 70), "", "", "", true},
		"no numbers of this pod":      {LimitHit, strings.ReplaceAll(fmt.Sprintf(dead, "", limit, after, 70), "kind: PodMetrics\nmetadata: {name: web", "kind: PodMetrics\nmetadata: {name: other"), "", "", "", true},
		"the pod's limit": {PodLimitHit, fmt.Sprintf(dead, "resources: {limits: {memory: 256Mi}}", "", after, 70), "", metricsAPI,
			"the 256Mi are for all containers of the pod: beside this one proxy uses 90Mi", true},
		"the node": {NodeOutOfMemory, fmt.Sprintf(dead, "", "requests: {memory: 64Mi}", after, 700), "", metricsAPI,
			"it uses 700Mi and asked for 64Mi: the kernel picks first who is furthest above the request", true},
		"the node, nothing asked for": {NodeOutOfMemory, fmt.Sprintf(dead, "", "", after, 700), "", metricsAPI, "it uses 700Mi, asked for none and has no limit", true},
		"a container that is down": {LimitHit, strings.ReplaceAll(fmt.Sprintf(dead, "", limit, after, 70), `state: {running: {startedAt: "2026-11-23T17:50:10Z"}}`, "state: {waiting: {reason: CrashLoopBackOff}}"), "",
			metricsAPI, "the 70Mi seen now", false},
		"the kubelet was asked": {LimitHit, fmt.Sprintf(dead, "", limit, after, 70), snapshot.Forbidden, metricsAPI, "the 70Mi seen now", false},
		"the kubelet tells the parts": {LimitHit, fmt.Sprintf(dead, "", limit, after, 70) + kubelet(
			`- {namespace: shop, pod: web, container: app, memory: {source: metrics/cadvisor, time: "2026-11-23T17:59:50Z", usage: 94371840, rss: 31457280, cache: 10485760, activeFile: 10485760, inactiveFile: 0, peak: 268435456}}
`), snapshot.OK, "metrics/cadvisor", "the kernel holds 50Mi for it", false},
		"down, and files in memory are left": {LimitHit, strings.Replace(strings.ReplaceAll(fmt.Sprintf(dead, "", limit, after, 70), `state: {running: {startedAt: "2026-11-23T17:50:10Z"}}`, "state: {waiting: {reason: CrashLoopBackOff}}"),
			"metadata: {name: web, namespace: shop}\ntimestamp", "metadata: {name: other, namespace: shop}\ntimestamp", 1) + kubelet(
			`- {namespace: shop, pod: web, memory: {source: metrics/cadvisor, time: "2026-11-23T17:59:50Z", usage: 125829120, rss: 2097152, cache: 104857600, activeFile: 0, inactiveFile: 0, peak: 268435456}}
`), snapshot.OK, "metrics/cadvisor", "files in memory (tmpfs, shared memory) hold 100Mi of the 256Mi", false},
		"Windows tells no parts": {LimitHit, fmt.Sprintf(dead, "", limit, after, 70) + kubelet(
			`- {namespace: shop, pod: web, container: app, memory: {source: stats/summary, time: "2026-11-23T17:59:50Z", usage: 94371840, workingSet: 83886080}}
`), snapshot.OK, "stats/summary", "the 80Mi seen now", false},
	} {
		t.Run(name, func(t *testing.T) {
			f := found(t, test.check, test.objects, test.asked)
			switch {
			case (f.Memory != nil) != (test.source != ""):
				t.Fatalf("picture: %+v", f.Memory)
			case f.Memory != nil && (f.Memory.Source != test.source || !strings.HasPrefix(f.Memory.Says, test.says)):
				t.Errorf("by %s: %q, want by %s: %q", f.Memory.Source, f.Memory.Says, test.source, test.says)
			}
			advised := false
			for _, fix := range f.Fix {
				advised = advised || fix.Command == "kubectl scars oom pod/web -n shop --kubelet-stats"
			}
			if advised != test.advised {
				t.Errorf("advised to ask the kubelet: %v", advised)
			}
			quoted := false
			for _, e := range f.Evidence {
				quoted = quoted || f.Memory != nil && strings.HasSuffix(e.Source, f.Memory.Source) && e.Time != nil && e.Time.Equal(*f.Memory.Time)
			}
			if quoted != (f.Memory != nil) {
				t.Errorf("no line of evidence for the numbers: %+v", f.Evidence)
			}
		})
	}
}

// TestRecorded: what a Kubernetes 1.37.2 with a 6.1 kernel said in the lab, with --kubelet-stats.
func TestRecorded(t *testing.T) {
	for name, want := range map[string]struct{ parts, says string }{
		// It held 3 MiB for 75 s, then took all there was at once; the container's own peak is of the life after, the pod's of both.
		"burst": {"program 3Mi, kernel 408Ki", "it has been at 128Mi, 3Mi are seen: numbers that are taken every 15 to 60s miss such a peak"},
		// It wrote 70 MiB into a volume in memory in its first life; in each later one it finds them there, and they are charged to the pod.
		"tmpfs": {"program 4Mi, kernel 388Ki", "files in memory (tmpfs, shared memory) hold 70Mi of the 128Mi: they count as used, no RSS shows them, and a restart does not free a volume"},
	} {
		t.Run(name, func(t *testing.T) {
			in, err := recording.Read([]string{"testdata/lab-" + name + ".json"}, nil, recording.DefaultLimits())
			if err != nil {
				t.Fatal(err)
			}
			o := analysis.Run(in.Snapshot(), []*analysis.Check{LimitHit}, nil)[0]
			if o.Err != nil || len(o.Findings) != 1 || o.Findings[0].Memory == nil {
				t.Fatalf("%+v, %v", o.Findings, o.Err)
			}
			m := o.Findings[0].Memory
			var parts []string
			for _, p := range m.Parts {
				parts = append(parts, string(p.Name)+" "+finding.Bytes(p.Bytes))
			}
			if got := strings.Join(parts, ", "); got != want.parts || m.Says != want.says {
				t.Errorf("%s: %s", got, m.Says)
			}
		})
	}
}

// TestAskKubelets: every node that carries a pod once, and none that carries only such as have ended.
func TestAskKubelets(t *testing.T) {
	in, err := recording.ReadFrom("test", strings.NewReader(`
{apiVersion: v1, kind: Pod, metadata: {name: a, namespace: x}, spec: {nodeName: node1}, status: {phase: Running}}
---
{apiVersion: v1, kind: Pod, metadata: {name: b, namespace: x}, spec: {nodeName: node1}, status: {phase: Running}}
---
{apiVersion: v1, kind: Pod, metadata: {name: c, namespace: x}, spec: {nodeName: node2}, status: {phase: Succeeded}}
---
{apiVersion: v1, kind: Pod, metadata: {name: d, namespace: x}, status: {phase: Pending}}
`), recording.DefaultLimits())
	if err != nil {
		t.Fatal(err)
	}
	s := in.Builder.Build(time.Time{})
	if got := analysis.Asks(s, Checks()); len(got) != 0 {
		t.Errorf("asked without leave: %v", got)
	}
	if got := analysis.Asks(s, Checks(), snapshot.KubeletStats); len(got) != 1 || got[0] != (snapshot.Ask{Kind: snapshot.KubeletStats, Name: "node1"}) {
		t.Errorf("got %v", got)
	}
}
