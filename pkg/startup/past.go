package startup

// This file reads starts from what a store of metrics remembers of weeks: the same bounds and doubts as of those that a snapshot shows.

import (
	"math"
	"slices"
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/kubectl-scars/kubectl-scars/pkg/finding"
	"github.com/kubectl-scars/kubectl-scars/pkg/kubeevent"
	"github.com/kubectl-scars/kubectl-scars/pkg/restart"
)

// Past is what a store of metrics remembers of one container in all pods of its workload.
type Past struct {
	From, To time.Time // what was asked for
	Lives    []Life    // oldest first
	PodReady bool      // lives were ready when their pod was, which waits for readiness gates as well

	// VersionsUnknown says, in a sentence, why not all pods' versions are known, where they may differ. Empty where they are.
	VersionsUnknown string

	answers map[string]map[string]*Answers // by version and probe
}

// Life is one run of the container.
type Life struct {
	Pod     string
	Version string // the ReplicaSet of a Deployment's pod, the revision of a StatefulSet's; empty where none is known
	Began   time.Time
	Watched bool        // it was seen from its beginning
	Ready   time.Time   // when the pod's containers were ready first in this life; zero where they were not
	Ended   time.Time   // zero where that is not known
	Exit    int         // its exit code
	OOM     bool        // the memory killer ended it
	Beside  []time.Time // starts of other containers of the pod

	// Initialized is when the pod was, in this life; zero where it was not, or that is not known.
	Initialized time.Time
}

// Versioned tells whether the version of any pod is known.
func (p *Past) Versioned() bool {
	return slices.ContainsFunc(p.Lives, func(l Life) bool { return l.Version != "" })
}

// Of are the answers to a probe of pods of a version, to be added to.
func (p *Past) Of(version, probe string) *Answers {
	if p.answers == nil {
		p.answers = map[string]map[string]*Answers{}
	}
	if p.answers[version] == nil {
		p.answers[version] = map[string]*Answers{}
	}
	if p.answers[version][probe] == nil {
		p.answers[version][probe] = &Answers{}
	}
	return p.answers[version][probe]
}

// Answers sums up the answers to a probe of the versions that count.
func (p *Past) Answers(probe kubeevent.Probe, counts func(version string) bool) *Answers {
	out := &Answers{}
	if p == nil {
		return out
	}
	for version, of := range p.answers {
		if a := of[string(probe)]; a != nil && counts(version) {
			out.merge(a)
		}
	}
	return out
}

// The exit codes of a container that was ended from outside: 128 and SIGKILL or SIGTERM.
const (
	killed     = 137
	terminated = 143
)

// Starts are those of a container that has these probes, as the pod runs it, in the versions that count and without those that were measured
// already. It tells how many were of other versions.
func (p *Past) Starts(c *corev1.Container, pod *corev1.Pod, counts func(version string) bool, measured []Start) (out []Start, others int) {
	if p == nil {
		return nil, 0
	}
	failures := p.Answers(kubeevent.Startup, counts).Failed
	governing, name := Governing(c)
	if name == kubeevent.Liveness {
		failures = p.Answers(kubeevent.Liveness, counts).Failed
	}
	counted := len(p.answers) > 0 // otherwise nobody counts failures
	for _, l := range p.Lives {
		same := func(s Start) bool { return s.Pod.Name == l.Pod && s.Began.Sub(l.Began).Abs() <= slack }
		if l.Ready.IsZero() && l.Ended.IsZero() && l.Initialized.IsZero() || slices.ContainsFunc(measured, same) {
			continue
		}
		if !counts(l.Version) {
			others++
			continue
		}
		s := Start{Pod: finding.ObjectRef{Kind: "Pod", Namespace: pod.Namespace, Name: l.Pod, Container: c.Name}, Began: l.Began}
		switch {
		case l.Watched && initializes(pod, c) && s.initialized(c, l.Initialized):
		case !l.Ready.IsZero() && (c.ReadinessProbe != nil || c.StartupProbe != nil):
			s.Bound = Within
			s.Took, s.Least = bounds(c, l.Ready.Sub(l.Began), heldBack(pod, c, l.Began, l.Ready, l.Beside))
			if s.Why = p.doubt(l, c, pod, s); s.Why != "" {
				s.Bound, s.Least = AtMost, 0
			}
		case l.Ready.IsZero() && governing != nil && l.cutShort(pod, c, governing, name) && (failures > 0 || !counted):
			b, grace := restart.BudgetOf(governing), restart.Grace(pod, c.Name, causeOf(name))
			s.Bound, s.Life = AtLeast, l.Ended.Sub(l.Began)
			s.Took = min(s.Life, max(b.Guaranteed, s.Life-grace-slack))
			s.Least = s.Took
		default:
			continue
		}
		out = append(out, s)
	}
	return out, others
}

// cutShort tells whether a life that was never ready ended from outside, not for its memory, when the governing probe would end it.
func (l Life) cutShort(pod *corev1.Pod, c *corev1.Container, governing *corev1.Probe, name kubeevent.Probe) bool {
	return l.Watched && !l.OOM && (l.Exit == killed || l.Exit == terminated) &&
		clocked(restart.BudgetOf(governing), restart.Grace(pod, c.Name, causeOf(name)), l.Ended.Sub(l.Began))
}

// doubt is why the moment at which the pod's containers were ready need not be the end of a container's start.
func (p *Past) doubt(l Life, c *corev1.Container, pod *corev1.Pod, s Start) string {
	for _, list := range [][]corev1.Container{pod.Spec.InitContainers, pod.Spec.Containers} {
		for i := range list {
			if o := &list[i]; o.Name != c.Name && (o.ReadinessProbe != nil || o.StartupProbe != nil) {
				return besideProbed(o)
			}
		}
	}
	switch {
	case p.PodReady && len(pod.Spec.ReadinessGates) > 0:
		return "only when its pod was ready is known, which waits for readiness gates as well"
	case !l.Watched:
		return "it was not seen from its beginning, and may have been ready before"
	case slices.ContainsFunc(l.Beside, func(at time.Time) bool { return l.Ready.Sub(at).Abs() <= slack }):
		return "another container of its pod was started at that time"
	case s.Took > longest(c)+slack:
		return "it was rather ready before and lost that"
	}
	return ""
}

// causeOf is the cause of a death by a probe.
func causeOf(name kubeevent.Probe) restart.Cause {
	return map[kubeevent.Probe]restart.Cause{kubeevent.Startup: restart.Startup, kubeevent.Liveness: restart.Liveness}[name]
}

// Answers is how many attempts of a probe succeeded and failed, and how long it took those that succeeded, of which the kubelet tells no
// more than between which bounds.
type Answers struct {
	From, To          time.Time // when they were counted
	Succeeded, Failed float64

	within map[float64]float64 // how many did not take longer, by bounds in seconds
}

// Seen tells that they were counted from one time to another.
func (a *Answers) Seen(from, to time.Time) {
	if a.From.IsZero() || from.Before(a.From) {
		a.From = from
	}
	if to.After(a.To) {
		a.To = to
	}
}

// Add counts attempts that succeeded within a bound; those of a higher bound hold those of the lower.
func (a *Answers) Add(bound, n float64) {
	if a.within == nil {
		a.within = map[float64]float64{}
	}
	a.within[bound] += n
}

func (a *Answers) merge(b *Answers) {
	if !b.From.IsZero() {
		a.Seen(b.From, b.To)
	}
	a.Succeeded, a.Failed = a.Succeeded+b.Succeeded, a.Failed+b.Failed
	for bound, n := range b.within {
		a.Add(bound, n)
	}
}

// N is how many have a duration.
func (a *Answers) N() int { return int(math.Round(a.within[math.Inf(1)])) }

// Within is the bounds between which the duration lies that a share of them did not exceed, in seconds; 1 is the slowest. The upper is
// infinite above the kubelet's highest.
func (a *Answers) Within(share float64) (above, atMost float64) {
	bounds := make([]float64, 0, len(a.within))
	for b := range a.within {
		bounds = append(bounds, b)
	}
	slices.Sort(bounds)
	wanted := share*a.within[math.Inf(1)] - 0.5 // counts are whole, and sums of them nearly
	for i, b := range bounds {
		if a.within[b] >= wanted {
			if i > 0 {
				above = bounds[i-1]
			}
			return above, b
		}
	}
	return 0, math.Inf(1)
}
