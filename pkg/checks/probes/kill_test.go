package probes

import (
	"slices"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/kubectl-scars/kubectl-scars/pkg/analysis"
	"github.com/kubectl-scars/kubectl-scars/pkg/finding"
	"github.com/kubectl-scars/kubectl-scars/pkg/kubeevent"
	"github.com/kubectl-scars/kubectl-scars/pkg/restart"
	"github.com/kubectl-scars/kubectl-scars/pkg/snapshot"
)

// TestWrongSchemeIsToldOnce: kills by a probe that only ever spoke the wrong scheme are told with the scheme; where it failed for something
// else too, the kills are told by themselves.
func TestWrongSchemeIsToldOnce(t *testing.T) {
	for name, tc := range map[string]struct {
		startup, slow bool
		want          []string
	}{
		"liveness":           {false, false, []string{WrongScheme.ID}},
		"startup":            {true, false, []string{WrongScheme.ID}},
		"liveness, and slow": {false, true, []string{LivenessKill.ID, WrongScheme.ID}},
		"startup, and slow":  {true, true, []string{StartupKill.ID, WrongScheme.ID}},
	} {
		pod := replica("aaaaa", corev1.ConditionFalse, 2*time.Hour, corev1.ContainerStatus{
			RestartCount: 3, State: corev1.ContainerState{Running: &corev1.ContainerStateRunning{StartedAt: before(10 * time.Second)}},
			LastTerminationState: corev1.ContainerState{Terminated: &corev1.ContainerStateTerminated{ExitCode: 143, Reason: "Error", StartedAt: before(2 * time.Minute), FinishedAt: before(time.Minute)}},
		})
		c := &pod.Spec.Containers[0]
		c.LivenessProbe.HTTPGet.Scheme = corev1.URISchemeHTTPS
		kind, by := "Liveness", "liveness"
		if tc.startup {
			kind, by = "Startup", "startup"
			c.StartupProbe = c.LivenessProbe.DeepCopy()
		}
		objects := []snapshot.Object{
			pod,
			said("aaaaa", "Unhealthy", kind+` probe failed: Get "https://10.0.0.9:8080/healthz": http: server gave HTTP response to HTTPS client`, 5*time.Minute, time.Minute, 9),
			said("aaaaa", "Killing", "Container app failed "+by+" probe, will be restarted", 5*time.Minute, time.Minute, 3),
		}
		if tc.slow {
			objects = append(objects, said("aaaaa", "Unhealthy", kind+` probe failed: Get "https://10.0.0.9:8080/healthz": context deadline exceeded (Client.Timeout exceeded while awaiting headers)`, 5*time.Minute, time.Minute, 9))
		}
		if got := checksThatTell(t, objects); !slices.Equal(got, tc.want) {
			t.Errorf("%s: told by %v, want %v", name, got, tc.want)
		}
	}
}

// TestTheAgentsAnswerIsNotTheProgramsOwn: Istio's agent answers HTTP 500 where it gets no answer.
func TestTheAgentsAnswerIsNotTheProgramsOwn(t *testing.T) {
	for name, tc := range map[string]struct {
		command []string
		status  int
		want    string
	}{
		"no mesh":         {nil, 500, "The program itself answers that it is ill"},
		"agent":           {[]string{"pilot-agent"}, 500, "Istio's agent asks for the kubelet and answers HTTP 500 also where"},
		"handed on":       {[]string{"pilot-agent"}, 503, "The program itself answers that it is ill"},
		"no such path":    {[]string{"pilot-agent"}, 404, "It runs and answers HTTP 404"},
		"another command": {[]string{"check"}, 500, "The program itself answers that it is ill"},
	} {
		k := killed{probe: &corev1.Probe{ProbeHandler: corev1.ProbeHandler{HTTPGet: &corev1.HTTPGetAction{Path: "/live"}}}}
		if tc.command != nil {
			k.probe.Exec = &corev1.ExecAction{Command: tc.command}
		}
		k.kinds = []restart.Symptom{{Unhealthy: kubeevent.Unhealthy{Outcome: kubeevent.Failed, Class: kubeevent.HTTPStatus, Status: tc.status}}}
		if fix := livenessFixes(k, false); len(fix) != 1 || !strings.HasPrefix(fix[0].Text, tc.want) {
			t.Errorf("%s: %+v, want %q", name, fix, tc.want)
		}
	}
}

// TestAStartThatNobodySawEnd is given five minutes, and one that was measured twice what it had.
func TestAStartThatNobodySawEnd(t *testing.T) {
	for name, tc := range map[string]struct {
		other *corev1.Pod // beside the one that was killed
		want  string
	}{
		"none was ready": {nil, `"failureThreshold":61`},
		"one was ready": {replica("bbbbb", corev1.ConditionTrue, 2*time.Hour-10*time.Second, corev1.ContainerStatus{
			Started: new(true), State: corev1.ContainerState{Running: &corev1.ContainerStateRunning{StartedAt: before(2 * time.Hour)}},
		}), `"failureThreshold":9`},
	} {
		pod := replica("aaaaa", corev1.ConditionFalse, 2*time.Hour, corev1.ContainerStatus{
			RestartCount: 1, State: corev1.ContainerState{Running: &corev1.ContainerStateRunning{StartedAt: before(10 * time.Second)}},
			LastTerminationState: corev1.ContainerState{Terminated: &corev1.ContainerStateTerminated{ExitCode: 143, Reason: "Error", StartedAt: before(80 * time.Second), FinishedAt: before(time.Minute)}},
		})
		objects := []snapshot.Object{pod, said("aaaaa", "Killing", "Container app failed startup probe, will be restarted", time.Minute, time.Minute, 1)}
		if tc.other != nil {
			tc.other.Status.Conditions = append(tc.other.Status.Conditions, corev1.PodCondition{Type: corev1.ContainersReady, Status: corev1.ConditionTrue, LastTransitionTime: before(2*time.Hour - 10*time.Second)})
			objects = append(objects, tc.other)
		}
		for _, o := range objects {
			if p, ok := o.(*corev1.Pod); ok {
				p.Spec.Containers[0].StartupProbe = p.Spec.Containers[0].LivenessProbe.DeepCopy()
				p.OwnerReferences = controlledBy("StatefulSet", "api")
			}
		}
		s := clusterOf(t, nil, objects...)
		r := analysis.Assemble(s, analysis.Run(s, []*analysis.Check{StartupKill}, nil), finding.Metadata{})
		if len(r.Findings) != 1 || !slices.ContainsFunc(r.Findings[0].Fix, func(f finding.Fix) bool { return strings.Contains(f.Command, tc.want) }) {
			t.Errorf("%s: want %s: %+v", name, tc.want, r.Findings)
		}
	}
}
