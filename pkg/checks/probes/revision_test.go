package probes

import (
	"fmt"
	"testing"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/kubectl-scars/kubectl-scars/pkg/snapshot"
)

// TestRolloutOfAStatefulSet: what its new revision does is no cascade, while the rollout goes on and right after it; what happens to pods that
// were made in the order of their ordinals, or whose rollout is long over, is one.
func TestRolloutOfAStatefulSet(t *testing.T) {
	const cascade = "critical strong probes/cascade db/app: cascade ACTIVE: the liveness probe killed"
	kill := "critical proven probes/liveness-kill db/app"
	type member struct {
		hash   string
		made   time.Duration // ago
		killed bool
	}
	for name, tc := range map[string]struct {
		members []member // by ordinal
		want    string
	}{
		"half of it is new, and ill":         {[]member{{"a", 9 * time.Hour, false}, {"a", 9 * time.Hour, false}, {"b", 20 * time.Minute, true}, {"b", 21 * time.Minute, true}}, kill},
		"old and new are ill":                {[]member{{"a", 9 * time.Hour, true}, {"a", 9 * time.Hour, true}, {"b", 40 * time.Minute, true}, {"b", 41 * time.Minute, true}}, cascade + " 4 of 4 replicas at once (HTTP 503 on /healthz:8080); 4 ready now"},
		"all of it was replaced just before": {[]member{{"b", 9 * time.Minute, true}, {"b", 10 * time.Minute, true}, {"b", 11 * time.Minute, true}, {"b", 12 * time.Minute, true}}, kill},
		"all of it was replaced, hours ago":  {[]member{{"b", 117 * time.Minute, true}, {"b", 118 * time.Minute, true}, {"b", 119 * time.Minute, true}, {"b", 120 * time.Minute, true}}, cascade},
		"it was made so":                     {[]member{{"b", 12 * time.Minute, true}, {"b", 11 * time.Minute, true}, {"b", 10 * time.Minute, true}, {"b", 9 * time.Minute, true}}, cascade},
		"no hash, as in a file":              {[]member{{"", 9 * time.Minute, true}, {"", 10 * time.Minute, true}, {"", 11 * time.Minute, true}, {"", 12 * time.Minute, true}}, cascade},
	} {
		var objects []snapshot.Object
		for i, m := range tc.members {
			pod := lone(fmt.Sprintf("db-%d", i), func(p *corev1.Pod) {
				p.OwnerReferences, p.Spec.NodeName = controlledBy("StatefulSet", "db"), fmt.Sprintf("node-%d", i)
				p.Spec.Containers[0].LivenessProbe.PeriodSeconds = 2 // R > L
				p.CreationTimestamp, p.Status.StartTime = before(m.made), new(before(m.made))
				p.Status.Conditions[0].LastTransitionTime = before(m.made - 20*time.Second)
				p.Status.ContainerStatuses[0].State.Running.StartedAt = before(m.made - 2*time.Second)
				if m.hash != "" {
					p.Labels = map[string]string{appsv1.ControllerRevisionHashLabelKey: "db-" + m.hash}
				}
			})
			objects = append(objects, pod)
			if m.killed {
				st := &pod.Status.ContainerStatuses[0]
				st.RestartCount = 2
				st.LastTerminationState.Terminated = &corev1.ContainerStateTerminated{ExitCode: 143, Reason: "Error", StartedAt: before(m.made - 2*time.Second), FinishedAt: before(4 * time.Minute)}
				st.State.Running.StartedAt = before(4*time.Minute - time.Second)
				pod.Status.Conditions[0].LastTransitionTime = metav1.NewTime(st.State.Running.StartedAt.Add(18 * time.Second))
				objects = append(objects, about(pod, "Killing", killedText, 4*time.Minute, 4*time.Minute, 1), about(pod, "Unhealthy", failedText, 5*time.Minute, 4*time.Minute, 3))
			}
		}
		got, _ := heard(t, nil, objects...)
		if len(got) == 0 {
			t.Errorf("%s: nothing was said", name)
			continue
		}
		wants(t, name, got[:1], tc.want)
	}
}
