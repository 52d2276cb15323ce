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

// TestCostOfAPod is what the scheduler sets aside, not the sum of the containers.
func TestCostOfAPod(t *testing.T) {
	init, sidecar := finding.PodShape{Init: true}, finding.PodShape{Init: true, Sidecar: true}
	// of is a container that needs 300 MiB, which asks for 300 and gets a limit of 316.
	of := func(limit, request int64, shape finding.PodShape) finding.Recommendation {
		r := item("Deployment", "app", limit, request)
		r.Pod = shape
		return r
	}
	// other is one of which there is no history.
	other := func(limit, request int64, shape finding.PodShape) finding.Recommendation {
		r := of(limit, request, shape)
		r.Object.Container = "other"
		return r
	}
	pod := func(request, limit int64) finding.PodShape {
		return finding.PodShape{PodLevel: true, Request: request * mi, Limit: limit * mi}
	}
	for name, test := range map[string]struct {
		items            []finding.Recommendation
		requests, limits int64 // MiB, of one pod
		first            int64 // of the requests, what the first item costs
	}{
		"one container":                           {[]finding.Recommendation{of(512, 256, finding.PodShape{})}, 44, -196, 44},
		"an init container below the others":      {[]finding.Recommendation{of(128, 64, init), other(1024, 512, finding.PodShape{})}, 0, 0, 0},
		"an init container above the others":      {[]finding.Recommendation{of(128, 64, init), other(256, 200, finding.PodShape{})}, 100, 60, 100},
		"two, one after the other":                {[]finding.Recommendation{of(128, 64, init), other(512, 400, init), other(64, 64, finding.PodShape{})}, 0, 0, 0},
		"a container below an init container":     {[]finding.Recommendation{other(1024, 1024, init), of(256, 256, finding.PodShape{})}, 0, 0, 0},
		"both grow, and the init container less":  {[]finding.Recommendation{of(128, 64, init), of(256, 100, finding.PodShape{}), of(256, 100, finding.PodShape{})}, 400, 120, 0},
		"a sidecar":                               {[]finding.Recommendation{of(512, 256, sidecar), other(1024, 512, finding.PodShape{})}, 44, -196, 44},
		"an init container beside a sidecar":      {[]finding.Recommendation{other(128, 100, sidecar), of(512, 256, init), other(64, 64, finding.PodShape{})}, 44, -196, 0},
		"a pod with numbers of its own":           {[]finding.Recommendation{of(512, 256, pod(1024, 2048))}, 0, 0, 0},
		"a pod with a limit of its own":           {[]finding.Recommendation{of(512, 256, pod(0, 2048))}, 44, 0, 44},
		"a pod with a limit, containers without":  {[]finding.Recommendation{of(0, 0, pod(0, 400))}, -100, 0, -100},
		"a pod with other resources of its own":   {[]finding.Recommendation{of(512, 256, pod(0, 0))}, 44, -196, 44},
		"no limit before, which is no bound":      {[]finding.Recommendation{of(0, 256, finding.PodShape{})}, 44, 0, 44},
		"an init container without a limit or so": {[]finding.Recommendation{of(0, 0, init), other(0, 0, finding.PodShape{})}, 300, 0, 300},
	} {
		v := completed(t, test.items...)
		want := finding.Cost{Requests: 3 * test.requests * mi, Limits: 3 * test.limits * mi}
		if v.Total != want || v.Items[0].Cost.Requests != 3*test.first*mi {
			t.Errorf("%s: %+v, of which the first %+v; want %+v, %d", name, v.Total, v.Items[0].Cost, want, 3*test.first*mi)
		}
	}
	small := completed(t, of(200, 100, pod(256, 300)))
	says(t, small.Items[0], "the pod's own limit is 300Mi only; raise that first, or the server refuses the patch")
	says(t, small.Items[0], "with it the containers request 300Mi, the pod's own request is 256Mi only")
	if roomy := completed(t, of(200, 100, pod(300, 316))); strings.Contains(strings.Join(roomy.Items[0].Notes, " "), "refuses") {
		t.Errorf("got %v", roomy.Items[0].Notes)
	}
}
