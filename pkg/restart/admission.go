package restart

// This file finds pods that a node turned away for want of memory. Nothing was killed, though OutOfmemory and Evicted look
// much like it.

import (
	"fmt"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"

	"github.com/kubectl-scars/kubectl-scars/pkg/finding"
	"github.com/kubectl-scars/kubectl-scars/pkg/kubeevent"
)

// Reasons with which a kubelet turns pods away (kubernetes v1.37.2 pkg/kubelet/lifecycle/predicate.go, pkg/kubelet/eviction).
const (
	reasonOutOfMemory = "OutOfmemory"
	reasonUnexpected  = "UnexpectedAdmissionError"
	reasonEvicted     = "Evicted"
)

// turnedAway is a pod that its node refused, as a death of the whole pod without a container's name.
func turnedAway(f Facts) []Death {
	d := Death{Pod: f.ref(""), Cause: TurnedAway, Confidence: finding.Proven, Count: 1}
	for _, e := range f.Events {
		detail, ok := refusal(e.Reason, e.Message)
		if !ok {
			continue
		}
		_, last, _ := kubeevent.Span(e)
		d.Reason, d.Detail, d.Finished = e.Reason, detail, last
		d.Evidence = []finding.Evidence{{Object: d.Pod, Source: "event " + e.Reason, Value: strings.TrimSpace(e.Message), Time: finding.At(last)}}
	}
	if p := f.Pod; p != nil {
		detail, ok := refusal(p.Status.Reason, p.Status.Message)
		if !ok || p.Status.Phase != corev1.PodFailed {
			return nil
		}
		d.FromStatus, d.Reason, d.Detail = true, p.Status.Reason, detail
		if t := p.Status.StartTime; d.Finished.IsZero() && t != nil { // of a pod that never started, the kubelet sets it when it refuses
			d.Finished = t.UTC()
		}
		d.Evidence = []finding.Evidence{{
			Object: d.Pod, Source: "status.reason", Value: p.Status.Reason + ": " + strings.TrimSpace(p.Status.Message), Time: finding.At(d.Finished),
		}}
	}
	if d.Reason == "" {
		return nil
	}
	d.First = d.Finished
	return []Death{d}
}

// refusal says why a pod was turned away, where that was memory.
func refusal(reason, message string) (why string, ok bool) {
	switch reason {
	case reasonOutOfMemory:
		if s, known := kubeevent.ParseShortage(message); known {
			return fmt.Sprintf("it asks for %s, and of the %s that pods may have %s were promised to others", mebi(s.Requested), mebi(s.Capacity), mebi(s.Used)), true
		}
		return "its request did not fit", true
	case reasonEvicted:
		ev, _ := kubeevent.ParseEviction(message)
		return "the node was under memory pressure", strings.Contains(ev.Admission, string(corev1.NodeMemoryPressure))
	case reasonUnexpected:
		return "the kubelet's memory manager found no NUMA nodes for it", strings.Contains(message, "[memorymanager]")
	default:
		return "", false
	}
}

// mebi rounds bytes down to mebibytes.
func mebi(bytes int64) string {
	return resource.NewQuantity(bytes>>20<<20, resource.BinarySI).String()
}
