package recording

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"sigs.k8s.io/yaml"

	"github.com/kubectl-scars/kubectl-scars/pkg/finding"
	"github.com/kubectl-scars/kubectl-scars/pkg/snapshot"
)

func read(t *testing.T, text string) *Input {
	t.Helper()
	in, err := ReadFrom("input", strings.NewReader(text), DefaultLimits())
	if err != nil {
		t.Fatal(err)
	}
	return in
}

func text(t *testing.T, v any) string {
	t.Helper()
	out, err := json.MarshalIndent(v, "", " ")
	if err != nil {
		t.Fatal(err)
	}
	return string(out)
}

func file(t *testing.T, name string) string {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

func testHeader() Header {
	return Header{ToolVersion: "v0.1.0", Context: "prod", Scope: finding.Scope{Command: "triage", Namespaces: []string{"shop"}}}
}

// liveSnapshot stands for what collect would have built: objects, seals, and asks.
func liveSnapshot(t *testing.T) *snapshot.Snapshot {
	t.Helper()
	in := read(t, file(t, "shop.yaml"))
	b := in.Builder
	for _, info := range snapshot.Kinds() {
		b.Seal(info.Kind, "", snapshot.State{})
		b.Seal(info.Kind, "shop", snapshot.State{Status: snapshot.OK})
	}
	b.Seal(snapshot.Nodes, "", snapshot.State{Status: snapshot.Forbidden, Reason: `nodes is forbidden: User "<dev>" cannot list`})
	b.SealAsk(snapshot.Ask{Kind: snapshot.Secrets, Namespace: "shop", Name: "missing"}, snapshot.State{Status: snapshot.OK})
	return b.Build(time.Date(2026, 11, 23, 18, 30, 0, 0, time.UTC))
}

func TestLiveAndOfflineAreTheSame(t *testing.T) {
	live := liveSnapshot(t)
	var out bytes.Buffer
	if err := Write(&out, testHeader(), live); err != nil {
		t.Fatal(err)
	}
	in := read(t, out.String())
	offline := in.Snapshot()
	if got, want := text(t, offline.All()), text(t, live.All()); got != want {
		t.Errorf("objects differ:\n%s\nand\n%s", got, want)
	}
	if got, want := text(t, offline.Sealed()), text(t, live.Sealed()); got != want {
		t.Errorf("completeness differs:\n%s\nand\n%s", got, want)
	}
	if !offline.Now().Equal(live.Now()) {
		t.Errorf("now is %s, not %s", offline.Now(), live.Now())
	}
	if got := offline.View().Absent(snapshot.Secrets, "shop", "missing"); got != snapshot.Absent {
		t.Errorf("an asked-for Secret that does not exist: %v", got)
	}
	if len(in.Gaps) > 0 || len(in.Ignored) > 0 {
		t.Errorf("gaps %v, ignored %v", in.Gaps, in.Ignored)
	}
}

func TestRecordingOfARecordingIsTheSame(t *testing.T) {
	var first, second bytes.Buffer
	if err := Write(&first, testHeader(), liveSnapshot(t)); err != nil {
		t.Fatal(err)
	}
	in := read(t, first.String())
	if err := Write(&second, *in.Header, in.Snapshot()); err != nil {
		t.Fatal(err)
	}
	if first.String() != second.String() {
		t.Errorf("recordings differ:\n%s\nand\n%s", first.String(), second.String())
	}
}

func TestRecordingIsTwoOrdinaryDocuments(t *testing.T) {
	var out bytes.Buffer
	live := liveSnapshot(t)
	if err := Write(&out, testHeader(), live); err != nil {
		t.Fatal(err)
	}
	dec := json.NewDecoder(&out)
	var header, list map[string]any
	if err := dec.Decode(&header); err != nil {
		t.Fatal(err)
	}
	if err := dec.Decode(&list); err != nil {
		t.Fatal(err)
	}
	if header["kind"] != "Recording" || header["apiVersion"] != "scars.dev/v1alpha1" || header["time"] != "2026-11-23T18:30:00Z" {
		t.Errorf("header %v", header)
	}
	if list["kind"] != "List" || len(list["items"].([]any)) != len(live.All()) {
		t.Errorf("list %v", list)
	}
	for _, item := range list["items"].([]any) {
		if item.(map[string]any)["kind"] == "" || item.(map[string]any)["apiVersion"] == "" {
			t.Errorf("item without a kind: %v", item)
		}
	}
}

func TestEveryFormGivesTheSameObjects(t *testing.T) {
	docs := strings.Split(file(t, "shop.yaml"), "\n---\n")
	want := text(t, read(t, file(t, "shop.yaml")).Snapshot().All())
	var asJSON []string
	for _, doc := range docs {
		j, err := yaml.YAMLToJSON([]byte(doc))
		if err != nil {
			t.Fatal(err)
		}
		asJSON = append(asJSON, string(j))
	}
	list := `{"apiVersion":"v1","items":[` + strings.Join(asJSON, ",") + `],"kind":"List","metadata":{"resourceVersion":""}}`
	var pretty bytes.Buffer
	if err := json.Indent(&pretty, []byte(list), "", "    "); err != nil {
		t.Fatal(err)
	}
	yamlList, err := yaml.JSONToYAML([]byte(list))
	if err != nil {
		t.Fatal(err)
	}
	for name, form := range map[string]string{
		"json stream":          strings.Join(asJSON, "\n"),
		"json without space":   strings.Join(asJSON, ""),
		"json array":           "[" + strings.Join(asJSON, ",") + "]",
		"json between dashes":  "---\n" + strings.Join(asJSON, "\n--- # next\n") + "\n...\n",
		"list":                 list,
		"list as kubectl says": pretty.String(),
		"yaml list":            string(yamlList),
		"list of lists":        `{"kind":"List","apiVersion":"v1","items":[` + list + `]}`,
		"byte order mark":      "\ufeff" + strings.Join(docs, "\n---\n"),
		"windows":              strings.ReplaceAll(strings.Join(docs, "\n---\n"), "\n", "\r\n"),
		"comments":             "# a\n\n  # b\n---\n---\n" + strings.Join(docs, "\n---  \n# c\n---\n"),
		"yaml and json":        docs[0] + "\n---\n" + strings.Join(asJSON[1:], "\n"),
		"container logs among": asJSON[0] + "\n" + someLog + docs[1] + "\n" + someLog + strings.Join(asJSON[2:], "\n"+someLog),
	} {
		t.Run(name, func(t *testing.T) {
			in := read(t, form)
			if len(in.Gaps) > 0 {
				t.Fatalf("gaps: %v", in.Gaps)
			}
			if got := text(t, in.Snapshot().All()); got != want {
				t.Errorf("got\n%s\nwant\n%s", got, want)
			}
		})
	}
}

const someLog = `==== START logs for container app of pod shop/web-1 ====
{"level":"info"
---
kind: Pod
==== END logs for container app of pod shop/web-1 ====
`

func snapshotAt(t *testing.T, now time.Time) *snapshot.Snapshot {
	t.Helper()
	return read(t, file(t, "shop.yaml")).Builder.Build(now)
}

func TestWeeksOfMemoryFollowTheObjects(t *testing.T) {
	at := time.Date(2026, 11, 23, 18, 0, 0, 0, time.UTC)
	want := []finding.MemoryHistory{{
		APIVersion: APIVersion, Kind: finding.MemoryHistoryKind, Object: finding.ObjectRef{Kind: "Deployment", Namespace: "shop", Name: "web", Container: "app"},
		From: at.Add(-time.Hour), To: at, Pod: "web-1", Samples: 60, First: finding.At(at.Add(-time.Hour)), Last: finding.At(at), Begin: finding.At(at.Add(-time.Hour)),
		Hours: finding.Hours{Peak: []float32{3e8}}, Steady: finding.Counts{First: 1961, Counts: []uint32{60}, Max: 3e8},
	}}
	h := testHeader()
	h.History = []finding.Coverage{{Resource: "history", State: finding.CoverageOK, Reason: "from prometheus"}}
	var out bytes.Buffer
	if err := Write(&out, h, liveSnapshot(t), want...); err != nil {
		t.Fatal(err)
	}
	in := read(t, out.String())
	if got := text(t, in.Histories); got != text(t, want) {
		t.Errorf("got %s", got)
	}
	if len(in.Ignored)+len(in.Gaps) > 0 || in.Objects != len(liveSnapshot(t).All()) || text(t, in.Header.History) != text(t, h.History) {
		t.Errorf("ignored %v, gaps %v, %d objects, history %v", in.Ignored, in.Gaps, in.Objects, in.Header.History)
	}
	if in := read(t, strings.Replace(out.String(), `"samples":60`, `"samples":"many"`, 1)); len(in.Gaps) != 1 || len(in.Histories) != 0 {
		t.Errorf("gaps %v of a document that cannot be decoded", in.Gaps)
	}
}

// TestProbesOfAMeshSurvive: what the author of a probe wrote is put back when the pod is read, and is there when the recording is.
func TestProbesOfAMeshSurvive(t *testing.T) {
	first := read(t, `apiVersion: v1
kind: Pod
metadata: {name: web, namespace: shop, uid: u1, resourceVersion: "1", creationTimestamp: "2026-11-23T18:00:00Z"}
spec:
  containers:
  - {name: web, image: "x:1", livenessProbe: {httpGet: {path: /app-health/web/livez, port: 15020}}}
  - name: istio-proxy
    image: proxy:1
    env: [{name: ISTIO_KUBE_APP_PROBERS, value: '{"/app-health/web/livez":{"httpGet":{"path":"/live","port":8080,"httpHeaders":[{"name":"X-Key","value":"s3cret"}]},"timeoutSeconds":2}}'}]
`)
	var out bytes.Buffer
	if err := Write(&out, testHeader(), first.Snapshot()); err != nil {
		t.Fatal(err)
	}
	if s := out.String(); strings.Contains(s, "s3cret") || strings.Contains(s, "ISTIO_KUBE") {
		t.Errorf("more is recorded than the probe: %s", s)
	}
	for _, in := range []*Input{first, read(t, out.String())} {
		p := in.Snapshot().View().Pods("shop")[0].Spec.Containers[0].LivenessProbe
		if !snapshot.ThroughAgent(p) || p.HTTPGet == nil || p.HTTPGet.Path != "/live" || p.HTTPGet.Port.IntValue() != 8080 || p.TimeoutSeconds != 2 {
			t.Errorf("the probe is %+v", p)
		}
	}
}
