package restart

// This file finds evictions of whole pods, from the pod's status or, where it has been removed, from its event.

import (
	"fmt"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/kubectl-scars/kubectl-scars/pkg/finding"
	"github.com/kubectl-scars/kubectl-scars/pkg/kubeevent"
)

// evictions is the pod's eviction by the kubelet as a death of the whole pod, without a container's name. A pod that was turned away
// before it ran is none.
func evictions(f Facts) []Death {
	d := Death{Pod: f.ref(""), Confidence: finding.Proven, Count: 1}
	var message string
	for _, e := range f.Events {
		if e.Reason != reasonEvicted {
			continue
		}
		_, last, _ := kubeevent.Span(e)
		message, d.Finished = e.Message, last
		d.Evidence = []finding.Evidence{{Object: d.Pod, Source: "event Evicted", Value: strings.TrimSpace(message), Time: finding.At(last)}}
	}
	if p := f.Pod; p != nil {
		if p.Status.Reason != reasonEvicted {
			return nil
		}
		message, d.FromStatus, d.Finished = p.Status.Message, true, evictedAt(p, d.Finished)
		d.Evidence = []finding.Evidence{{Object: d.Pod, Source: "status.message", Value: strings.TrimSpace(message), Time: finding.At(d.Finished)}}
	}
	ev, ok := kubeevent.ParseEviction(message)
	if !ok || ev.Admission != "" {
		return nil
	}
	d.Eviction, d.First = ev, d.Finished
	d.Cause, d.Detail = OtherEvicted, otherEviction(f.Pod, ev)
	if ev.Resource == "memory" {
		d.Cause, d.Detail = MemoryEvicted, ""
	}
	return []Death{d}
}

// evictedAt is when the kubelet decided on the eviction: the condition's time, else the event's, else that of the last end.
func evictedAt(p *corev1.Pod, event time.Time) time.Time {
	if c := condition(p, corev1.DisruptionTarget); c != nil && !c.LastTransitionTime.IsZero() {
		return c.LastTransitionTime.UTC()
	}
	eachContainer(p, func(c container) {
		for _, e := range c.ends() {
			if _, finished := e.times(); event.IsZero() || finished.After(event) {
				event = finished
			}
		}
	})
	return event
}

// otherEviction says what the pod was evicted for, if not for its node's memory: volumes in memory that have grown over their sizeLimit
// too, where the kernel does not hold them to it (kubernetes v1.37.2 pkg/kubelet/eviction/eviction_manager.go, emptyDirLimitEviction).
func otherEviction(p *corev1.Pod, ev kubeevent.Eviction) string {
	switch {
	case ev.Volume != "":
		return fmt.Sprintf("its %s %s grew over its sizeLimit of %s", volumeKind(p, ev.Volume), ev.Volume, ev.VolumeLimit)
	case ev.OwnLimit:
		return "it went over its own limit for local storage"
	case ev.Resource != "":
		return "its node was low on " + ev.Resource
	default:
		return ""
	}
}

func volumeKind(p *corev1.Pod, name string) string {
	if p != nil {
		for i := range p.Spec.Volumes {
			if v := &p.Spec.Volumes[i]; v.Name == name && inMemory(v) {
				return "memory volume"
			}
		}
	}
	return "volume"
}
