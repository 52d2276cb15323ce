package restart

// This file knows what a probe allows and what its failures say.

import (
	"cmp"
	"fmt"
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/kubectl-scars/kubectl-scars/pkg/finding"
	"github.com/kubectl-scars/kubectl-scars/pkg/kubeevent"
	"github.com/kubectl-scars/kubectl-scars/pkg/order"
)

// Budget is what a probe allows, counted from the container's start. The probe's clock is not reset by a restart, so that the first
// check lies anywhere in [delay, delay+period). One worker makes the attempts of a probe one after the other, and its ticker keeps one tick
// that passes meanwhile and drops the others: after an attempt that was waited for longer than a period the next follows at once, after any
// other at the next tick. So attempts begin at most max(period, timeout) apart (kubernetes v1.37.2 pkg/kubelet/prober/worker.go, run).
// Failures of a life that ended by itself are not forgotten: in the next, what is left of failureThreshold is enough (ibid., doProbe).
type Budget struct {
	Guaranteed time.Duration // never killed before: delay + (failures-1)·period, as attempts may fail at once
	Latest     time.Duration // killed by then at the latest: delay + Longest(failures)
	Period     time.Duration
	Timeout    time.Duration
	Failures   int32
}

// BudgetOf computes a probe's budget. Fields that are zero have the server's defaults (a manifest may leave them out).
func BudgetOf(p *corev1.Probe) Budget {
	seconds := func(n, otherwise int32) time.Duration {
		return min(time.Duration(cmp.Or(max(n, 0), otherwise))*time.Second, forever)
	}
	b := Budget{Period: seconds(p.PeriodSeconds, 10), Timeout: seconds(p.TimeoutSeconds, 1), Failures: cmp.Or(max(p.FailureThreshold, 0), 3)}
	delay := seconds(p.InitialDelaySeconds, 0)
	b.Guaranteed = delay + b.Attempts(b.Failures-1)
	b.Latest = delay + b.Longest(b.Failures)
	return b
}

// forever is what a probe never waits for. The server takes any positive int32 for each field (kubernetes v1.37.2
// pkg/apis/core/validation/validation.go, validateProbe), and their product is more than a Duration holds.
const forever = 10 * 365 * 24 * time.Hour

// Attempts is how long so many attempts take at the probe's period.
func (b Budget) Attempts(n int32) time.Duration { return times(n, b.Period) }

// Apart is how far so many attempts may lie apart: each is waited for until its time-out, where that is longer than the period.
func (b Budget) Apart(n int32) time.Duration { return times(n, max(b.Period, b.Timeout)) }

// Longest is how long so many attempts in a row take at most, from any moment on until the last has ended: up to a period until the first,
// and the last may take as long as its time-out. Where the time-out is no longer than the period that is n·period + timeout.
func (b Budget) Longest(n int32) time.Duration { return b.Period + b.Apart(n-1) + b.Timeout }

func times(n int32, each time.Duration) time.Duration {
	if each > 0 && time.Duration(n) > forever/each {
		return forever
	}
	return time.Duration(n) * each
}

// Symptom is one kind of failure of a probe, as its events show it.
type Symptom struct {
	kubeevent.Unhealthy
	First, Last time.Time
	Count       int32
	Event       *corev1.Event
}

// Symptoms lists what events say of a container's probe, most frequent first. An event that does not name its container speaks of the only
// one of the pod that has such a probe; of a pod that is gone that is not known.
func Symptoms(pod *corev1.Pod, events []*corev1.Event, name string, probe kubeevent.Probe) []Symptom {
	var out []Symptom
	asks := probeIn(pod, name, probe)
	for i, e := range events {
		if e.Reason != "Unhealthy" {
			continue
		}
		u, ok := kubeevent.ParseUnhealthy(e.Message)
		if c := kubeevent.Container(e); !ok || u.Probe != probe || c != "" && c != name || c == "" && !u.Combined && !sole(pod, name, probe) {
			continue
		}
		if out == nil {
			out = make([]Symptom, 0, min(len(events)-i, 8)) // mostly all that there will be
		}
		s := Symptom{Unhealthy: u.By(asks), Event: e}
		s.First, s.Last, s.Count = kubeevent.Span(e)
		out = append(out, s)
	}
	order.By(out, func(a, b Symptom) int {
		if c := cmp.Or(cmp.Compare(b.Count, a.Count), b.Last.Compare(a.Last)); c != 0 {
			return c
		}
		return cmp.Or(cmp.Compare(a.Event.Message, b.Event.Message), cmp.Compare(a.Event.Name, b.Event.Name))
	})
	return out
}

// sole tells whether no other container of a pod has a probe of that name.
func sole(pod *corev1.Pod, name string, probe kubeevent.Probe) bool {
	if pod == nil {
		return true
	}
	for _, list := range [][]corev1.Container{pod.Spec.InitContainers, pod.Spec.Containers} {
		for i := range list {
			if list[i].Name != name && ProbeOf(&list[i], probe) != nil {
				return false
			}
		}
	}
	return true
}

// probeIn is a probe of a container of a pod, nil where it has none or is gone.
func probeIn(pod *corev1.Pod, name string, probe kubeevent.Probe) *corev1.Probe {
	if pod == nil {
		return nil
	}
	for _, list := range [...][]corev1.Container{pod.Spec.InitContainers, pod.Spec.Containers} {
		for i := range list {
			if list[i].Name == name {
				return ProbeOf(&list[i], probe)
			}
		}
	}
	return nil
}

// ProbeOf is a probe of a container, nil where it has none.
func ProbeOf(c *corev1.Container, probe kubeevent.Probe) *corev1.Probe {
	switch probe {
	case kubeevent.Liveness:
		return c.LivenessProbe
	case kubeevent.Startup:
		return c.StartupProbe
	default:
		return c.ReadinessProbe
	}
}

// Steady tells whether each hour of the failures has as many as make a probe with such a budget act, and two.
func (s Symptom) Steady(b Budget) bool {
	hours := (s.Last.Sub(s.First) + time.Hour - 1) / time.Hour
	return time.Duration(s.Count) >= hours*time.Duration(max(b.Failures, 2))
}

// Evidence quotes the event.
func (s Symptom) Evidence(pod finding.ObjectRef) finding.Evidence {
	return finding.Evidence{Object: pod, Source: "event Unhealthy", Value: s.Event.Message, Time: finding.At(s.Last), Count: s.Count}
}

// String says what the failure was, in a few words.
func (s Symptom) String() string {
	switch s.Class {
	case kubeevent.HTTPStatus:
		return fmt.Sprintf("HTTP %d", s.Status)
	case kubeevent.Refused:
		return "connection refused"
	case kubeevent.ConnectTimeout, kubeevent.GRPCConnect:
		return "no connection in time"
	case kubeevent.ResponseTimeout:
		return "no answer in time"
	case kubeevent.Scheme:
		return "HTTP and HTTPS mixed up"
	case kubeevent.Reset:
		return "connection cut"
	case kubeevent.RedirectLoop:
		return "endless redirects"
	case kubeevent.ExecTimeout:
		return "time-out"
	case kubeevent.ExecExit:
		return "exit code other than 0"
	case kubeevent.GRPC:
		return "not serving"
	case kubeevent.GRPCNoService:
		return "no such health service"
	default:
		return string(s.Class)
	}
}

// byProbeFailures attributes an end by a signal to a probe whose failures counted just before it, where no event Killing is left.
// As many failures as the threshold asks for are strong, fewer only consistent: the kubelet's events under-report. Of an event that began before
// the failures that kill can have begun only the last is known to lie there, unless each hour of it has as many as kill.
func byProbeFailures(f Facts, c container, d Death) (Cause, finding.Confidence, []finding.Evidence) {
	if c.spec == nil || d.Finished.IsZero() {
		return "", "", nil
	}
	for _, try := range []struct {
		cause Cause
		probe *corev1.Probe
		name  kubeevent.Probe
	}{{Liveness, c.spec.LivenessProbe, kubeevent.Liveness}, {Startup, c.spec.StartupProbe, kubeevent.Startup}} {
		if try.probe == nil {
			continue
		}
		b := BudgetOf(try.probe)
		grace := Grace(f.Pod, c.status.Name, try.cause) + slack
		from, begun := d.Finished.Add(-grace-b.Period-b.Timeout), d.Finished.Add(-grace-b.Longest(b.Failures))
		var evidence []finding.Evidence
		var failures int32
		for _, s := range Symptoms(f.Pod, f.Events, c.status.Name, try.name) {
			if s.Counts() && !s.Combined && s.Last.After(from) && !s.Last.After(d.Finished.Add(slack)) {
				if s.First.Before(begun) && !s.Steady(b) {
					failures++
				} else {
					failures += s.Count
				}
				evidence = append(evidence, s.Evidence(d.Pod))
			}
		}
		if failures >= b.Failures {
			return try.cause, finding.Strong, evidence
		}
		if failures > 0 {
			return try.cause, finding.Consistent, evidence
		}
	}
	return "", "", nil
}
