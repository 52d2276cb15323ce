package restart

// Builders for the tables: a pod with one container "app", its ends, and events, with times as seconds after t0.

import (
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"
)

var t0 = time.Date(2026, 11, 23, 18, 0, 0, 0, time.UTC)

// never gives a time before the epoch, which is how runtimes write what never was.
const never = -9e9

func sec(n int) time.Time { return t0.Add(time.Duration(n) * time.Second) }

func when(n int) metav1.Time { return metav1.NewTime(sec(n)) }

type change func(*Facts)

// facts is a pod with one running container, events read to the end, ten minutes after t0.
func facts(changes ...change) Facts {
	f := Facts{Namespace: "shop", Name: "web-1", NodeName: "n1", EventsComplete: true, Now: sec(600), Pod: &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: "web-1"},
		Spec: corev1.PodSpec{
			NodeName: "n1", TerminationGracePeriodSeconds: ptr.To[int64](30), Containers: []corev1.Container{{Name: "app"}},
		},
		Status: corev1.PodStatus{Phase: corev1.PodRunning, ContainerStatuses: []corev1.ContainerStatus{{Name: "app"}}},
	}}
	for _, c := range changes {
		c(&f)
	}
	return f
}

func terminated(reason string, code int32, from, to int) *corev1.ContainerStateTerminated {
	return &corev1.ContainerStateTerminated{Reason: reason, ExitCode: code, StartedAt: when(from), FinishedAt: when(to)}
}

// died puts an end into lastState of "app", which runs again.
func died(reason string, code int32, from, to int) change {
	return func(f *Facts) {
		st := &f.Pod.Status.ContainerStatuses[0]
		st.LastTerminationState.Terminated = terminated(reason, code, from, to)
		st.State.Running = &corev1.ContainerStateRunning{StartedAt: when(to + 1)}
		st.RestartCount++
	}
}

// ended puts an end into state of "app".
func ended(reason string, code int32, from, to int) change {
	return func(f *Facts) {
		f.Pod.Status.ContainerStatuses[0].State.Terminated = terminated(reason, code, from, to)
	}
}

// said adds an event about "app".
func said(reason, message string, first, last int, count int32) change {
	return func(f *Facts) {
		f.Events = append(f.Events, &corev1.Event{
			Reason: reason, Message: message, FirstTimestamp: when(first), LastTimestamp: when(last), Count: count,
			InvolvedObject: corev1.ObjectReference{Kind: "Pod", Name: "web-1", FieldPath: "spec.containers{app}"},
		})
	}
}

func nodeSaid(reason, message string, at int) change {
	return func(f *Facts) {
		f.NodeEvents = append(f.NodeEvents, &corev1.Event{Reason: reason, Message: message, FirstTimestamp: when(at), LastTimestamp: when(at), Count: 1})
		f.OOMs = SystemOOMs(f.NodeEvents)
	}
}

func limit(q string) change {
	return func(f *Facts) {
		f.Pod.Spec.Containers[0].Resources.Limits = corev1.ResourceList{corev1.ResourceMemory: resource.MustParse(q)}
	}
}

func enacted(q string) change {
	return func(f *Facts) {
		f.Pod.Status.ContainerStatuses[0].Resources = &corev1.ResourceRequirements{
			Limits: corev1.ResourceList{corev1.ResourceMemory: resource.MustParse(q)},
		}
	}
}

func limitOfPod(q string) change {
	return func(f *Facts) {
		f.Pod.Spec.Resources = &corev1.ResourceRequirements{Limits: corev1.ResourceList{corev1.ResourceMemory: resource.MustParse(q)}}
	}
}

func liveness(p corev1.Probe) change {
	return func(f *Facts) { f.Pod.Spec.Containers[0].LivenessProbe = &p }
}

func podReason(reason, message string) change {
	return func(f *Facts) {
		f.Pod.Status.Phase, f.Pod.Status.Reason, f.Pod.Status.Message = corev1.PodFailed, reason, message
	}
}

func disrupted(reason string, at int) change {
	return func(f *Facts) {
		f.Pod.Status.Conditions = append(f.Pod.Status.Conditions, corev1.PodCondition{
			Type: corev1.DisruptionTarget, Status: corev1.ConditionTrue, Reason: reason, LastTransitionTime: when(at),
		})
	}
}

func gone(f *Facts) { f.Pod = nil }

func eventsUnknown(f *Facts) { f.EventsComplete = false }

func eventsSince(n int) change { return func(f *Facts) { f.EventsSince = sec(n) } }

func at(n int) change { return func(f *Facts) { f.Now = sec(n) } }

// lastWords gives the ends of "app" the message that the keep table leaves of a program's own.
func lastWords(text string) change {
	return func(f *Facts) {
		st := &f.Pod.Status.ContainerStatuses[0]
		for _, t := range []*corev1.ContainerStateTerminated{st.State.Terminated, st.LastTerminationState.Terminated} {
			if t != nil {
				t.Message = text
			}
		}
	}
}

func filesInMemory(f *Facts) {
	f.Pod.Spec.Volumes = []corev1.Volume{{Name: "c", VolumeSource: corev1.VolumeSource{EmptyDir: &corev1.EmptyDirVolumeSource{Medium: corev1.StorageMediumMemory}}}}
}

// neverRan is a pod that a kubelet turned away: it has no statuses of containers.
func neverRan(f *Facts) { f.Pod.Status.ContainerStatuses = nil }
