package probes

import (
	"fmt"
	"slices"
	"testing"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/kubectl-scars/kubectl-scars/pkg/analysis"
	"github.com/kubectl-scars/kubectl-scars/pkg/finding"
	"github.com/kubectl-scars/kubectl-scars/pkg/snapshot"
)

// TestCascadeIsToldOnce: where the cascade is told, the kills that it is made of are not told again; where it is only a risk, what happened
// and is worse stays beside it.
func TestCascadeIsToldOnce(t *testing.T) {
	for _, tc := range []struct {
		killed int
		kills  int32
		want   []string
	}{
		{1, 1, []string{"probes/liveness-kill"}},
		{2, 3, []string{"probes/cascade", "probes/liveness-kill"}},
		{4, 1, []string{"probes/cascade"}},
	} {
		b := snapshot.NewBuilder()
		for _, info := range snapshot.Kinds() {
			b.Seal(info.Kind, "", snapshot.State{Status: snapshot.OK})
		}
		add := func(o snapshot.Object) {
			if err := b.Add(o); err != nil {
				t.Fatal(err)
			}
		}
		add(&appsv1.ReplicaSet{ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: "api-6c5d4b8f7", OwnerReferences: controlledBy("Deployment", "api")}})
		for i := range 6 {
			suffix := fmt.Sprintf("aaaa%d", i)
			st := corev1.ContainerStatus{State: corev1.ContainerState{Running: &corev1.ContainerStateRunning{StartedAt: before(3 * time.Minute)}}}
			if i < tc.killed {
				st.RestartCount = tc.kills
				st.LastTerminationState.Terminated = &corev1.ContainerStateTerminated{ExitCode: 137, Reason: "Error", StartedAt: before(time.Hour), FinishedAt: before(4 * time.Minute)}
				add(said(suffix, "Killing", "Container app failed liveness probe, will be restarted", 4*time.Minute+5*time.Second, 4*time.Minute+5*time.Second, tc.kills))
				add(said(suffix, "Unhealthy", "Liveness probe failed: HTTP probe failed with statuscode: 503", 5*time.Minute, 4*time.Minute, 3*tc.kills))
			}
			pod := replica(suffix, corev1.ConditionTrue, 165*time.Second, st)
			pod.Spec.NodeName = fmt.Sprintf("node-%d", i%3)
			add(pod)
		}
		outcomes := analysis.Run(b.Build(timelineNow), Checks(), nil)
		var got []string
		for _, f := range analysis.Assemble(b.Build(timelineNow), outcomes, finding.Metadata{}).Findings {
			if f.Check == Cascade.ID || f.Check == LivenessKill.ID {
				got = append(got, f.Check)
			}
		}
		if slices.Sort(got); !slices.Equal(got, tc.want) {
			t.Errorf("%d of 6 killed %d times: told by %v, want %v", tc.killed, tc.kills, got, tc.want)
		}
	}
}
