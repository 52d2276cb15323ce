package analysis

import (
	"fmt"
	"slices"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/kubectl-scars/kubectl-scars/pkg/finding"
	"github.com/kubectl-scars/kubectl-scars/pkg/snapshot"
)

func TestLeaveOut(t *testing.T) {
	b := snapshot.NewBuilder()
	for _, o := range []snapshot.Object{
		&corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: "stays"}},
		&corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: "leaves", DeletionTimestamp: new(metav1.NewTime(clock()))}},
	} {
		if err := b.Add(o); err != nil {
			t.Fatal(err)
		}
	}
	for name, test := range map[string]struct {
		state snapshot.State
		left  []string // namespaces
	}{
		"all namespaces are known": {snapshot.State{Status: snapshot.OK}, []string{"gone", "leaves"}},
		"some are":                 {snapshot.State{Status: snapshot.Partial}, []string{"leaves"}},
		"they may not be read":     {snapshot.State{Status: snapshot.Forbidden}, []string{"leaves"}},
		"files hold a few":         {snapshot.State{Status: snapshot.OK, Assumed: true}, []string{"leaves"}},
	} {
		t.Run(name, func(t *testing.T) {
			b.Seal(snapshot.Namespaces, "", test.state)
			r := finding.New(finding.Metadata{})
			for _, ns := range []string{"", "stays", "leaves", "gone"} {
				for i := range 2 {
					f := about(fmt.Sprint(ns, i), finding.Warning, ref("Pod", ns, "web"))
					f.Fingerprint = fmt.Sprint(ns, i)
					r.Findings = append(r.Findings, f)
				}
			}
			r.CannotSay = []finding.Gap{{Object: ref("Pod", "leaves", "web")}, {Object: ref("Pod", "stays", "web")}}
			r.Unexplained = []finding.Unexplained{{Reason: "x", Count: 2, Pods: []finding.ObjectRef{ref("Pod", "leaves", "a"), ref("Pod", "stays", "b")}}}
			fact := about("lasting", finding.Warning, ref("Pod", "leaves", "web"))
			fact.Check = "oom/lasting"
			r.Findings = append(r.Findings, fact)
			dropped := LeaveOut(r, b.Build(clock()), []*Check{{ID: "oom/lasting", Inputs: PodInputs(Optional(snapshot.Events), Optional(snapshot.Nodes))}})
			if len(dropped) != 2*len(test.left) {
				t.Errorf("dropped %d", len(dropped))
			}
			if len(r.CannotSay) != 1 || len(r.Unexplained) != 1 || r.Unexplained[0].Count != 1 || r.Unexplained[0].Pods[0].Name != "b" {
				t.Errorf("cannot say %v, unexplained %v", r.CannotSay, r.Unexplained)
			}
			var left []string
			for _, c := range r.Coverage {
				left = append(left, c.Namespace)
			}
			if slices.Sort(left); !slices.Equal(left, test.left) {
				t.Errorf("coverage names %q, want %q", left, test.left)
			}
			want := 8 - 2*len(test.left) + 1 // a fact stays
			if len(r.Findings) != want {
				t.Errorf("%d findings, want %d", len(r.Findings), want)
			}
		})
	}
}
