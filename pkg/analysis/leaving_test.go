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
			LeaveOut(r, b.Build(clock()), map[string]bool{"leaves0": true})
			var left []string
			for _, c := range r.Coverage {
				left = append(left, c.Namespace)
			}
			if slices.Sort(left); !slices.Equal(left, test.left) {
				t.Errorf("coverage names %q, want %q", left, test.left)
			}
			want := 8 - 2*len(test.left) + 1 // what was said stays
			if len(r.Findings) != want {
				t.Errorf("%d findings, want %d", len(r.Findings), want)
			}
		})
	}
}
