package probes

// This file puts weeks of metrics beside what a snapshot shows of the starts of a container.

import (
	"math"
	"slices"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/kubectl-scars/kubectl-scars/pkg/analysis"
	"github.com/kubectl-scars/kubectl-scars/pkg/finding"
	"github.com/kubectl-scars/kubectl-scars/pkg/kubeevent"
	"github.com/kubectl-scars/kubectl-scars/pkg/snapshot"
	"github.com/kubectl-scars/kubectl-scars/pkg/startup"
)

// weeks is what weeks of metrics tell of a container, and which versions of its workload had its probes.
type weeks struct {
	past         *startup.Past // nil where they tell nothing
	counts       func(version string) bool
	added        []startup.Start
	others       int
	since        time.Time
	probeAnswers map[kubeevent.Probe]*startup.Answers
}

// weeksOf looks a container of a template up.
func weeksOf(v *snapshot.View, w analysis.Workload, c *corev1.Container, q analysis.Question) *weeks {
	out := &weeks{probeAnswers: map[kubeevent.Probe]*startup.Answers{}}
	if q.Past == nil {
		return out
	}
	ref := analysis.Ref(w.Ref)
	ref.Container = c.Name
	if out.past, _ = q.Past(ref).(*startup.Past); out.past == nil {
		return out
	}
	out.counts = sameVersions(v, w, c, out.past.Versioned())
	for _, probe := range []kubeevent.Probe{kubeevent.Startup, kubeevent.Liveness, kubeevent.Readiness} {
		if a := out.past.Answers(probe, out.counts); a.N() > 0 || a.Failed > 0 {
			out.probeAnswers[probe] = a
		}
	}
	return out
}

// add counts the starts of weeks among those that were measured. own is the container as its pods run it, newest one of them or nil.
func (k *weeks) add(s *starts, w analysis.Workload, own *corev1.Container, newest *corev1.Pod) {
	if newest == nil {
		newest = &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Namespace: w.Ref.Namespace}, Spec: *w.Spec}
	}
	measured := slices.Concat(s.Ready, s.AtMost, s.Killed)
	k.added, k.others = k.past.Starts(own, newest, k.counts, measured)
	for _, t := range k.added {
		if t.Bound != startup.AtMost && (k.since.IsZero() || t.Began.Before(k.since)) {
			k.since = t.Began
		}
	}
	s.Sum = startup.SumOf(slices.Concat(measured, k.added))
}

func (k *weeks) replies() startup.Replies {
	return startup.Replies{Startup: k.probeAnswers[kubeevent.Startup], Liveness: k.probeAnswers[kubeevent.Liveness], Readiness: k.probeAnswers[kubeevent.Readiness]}
}

// answers are the answers to the probes, in the order of numbers.
func (k *weeks) answers() (out []finding.ProbeAnswers) {
	for _, probe := range []struct {
		name  kubeevent.Probe
		field string
	}{{kubeevent.Startup, "startupProbe"}, {kubeevent.Liveness, "livenessProbe"}, {kubeevent.Readiness, "readinessProbe"}} {
		a := k.probeAnswers[probe.name]
		if a == nil {
			continue
		}
		one := finding.ProbeAnswers{Probe: probe.field, From: a.From, To: a.To, Succeeded: max(a.N(), int(math.Round(a.Succeeded))), Failed: int(math.Round(a.Failed))}
		if a.N() > 0 {
			one.P99, one.Slowest = finite(a.Within(0.99)), finite(a.Within(1))
		}
		out = append(out, one)
	}
	return out
}

// finite is an upper bound in milliseconds, nil where there is none.
func finite(_, atMost float64) *int64 {
	if math.IsInf(atMost, 1) {
		return nil
	}
	ms := int64(math.Round(atMost * 1000))
	return &ms
}

func (k *weeks) wire(s starts) finding.Starts {
	out := finding.Starts{Ready: []int64{}, Killed: []int64{}, AtMost: len(s.AtMost), Others: k.others}
	for _, t := range s.Ready {
		out.Ready = append(out.Ready, int64(t.Took/time.Second))
		out.Error = max(out.Error, int64((t.Took-t.Least)/time.Second))
	}
	for _, t := range s.Killed {
		out.Killed = append(out.Killed, int64(t.Took/time.Second))
	}
	for _, t := range k.added {
		if t.Bound != startup.AtMost {
			out.Past++
		}
	}
	if out.Past > 0 {
		out.Since = &k.since
	}
	return out
}
