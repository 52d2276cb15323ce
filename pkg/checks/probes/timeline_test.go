package probes

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/intstr"

	"github.com/kubectl-scars/kubectl-scars/pkg/analysis"
	"github.com/kubectl-scars/kubectl-scars/pkg/finding"
	"github.com/kubectl-scars/kubectl-scars/pkg/snapshot"
)

var timelineNow = time.Date(2026, 11, 24, 18, 30, 0, 0, time.UTC)

func before(d time.Duration) metav1.Time { return metav1.NewTime(timelineNow.Add(-d)) }

func controlledBy(kind, name string) []metav1.OwnerReference {
	return []metav1.OwnerReference{{APIVersion: "apps/v1", Kind: kind, Name: name, UID: types.UID(name), Controller: new(true)}}
}

// replica is a pod of api-6c5d4b8f7 that is two hours old.
func replica(suffix string, ready corev1.ConditionStatus, since time.Duration, st corev1.ContainerStatus) *corev1.Pod {
	name := "api-6c5d4b8f7-" + suffix
	st.Name, st.Ready = "app", ready == corev1.ConditionTrue
	probe := func() *corev1.Probe {
		return &corev1.Probe{ProbeHandler: corev1.ProbeHandler{HTTPGet: &corev1.HTTPGetAction{Path: "/healthz", Port: intstr.FromInt32(8080)}}, PeriodSeconds: 5, FailureThreshold: 3, TimeoutSeconds: 1}
	}
	return &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: name, UID: types.UID(name), CreationTimestamp: before(2 * time.Hour), OwnerReferences: controlledBy("ReplicaSet", "api-6c5d4b8f7")},
		Spec:       corev1.PodSpec{NodeName: "node-1", Containers: []corev1.Container{{Name: "app", LivenessProbe: probe(), ReadinessProbe: probe()}}},
		Status: corev1.PodStatus{
			Phase: corev1.PodRunning, Conditions: []corev1.PodCondition{{Type: corev1.PodReady, Status: ready, LastTransitionTime: before(since)}},
			ContainerStatuses: []corev1.ContainerStatus{st}, StartTime: new(before(2 * time.Hour)),
		},
	}
}

func said(suffix, reason, message string, first, last time.Duration, count int32) *corev1.Event {
	name := "api-6c5d4b8f7-" + suffix
	return &corev1.Event{
		ObjectMeta:     metav1.ObjectMeta{Namespace: "shop", Name: fmt.Sprintf("%s.%s.%d", name, reason, len(message))},
		InvolvedObject: corev1.ObjectReference{Kind: "Pod", Namespace: "shop", Name: name, UID: types.UID(name), FieldPath: "spec.containers{app}"},
		Reason:         reason, Message: message, FirstTimestamp: before(first), LastTimestamp: before(last), Count: count, Source: corev1.EventSource{Component: "kubelet", Host: "node-1"},
	}
}

// nodeOutOfMemory is an event about always the same process.
func nodeOutOfMemory(name string, ago time.Duration) *corev1.Event {
	return &corev1.Event{
		ObjectMeta: metav1.ObjectMeta{Namespace: "default", Name: "node-1." + name}, InvolvedObject: corev1.ObjectReference{Kind: "Node", Name: "node-1"},
		Reason: "SystemOOM", Message: "System OOM encountered, victim process: load, pid: 782", FirstTimestamp: before(ago), LastTimestamp: before(ago), Count: 1,
	}
}

func shownTimeline(t *testing.T, q analysis.Question, eventsRead bool) *finding.ProbesTimeline {
	t.Helper()
	b := snapshot.NewBuilder()
	for _, info := range snapshot.Kinds() {
		b.Seal(info.Kind, "", snapshot.State{Status: snapshot.OK})
	}
	running := func(began time.Duration) corev1.ContainerState {
		return corev1.ContainerState{Running: &corev1.ContainerStateRunning{StartedAt: before(began)}}
	}
	ended := corev1.ContainerState{Terminated: &corev1.ContainerStateTerminated{ExitCode: 137, Reason: "Error", StartedAt: before(2 * time.Hour), FinishedAt: before(4 * time.Minute)}}
	objects := []snapshot.Object{
		&appsv1.ReplicaSet{ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: "api-6c5d4b8f7", CreationTimestamp: before(2 * time.Hour), Annotations: map[string]string{"deployment.kubernetes.io/revision": "3"}, OwnerReferences: controlledBy("Deployment", "api")}},
		&corev1.Node{ObjectMeta: metav1.ObjectMeta{Name: "node-1"}, Status: corev1.NodeStatus{Conditions: []corev1.NodeCondition{
			{Type: corev1.NodeReady, Status: corev1.ConditionTrue, LastTransitionTime: before(3 * time.Hour)}, {Type: corev1.NodeMemoryPressure, Status: corev1.ConditionTrue, LastTransitionTime: before(6 * time.Minute)},
			{Type: "KernelReady", Status: corev1.ConditionTrue, LastTransitionTime: before(8 * time.Minute)},
		}}},
		replica("hm4tz", corev1.ConditionTrue, 2*time.Hour-10*time.Second, corev1.ContainerStatus{State: running(2*time.Hour - 2*time.Second)}),
		replica("2x2kp", corev1.ConditionFalse, 5*time.Minute, corev1.ContainerStatus{State: running(3 * time.Minute), LastTerminationState: ended, RestartCount: 1}),
		replica("9wq7r", corev1.ConditionFalse, 5*time.Minute, corev1.ContainerStatus{State: corev1.ContainerState{Waiting: &corev1.ContainerStateWaiting{Reason: "CrashLoopBackOff"}}, LastTerminationState: ended, RestartCount: 4}),
	}
	events := []snapshot.Object{
		said("2x2kp", "Killing", "Container app failed liveness probe, will be restarted", 4*time.Minute, 4*time.Minute, 1),
		said("2x2kp", "Unhealthy", "Liveness probe failed: HTTP probe failed with statuscode: 503", 5*time.Minute, 4*time.Minute, 3),
		said("9wq7r", "BackOff", "Back-off restarting failed container app in pod", 3*time.Minute, time.Minute, 5),
		said("vv8mk", "Killing", "Container app failed liveness probe, will be restarted", 20*time.Minute, 10*time.Minute, 2),
		nodeOutOfMemory("a", 7*time.Minute),
		nodeOutOfMemory("said-again", 2*time.Minute),
	}
	if eventsRead {
		objects = append(objects, events...)
	} else {
		b.Seal(snapshot.Events, "", snapshot.State{Status: snapshot.Forbidden})
	}
	for _, o := range objects {
		if err := b.Add(o); err != nil {
			t.Fatal(err)
		}
	}
	answer, err := Timeline.Answer(b.Build(timelineNow), q, finding.Metadata{})
	if err != nil {
		t.Fatal(err)
	}
	return answer.(*finding.ProbesTimeline)
}

// told is a row in one line: states and marks with how many minutes before now.
func told(r finding.TimelineRow) string {
	ago := func(at time.Time) string { return fmt.Sprint(timelineNow.Sub(at).Round(time.Second)) }
	var words []string
	for _, s := range r.Spans {
		words = append(words, fmt.Sprintf("%s %s-%s", s.State, ago(s.From), ago(s.To)))
		if s.Source == "" {
			words = append(words, "WITHOUT SOURCE")
		}
	}
	for _, m := range r.Marks {
		words = append(words, fmt.Sprintf("%s %d× %s-%s", m.Mark, m.Count, ago(m.First), ago(m.Last)))
		if m.Source == "" {
			words = append(words, "WITHOUT SOURCE")
		}
	}
	return strings.TrimPrefix(r.Object.Name, "api-6c5d4b8f7-") + ": " + strings.Join(words, ", ")
}

func TestTimelineShowsWhatIsKnownAndNoMore(t *testing.T) {
	v := shownTimeline(t, analysis.Question{}, true)
	if len(v.Workloads) != 1 || len(v.CannotSay) != 0 {
		t.Fatalf("%d workloads, cannot say %v", len(v.Workloads), v.CannotSay)
	}
	w := v.Workloads[0]
	var rows []string
	for _, r := range slices.Concat(w.Nodes, w.Replicas) {
		rows = append(rows, told(r))
	}
	want := []string{
		"node-1: node 1× 7m0s-7m0s, node 1× 6m0s-6m0s",
		"2x2kp: unready 5m0s-0s, running 2h0m0s-4m0s, back-off 4m0s-3m0s, starting 3m0s-2m14s, unready 2m14s-0s, probe-failed 3× 5m0s-4m0s, killed 1× 4m0s-4m0s",
		"9wq7r: unready 5m0s-0s, running 2h0m0s-4m0s, back-off 4m0s-0s, ended 1× 4m0s-4m0s, back-off 5× 3m0s-1m0s",
		"hm4tz: starting 1h59m58s-1h59m50s, ready 1h59m50s-0s",
		"vv8mk: killed 2× 20m0s-10m0s",
	}
	if got := strings.Join(rows, "\n"); got != strings.Join(want, "\n") {
		t.Errorf("got\n%s\nwant\n%s", got, strings.Join(want, "\n"))
	}
	if gone := w.Replicas[3]; !gone.Gone || gone.Node != "node-1" {
		t.Errorf("the replaced pod is %+v", gone)
	}
	if reach := timelineNow.Sub(w.From); reach < 20*time.Minute || reach > 22*time.Minute {
		t.Errorf("the picture reaches back %s, want a little more than the first kill within the hour", reach)
	}
	if len(w.Rollouts) != 1 || w.Rollouts[0].Text != "revision 3" {
		t.Errorf("rollouts are %+v", w.Rollouts)
	}
}

func TestTimelineSaysWhatItCouldNotRead(t *testing.T) {
	v := shownTimeline(t, analysis.Question{}, false)
	if len(v.CannotSay) != 1 || len(v.Workloads) != 1 || len(v.Workloads[0].Replicas) != 3 {
		t.Errorf("without events: %d workloads, cannot say %v", len(v.Workloads), v.CannotSay)
	}
}

func TestTimelineOfWhatWasNamed(t *testing.T) {
	for _, tc := range []struct {
		kind, name string
		want       int
	}{{"Deployment", "api", 1}, {"ReplicaSet", "api-6c5d4b8f7", 1}, {"Pod", "api-6c5d4b8f7-hm4tz", 1}, {"Deployment", "web", 0}} {
		v := shownTimeline(t, analysis.Question{Subjects: []finding.ObjectRef{{Kind: tc.kind, Namespace: "shop", Name: tc.name}}}, true)
		if len(v.Workloads) != tc.want {
			t.Errorf("%s/%s: %d workloads, want %d", tc.kind, tc.name, len(v.Workloads), tc.want)
		}
	}
}

// TestTimelineOfWhatLasts: trouble that began long ago and goes on fills the picture, which does not shrink to its last moment.
func TestTimelineOfWhatLasts(t *testing.T) {
	hour, day := timelineNow.Add(-time.Hour), 24*time.Hour
	mark := func(first, last time.Duration) []finding.TimelineMark {
		return []finding.TimelineMark{{Mark: finding.MarkProbeFailed, First: before(first).Time, Last: before(last).Time}}
	}
	for name, c := range map[string]struct {
		row  finding.TimelineRow
		want time.Time
	}{
		"failures since yesterday": {finding.TimelineRow{Marks: mark(day, time.Minute)}, hour},
		"failures of ten minutes":  {finding.TimelineRow{Marks: mark(10*time.Minute, time.Minute)}, before(10*time.Minute + 30*time.Second).Time},
		"failures of a day ago":    {finding.TimelineRow{Marks: mark(26*time.Hour, 20*time.Hour)}, before(21 * time.Hour).Time},
		"unready since yesterday, failures now": {finding.TimelineRow{
			Spans: []finding.TimelineSpan{{State: finding.TimelineUnready, From: before(day).Time, To: timelineNow}}, Marks: mark(time.Minute, time.Minute),
		}, hour},
		"ready since yesterday, a failure now": {finding.TimelineRow{
			Spans: []finding.TimelineSpan{{State: finding.TimelineReady, From: before(day).Time, To: timelineNow}}, Marks: mark(20*time.Minute, 20*time.Minute),
		}, before(21 * time.Minute).Time},
	} {
		if got := begin(finding.Timeline{Replicas: []finding.TimelineRow{c.row}}, timelineNow); !got.Equal(c.want) {
			t.Errorf("%s: from %s, want %s", name, got, c.want)
		}
	}
}
