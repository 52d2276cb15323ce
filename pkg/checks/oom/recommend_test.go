package oom

import (
	"strings"
	"testing"

	"github.com/kubectl-scars/kubectl-scars/pkg/analysis"
	"github.com/kubectl-scars/kubectl-scars/pkg/finding"
	"github.com/kubectl-scars/kubectl-scars/pkg/recording"
)

const recommendCluster = `
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: shop, uid: d, resourceVersion: "1", annotations: {argocd.argoproj.io/tracking-id: "shop-prod:apps/Deployment:shop/web"}}
spec:
  replicas: 4
  selector: {matchLabels: {app: web}}
  template:
    spec:
      initContainers:
      - {name: migrate, resources: {limits: {memory: 1Gi}}}
      containers:
      - {name: app, resources: {requests: {cpu: 1, memory: 256Mi}, limits: {cpu: 1, memory: 512Mi}}}
      - {name: odd, resources: {limits: {memory: 128m}}}
      - {name: huge, resources: {limits: {memory: 1E}}}
---
apiVersion: apps/v1
kind: ReplicaSet
metadata: {name: web-1, namespace: shop, uid: r, resourceVersion: "1", ownerReferences: [{apiVersion: apps/v1, kind: Deployment, name: web, uid: d, controller: true}]}
spec: {replicas: 4, selector: {matchLabels: {app: web}}, template: {spec: {containers: [{name: app}]}}}
---
apiVersion: v1
kind: Pod
metadata: {name: web-1-x, namespace: shop, uid: p, resourceVersion: "1", annotations: {vpaUpdates: "Pod resources updated by web"}, ownerReferences: [{apiVersion: apps/v1, kind: ReplicaSet, name: web-1, uid: r, controller: true}]}
spec: {containers: [{name: app}]}
status: {phase: Running, qosClass: Burstable, containerStatuses: [{name: app, resources: {limits: {memory: 1Gi}}}]}
---
apiVersion: apps/v1
kind: ReplicaSet
metadata: {name: rollout-old, namespace: shop, uid: o, resourceVersion: "1", ownerReferences: [{apiVersion: argoproj.io/v1alpha1, kind: Rollout, name: rollout, uid: x, controller: true}]}
spec: {replicas: 0, selector: {matchLabels: {app: rollout}}, template: {spec: {containers: [{name: app}]}}}
---
apiVersion: apps/v1
kind: StatefulSet
metadata: {name: db, namespace: shop, uid: s, resourceVersion: "1"}
spec:
  selector: {matchLabels: {app: db}}
  template:
    spec:
      resources: {requests: {memory: 1Gi}, limits: {memory: 2Gi}}
      initContainers:
      - {name: proxy, restartPolicy: Always}
      - {name: migrate}
      containers:
      - {name: db}
---
apiVersion: batch/v1
kind: CronJob
metadata: {name: nightly, namespace: shop, uid: c, resourceVersion: "1"}
spec: {schedule: "0 1 * * *", jobTemplate: {spec: {template: {spec: {containers: [{name: run}]}}}}}
---
apiVersion: batch/v1
kind: Job
metadata: {name: nightly-1, namespace: shop, uid: j, resourceVersion: "1", ownerReferences: [{apiVersion: batch/v1, kind: CronJob, name: nightly, uid: c, controller: true}]}
spec: {template: {spec: {containers: [{name: run}]}}}
---
apiVersion: v1
kind: Pod
metadata: {name: bare, namespace: shop, uid: b, resourceVersion: "1"}
spec: {containers: [{name: app}]}
status: {phase: Running, qosClass: BestEffort}
`

func recommendations(t *testing.T, subjects ...finding.ObjectRef) map[string]finding.Recommendation {
	t.Helper()
	in, err := recording.Read([]string{"-"}, strings.NewReader(recommendCluster), recording.DefaultLimits())
	if err != nil {
		t.Fatal(err)
	}
	v, err := Recommend.Answer(in.Builder.Build(in.Now), analysis.Question{Subjects: subjects}, finding.Metadata{})
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]finding.Recommendation{}
	for _, item := range v.(*finding.OOMRecommend).Items {
		out[item.Object.String()+" "+item.Object.Container] = item
	}
	return out
}

func TestRecommendSaysWhatIsSet(t *testing.T) {
	got := recommendations(t)
	if len(got) != 9 {
		t.Errorf("%d containers: %v", len(got), got)
	}
	app := got["deployment/web app"]
	if app.Limit.Now != 512<<20 || app.Request.Now != 256<<20 || app.Replicas != 4 || app.QOSBefore != "Burstable" || !app.Pod.CPUEqual || app.Pod.Init {
		t.Errorf("got %+v", app)
	}
	if app.RevertedBy != "Argo CD application shop-prod, VerticalPodAutoscaler (on the pods)" {
		t.Errorf("reverted by %s", app.RevertedBy)
	}
	if len(app.Notes) != 1 || !strings.Contains(app.Notes[0], "pod web-1-x runs with a limit of 1Gi, the template says 512Mi") {
		t.Errorf("notes %v", app.Notes)
	}
	if m := got["deployment/web migrate"]; !m.Pod.Init || m.Request.Now != 1<<30 {
		t.Errorf("got %+v", m)
	}
	if got["deployment/web odd"].Limit.Now != 1 || got["deployment/web huge"].Limit.Now != 1e18 {
		t.Errorf("typing errors: %+v, %+v", got["deployment/web odd"].Limit, got["deployment/web huge"].Limit)
	}
	want := finding.PodShape{Init: true, Sidecar: true, PodLevel: true, Request: 1 << 30, Limit: 2 << 30}
	if proxy := got["statefulset/db proxy"]; proxy.Pod != want {
		t.Errorf("got %+v", proxy.Pod)
	}
	if got["statefulset/db migrate"].Pod.Sidecar || got["statefulset/db db"].Pod.Init || got["deployment/web app"].Pod.PodLevel {
		t.Errorf("got %+v", got)
	}
	if b := got["pod/bare app"]; !b.Pod.Fixed || b.QOSClass != "BestEffort" {
		t.Errorf("got %+v", b)
	}
	if c := got["cronjob/nightly run"]; c.Replicas != 1 || c.QOSBefore != "BestEffort" {
		t.Errorf("got %+v", c)
	}
}

func TestRecommendForOnePodIsForItsWorkload(t *testing.T) {
	got := recommendations(t, finding.ObjectRef{Kind: "Pod", Namespace: "shop", Name: "web-1-x"})
	if len(got) != 4 || got["deployment/web app"].Replicas != 4 {
		t.Errorf("got %v", got)
	}
}
