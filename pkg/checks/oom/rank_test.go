package oom

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	metricsv1beta1 "k8s.io/metrics/pkg/apis/metrics/v1beta1"

	"github.com/kubectl-scars/kubectl-scars/pkg/analysis"
	"github.com/kubectl-scars/kubectl-scars/pkg/finding"
	"github.com/kubectl-scars/kubectl-scars/pkg/snapshot"
)

var rankedAt = time.Date(2026, 11, 23, 18, 0, 0, 0, time.UTC)

// sample is what the metrics API says of a pod.
func sample(pod string, ago time.Duration, use string) *metricsv1beta1.PodMetrics {
	return &metricsv1beta1.PodMetrics{
		ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: pod}, Timestamp: metav1.NewTime(rankedAt.Add(-ago)),
		Containers: []metricsv1beta1.ContainerMetrics{{Name: "c", Usage: corev1.ResourceList{corev1.ResourceMemory: resource.MustParse(use)}}},
	}
}

// ranked is the view of two nodes, one of them under pressure, without the kinds that are left out.
func ranked(t *testing.T, q analysis.Question, without ...snapshot.Kind) *finding.OOMRank {
	t.Helper()
	now := 20 * time.Second
	return rankedBy(t, []*metricsv1beta1.PodMetrics{sample("x", now, "600Mi"), sample("y", now, "700Mi"), sample("z", now, "10Mi")}, q, without...)
}

func rankedBy(t *testing.T, samples []*metricsv1beta1.PodMetrics, q analysis.Question, without ...snapshot.Kind) *finding.OOMRank {
	t.Helper()
	b := snapshot.NewBuilder()
	out := map[snapshot.Kind]bool{}
	for _, k := range without {
		out[k] = true
		b.Seal(k, "", snapshot.State{Status: snapshot.Forbidden})
	}
	add := func(k snapshot.Kind, o snapshot.Object) {
		if out[k] {
			return
		}
		b.Seal(k, "", snapshot.State{Status: snapshot.OK})
		if err := b.Add(o); err != nil {
			t.Fatal(err)
		}
	}
	for _, name := range []string{"a", "b", "empty"} {
		n := &corev1.Node{ObjectMeta: metav1.ObjectMeta{Name: name}}
		n.Status.Capacity = corev1.ResourceList{corev1.ResourceMemory: resource.MustParse("1Gi")}
		if name == "b" {
			n.Status.Conditions = []corev1.NodeCondition{{Type: corev1.NodeMemoryPressure, Status: corev1.ConditionTrue}}
		}
		add(snapshot.Nodes, n)
	}
	for _, place := range [][2]string{{"a", "x"}, {"a", "y"}, {"b", "z"}, {"", "pending"}, {"empty", "starting"}} {
		p := &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: place[1]}}
		p.Spec.NodeName, p.Status.QOSClass = place[0], corev1.PodQOSBurstable
		p.Spec.Containers = []corev1.Container{{Name: "c", Resources: corev1.ResourceRequirements{Requests: corev1.ResourceList{corev1.ResourceMemory: resource.MustParse("512Mi")}}}}
		if place[1] != "starting" {
			p.Status.ContainerStatuses = []corev1.ContainerStatus{{Name: "c", State: corev1.ContainerState{Running: &corev1.ContainerStateRunning{StartedAt: metav1.NewTime(rankedAt.Add(-time.Hour))}}}}
		}
		add(snapshot.Pods, p)
	}
	for _, s := range samples {
		add(snapshot.PodMetrics, s)
	}
	v, err := Rank.Answer(b.Build(rankedAt), q, finding.Metadata{})
	if err != nil {
		t.Fatal(err)
	}
	return v.(*finding.OOMRank)
}

func TestRank(t *testing.T) {
	r := ranked(t, analysis.Question{})
	if len(r.Nodes) != 2 || r.Nodes[0].Node != "b" || !r.Nodes[0].MemoryPressure || r.Nodes[1].Node != "a" {
		t.Fatalf("want the node under pressure first, and none without pods: %+v", r.Nodes)
	}
	if a := r.Nodes[1]; len(a.Kernel) != 2 || len(a.Eviction) != 2 || *a.Kernel[0].OOMScoreAdj != 500 || *a.CapacityBytes != 1<<30 || a.RequestedBytes != 1<<30 || *a.UsedBytes != 1300<<20 {
		t.Errorf("got %+v", a)
	}
	if e := r.Nodes[1].Eviction; e[0].Pod.Name != "y" || *e[0].UsageBytes != 700<<20 || e[0].OverRequest != finding.Over || e[1].Place != 2 {
		t.Errorf("who uses more goes first: %+v", e)
	}
	if len(r.CannotSay) != 0 || len(r.Coverage) != 3 {
		t.Errorf("all was read: %+v, %+v", r.CannotSay, r.Coverage)
	}
	if r := ranked(t, analysis.Question{Subjects: []finding.ObjectRef{{Kind: "Node", Name: "a"}}}); len(r.Nodes) != 1 || r.Nodes[0].Node != "a" {
		t.Errorf("asked for one node: %+v", r.Nodes)
	}
	if r := ranked(t, analysis.Question{Namespaces: []string{"shop"}}); len(r.CannotSay) != 2 {
		t.Errorf("other namespaces were not read: %+v", r.CannotSay)
	}
}

// TestRankByUse: a sample counts where it is of now and of the life that a container is in.
func TestRankByUse(t *testing.T) {
	for name, test := range map[string]struct {
		samples []*metricsv1beta1.PodMetrics
		known   bool
		says    string
	}{
		"none":               {nil, false, "the metrics API was not read"},
		"of another pod":     {[]*metricsv1beta1.PodMetrics{sample("pending", time.Minute, "1Mi")}, false, "no sample of the life"},
		"of now":             {[]*metricsv1beta1.PodMetrics{sample("z", time.Minute, "1Mi")}, true, ""},
		"of an earlier life": {[]*metricsv1beta1.PodMetrics{sample("z", 61*time.Minute, "1Mi")}, false, "no sample of the life"},
		"of a while ago":     {[]*metricsv1beta1.PodMetrics{sample("z", 11*time.Minute, "1Mi")}, false, "none of the last 10m"},
	} {
		r := rankedBy(t, test.samples, analysis.Question{Subjects: []finding.ObjectRef{{Kind: "Node", Name: "b"}}})
		b, says := r.Nodes[0], ""
		if len(r.CannotSay) > 0 {
			says = r.CannotSay[0].Reason
		}
		if known := b.Kernel[0].UsageBytes != nil; known != test.known || (b.UsedBytes != nil) != known || (b.Eviction[0].UsageBytes != nil) != known {
			t.Errorf("%s: %+v", name, b)
		}
		if !strings.Contains(says, test.says) || says != "" && test.says == "" {
			t.Errorf("%s: cannot say %q", name, says)
		}
	}
	if r := ranked(t, analysis.Question{}, snapshot.PodMetrics); len(r.CannotSay) != 2 || r.Nodes[1].Kernel[1].Place != 1 {
		t.Errorf("without metrics: %+v", r)
	}
}

// TestRankLooksAtWhatItDeclares: no input of the view is superfluous.
func TestRankLooksAtWhatItDeclares(t *testing.T) {
	b := snapshot.NewBuilder()
	p := &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: "x"}, Spec: corev1.PodSpec{NodeName: "a", Containers: []corev1.Container{{Name: "c"}}}}
	p.Status.ContainerStatuses = []corev1.ContainerStatus{{Name: "c", State: corev1.ContainerState{Running: &corev1.ContainerStateRunning{}}}}
	if err := b.Add(p); err != nil {
		t.Fatal(err)
	}
	declared := Rank.Reading().Kinds()
	v := b.Build(time.Time{}).View(declared...)
	Rank.Make(v, analysis.Question{})
	slices.Sort(declared)
	if !slices.Equal(v.Touched(), declared) {
		t.Errorf("looks at %v, declares %v", v.Touched(), declared)
	}
}

func TestRankWithout(t *testing.T) {
	r := ranked(t, analysis.Question{}, snapshot.Nodes)
	if len(r.Nodes) != 2 || r.Nodes[0].Kernel[0].OOMScoreAdj != nil || len(r.CannotSay) != 2 {
		t.Errorf("without nodes: %+v, %+v", r.Nodes, r.CannotSay)
	}
	if r := ranked(t, analysis.Question{}, snapshot.Pods); len(r.Nodes) != 0 || r.Nodes == nil {
		t.Errorf("without pods: %+v", r.Nodes)
	}
	text, err := json.Marshal(ranked(t, analysis.Question{}))
	if err != nil {
		t.Fatal(err)
	}
	for range 5 { // nodes come out of a map
		if again, _ := json.Marshal(ranked(t, analysis.Question{})); string(again) != string(text) {
			t.Fatalf("not the same twice:\n%s\n%s", text, again)
		}
	}
}
