package history

import (
	"strings"
	"testing"

	"github.com/kubectl-scars/kubectl-scars/pkg/finding"
)

func item(kind, container string, limit, request int64) finding.Recommendation {
	return finding.Recommendation{
		Object: finding.ObjectRef{APIVersion: "v1", Kind: kind, Namespace: "shop", Name: "web", Container: container}, Replicas: 3, QOSBefore: "Burstable",
		Limit: finding.Amount{Now: limit * mi}, Request: finding.Amount{Now: request * mi}, Pod: finding.PodShape{CPU: true, CPUEqual: true},
	}
}

// completed judges the items by 20 days at 300 MiB of container app.
func completed(t *testing.T, items ...finding.Recommendation) *finding.OOMRecommend {
	t.Helper()
	v := &finding.OOMRecommend{Items: items}
	r, _ := watched(20, flat(300))
	Complete(v, func(o finding.ObjectRef) *Record {
		if o.Container == "app" {
			return r
		}
		return nil
	}, 0.99)
	return v
}

func TestCostAndPatch(t *testing.T) {
	v := completed(t, item("Deployment", "app", 512, 0), item("Deployment", "proxy", 64, 64))
	app := v.Items[0]
	if app.Limit.Quantity != "316Mi" || app.Request.Quantity != "300Mi" || app.Cost != (finding.Cost{Requests: 900 * mi, Limits: -588 * mi}) || v.Total != app.Cost {
		t.Errorf("got %+v", app)
	}
	want := "apiVersion: v1\nkind: Deployment\nmetadata:\n  name: web\n  namespace: shop\nspec:\n  template:\n    spec:\n      containers:\n      - name: app\n        resources:\n          limits:\n            memory: 316Mi\n          requests:\n            memory: 300Mi\n"
	if app.Patch != want || v.Items[1].Patch != "" || v.Items[1].CannotSay == "" {
		t.Errorf("got %s", app.Patch)
	}
}

func TestPatchesOfOtherKinds(t *testing.T) {
	if p := completed(t, item("CronJob", "app", 512, 0)).Items[0].Patch; !strings.Contains(p, "spec:\n  jobTemplate:\n    spec:\n      template:\n        spec:\n          containers:\n") {
		t.Errorf("got %s", p)
	}
	init := item("Deployment", "app", 512, 0)
	init.Pod.Init = true
	if p := completed(t, init).Items[0].Patch; !strings.Contains(p, "initContainers:\n      - name: app") {
		t.Errorf("got %s", p)
	}
	fixed := item("Job", "app", 512, 0)
	fixed.Pod.Fixed = true
	if p := completed(t, fixed).Items[0].Patch; p != "" {
		t.Errorf("got %s", p)
	}
}

func TestQOSClass(t *testing.T) {
	guaranteed := item("Deployment", "app", 512, 512)
	guaranteed.QOSBefore = "Guaranteed"
	none := item("Deployment", "app", 0, 0)
	none.Pod, none.QOSBefore = finding.PodShape{}, "BestEffort"
	bare := item("Deployment", "sidecar", 0, 0)
	bare.Pod = finding.PodShape{}
	pod := item("Deployment", "app", 512, 512)
	pod.Pod.PodLevel, pod.QOSBefore = true, "Guaranteed"
	for name, test := range map[string]struct {
		items []finding.Recommendation
		want  string
	}{
		"stays guaranteed":  {[]finding.Recommendation{guaranteed}, "Guaranteed"},
		"request and limit": {[]finding.Recommendation{item("Deployment", "app", 512, 256)}, "Burstable"},
		"from nothing":      {[]finding.Recommendation{none}, "Burstable"},
		"nothing said":      {[]finding.Recommendation{bare}, "BestEffort"},
		"one has none":      {[]finding.Recommendation{item("Deployment", "proxy", 64, 64), bare}, "Burstable"},
		"pod level":         {[]finding.Recommendation{pod}, "Guaranteed"},
	} {
		if got := completed(t, test.items...).Items[0].QOSClass; got != test.want {
			t.Errorf("%s: %s, want %s", name, got, test.want)
		}
	}
}

func TestRenamedContainer(t *testing.T) {
	v := completed(t, item("Deployment", "app", 512, 256))
	r, _ := watched(20, flat(300))
	old := v.Items[0].Object
	old.Container = "application"
	Renamed(v, map[finding.ObjectRef]*Record{old: r})
	says(t, v.Items[0], "its pods had other containers before: application (until 2026-11-23 18:00); their history is left out")
}
