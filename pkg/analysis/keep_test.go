package analysis

// What the user asked for is kept, and what was left out is counted.

import (
	"slices"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/selection"

	"github.com/kubectl-scars/kubectl-scars/pkg/finding"
)

func about(key string, severity finding.Severity, object finding.ObjectRef, evidence ...finding.ObjectRef) finding.Finding {
	f := finding.Finding{Check: "oom/x", Key: key, Severity: severity, Object: object}
	for _, e := range evidence {
		f.Evidence = append(f.Evidence, finding.Evidence{Object: e})
	}
	return f
}

func TestKeep(t *testing.T) {
	not := func(key, value string) *labels.Requirement {
		r, err := labels.NewRequirement(key, selection.NotEquals, []string{value})
		if err != nil {
			t.Fatal(err)
		}
		return r
	}
	ended, recent := clock().Add(-time.Hour), clock().Add(-time.Minute)
	report := func() *finding.Report {
		r := finding.New(finding.Metadata{})
		r.Summary.Areas = []finding.AreaSummary{{Area: "oom"}}
		old, fresh := about("ended", finding.Info, ref("Pod", "shop", "bare")), about("recent", finding.Info, ref("Pod", "shop", "bare"))
		old.LastSeen, fresh.LastSeen = &ended, &recent
		r.Findings = []finding.Finding{
			about("web", finding.Critical, ref("Deployment", "shop", "web"), ref("Pod", "shop", "web-5d4c-a")),
			about("db", finding.Warning, ref("StatefulSet", "shop", "db")),
			about("claim", finding.Warning, ref("PersistentVolumeClaim", "shop", "data-db-0"), ref("Pod", "shop", "db-0")),
			about("cart", finding.Warning, ref("Pod", "cart", "web-5d4c-a")),
			about("node", finding.Warning, ref("Node", "", "node1"), ref("Pod", "shop", "bare")),
			about("node elsewhere", finding.Warning, ref("Node", "", "node2"), ref("Pod", "cart", "web-5d4c-a")),
			about("class", finding.Warning, ref("StorageClass", "", "fast")),
			old, fresh,
		}
		return r
	}
	everything := []string{"cart", "claim", "class", "db", "ended", "node", "node elsewhere", "recent", "web"}
	in := func(keys ...string) []string { return keys }
	for name, test := range map[string]struct {
		filter Filter
		want   []string
		hidden int
	}{
		"everything":              {Filter{}, everything, 0},
		"a namespace":             {Filter{Namespaces: in("shop")}, in("claim", "class", "db", "ended", "node", "recent", "web"), 0},
		"another namespace":       {Filter{Namespaces: in("cart")}, in("cart", "class", "node elsewhere"), 0},
		"a namespace with none":   {Filter{Namespaces: in("default")}, in("class"), 0},
		"a workload":              {Filter{Subjects: []finding.ObjectRef{ref("Deployment", "shop", "web")}}, in("web"), 0},
		"its ReplicaSet":          {Filter{Subjects: []finding.ObjectRef{ref("ReplicaSet", "shop", "web-5d4c")}}, in("web"), 0},
		"its pod":                 {Filter{Subjects: []finding.ObjectRef{ref("Pod", "shop", "web-5d4c-b")}}, in("web"), 0},
		"a pod of the same name":  {Filter{Subjects: []finding.ObjectRef{ref("Pod", "cart", "web-5d4c-a")}}, in("cart", "node elsewhere"), 0},
		"what its pods say":       {Filter{Subjects: []finding.ObjectRef{ref("StatefulSet", "shop", "db")}}, in("claim", "db"), 0},
		"a claim":                 {Filter{Subjects: []finding.ObjectRef{ref("PersistentVolumeClaim", "shop", "data-db-0")}}, in("claim"), 0},
		"a node":                  {Filter{Subjects: []finding.ObjectRef{ref("Node", "", "node1")}}, in("node"), 0},
		"two":                     {Filter{Subjects: []finding.ObjectRef{ref("Deployment", "shop", "web"), ref("StatefulSet", "shop", "db")}}, in("claim", "db", "web"), 0},
		"one that has none":       {Filter{Subjects: []finding.ObjectRef{ref("Deployment", "shop", "other")}}, nil, 0},
		"labels of pods":          {Filter{Selector: labels.SelectorFromSet(labels.Set{"app": "web"})}, in("web"), 0},
		"labels of the workload":  {Filter{Selector: labels.SelectorFromSet(labels.Set{"team": "front"})}, in("web"), 0},
		"labels of both":          {Filter{Selector: labels.SelectorFromSet(labels.Set{"team": "front", "app": "web"})}, in("web"), 0},
		"all but the pods' label": {Filter{Selector: labels.NewSelector().Add(*not("app", "web"))}, in("cart", "db", "ended", "recent"), 0},
		"all but its own label":   {Filter{Selector: labels.NewSelector().Add(*not("team", "front"))}, in("cart", "db", "ended", "recent"), 0},
		"critical":                {Filter{Severity: finding.Critical}, in("web"), 8},
		"warning or worse":        {Filter{Severity: finding.Warning}, in("cart", "claim", "class", "db", "node", "node elsewhere", "web"), 2},
		"since half an hour":      {Filter{Since: 30 * time.Minute}, slices.DeleteFunc(slices.Clone(everything), func(k string) bool { return k == "ended" }), 1},
		"hidden are those wanted": {Filter{Namespaces: in("cart"), Severity: finding.Critical}, nil, 3},
	} {
		t.Run(name, func(t *testing.T) {
			if test.filter.Severity == "" {
				test.filter.Severity = finding.Info
			}
			r := report()
			Keep(r, shop(t), test.filter)
			var keys []string
			for _, f := range r.Findings {
				keys = append(keys, f.Key)
			}
			slices.Sort(keys)
			if !slices.Equal(keys, test.want) {
				t.Errorf("kept %q, want %q", keys, test.want)
			}
			if got := r.Summary.Areas[0].Hidden; got != test.hidden {
				t.Errorf("%d counted as hidden, want %d", got, test.hidden)
			}
			if got := r.Summary.Critical + r.Summary.Warning + r.Summary.Info; got != len(test.want) {
				t.Errorf("%d counted, want %d", got, len(test.want))
			}
		})
	}
}

// The filter holds for what could not be judged, and for pods that nothing explains, as well.
func TestKeepGaps(t *testing.T) {
	r := finding.New(finding.Metadata{})
	r.CannotSay = []finding.Gap{{Object: ref("Deployment", "shop", "web")}, {Object: ref("Pod", "cart", "web-5d4c-a")}}
	r.Unexplained = []finding.Unexplained{
		{Reason: "ImagePullBackOff", Count: 2, Pods: []finding.ObjectRef{ref("Pod", "shop", "web-5d4c-a"), ref("Pod", "cart", "web-5d4c-a")}},
		{Reason: "Unschedulable", Count: 1, Pods: []finding.ObjectRef{ref("Pod", "cart", "web-5d4c-a")}},
	}
	Keep(r, shop(t), Filter{Namespaces: []string{"shop"}, Subjects: []finding.ObjectRef{ref("Deployment", "shop", "web")}, Severity: finding.Info})
	if len(r.CannotSay) != 1 || r.CannotSay[0].Object.Namespace != "shop" {
		t.Errorf("cannot say: %v", r.CannotSay)
	}
	if len(r.Unexplained) != 1 || r.Unexplained[0].Count != 1 || r.Unexplained[0].Pods[0].Namespace != "shop" {
		t.Errorf("unexplained: %v", r.Unexplained)
	}
}
