package restart

// This file reads the kubelet's events Killing and ties each to the end that it brought about. An event stands for many kills of the
// same text, and shows only when the first and the last were decided.

import (
	"fmt"
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/kubectl-scars/kubectl-scars/pkg/finding"
	"github.com/kubectl-scars/kubectl-scars/pkg/kubeevent"
)

type kill struct {
	event       *corev1.Event
	container   string
	cause       kubeevent.KillCause
	first, last time.Time
	count, left int32 // how often it was said, and how many of these no end in the status accounts for
}

func killsOf(f Facts) []*kill {
	var out []*kill
	for _, e := range f.Events {
		if e.Reason != "Killing" {
			continue
		}
		said := kubeevent.ParseKilling(e.Message)
		k := &kill{event: e, container: said.Container, cause: said.Cause}
		if k.container == "" {
			k.container = kubeevent.Container(e)
		}
		if k.container == "" || k.cause == kubeevent.KilledOtherwise {
			continue
		}
		k.first, k.last, k.count = kubeevent.Span(e)
		k.left = k.count
		out = append(out, k)
	}
	return out
}

// killFor finds the kill that ended this life: one that was decided within it. It is exact where the event shows that very moment, and
// not where the moment lies between the first and the last that the event shows.
func killFor(kills []*kill, d Death) (best *kill, exact bool) {
	if d.Finished.IsZero() || d.Started.IsZero() {
		return nil, false
	}
	within := func(t time.Time) bool { return !t.Before(d.Started) && !t.After(d.Finished.Add(slack)) }
	for _, k := range kills {
		if k.container != d.Pod.Container || k.left <= 0 {
			continue
		}
		switch hit := within(k.last) || within(k.first); {
		case hit && (best == nil || !exact || k.last.Before(best.last)):
			best, exact = k, true
		case best == nil && k.count > 2 && k.first.Before(d.Started) && k.last.After(d.Finished):
			best = k
		}
	}
	return best, exact
}

// at is the moment of the kill that lies in this life.
func (k *kill) at(d Death) time.Time {
	if k.last.After(d.Finished.Add(slack)) {
		return k.first
	}
	return k.last
}

func (k *kill) becomes() Cause {
	switch k.cause {
	case kubeevent.KilledByLiveness:
		return Liveness
	case kubeevent.KilledByStartup:
		return Startup
	case kubeevent.KilledByPostStart:
		return PostStart
	case kubeevent.KilledForChange, kubeevent.KilledForResize:
		return Changed
	default:
		return PodStopped
	}
}

// detail says how the end followed the decision.
func (k *kill) detail(f Facts, d Death) string {
	if d.ExitCode != exitKilled || f.Pod == nil || !d.FromStatus {
		return ""
	}
	return fmt.Sprintf("it did not end on SIGTERM within %s", Grace(f.Pod, d.Pod.Container, k.becomes()))
}

func (k *kill) evidence(f Facts) finding.Evidence {
	return finding.Evidence{
		Object: f.ref(k.container), Source: "event Killing", Value: k.event.Message, Time: finding.At(k.last), Count: k.count,
	}
}

// death is what only the event tells of: the lives before those that the status holds, or the pod's that has been replaced.
func (k *kill) death(f Facts) Death {
	d := Death{
		Pod: f.ref(k.container), Kind: kindOf(f.Pod, k.container), Cause: k.becomes(), Confidence: finding.Proven,
		First: k.first, Finished: k.last, Count: k.left,
	}
	if k.left < k.count && k.left == 1 {
		d.Finished = k.first // the last one is accounted for
	}
	d.Evidence = []finding.Evidence{k.evidence(f)}
	return d
}

// graceRanOut tells whether SIGKILL came because SIGTERM was ignored: about the grace period after the decision.
func (d Death) graceRanOut(f Facts, c container, k *kill) bool {
	grace := Grace(f.Pod, c.status.Name, k.becomes())
	return d.Finished.Sub(k.at(d)) >= grace-slack
}

// Grace is how long the kubelet waits between SIGTERM and SIGKILL: a probe's own terminationGracePeriodSeconds for a kill by that
// probe, else that of the deletion or of the pod, and never less than 2 s (kubernetes v1.37.2
// pkg/kubelet/kuberuntime/kuberuntime_container.go). The preStop hook runs within it.
func Grace(p *corev1.Pod, name string, cause Cause) time.Duration {
	seconds := int64(corev1.DefaultTerminationGracePeriodSeconds)
	if p == nil {
		return time.Duration(seconds) * time.Second
	}
	if s := p.Spec.TerminationGracePeriodSeconds; s != nil {
		seconds = *s
	}
	c := specOf(p.Spec.Containers, name)
	if c == nil {
		c = specOf(p.Spec.InitContainers, name)
	}
	if c != nil {
		probe := map[Cause]*corev1.Probe{Liveness: c.LivenessProbe, Startup: c.StartupProbe}[cause]
		if probe != nil && probe.TerminationGracePeriodSeconds != nil {
			seconds = *probe.TerminationGracePeriodSeconds
		}
	}
	if s := p.DeletionGracePeriodSeconds; s != nil {
		seconds = *s
	}
	return time.Duration(min(max(seconds, 2), int64(forever/time.Second))) * time.Second
}
