package analysis

// Labels choose a workload by what it and its pods wear together.

import (
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"

	"github.com/kubectl-scars/kubectl-scars/pkg/finding"
)

// TestLabels tries a selector on findings and on workloads: on Deployment web, of team front and with a template of app web, with and without a
// pod, which has label hash besides.
func TestLabels(t *testing.T) {
	web := &appsv1.Deployment{ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: "web", UID: "web", Labels: map[string]string{"team": "front", "tier": "old"}}}
	web.Spec.Template.Labels = map[string]string{"app": "web", "tier": "new"}
	rs := &appsv1.ReplicaSet{ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: "web-1", UID: "web-1", OwnerReferences: owned("Deployment", "web")}}
	worn := pod("shop", "web-1-a", func(p *corev1.Pod) {
		p.OwnerReferences, p.Labels = owned("ReplicaSet", "web-1"), map[string]string{"app": "web", "tier": "new", "hash": "1"}
	})
	for selector, want := range map[string]struct{ idle, running bool }{
		"app=web":            {true, true},
		"team=front":         {true, true},
		"team=front,app=web": {true, true},
		"team=front,app=db":  {false, false},
		"team=front,hash=1":  {false, true},
		"app!=web":           {false, false},
		"app!=db":            {true, true},
		"team!=front":        {false, false},
		"app notin (web,db)": {false, false},
		"!app":               {false, false},
		"!team":              {false, false},
		"!other":             {true, true},
		"tier=new":           {true, true}, // the pods' word goes before the workload's
		"tier!=new":          {false, false},
	} {
		s, err := labels.Parse(selector)
		if err != nil {
			t.Fatal(err)
		}
		for _, state := range []struct {
			running, want bool
		}{{false, want.idle}, {true, want.running}} {
			in := build(t, web, rs)
			if state.running {
				in = build(t, web, rs, worn)
			}
			r := finding.New(finding.Metadata{})
			r.Findings = []finding.Finding{about("web", finding.Warning, ref("Deployment", "shop", "web"))}
			if Keep(r, in, Filter{Selector: s, Severity: finding.Info}); len(r.Findings) == 1 != state.want {
				t.Errorf("%s, running %v: %d findings are kept, want %v", selector, state.running, len(r.Findings), state.want)
			}
			if got := Workloads(in.View(), Question{Labels: s}); len(got) == 1 != state.want {
				t.Errorf("%s, running %v: %d workloads are chosen, want %v", selector, state.running, len(got), state.want)
			}
		}
	}
}

// TestSelected counts what a selector chooses of what was looked at, in the namespaces asked for.
func TestSelected(t *testing.T) {
	s := shop(t)
	for selector, want := range map[string]struct{ pods, total int }{
		"app=web":    {2, 3}, // and their Deployment, by its pods
		"team=front": {2, 3}, // the pods of what has the label
		"app=typo":   {0, 0},
		"app!=typo":  {4, 6},
	} {
		l, err := labels.Parse(selector)
		if err != nil {
			t.Fatal(err)
		}
		r := finding.New(finding.Metadata{})
		r.Summary.Areas = []finding.AreaSummary{{Area: "oom", Looked: []finding.Looked{{Resource: "pods", Count: 99}, {Resource: "events", Count: 99}}}}
		total := Selected(r, s, l, []string{"shop"})
		if looked := r.Summary.Areas[0].Looked; len(looked) != 1 || looked[0].Count != want.pods || total != want.total {
			t.Errorf("%s: %v of %d, want %d pods of %d", selector, looked, total, want.pods, want.total)
		}
		if told := len(r.Coverage) == 1 && r.Coverage[0].Resource == "objects with labels "+selector; told != (want.total == 0) {
			t.Errorf("%s: coverage %v", selector, r.Coverage)
		}
	}
}
