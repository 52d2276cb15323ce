package probes

// The view "probes timeline": what became of a workload's replicas over time. It guesses nothing: what neither the status nor an event
// tells is left open.

import (
	"cmp"
	"slices"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/kubectl-scars/kubectl-scars/pkg/analysis"
	"github.com/kubectl-scars/kubectl-scars/pkg/finding"
	"github.com/kubectl-scars/kubectl-scars/pkg/order"
	"github.com/kubectl-scars/kubectl-scars/pkg/snapshot"
)

// Timeline is the view "probes timeline".
var Timeline = &analysis.View{
	ID:    "probes/timeline",
	Short: "Show when each replica of a workload was starting, ready, unready, killed or waiting, and what else happened then",
	Args:  "[TYPE/NAME ...]",
	Long: `One row for each replica, those in trouble first, then the replaced ones of which events are left; above them the rollouts and the nodes
that reported trouble. Time runs from left to right and ends now.

Status holds the last end of a container and the last change of a condition, events live 1 h by default and show the first and the last of
many. What lies between is unknown, and drawn so.`,
	Example: `  # One workload
  kubectl scars probes timeline deployment/web

  # Every replica, and where each mark comes from
  kubectl scars probes timeline deployment/web -o wide
  kubectl scars probes timeline deployment/web -o yaml`,
	Takes: []snapshot.Kind{
		snapshot.Deployments, snapshot.StatefulSets, snapshot.DaemonSets, snapshot.ReplicaSets, snapshot.Jobs, snapshot.Pods,
	},
	Inputs: analysis.PodInputs(analysis.Optional(snapshot.Events), analysis.Optional(snapshot.Nodes)),
	Make:   timeline,
}

func timeline(v *snapshot.View, q analysis.Question) finding.View {
	out := &finding.ProbesTimeline{ViewHead: finding.NewHead(finding.ProbesTimelineKind), Workloads: []finding.Timeline{}}
	for _, w := range v.Workloads() {
		ref := analysis.Ref(w)
		asked := slices.ContainsFunc(q.Subjects, func(s finding.ObjectRef) bool {
			return s.SameObject(ref) || slices.ContainsFunc(v.PodsOf(w), func(p *corev1.Pod) bool { return s.SameObject(analysis.RefTo("Pod", p)) || ownedBy(p, s) })
		})
		if len(q.Subjects) > 0 && !asked {
			continue
		}
		t := timelineOf(v, w)
		if len(q.Subjects) == 0 && !slices.ContainsFunc(t.Replicas, inTrouble) {
			continue // without a name, only what has something to tell
		}
		out.Workloads = append(out.Workloads, t)
		if v.Complete(snapshot.Events, w.Namespace) == snapshot.Unknown {
			out.CannotSay = append(out.CannotSay, finding.Gap{Check: "probes/timeline", Object: ref, Reason: "what events told of its replicas: they were not read completely"})
		}
	}
	order.By(out.Workloads, func(a, b finding.Timeline) int { return finding.CompareObjects(a.Object, b.Object) })
	return out
}

// How far back a picture reaches: as long as events live, or, where nothing happened since, a day.
const (
	usualReach = time.Hour
	longReach  = 24 * time.Hour
)

func timelineOf(v *snapshot.View, w snapshot.Ref) finding.Timeline {
	now := v.Now().UTC()
	t := finding.Timeline{Object: analysis.Ref(w), To: now, Rollouts: []finding.TimelineMark{}, Nodes: []finding.TimelineRow{}, Replicas: []finding.TimelineRow{}}
	for _, inc := range v.Incarnations(w) {
		t.Replicas = append(t.Replicas, replicaRow(v, w, inc))
	}
	t.Rollouts = rollouts(v, w)
	t.Nodes = nodeRows(v, t.Replicas)
	order.By(t.Replicas, func(a, b finding.TimelineRow) int {
		return cmp.Or(compareFalseFirst(a.Gone, b.Gone), -compareFalseFirst(inTrouble(a), inTrouble(b)), cmp.Compare(a.Object.Name, b.Object.Name))
	})
	t.From = begin(t, now)
	return t
}

// begin is where the picture begins: a little before the first thing that happened within reach, or as far back as that where some trouble has
// lasted for longer.
func begin(t finding.Timeline, now time.Time) time.Time {
	var times []time.Time
	lasts := false // over the whole of the usual reach
	lasting := func(from, to time.Time) {
		lasts = lasts || !from.IsZero() && now.Sub(from) > usualReach && now.Sub(to) < usualReach
	}
	add := func(marks []finding.TimelineMark) {
		for _, m := range marks {
			times = append(times, m.First, m.Last)
			lasting(m.First, m.Last)
		}
	}
	add(t.Rollouts)
	for _, r := range slices.Concat(t.Nodes, t.Replicas) {
		add(r.Marks)
		for _, s := range r.Spans {
			times = append(times, s.From)
			if s.State == finding.TimelineUnready || s.State == finding.TimelineBackOff {
				lasting(s.From, s.To)
			}
		}
	}
	if lasts && slices.ContainsFunc(times, func(at time.Time) bool { return now.Sub(at) <= usualReach && at.Before(now) }) {
		return now.Add(-usualReach)
	}
	for _, reach := range []time.Duration{usualReach, longReach} {
		first := time.Time{}
		for _, at := range times {
			if !at.IsZero() && now.Sub(at) <= reach && at.Before(now) && (first.IsZero() || at.Before(first)) {
				first = at
			}
		}
		if !first.IsZero() {
			return first.Add(-max(now.Sub(first)/20, time.Second)).Truncate(time.Second)
		}
	}
	return now.Add(-usualReach)
}

// inTrouble tells whether something happened to a replica that a healthy one is spared.
func inTrouble(r finding.TimelineRow) bool {
	return slices.ContainsFunc(r.Marks, func(m finding.TimelineMark) bool {
		return m.Mark == finding.MarkKilled || m.Mark == finding.MarkBackOff
	}) ||
		slices.ContainsFunc(r.Spans, func(s finding.TimelineSpan) bool {
			return s.State == finding.TimelineUnready || s.State == finding.TimelineBackOff
		})
}

func compareFalseFirst(a, b bool) int {
	switch {
	case a == b:
		return 0
	case b:
		return -1
	default:
		return 1
	}
}

// timelineFix is how to see when each replica was what, where one line cannot tell; nothing for what the view does not take.
func timelineFix(w snapshot.Ref) []finding.Fix {
	if !slices.Contains([]string{"Deployment", "StatefulSet", "DaemonSet", "ReplicaSet", "Job", "Pod"}, w.Kind) {
		return nil
	}
	return []finding.Fix{{
		Text:    "See what happened when",
		Command: finding.Kubectl("", "scars", "probes", "timeline", strings.ToLower(w.Kind)+"/"+w.Name, "-n", w.Namespace),
	}}
}
