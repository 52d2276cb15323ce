package recording

// Large Lists are read in little memory, in JSON and in YAML.

import (
	"fmt"
	"io"
	"runtime"
	"strings"
	"testing"

	"sigs.k8s.io/yaml"

	"github.com/kubectl-scars/kubectl-scars/pkg/snapshot"
)

// crowd is a List of as many pods as wanted, made while it is read; each is as large as a real one with its managed fields.
type crowd struct {
	pods, made int
	item       string // with one %s for the name
	head, tail string
	separator  string
	rest       string
}

func (c *crowd) Read(p []byte) (int, error) {
	if c.rest == "" {
		switch {
		case c.made == 0:
			c.rest = c.head
		case c.made <= c.pods:
			if c.rest = strings.ReplaceAll(c.item, "NAME", fmt.Sprintf("web-5d4c-%05d", c.made)); c.made < c.pods {
				c.rest += c.separator
			}
		case c.made == c.pods+1:
			c.rest = c.tail
		default:
			return 0, io.EOF
		}
		c.made++
	}
	n := copy(p, c.rest)
	c.rest = c.rest[n:]
	return n, nil
}

func newCrowd(t testing.TB, pods int, asYAML bool) *crowd {
	t.Helper()
	var fields []string
	for i := range 120 {
		fields = append(fields, fmt.Sprintf(`{"apiVersion":"v1","fieldsType":"FieldsV1","fieldsV1":{"f:metadata":{"f:labels":{".":{},"f:label-%d":{}},"f:ownerReferences":{".":{},"k:{\"uid\":\"51a3\"}":{}}}},"manager":"kubelet-%d","operation":"Update","time":"2026-11-23T18:00:00Z"}`, i, i))
	}
	item := `{"apiVersion":"v1","kind":"Pod","metadata":{"name":"NAME","namespace":"shop","uid":"NAME","resourceVersion":"7","labels":{"app":"web"},"managedFields":[` + strings.Join(fields, ",") + `]},
"spec":{"nodeName":"node1","containers":[{"name":"app","image":"registry.example/web:1.1","resources":{"limits":{"memory":"64Mi"}}},{"name":"sidecar","image":"registry.example/agent:1.0"}]},
"status":{"phase":"Running","containerStatuses":[{"name":"app","ready":true,"restartCount":0,"state":{"running":{"startedAt":"2026-11-23T18:00:00Z"}}}]}}`
	if !asYAML {
		return &crowd{pods: pods, item: item, separator: ",\n", head: `{"apiVersion":"v1","items":[` + "\n", tail: `],"kind":"List","metadata":{"resourceVersion":""}}`}
	}
	doc, err := yaml.JSONToYAML([]byte(item))
	if err != nil {
		t.Fatal(err)
	}
	return &crowd{pods: pods, item: "- " + indented(string(doc)), head: "apiVersion: v1\nitems:\n", tail: "kind: List\nmetadata:\n  resourceVersion: \"\"\n"}
}

func TestLargeListsAreStreamed(t *testing.T) {
	for name, c := range map[string]*crowd{"json": newCrowd(t, 1500, false), "yaml": newCrowd(t, 150, true)} {
		t.Run(name, func(t *testing.T) {
			size, pods := int64(0), c.pods
			var before, during runtime.MemStats
			runtime.GC()
			runtime.ReadMemStats(&before)
			in, err := ReadFrom("pods", io.TeeReader(c, sizer{&size}), DefaultLimits())
			if err != nil {
				t.Fatal(err)
			}
			runtime.GC()
			runtime.ReadMemStats(&during)
			if in.Objects != pods || len(in.Gaps) > 0 {
				t.Errorf("read %d of %d pods, gaps %v", in.Objects, pods, in.Gaps)
			}
			if in.Snapshot().StateOf(snapshot.Pods, "shop").Status != snapshot.OK {
				t.Error("the pods are not complete")
			}
			kept := int64(during.HeapAlloc) - int64(before.HeapAlloc)
			t.Logf("%d MiB of text, %d MiB kept", size>>20, kept>>20)
			if kept > 4<<20+int64(pods)*10<<10 {
				t.Errorf("%d KiB are kept of %d pods", kept>>10, pods)
			}
			runtime.KeepAlive(in)
		})
	}
}

type sizer struct{ n *int64 }

func (s sizer) Write(p []byte) (int, error) {
	*s.n += int64(len(p))
	return len(p), nil
}

func BenchmarkReadPods(b *testing.B) {
	for _, form := range []string{"json", "yaml"} {
		b.Run(form, func(b *testing.B) {
			for b.Loop() {
				size := int64(0)
				if _, err := ReadFrom("pods", io.TeeReader(newCrowd(b, 200, form == "yaml"), sizer{&size}), DefaultLimits()); err != nil {
					b.Fatal(err)
				}
				b.SetBytes(size)
			}
		})
	}
}
