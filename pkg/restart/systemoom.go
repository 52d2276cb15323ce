package restart

// This file finds the kills for which the node as a whole was out of memory, from the Node's events SystemOOM.

import (
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/kubectl-scars/kubectl-scars/pkg/finding"
	"github.com/kubectl-scars/kubectl-scars/pkg/kubeevent"
)

// nodeWindow is how far a SystemOOM may lie from a kill that no limit explains, raceWindow where something else could explain it.
const (
	nodeWindow = 2 * time.Minute
	raceWindow = 10 * time.Second
)

// replayWindow is how long after its start a kubelet reads old kernel messages again and reports them with new times (the parser begins
// at the head of /dev/kmsg).
const replayWindow = time.Minute

// SystemOOMs lists when the node as a whole ran out of memory, without what a starting kubelet only repeats.
func SystemOOMs(nodeEvents []*corev1.Event) []SystemOOM {
	var starts []time.Time
	for _, e := range nodeEvents {
		if e.Reason == "Starting" && strings.HasPrefix(e.Message, "Starting kubelet") {
			first, last, _ := kubeevent.Span(e)
			starts = append(starts, first, last)
		}
	}
	replayed := func(t time.Time) bool {
		for _, s := range starts {
			if !t.Before(s) && t.Sub(s) <= replayWindow {
				return true
			}
		}
		return false
	}
	var out []SystemOOM
	for _, e := range nodeEvents {
		said, ok := kubeevent.ParseSystemOOM(e.Message)
		if e.Reason != "SystemOOM" || !ok {
			continue
		}
		first, last, _ := kubeevent.Span(e)
		for _, t := range []time.Time{first, last} {
			if !replayed(t) {
				out = append(out, SystemOOM{Time: t, Process: said.Process, Event: e})
			}
			if first.Equal(last) {
				break
			}
		}
	}
	return out
}

// SystemOOM is one kill by the kernel because the whole node was out of memory.
type SystemOOM struct {
	Time    time.Time
	Process string // the victim's name, at most 15 bytes; may be empty
	Event   *corev1.Event
}

func systemOOM(f Facts, at time.Time, window time.Duration) (finding.Evidence, bool) {
	var best *SystemOOM
	for _, o := range SystemOOMs(f.NodeEvents) {
		if !at.IsZero() && o.Time.Sub(at).Abs() <= window && (best == nil || o.Time.Sub(at).Abs() < best.Time.Sub(at).Abs()) {
			best = &o
		}
	}
	if best == nil {
		return finding.Evidence{}, false
	}
	return finding.Evidence{
		Object: finding.ObjectRef{Kind: "Node", Name: f.NodeName}, Source: "event SystemOOM", Value: best.Event.Message, Time: finding.At(best.Time),
	}, true
}
