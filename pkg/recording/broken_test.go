package recording

// What can be read in part is read, and the gap is named.

import (
	"fmt"
	"strings"
	"testing"

	"github.com/kubectl-scars/kubectl-scars/pkg/finding"
	"github.com/kubectl-scars/kubectl-scars/pkg/snapshot"
)

func claim(name string) string {
	return fmt.Sprintf("apiVersion: v1\nkind: PersistentVolumeClaim\nmetadata: {name: %s, namespace: shop, uid: u-%s, resourceVersion: \"1\"}\n", name, name)
}

func claimJSON(name string) string {
	return fmt.Sprintf(`{"apiVersion":"v1","kind":"PersistentVolumeClaim","metadata":{"name":%q,"namespace":"shop","uid":"u","resourceVersion":"1"}}`, name)
}

func prettyList(items ...string) string {
	return "{\n    \"apiVersion\": \"v1\",\n    \"items\": [\n        " + strings.Join(items, ",\n        ") + "\n    ],\n    \"kind\": \"List\"\n}\n"
}

func TestBrokenDocumentsAreGaps(t *testing.T) {
	for _, tc := range []struct {
		name, input string
		taken       string // names of the claims
		gap         string // of the only gap
	}{
		{"yaml", claim("a") + "---\nkind: [\nx: }\n---\n" + claim("c"), "a c", "document 2, from line 5 on: line 5: did not find"},
		{"yaml at the start", "a: b: c\n---\n" + claim("b"), "b", "document 1, from line 1 on: mapping values are not allowed"},
		{"tabs", claim("a") + "---\n" + claim("b") + "spec:\n\tx: y\n", "a", "document 2, from line 5 on: line "},
		{"wrong type", claim("a") + "---\n" + claim("b") + "spec: {accessModes: 7}\n", "a", "document 2, from line 5 on: field spec.accessModes"},
		{"bad timestamp", claim("a") + "---\n" + strings.Replace(claim("b"), "uid:", "creationTimestamp: yesterday, uid:", 1), "a", "a timestamp is not RFC 3339"},
		{"truncated yaml", claim("a") + "---\napiVersion: v1\nki", "a", "document 2, from line 5 on: line 7: could not find"},
		{"truncated after a field", claim("a") + "---\napiVersion: v1\n", "a", "document 2, from line 5 on: not both of apiVersion and kind"},
		{"truncated json", claimJSON("a") + "\n" + claimJSON("b")[:60], "a", "document 2, from line 2 on: line 2: the file ends in the middle of it"},
		{"json among json", claimJSON("a") + "\n{\"kind\": \"Pod\",,}\n" + claimJSON("c"), "a c", "document 2, from line 2 on"},
		{"json without its end", claimJSON("a") + "\n{\"kind\": {\n" + claimJSON("c") + "\n" + claimJSON("d"), "a c d", "document 2, from line 2 on"},
		{"json with an open string", claimJSON("a") + "\n{\"kind\": \"Pod\n}\n" + claimJSON("c"), "a c", "document 2, from line 2 on: line 2: a string without its closing quote"},
		{"text", claim("a") + "---\nError from server (Forbidden)\n---\n" + claim("c"), "a c", "document 2, from line 5 on: no Kubernetes object"},
		{"item", prettyList(claimJSON("a"), `{"kind": }`, claimJSON("c")), "a c", "document 1, item 2, from line 5 on"},
		{"item with an open bracket", prettyList(claimJSON("a"), `{"kind": {`, claimJSON("c")), "a c", "document 1, item 2, from line 5 on"},
		{"item with a bracket too many", prettyList(claimJSON("a"), claimJSON("b")+"}", claimJSON("c")), "a b c", "document 1, item 3, from line 5 on"},
		{"list cut off", strings.SplitAfter(prettyList(claimJSON("a"), claimJSON("b")), "\"b\"")[0], "a", "document 1, from line 1 on: line 5: the file ends in the middle of it"},
		{"list cut off, then more", strings.SplitAfter(prettyList(claimJSON("a"), claimJSON("b")), "\"b\"")[0] + "\n" + claimJSON("c"), "a c", "document 1"},
		{"yaml item", "apiVersion: v1\nitems:\n- " + indented(claim("a")) + "- kind: }\n- " + indented(claim("c")) + "kind: List\n", "a c", "document 1, item 2, from line 6 on: did not find"},
		{"yaml list cut off", "apiVersion: v1\nitems:\n- " + indented(claim("a")) + "- " + indented(claim("b")), "a b", "document 1, from line 1 on: a list without apiVersion and kind: it seems to be cut off"},
		{"log cut off", claimJSON("a") + "\n==== START logs for container app of pod shop/web ====\nkind: Pod\n", "a", "the container log from line 2 on has no end"},
		{"too large", claim("a") + "---\n" + claim("b") + "x: " + strings.Repeat("x", 5<<20) + "\n---\n" + claim("c"), "a c", "larger than the limit for one object"},
		{"too large in json", claimJSON("a") + "\n{\"x\":\"" + strings.Repeat("x", 5<<20) + "\"}\n" + claimJSON("c"), "a c", "larger than the limit for one object"},
		{"too deep", claimJSON("a") + "\n" + strings.Repeat("[", 2000) + "\n" + claimJSON("c"), "a c", "nested more than 1000 deep"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			in := read(t, tc.input)
			s := in.Snapshot()
			var names []string
			for _, o := range s.All() {
				names = append(names, o.GetName())
			}
			if got := strings.Join(names, " "); got != tc.taken {
				t.Errorf("took %q, want %q", got, tc.taken)
			}
			if len(in.Gaps) != 1 || !strings.Contains(in.Gaps[0].Reason, tc.gap) || in.Gaps[0].Resource != "input" || in.Gaps[0].State != finding.CoveragePartial {
				t.Errorf("gaps %+v, want one with %q", in.Gaps, tc.gap)
			}
			if got := s.StateOf(snapshot.PersistentVolumeClaims, "shop").Status; got != snapshot.Partial {
				t.Errorf("with a gap, claims are %q", got)
			}
		})
	}
}

// indented makes a document an item of a list.
func indented(doc string) string {
	return strings.TrimSuffix(strings.ReplaceAll(doc, "\n", "\n  "), "  ")
}

func TestBrokenLineInARecording(t *testing.T) {
	var out strings.Builder
	if err := Write(&out, testHeader(), liveSnapshot(t)); err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(out.String(), "\n")
	lines[3] = lines[3][:len(lines[3])/2]
	in := read(t, strings.Join(lines, "\n"))
	if len(in.Gaps) != 1 || !strings.Contains(in.Gaps[0].Reason, "document 2, item 2, from line 4 on") {
		t.Errorf("gaps %+v", in.Gaps)
	}
	s := in.Snapshot()
	if len(s.All()) != len(liveSnapshot(t).All())-1 {
		t.Errorf("took %d objects", len(s.All()))
	}
	if got := s.StateOf(snapshot.Pods, "shop"); got.Status != snapshot.Partial {
		t.Errorf("pods of a damaged recording are %+v", got)
	}
	if got := s.StateOf(snapshot.Nodes, ""); got.Status != snapshot.Forbidden {
		t.Errorf("nodes are %+v", got)
	}
}

func TestOthersAreIgnoredAndCounted(t *testing.T) {
	in := read(t, claim("a")+`---
{apiVersion: v1, kind: ConfigMap, metadata: {name: a}}
---
{apiVersion: v1, kind: ConfigMap, metadata: {name: b}}
---
{apiVersion: argoproj.io/v1alpha1, kind: Rollout, metadata: {name: b}}
---
{apiVersion: discovery.k8s.io/v1beta1, kind: EndpointSlice, metadata: {name: b}}
---
{apiVersion: v1, kind: Pod, metadata: {generateName: web-}}
---
image: {tag: 1.2}
`)
	want := map[string]int{
		"ConfigMap": 2, "Rollout.argoproj.io/v1alpha1": 1, "EndpointSlice.discovery.k8s.io/v1beta1": 1,
		"Pod without a name": 1, "documents without Kubernetes objects": 1,
	}
	if fmt.Sprint(in.Ignored) != fmt.Sprint(want) || len(in.Gaps) > 0 {
		t.Errorf("ignored %v, want %v; gaps %v", in.Ignored, want, in.Gaps)
	}
}

func TestHarmless(t *testing.T) {
	in := read(t, `apiVersion: v1
kind: Pod
metadata: {name: a, namespace: shop, uid: u, resourceVersion: "1", creationTimestamp: "2999-01-01T00:00:00Z", newField: {x: 1}}
spec: {unknown: [1, 2], containers: [{name: app}, {}]}
status: {containerStatuses: [{name: app, restartCount: -3, state: {}}]}
---
apiVersion: v1
kind: Pod
metadata: {name: b, namespace: shop}
---
apiVersion: v1
kind: Event
metadata: {name: e, namespace: shop}
count: -7
---
apiVersion: v1
kind: Secret
metadata: {name: s, namespace: shop}
data: null
`)
	if len(in.Gaps) > 0 || in.Objects != 4 {
		t.Errorf("took %d objects, gaps %v", in.Objects, in.Gaps)
	}
}
