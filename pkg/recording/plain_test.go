package recording

// What plain objects say about completeness and time.

import (
	"strings"
	"testing"
	"time"

	"github.com/kubectl-scars/kubectl-scars/pkg/snapshot"
)

func object(kind, ns, name, more string) string {
	version := "v1"
	if kind == "StorageClass" {
		version = "storage.k8s.io/v1"
	}
	return "apiVersion: " + version + "\nkind: " + kind + "\nmetadata: {name: " + name + ", namespace: \"" + ns + "\", " + more + "}\n"
}

const marks = `uid: u, resourceVersion: "7"`

func TestCompletenessOfPlainObjects(t *testing.T) {
	ok := snapshot.State{Status: snapshot.OK, Assumed: true}
	list := func(items ...string) string {
		out := "apiVersion: v1\nitems:\n"
		for _, i := range items {
			out += "- " + indented(i)
		}
		return out + "kind: List\nmetadata: {resourceVersion: \"\"}\n"
	}
	for _, tc := range []struct {
		name, input string
		kind        snapshot.Kind
		namespace   string
		want        snapshot.State
	}{
		{"marked", object("Pod", "shop", "a", marks), snapshot.Pods, "shop", ok},
		{"marked, another namespace", object("Pod", "shop", "a", marks), snapshot.Pods, "web", snapshot.State{}},
		{"marked, another kind", object("Pod", "shop", "a", marks), snapshot.Services, "shop", snapshot.State{}},
		{"marked, cluster-scoped", object("StorageClass", "", "a", marks), snapshot.StorageClasses, "", ok},
		{"manifest", object("Pod", "shop", "a", ""), snapshot.Pods, "shop", snapshot.State{Status: snapshot.Partial, Reason: reasonManifest, Assumed: true}},
		{"manifest, cluster-scoped", object("StorageClass", "", "a", ""), snapshot.StorageClasses, "", snapshot.State{Status: snapshot.Partial, Reason: reasonManifest, Assumed: true}},
		{"uid alone", object("Pod", "shop", "a", "uid: u"), snapshot.Pods, "shop", snapshot.State{Status: snapshot.Partial, Reason: reasonManifest, Assumed: true}},
		{"marked without a namespace", object("Pod", "", "a", marks), snapshot.Pods, "shop", snapshot.State{Status: snapshot.Partial, Reason: reasonManifest, Assumed: true}},
		{"manifest beside a dump", object("Pod", "shop", "a", marks) + "---\n" + object("Pod", "shop", "b", ""), snapshot.Pods, "shop", ok},
		{"list of one namespace", list(object("Pod", "shop", "a", marks), object("Pod", "shop", "b", marks)), snapshot.Pods, "web", snapshot.State{}},
		{"list of two namespaces", list(object("Pod", "shop", "a", marks), object("Pod", "web", "b", marks)), snapshot.Pods, "none", ok},
		{"list of two namespaces, another kind", list(object("Pod", "shop", "a", marks), object("Pod", "web", "b", marks), object("Service", "web", "b", marks)), snapshot.Services, "shop", snapshot.State{}},
		{"two namespaces, not one list", object("Pod", "shop", "a", marks) + "---\n" + object("Pod", "web", "b", marks), snapshot.Pods, "none", snapshot.State{}},
		{"list of two namespaces, manifests", list(object("Pod", "shop", "a", ""), object("Pod", "web", "b", "")), snapshot.Pods, "none", snapshot.State{}},
		{"empty List", list(), snapshot.Pods, "shop", snapshot.State{}},
		{"empty typed list, namespaced", `{"kind":"PodList","apiVersion":"v1","metadata":{"resourceVersion":"9"},"items":[]}`, snapshot.Pods, "shop", snapshot.State{}},
		{"empty typed list, cluster-scoped", `{"kind":"StorageClassList","apiVersion":"storage.k8s.io/v1","metadata":{"resourceVersion":"9"},"items":null}`, snapshot.StorageClasses, "", ok},
		{"empty typed list no server wrote", `{"kind":"StorageClassList","apiVersion":"storage.k8s.io/v1","metadata":{},"items":[]}`, snapshot.StorageClasses, "", snapshot.State{}},
		{"page", `{"kind":"PodList","apiVersion":"v1","metadata":{"resourceVersion":"9","continue":"x"},"items":[{"metadata":{"name":"a","namespace":"shop","uid":"u","resourceVersion":"1"}}]}`,
			snapshot.Pods, "shop", snapshot.State{Status: snapshot.Partial, Reason: "input: document 1, from line 1 on is one page of a longer list"}},
		{"broken neighbour", object("Pod", "shop", "a", marks) + "---\n: [\n", snapshot.Pods, "shop", snapshot.State{Status: snapshot.Partial, Reason: reasonDamaged}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			if got := read(t, tc.input).Snapshot().StateOf(tc.kind, tc.namespace); got != tc.want {
				t.Errorf("got %+v, want %+v", got, tc.want)
			}
		})
	}
}

func TestTypedListsGiveTheirItemsTheKind(t *testing.T) {
	for name, input := range map[string]string{
		"kind first": `{"kind":"PodList","apiVersion":"v1","metadata":{},"items":[{"metadata":{"name":"a","namespace":"shop"}}]}`,
		"kind last":  `{"items":[{"metadata":{"name":"a","namespace":"shop"}}],"kind":"PodList","apiVersion":"v1"}`,
		"yaml":       "apiVersion: v1\nitems:\n- metadata:\n    name: a\n    namespace: shop\nkind: PodList\n",
	} {
		if _, ok := read(t, input).Snapshot().Find(snapshot.Pods, "shop", "a"); !ok {
			t.Errorf("%s: no pod", name)
		}
	}
}

func TestClockOfPlainObjects(t *testing.T) {
	at := func(s string) time.Time {
		out, err := time.Parse(time.RFC3339, s)
		if err != nil {
			t.Fatal(err)
		}
		return out
	}
	pod := func(more string) string {
		return object("Pod", "shop", "a", marks+`, creationTimestamp: "2026-11-01T00:00:00Z"`) + more
	}
	for _, tc := range []struct{ name, input, want string }{
		{"creation", pod(""), "2026-11-01T00:00:00Z"},
		{"status", pod(`status: {startTime: "2026-11-02T00:00:00Z", containerStatuses: [{name: app, lastState: {terminated: {exitCode: 1, finishedAt: "2026-11-03T01:00:00+01:00"}}}]}`), "2026-11-03T00:00:00Z"},
		{"managed fields", object("Pod", "shop", "a", marks+`, managedFields: [{manager: kubelet, time: "2026-11-04T00:00:00Z"}]`), "2026-11-04T00:00:00Z"},
		{"event", pod("---\n" + object("Event", "shop", "e", marks) + `lastTimestamp: "2026-11-05T00:00:00Z"`), "2026-11-05T00:00:00Z"},
		{"event of the new form", pod("---\n" + object("Event", "shop", "e", marks) + `eventTime: "2026-11-05T00:00:00.123456Z"`), "2026-11-05T00:00:00.123456Z"},
		{"heartbeat", object("Node", "", "node1", marks) + `status: {conditions: [{type: Ready, lastHeartbeatTime: "2026-11-06T00:00:00Z"}]}`, "2026-11-06T00:00:00Z"},
		{"deletion lies ahead", object("Pod", "shop", "a", marks+`, creationTimestamp: "2026-11-01T00:00:00Z", deletionTimestamp: "2026-11-09T00:00:00Z"`), "2026-11-01T00:00:00Z"},
		{"a manifest has no clock", object("Pod", "shop", "a", `creationTimestamp: "2026-11-01T00:00:00Z"`), ""},
		{"absurd future", pod("---\n" + object("Event", "shop", "e", marks) + `lastTimestamp: "2999-01-01T00:00:00Z"`), "2026-11-01T00:00:00Z"},
		{"just a future", pod("---\n" + object("Event", "shop", "e", marks) + `lastTimestamp: "2026-12-02T00:00:00Z"`), "2026-11-01T00:00:00Z"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			limits := DefaultLimits()
			limits.Latest = at("2026-12-01T00:00:00Z")
			in, err := ReadFrom("input", strings.NewReader(tc.input), limits)
			if err != nil {
				t.Fatal(err)
			}
			var want time.Time
			if tc.want != "" {
				want = at(tc.want)
			}
			if !in.Now.Equal(want) || len(in.Gaps) > 0 {
				t.Errorf("got %s, want %s; gaps %v", in.Now, want, in.Gaps)
			}
		})
	}
}

func TestCertificateTimesAreNoClock(t *testing.T) {
	in := read(t, object("Secret", "shop", "tls", marks+`, creationTimestamp: "2026-11-01T00:00:00Z"`)+`---
apiVersion: cert-manager.io/v1
kind: Certificate
metadata: {name: web, uid: u, resourceVersion: "1"}
status: {notAfter: "2031-01-01T00:00:00Z", renewalTime: "2030-01-01T00:00:00Z"}
`)
	if want := time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC); !in.Now.Equal(want) {
		t.Errorf("now is %s, want %s", in.Now, want)
	}
}
