package probes

// Events as clusters hold them besides what they should: each test is one kind that must neither mislead nor break a check.

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/kubectl-scars/kubectl-scars/pkg/analysis"
	"github.com/kubectl-scars/kubectl-scars/pkg/finding"
	"github.com/kubectl-scars/kubectl-scars/pkg/snapshot"
)

const (
	killedText = "Container app failed liveness probe, will be restarted"
	failedText = "Liveness probe failed: HTTP probe failed with statuscode: 503"
)

// negative is a number or a time that no check should come to.
var negative = regexp.MustCompile(`(?:^|[ (:])-\d`)

// unread is a kind that was not read to its end, or is not there.
type unread map[snapshot.Kind]snapshot.Status

// heard runs every check of the area and lists what they say, one line for each finding, and what
// they cannot say.
func heard(t *testing.T, states unread, objects ...snapshot.Object) (findings, gaps []string) {
	t.Helper()
	s := clusterOf(t, states, objects...)
	outcomes := analysis.Run(s, Checks(), nil)
	for _, o := range outcomes {
		if o.Err != nil {
			t.Error(o.Err)
		}
	}
	r := analysis.Assemble(s, outcomes, finding.Metadata{})
	for _, f := range r.Findings {
		findings = append(findings, fmt.Sprintf("%s %s %s %s/%s: %s", f.Severity, f.Confidence, f.Check, f.Object.Name, f.Object.Container, f.Message))
		for _, e := range f.Evidence {
			if e.Value == "" || e.Object.Name == "" || negative.MatchString(e.Value) {
				t.Errorf("evidence of %s: %+v", f.Check, e)
			}
		}
		for _, fix := range f.Fix {
			if negative.MatchString(fix.Text + fix.Command) {
				t.Errorf("%s says: %s %s", f.Check, fix.Text, fix.Command)
			}
		}
	}
	for _, g := range r.CannotSay {
		gaps = append(gaps, fmt.Sprintf("%s %s/%s: %s", g.Check, g.Object.Name, g.Object.Container, g.Reason))
	}
	for _, line := range slices.Concat(findings, gaps) {
		if strings.Contains(line, "  ") || strings.Contains(line, " ,") || strings.Contains(line, "!(") || negative.MatchString(line) {
			t.Errorf("a broken sentence: %q", line)
		}
	}
	return findings, gaps
}

// clusterOf is a snapshot of the objects, everything read but for states.
func clusterOf(t *testing.T, states unread, objects ...snapshot.Object) *snapshot.Snapshot {
	t.Helper()
	b := snapshot.NewBuilder()
	for _, info := range snapshot.Kinds() {
		status := snapshot.OK
		if s, ok := states[info.Kind]; ok {
			status = s
		}
		b.Seal(info.Kind, "", snapshot.State{Status: status})
	}
	for _, o := range objects {
		if err := b.Add(o); err != nil {
			t.Fatal(err)
		}
	}
	return b.Build(timelineNow)
}

// lone is a pod of its own that has been running and ready for two hours, with a liveness and a readiness probe.
func lone(name string, change ...func(*corev1.Pod)) *corev1.Pod {
	p := replica("x", corev1.ConditionTrue, 2*time.Hour-time.Minute, corev1.ContainerStatus{State: corev1.ContainerState{Running: &corev1.ContainerStateRunning{StartedAt: before(2 * time.Hour)}}})
	p.Name, p.UID, p.OwnerReferences = name, types.UID(name), nil
	p.Spec.Containers[0].ReadinessProbe.HTTPGet.Path = "/readyz"
	for _, c := range change {
		c(p)
	}
	return p
}

// restarted ended once, so long ago, with a code, and runs again.
func restarted(code int32, ago time.Duration) func(*corev1.Pod) {
	return func(p *corev1.Pod) {
		st := &p.Status.ContainerStatuses[0]
		st.RestartCount = 1
		st.LastTerminationState.Terminated = &corev1.ContainerStateTerminated{ExitCode: code, Reason: "Error", StartedAt: before(ago + time.Hour), FinishedAt: before(ago)}
		st.State.Running = &corev1.ContainerStateRunning{StartedAt: before(ago - time.Second)}
	}
}

// about makes an event about container app of a pod; zero times are left out.
func about(pod *corev1.Pod, reason, message string, first, last time.Duration, count int32, change ...func(*corev1.Event)) *corev1.Event {
	e := &corev1.Event{
		ObjectMeta:     metav1.ObjectMeta{Namespace: pod.Namespace, Name: fmt.Sprintf("%s.%s.%d.%d", pod.Name, reason, len(message), first)},
		InvolvedObject: corev1.ObjectReference{Kind: "Pod", Namespace: pod.Namespace, Name: pod.Name, UID: pod.UID, FieldPath: "spec.containers{app}"},
		Type:           corev1.EventTypeWarning, Reason: reason, Message: message, FirstTimestamp: before(first), LastTimestamp: before(last), Count: count,
	}
	for _, c := range change {
		c(e)
	}
	return e
}

func noPath(e *corev1.Event) { e.InvolvedObject.FieldPath = "" }

func noTimes(e *corev1.Event) { e.FirstTimestamp, e.LastTimestamp = metav1.Time{}, metav1.Time{} }

// wants compares lines with their beginnings and what they must hold.
func wants(t *testing.T, name string, got []string, want ...string) {
	t.Helper()
	if len(got) != len(want) {
		t.Errorf("%s: %d lines, want %d:\n%s", name, len(got), len(want), strings.Join(got, "\n"))
		return
	}
	for i, w := range want {
		for _, part := range strings.Split(w, "…") {
			if !strings.Contains(got[i], part) {
				t.Errorf("%s: %q does not hold %q", name, got[i], part)
			}
		}
	}
}

// TestEventsThatAreNotThere: where events may not be read, or have expired, a restart is not called healthy, and no probe is blamed.
func TestEventsThatAreNotThere(t *testing.T) {
	startup := func(p *corev1.Pod) {
		c := &p.Spec.Containers[0]
		c.StartupProbe, c.LivenessProbe = c.LivenessProbe, nil
	}
	ttl := func(d time.Duration) *corev1.Event { // one that is still kept
		e := about(lone("other"), "FailedMount", "x", d, d, 1)
		e.CreationTimestamp = before(d)
		return e
	}
	forbidden := unread{snapshot.Events: snapshot.Forbidden}
	for name, tc := range map[string]struct {
		states unread
		pod    *corev1.Pod
		more   []snapshot.Object
		gap    string
	}{
		"forbidden":                 {forbidden, lone("a", restarted(137, 4*time.Minute)), nil, "probes/liveness-kill a/app: what ended container app with 137 (SIGKILL) 4m ago: the events were not read completely"},
		"forbidden, ended with 0":   {forbidden, lone("a", restarted(0, 4*time.Minute)), nil, "probes/liveness-kill a/app: what ended container app with 0 4m ago: the events were not read completely"},
		"forbidden, startup alone":  {forbidden, lone("a", startup, restarted(143, 4*time.Minute)), nil, "probes/startup-kill a/app: what ended container app with 143 (SIGTERM) 4m ago: the events were not read completely"},
		"forbidden, an own error":   {forbidden, lone("a", restarted(1, 4*time.Minute)), nil, ""},
		"forbidden, never ended":    {forbidden, lone("a"), nil, ""},
		"expired":                   {nil, lone("a", restarted(137, 2*time.Hour)), nil, "probes/liveness-kill a/app: what ended container app with 137 (SIGKILL) 2h ago: no events of that time are left"},
		"expired, ended with 0":     {nil, lone("a", restarted(0, 2*time.Hour)), nil, "probes/liveness-kill a/app: what ended container app with 0 2h ago: no events of that time are left"},
		"expired, days ago":         {nil, lone("a", restarted(137, 50*time.Hour)), nil, ""},
		"not yet":                   {nil, lone("a", restarted(137, 50*time.Minute)), nil, ""},
		"events live for longer":    {nil, lone("a", restarted(137, 2*time.Hour)), []snapshot.Object{ttl(3 * time.Hour)}, ""},
		"events live for an hour":   {nil, lone("a", restarted(137, 2*time.Hour)), []snapshot.Object{ttl(59 * time.Minute)}, "no events of that time are left"},
		"events live for about two": {nil, lone("a", restarted(137, 2*time.Hour)), []snapshot.Object{ttl(2*time.Hour + time.Minute)}, "no events of that time are left"},
	} {
		findings, gaps := heard(t, tc.states, append(tc.more, tc.pod)...)
		wants(t, name, findings)
		if tc.gap == "" {
			wants(t, name, gaps)
		} else {
			wants(t, name, gaps, tc.gap)
		}
	}
}

// TestEventsOfAnOlderKubelet: texts of before 1.14, and of before the outcome stood in them.
func TestEventsOfAnOlderKubelet(t *testing.T) {
	pod := lone("old", restarted(137, 4*time.Minute))
	got, _ := heard(t, nil, pod,
		about(pod, "Killing", "Killing container with id docker://app:Container failed liveness probe.. Container will be killed and recreated.", 4*time.Minute+30*time.Second, 4*time.Minute+30*time.Second, 1),
		about(pod, "Unhealthy", failedText, 5*time.Minute, 4*time.Minute+30*time.Second, 3))
	wants(t, "killed", got, "warning proven probes/liveness-kill old/app: container app was killed by its liveness probe (HTTP 503 on /healthz:8080) 4m ago", "info strong probes/ignores-sigterm")

	pod = lone("inert", func(p *corev1.Pod) {
		p.Spec.Containers[0].LivenessProbe.ProbeHandler = corev1.ProbeHandler{Exec: &corev1.ExecAction{Command: []string{"curl"}}}
	})
	got, _ = heard(t, nil, pod, about(pod, "Unhealthy", `Liveness probe errored: rpc error: code = Unknown desc = failed to exec in container: failed to start exec "a1": OCI runtime exec failed: exec: "curl": executable file not found in $PATH`, 90*time.Minute, time.Minute, 200))
	wants(t, "inert", got, "strong probes/inert-liveness inert/app: …command curl cannot be run in the container")
}

// TestEmptyFieldPath: an event that does not name its container is never taken for another's.
func TestEmptyFieldPath(t *testing.T) {
	two := func(p *corev1.Pod) {
		second := p.Spec.Containers[0].DeepCopy()
		second.Name = "log"
		p.Spec.Containers = append(p.Spec.Containers, *second)
		st := p.Status.ContainerStatuses[0].DeepCopy()
		st.Name = "log"
		p.Status.ContainerStatuses = append(p.Status.ContainerStatuses, *st)
	}
	pod := lone("one")
	got, _ := heard(t, nil, pod, about(pod, "Unhealthy", failedText, 50*time.Minute, time.Minute, 7, noPath))
	wants(t, "one container", got, "warning proven probes/liveness-near-miss one/app")
	pod = lone("two", two)
	got, _ = heard(t, nil, pod, about(pod, "Unhealthy", failedText, 50*time.Minute, time.Minute, 7, noPath))
	wants(t, "two containers", got)
	pod = lone("two", two, func(p *corev1.Pod) { p.Spec.Containers[1].LivenessProbe = nil })
	got, _ = heard(t, nil, pod, about(pod, "Unhealthy", failedText, 50*time.Minute, time.Minute, 7, noPath))
	wants(t, "two containers, one probe", got, "warning proven probes/liveness-near-miss two/app")
	pod = lone("killed", two, restarted(143, 4*time.Minute))
	got, _ = heard(t, nil, pod, about(pod, "Killing", killedText, 4*time.Minute, 4*time.Minute, 1, noPath))
	wants(t, "the text names the container", got, "warning proven probes/liveness-kill killed/app: container app was killed by its liveness probe (/healthz:8080) 4m ago")
}

// TestCountsWithoutTimes: what was said some day counts for no hour, and is still told where it is proof.
func TestCountsWithoutTimes(t *testing.T) {
	pod := lone("near")
	got, _ := heard(t, nil, pod, about(pod, "Unhealthy", failedText, 0, 0, 700, noTimes))
	wants(t, "failures", got)
	pod = lone("kills")
	got, _ = heard(t, nil, pod, about(pod, "Killing", killedText, 0, 0, 7, noTimes))
	wants(t, "kills", got, "info proven probes/liveness-kill kills/app: container app was killed by its liveness probe (/healthz:8080) 7 times, nothing tells when")
	pod = lone("kill", restarted(137, 4*time.Minute))
	got, _ = heard(t, nil, pod, about(pod, "Killing", killedText, 0, 0, 1, noTimes))
	wants(t, "one kill", got, "info proven probes/liveness-kill kill/app: …once, nothing tells when")
}

// TestRecreatedUnderItsName: what was said of db-0 is not said of the db-0 that has replaced it.
func TestRecreatedUnderItsName(t *testing.T) {
	member := func(n int, change ...func(*corev1.Pod)) *corev1.Pod {
		p := lone(fmt.Sprintf("db-%d", n), change...)
		p.OwnerReferences = controlledBy("StatefulSet", "db")
		return p
	}
	before := member(0)
	after := member(0, func(p *corev1.Pod) {
		p.UID, p.CreationTimestamp = "another", metav1.NewTime(timelineNow.Add(-3*time.Minute))
		p.Status.StartTime = new(metav1.NewTime(timelineNow.Add(-3 * time.Minute)))
		p.Status.ContainerStatuses[0].State.Running.StartedAt = metav1.NewTime(timelineNow.Add(-170 * time.Second))
		p.Status.Conditions[0].LastTransitionTime = metav1.NewTime(timelineNow.Add(-150 * time.Second))
	})
	got, _ := heard(t, nil, after, member(1), about(before, "Unhealthy", failedText, 50*time.Minute, 4*time.Minute, 60))
	wants(t, "near misses", got)
	got, _ = heard(t, nil, after, member(1), about(before, "Killing", killedText, 20*time.Minute, 5*time.Minute, 3))
	wants(t, "kills", got, "warning proven probes/liveness-kill db/app: container app was killed by its liveness probe (/healthz:8080) 3 times in 15m, last 5m ago")
	if strings.Contains(got[0], "hit") {
		t.Errorf("the new pod was not hit: %s", got[0])
	}
}

// TestClocksApart: a node's clock may be ahead of the server's, or behind.
func TestClocksApart(t *testing.T) {
	for _, skew := range []time.Duration{-10 * time.Minute, 10 * time.Minute} {
		at := func(d time.Duration) metav1.Time { return metav1.NewTime(timelineNow.Add(skew - d)) }
		// It was ready for eight minutes and is not since a minute.
		pod := lone("lost", func(p *corev1.Pod) {
			p.CreationTimestamp, p.Status.StartTime = metav1.NewTime(timelineNow.Add(-9*time.Minute)), new(at(9*time.Minute))
			p.Status.ContainerStatuses[0].State.Running.StartedAt, p.Status.ContainerStatuses[0].Ready = at(530*time.Second), false
			p.Status.Conditions[0] = corev1.PodCondition{Type: corev1.PodReady, Status: corev1.ConditionFalse, LastTransitionTime: at(time.Minute)}
		})
		if neverReady(pod) {
			t.Errorf("%s: it has been ready", skew)
		}
		// It is three minutes old and may take ten.
		pod = lone("slow", func(p *corev1.Pod) {
			p.CreationTimestamp, p.Status.StartTime = metav1.NewTime(timelineNow.Add(-3*time.Minute)), new(at(3*time.Minute))
			p.Spec.Containers[0].StartupProbe = p.Spec.Containers[0].LivenessProbe.DeepCopy()
			p.Spec.Containers[0].StartupProbe.FailureThreshold = 60
			st := &p.Status.ContainerStatuses[0]
			st.State.Running.StartedAt, st.Ready, st.Started = at(170*time.Second), false, new(false)
			p.Status.Conditions[0] = corev1.PodCondition{Type: corev1.PodReady, Status: corev1.ConditionFalse, LastTransitionTime: at(3 * time.Minute)}
		})
		if !starting(pod, timelineNow) {
			t.Errorf("%s: it is starting", skew)
		}
		pod = lone("killed", restarted(137, 4*time.Minute-skew))
		got, _ := heard(t, nil, pod, about(pod, "Killing", killedText, 4*time.Minute-skew, 4*time.Minute-skew, 1))
		wants(t, fmt.Sprint(skew), got, "warning proven probes/liveness-kill killed/app: …ago")
	}
}
