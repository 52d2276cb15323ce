package probes

import (
	"strings"
	"testing"
	"time"

	"github.com/kubectl-scars/kubectl-scars/pkg/analysis"
	"github.com/kubectl-scars/kubectl-scars/pkg/finding"
	"github.com/kubectl-scars/kubectl-scars/pkg/recording"
	"github.com/kubectl-scars/kubectl-scars/pkg/startup"
)

const revisedCluster = `
apiVersion: apps/v1
kind: StatefulSet
metadata: {name: db, namespace: shop, uid: s, resourceVersion: "1"}
spec: {replicas: 2, template: {spec: {containers: [{name: app, livenessProbe: {tcpSocket: {port: 80}, initialDelaySeconds: 30}, readinessProbe: {tcpSocket: {port: 80}}}]}}}
STATUS
---
apiVersion: v1
kind: Pod
metadata: {name: db-0, namespace: shop, uid: p0, resourceVersion: "1", labels: {controller-revision-hash: db-same}, ownerReferences: [{apiVersion: apps/v1, kind: StatefulSet, name: db, uid: s, controller: true}]}
spec: {containers: [{name: app, livenessProbe: {tcpSocket: {port: 80}, initialDelaySeconds: 30}, readinessProbe: {tcpSocket: {port: 80}}}]}
---
apiVersion: v1
kind: Pod
metadata: {name: db-1, namespace: shop, uid: p1, resourceVersion: "1", labels: {controller-revision-hash: db-other}, ownerReferences: [{apiVersion: apps/v1, kind: StatefulSet, name: db, uid: s, controller: true}]}
spec: {containers: [{name: app, livenessProbe: {tcpSocket: {port: 80}, initialDelaySeconds: 300}, readinessProbe: {tcpSocket: {port: 80}}}]}
---
apiVersion: apps/v1
kind: DaemonSet
metadata: {name: agent, namespace: shop, uid: d, resourceVersion: "1", generation: 7}
spec: {template: {spec: {containers: [{name: app, livenessProbe: {tcpSocket: {port: 80}, initialDelaySeconds: 30}, readinessProbe: {tcpSocket: {port: 80}}}]}}}
`

// TestStartsByVersion: the starts of versions count whose probes are those of the template, by the StatefulSet's own status, by its pods, or by
// the DaemonSet's generation; those of others do not, nor of pods whose version is not known where that of others is.
func TestStartsByVersion(t *testing.T) {
	const updated = "status: {updateRevision: db-new}"
	for name, w := range map[string]struct {
		status, kind string
		versions     []string
		counted      int
		others       int
		note         string
	}{
		"of the newest, of a pod like it, and of others": {updated, "StatefulSet", []string{"db-new", "db-new", "db-same", "db-other", "db-gone", ""}, 3, 3, ""},
		"without the status, by pods":                    {"", "StatefulSet", []string{"db-new", "db-same", "db-other"}, 1, 2, ""},
		"a store that knows no version":                  {updated, "StatefulSet", []string{"", "", ""}, 3, 0, "old and new ones count as one"},
		"by the generation":                              {"", "DaemonSet", []string{"generation 7", "generation 6", "generation 7"}, 2, 1, ""},
	} {
		past := &startup.Past{VersionsUnknown: w.note}
		for i, version := range w.versions {
			began := weekAgo.Add(time.Duration(i) * time.Hour)
			past.Lives = append(past.Lives, startup.Life{Pod: "x", Version: version, Began: began, Watched: true, Ready: began.Add(20 * time.Second)})
		}
		in, err := recording.Read([]string{"-"}, strings.NewReader(strings.Replace(revisedCluster, "STATUS", w.status, 1)), recording.DefaultLimits())
		if err != nil {
			t.Fatal(err)
		}
		q := analysis.Question{Past: func(o finding.ObjectRef) any {
			if o.Kind == w.kind {
				return past
			}
			return nil
		}}
		v, err := Recommend.Answer(in.Builder.Build(in.Now), q, finding.Metadata{})
		if err != nil {
			t.Fatal(err)
		}
		for _, item := range v.(*finding.ProbesRecommend).Items {
			if item.Object.Kind != w.kind {
				continue
			}
			if len(item.Starts.Ready) != w.counted || item.Starts.Others != w.others {
				t.Errorf("%s: %d starts count and %d do not, want %d and %d", name, len(item.Starts.Ready), item.Starts.Others, w.counted, w.others)
			}
			if notes := strings.Join(item.Notes, "; "); !strings.Contains(notes, w.note) {
				t.Errorf("%s: notes %q, want %q", name, notes, w.note)
			}
		}
	}
}

var weekAgo = time.Date(2026, 11, 16, 0, 0, 0, 0, time.UTC)
