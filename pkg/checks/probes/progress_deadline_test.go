package probes

import (
	"math"
	"strings"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/kubectl-scars/kubectl-scars/pkg/analysis"
	"github.com/kubectl-scars/kubectl-scars/pkg/finding"
)

// TestMinReadySecondsThatTheServerTakes: a Deployment's progressDeadlineSeconds is above it, other kinds have none.
func TestMinReadySecondsThatTheServerTakes(t *testing.T) {
	deployment := func(deadline *int32) metav1.Object {
		return &appsv1.Deployment{Spec: appsv1.DeploymentSpec{ProgressDeadlineSeconds: deadline}}
	}
	for name, c := range map[string]struct {
		object   metav1.Object
		now      *int32
		asked    int32
		minReady int32 // zero: none
		deadline int32 // zero: stays
		note     bool
	}{
		"a short deadline":         {deployment(new(int32(60))), new(int32(0)), 85, 85, 145, false},
		"the very deadline":        {deployment(new(int32(85))), new(int32(0)), 85, 85, 170, false},
		"the default":              {deployment(nil), new(int32(0)), 85, 85, 0, false},
		"no deadline":              {deployment(new(int32(math.MaxInt32))), new(int32(0)), 85, 85, 0, false},
		"it waits longer":          {deployment(new(int32(100))), new(int32(90)), 85, 90, 0, false},
		"no rollout waits so long": {deployment(nil), new(int32(0)), 600, 0, 0, true},
		"nor a StatefulSet's":      {&appsv1.StatefulSet{}, new(int32(0)), 1145, 0, 0, true},
		"a StatefulSet":            {&appsv1.StatefulSet{}, new(int32(0)), 599, 599, 0, false},
		"what has no such field":   {&metav1.ObjectMeta{}, nil, 1145, 0, 0, false},
		"it waits for as long":     {deployment(new(int32(1300))), new(int32(700)), 650, 700, 0, false},
	} {
		numbers, note := withMinReady([]finding.ProbeNumber{{Field: "minReadySeconds", Recommended: c.asked}}, analysis.Workload{Object: c.object, MinReadySeconds: c.now})
		got := map[string]int32{}
		for _, n := range numbers {
			got[n.Field] = n.Recommended
		}
		if got["minReadySeconds"] != c.minReady || got["progressDeadlineSeconds"] != c.deadline || (note != "") != c.note || strings.Contains(note, "Deployment") {
			t.Errorf("%s: got %v, %q", name, got, note)
		}
	}
}

func TestARolloutWaitsUntilKilled(t *testing.T) {
	for deadline, want := range map[int32]string{
		600: `{"spec":{"minReadySeconds":725,"progressDeadlineSeconds":1325}}`,
		726: `{"spec":{"minReadySeconds":725}}`,
	} {
		d := &appsv1.Deployment{Spec: appsv1.DeploymentSpec{ProgressDeadlineSeconds: &deadline}}
		if fix := waitUntilKilled(d, 725); !strings.Contains(fix.Command, want) || strings.Contains(fix.Text, "the server wants") != (deadline == 600) {
			t.Errorf("%d: %+v", deadline, fix)
		}
	}
}
