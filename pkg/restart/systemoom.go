package restart

// This file finds the kills for which the node as a whole was out of memory, from the Node's events SystemOOM, and tells them from what a
// kubelet that was started later only says again.

import (
	"fmt"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/kubectl-scars/kubectl-scars/pkg/finding"
	"github.com/kubectl-scars/kubectl-scars/pkg/kubeevent"
	"github.com/kubectl-scars/kubectl-scars/pkg/order"
)

// nodeWindow is how far a SystemOOM may lie from a kill that no limit explains, raceWindow where something else could explain it.
const (
	nodeWindow = 2 * time.Minute
	raceWindow = 10 * time.Second
)

// A kubelet begins to read at the head of the kernel's log, and gives whatever it finds there the time of reading: after each start it
// says all kills again that the log still holds, in events of their own, because it remembers none (kubernetes v1.37.2
// third_party/forked/cadvisor/oomparser, third_party/forked/go-kmsg-parser, pkg/kubelet/kubelet.go BirthCry; kubernetes#133260).
const (
	replayWindow = time.Minute     // how long after its start it may still be at it
	rebootWindow = 2 * time.Minute // how long after its start it has told that the machine was booted anew: then the log is new, too
)

// SystemOOM is one kill by the kernel because the whole node was out of memory.
type SystemOOM struct {
	Time    time.Time
	Process string // the victim's name, at most 15 bytes; may be empty
	Event   *corev1.Event
	Old     string // how it is known that it is only said again, or may be; empty for a kill at that time

	pid int
}

// OOMs is what a node's events SystemOOM tell: when it ran out of memory as a whole, and apart from it what is old or may be, since another
// event had said it before of the same process, or a kubelet says it within a minute of its start.
type OOMs struct{ Kills, Old []SystemOOM }

// SystemOOMs reads the events of a node. It may have very many: ask once for each node.
func SystemOOMs(nodeEvents []*corev1.Event) (out OOMs) {
	var starts, boots []time.Time
	var all []SystemOOM
	for _, e := range nodeEvents {
		first, last, _ := kubeevent.Span(e)
		switch said, ok := kubeevent.ParseSystemOOM(e.Message); {
		case e.Reason == "Starting" && strings.HasPrefix(e.Message, "Starting kubelet"):
			starts = append(starts, first, last)
		case e.Reason == "Rebooted":
			boots = append(boots, first, last)
		case e.Reason == "SystemOOM" && ok:
			all = append(all, SystemOOM{Time: first, Process: said.Process, Event: e, pid: said.PID})
			if !first.Equal(last) {
				all = append(all, SystemOOM{Time: last, Process: said.Process, Event: e, pid: said.PID})
			}
		}
	}
	saidBefore(all, boots)
	for i := range all {
		o := &all[i]
		if o.Old == "" {
			o.Old = o.startup(starts, boots)
		}
		if o.Old == "" {
			out.Kills = append(out.Kills, *o)
		} else {
			out.Old = append(out.Old, *o)
		}
	}
	return out
}

// LastSystemOOM is the last kill of SystemOOMs, nil where there was none.
func LastSystemOOM(nodeEvents []*corev1.Event) (last *SystemOOM) {
	kills := SystemOOMs(nodeEvents).Kills
	for i := range kills {
		if last == nil || kills[i].Time.After(last.Time) {
			last = &kills[i]
		}
	}
	return last
}

// saidBefore marks as old what another event had said earlier of the same process. A process dies once; only another boot gives its number
// and name away again.
func saidBefore(all []SystemOOM, boots []time.Time) {
	type victim struct {
		process string
		pid     int
	}
	of := map[victim][]*SystemOOM{}
	for i := range all {
		if o := &all[i]; o.pid != 0 {
			of[victim{o.Process, o.pid}] = append(of[victim{o.Process, o.pid}], o)
		}
	}
	for _, said := range of {
		order.By(said, func(a, b *SystemOOM) int { return a.Time.Compare(b.Time) })
		same := 0 // the first of this time
		for i, o := range said {
			if !said[same].Time.Equal(o.Time) {
				same = i
			}
			last := same - 1
			if last >= 0 && said[last].Event == o.Event { // which says two times at most
				last--
			}
			if last >= 0 && !between(boots, said[last].Time, o.Time.Add(rebootWindow)) {
				o.Old = fmt.Sprintf("old: said of the same process %s before", o.Time.Sub(said[last].Time).Round(time.Second))
			}
		}
	}
}

// startup tells whether the kubelet had just been started, on a machine that had not.
func (o *SystemOOM) startup(starts, boots []time.Time) string {
	for _, s := range starts {
		if !o.Time.Before(s) && o.Time.Sub(s) <= replayWindow && !between(boots, s.Add(-slack), s.Add(rebootWindow)) {
			return fmt.Sprintf("may be old: the kubelet, started %s before, says again what the kernel's log holds", o.Time.Sub(s).Round(time.Second))
		}
	}
	return ""
}

func between(times []time.Time, from, to time.Time) bool {
	for _, t := range times {
		if !t.Before(from) && !t.After(to) {
			return true
		}
	}
	return false
}

// systemOOM is the evidence that the node ran out of memory at a time, and false where no event says so. What is old is shown as such.
func systemOOM(f Facts, at time.Time, window time.Duration) (evidence []finding.Evidence, ok bool) {
	old := f.OOMs.Old
	if o := nearest(f.OOMs.Kills, at, window); o != nil {
		evidence = append(evidence, o.evidence(f))
		for i := range old {
			if old[i].pid == o.pid && old[i].Process == o.Process {
				evidence = append(evidence, old[i].evidence(f))
			}
		}
		return evidence, true
	}
	if o := nearest(old, at, window); o != nil {
		return []finding.Evidence{o.evidence(f)}, false
	}
	return nil, false
}

func nearest(list []SystemOOM, at time.Time, window time.Duration) (best *SystemOOM) {
	for i := range list {
		o := &list[i]
		if !at.IsZero() && o.Time.Sub(at).Abs() <= window && (best == nil || o.Time.Sub(at).Abs() < best.Time.Sub(at).Abs()) {
			best = o
		}
	}
	return best
}

func (o *SystemOOM) evidence(f Facts) finding.Evidence {
	value := o.Event.Message
	if o.Old != "" {
		value += " (" + o.Old + ")"
	}
	return finding.Evidence{
		Object: finding.ObjectRef{Kind: "Node", Name: f.NodeName}, Source: "event SystemOOM", Value: value, Time: finding.At(o.Time),
	}
}
