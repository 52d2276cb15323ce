package probes

import (
	"slices"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"

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
