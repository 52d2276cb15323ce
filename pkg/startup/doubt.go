package startup

// This file doubts that a start ended when it seems to have ended.

import (
	"slices"
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/kubectl-scars/kubectl-scars/pkg/kubeevent"
	"github.com/kubectl-scars/kubectl-scars/pkg/restart"
)

// doubt is why the moment at which the pod's containers were ready need not be the end of this container's start.
func doubt(f restart.Facts, c *corev1.Container, s Start, ready time.Time, held time.Duration) string {
	for _, list := range [][]corev1.Container{f.Pod.Spec.InitContainers, f.Pod.Spec.Containers} {
		for i := range list {
			o := &list[i]
			st, _ := statusOf(f.Pod, o.Name)
			if o.Name == c.Name || st == nil || st.State.Running == nil {
				continue
			}
			if o.ReadinessProbe != nil || o.StartupProbe != nil {
				return besideProbed(o)
			}
			if ready.Sub(st.State.Running.StartedAt.Time) <= slack {
				return "container " + o.Name + " was started at that time"
			}
		}
	}
	if s.Took > longest(c)+slack {
		return "it was rather ready before and lost that"
	}
	p, _ := Governing(c)
	if p == nil {
		p = c.ReadinessProbe
	}
	late := s.Began.Add(restart.BudgetOf(p).Latest)
	symptoms := restart.Symptoms(f.Pod, f.Events, c.Name, kubeevent.Readiness)
	if slices.ContainsFunc(symptoms, func(sy restart.Symptom) bool {
		return sy.Counts() && !sy.Combined && sy.Last.After(late) && !sy.Last.After(ready)
	}) && !failedThroughout(c.ReadinessProbe, s.Began, ready, held, symptoms) {
		return "readiness failed again later"
	}
	return ""
}

// failedThroughout tells whether readiness failed in each attempt from a container's start until it was ready, so that it had not been ready
// and lost that: the first failure is of what may have been the first attempt, none is missing up to the last, and that was followed by those
// that succeeded. Where events under-report, some are missing.
func failedThroughout(p *corev1.Probe, began, ready time.Time, held time.Duration, symptoms []restart.Symptom) bool {
	if p == nil {
		return false
	}
	b := restart.BudgetOf(p)
	var first, last time.Time
	var count int32
	for _, sy := range symptoms {
		switch {
		case !sy.Counts() || sy.Combined || !sy.Last.After(began) || sy.First.After(ready):
			continue
		case sy.First.Before(began) || sy.Last.After(ready):
			return false // of another life as well, or of later
		}
		if first.IsZero() || sy.First.Before(first) {
			first = sy.First
		}
		if sy.Last.After(last) {
			last = sy.Last
		}
		count += sy.Count
	}
	begin := max(held, time.Duration(max(p.InitialDelaySeconds, 0))*time.Second)
	return count > 0 && first.Sub(began) <= begin+b.Period+b.Timeout+slack && ready.Sub(last) <= b.Longest(max(p.SuccessThreshold, 1))+slack &&
		count > int32((last.Sub(first)+b.Period/2)/b.Period)
}

// besideProbed is the doubt where the pod waits for the probes of another container as well.
func besideProbed(o *corev1.Container) string {
	return "container " + o.Name + " has probes too, and the pod is ready with the last"
}

// longest is how long a start may take at the most before it was rather ready, and lost that: by then it would have been killed.
func longest(c *corev1.Container) time.Duration {
	switch {
	case c.StartupProbe != nil && c.ReadinessProbe != nil:
		return restart.BudgetOf(c.StartupProbe).Latest + restart.BudgetOf(c.ReadinessProbe).Latest
	case c.StartupProbe != nil:
		return restart.BudgetOf(c.StartupProbe).Latest
	case c.LivenessProbe != nil && Shown(c):
		return restart.BudgetOf(c.LivenessProbe).Latest
	}
	return believable
}
