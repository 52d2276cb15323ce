package probes

import (
	"slices"
	"strings"
	"testing"

	"github.com/kubectl-scars/kubectl-scars/pkg/analysis"
	"github.com/kubectl-scars/kubectl-scars/pkg/finding"
	"github.com/kubectl-scars/kubectl-scars/pkg/recording"
)

const recommendCluster = `
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: shop, uid: d, resourceVersion: "1", labels: {kustomize.toolkit.fluxcd.io/name: shop}}
spec:
  replicas: 3
  minReadySeconds: 5
  progressDeadlineSeconds: 30
  selector: {matchLabels: {app: web}}
  template:
    spec:
      containers:
      - name: app
        livenessProbe: {httpGet: {path: /up, port: 8080}, initialDelaySeconds: 30, periodSeconds: 10, failureThreshold: 3}
        readinessProbe: {httpGet: {path: /up, port: 8080}, periodSeconds: 5, failureThreshold: 3}
---
apiVersion: v1
kind: Pod
metadata: {name: web-1-x, namespace: shop, uid: p, resourceVersion: "1", labels: {pod-template-hash: "1"}, ownerReferences: [{apiVersion: apps/v1, kind: ReplicaSet, name: web-1, uid: r, controller: true}]}
spec:
  containers:
  - name: app
    livenessProbe: {httpGet: {path: /up, port: 8080}, initialDelaySeconds: 30, periodSeconds: 10, failureThreshold: 3}
    readinessProbe: {httpGet: {path: /up, port: 8080}, periodSeconds: 5, failureThreshold: 3}
status:
  phase: Running
  conditions: [{type: ContainersReady, status: "True", lastTransitionTime: "2026-11-23T18:00:48Z"}]
  containerStatuses: [{name: app, ready: true, state: {running: {startedAt: "2026-11-23T18:00:00Z"}}}]
---
apiVersion: v1
kind: Pod
metadata: {name: args, namespace: shop, uid: a, resourceVersion: "1"}
spec:
  containers:
  - name: app
    livenessProbe: {exec: {command: [check, --password, s3cret]}, periodSeconds: 10}
    readinessProbe: {tcpSocket: {port: 80}, periodSeconds: 1}
status:
  phase: Running
  conditions: [{type: ContainersReady, status: "True", lastTransitionTime: "2026-11-23T18:00:48Z"}]
  containerStatuses: [{name: app, ready: true, state: {running: {startedAt: "2026-11-23T18:00:00Z"}}}]
---
apiVersion: apps/v1
kind: StatefulSet
metadata: {name: none, namespace: shop, uid: s, resourceVersion: "1"}
spec: {replicas: 0, template: {spec: {containers: [{name: app, livenessProbe: {tcpSocket: {port: 80}}}]}}}
---
apiVersion: apps/v1
kind: DaemonSet
metadata: {name: plain, namespace: shop, uid: q, resourceVersion: "1"}
spec: {template: {spec: {containers: [{name: app}]}}}
`

func advised(t *testing.T, subjects ...finding.ObjectRef) []finding.ProbeAdvice {
	t.Helper()
	in, err := recording.Read([]string{"-"}, strings.NewReader(recommendCluster), recording.DefaultLimits())
	if err != nil {
		t.Fatal(err)
	}
	v, err := Recommend.Answer(in.Builder.Build(in.Now), analysis.Question{Subjects: subjects}, finding.Metadata{})
	if err != nil {
		t.Fatal(err)
	}
	return v.(*finding.ProbesRecommend).Items
}

func TestRecommendView(t *testing.T) {
	items := map[string]finding.ProbeAdvice{}
	for _, item := range advised(t) {
		items[item.Object.Kind+"/"+item.Object.Name] = item
	}
	if len(items) != 3 {
		t.Errorf("got %d workloads, want those three that have probes: %v", len(items), items)
	}
	web := items["Deployment/web"]
	const want = `apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
  namespace: shop
spec:
  minReadySeconds: 31
  progressDeadlineSeconds: 61
  template:
    spec:
      containers:
      - livenessProbe:
          initialDelaySeconds: 0
        name: app
        startupProbe:
          failureThreshold: 30
          httpGet:
            path: /up
            port: 8080
          periodSeconds: 5
          timeoutSeconds: 3
`
	if web.Patch != want || web.Restarts != 3 || web.RevertedBy != "Flux Kustomization shop" || web.Confidence != finding.Consistent {
		t.Errorf("%d restarts, reverted by %q, %s, patch\n%s", web.Restarts, web.RevertedBy, web.Confidence, web.Patch)
	}
	if s := web.Starts; len(s.Ready) != 1 || s.Ready[0] != 48 || s.Error != 7 {
		t.Errorf("got starts %+v", s)
	}
	args := items["Pod/args"]
	if args.Patch != "" || len(args.Notes) == 0 || !strings.Contains(strings.Join(args.Notes, " "), "copy its handler") {
		t.Errorf("a handler that is not known in full: %q, patch %q", args.Notes, args.Patch)
	}
	if none := items["StatefulSet/none"]; none.CannotSay != "no start can be measured: it has no pod" || none.Patch != "" || len(none.Numbers) > 0 {
		t.Errorf("without pods: %+v", none)
	}
}

// TestRecommendSaysWhatThePatchDoes: no pod is said to be restarted where none is.
func TestRecommendSaysWhatThePatchDoes(t *testing.T) {
	cluster := strings.Replace(recommendCluster, "  replicas: 3\n", "  paused: true\n  replicas: 3\n", 1)
	if cluster == recommendCluster {
		t.Fatal("the Deployment is written otherwise")
	}
	in, err := recording.Read([]string{"-"}, strings.NewReader(cluster), recording.DefaultLimits())
	if err != nil {
		t.Fatal(err)
	}
	v, err := Recommend.Answer(in.Builder.Build(in.Now), analysis.Question{}, finding.Metadata{})
	if err != nil {
		t.Fatal(err)
	}
	for _, item := range v.(*finding.ProbesRecommend).Items {
		if item.Object.Kind == "Deployment" && (item.Restarts != 0 || !slices.Contains(item.Notes, "the patch changes the pod template; it is paused, and this rolls it over once it is resumed")) {
			t.Errorf("%d restarts, notes %q", item.Restarts, item.Notes)
		}
	}
}

func TestRecommendSubjects(t *testing.T) {
	plain := finding.ObjectRef{APIVersion: "apps/v1", Kind: "DaemonSet", Namespace: "shop", Name: "plain"}
	if items := advised(t, plain); len(items) != 1 || items[0].CannotSay != "it has no probes, so nothing tells when it is up" {
		t.Errorf("got %+v", items)
	}
	pod := finding.ObjectRef{APIVersion: "v1", Kind: "Pod", Namespace: "shop", Name: "web-1-x"}
	if items := advised(t, pod); len(items) != 1 || items[0].Object.Name != "web" {
		t.Errorf("by one of its pods: %+v", items)
	}
}
