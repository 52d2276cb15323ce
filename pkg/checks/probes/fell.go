package probes

// This file finds that all pods behind a Service lost their readiness together.

import (
	"fmt"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/kubectl-scars/kubectl-scars/pkg/analysis"
	"github.com/kubectl-scars/kubectl-scars/pkg/finding"
	"github.com/kubectl-scars/kubectl-scars/pkg/kubeevent"
	"github.com/kubectl-scars/kubectl-scars/pkg/restart"
)

// fellTogether says that the pods, at least two, lost their readiness within the time that their probe takes to notice, all with the same
// answer, while their containers ran on; empty where it was not so, or events do not tell.
func fellTogether(p *analysis.Pass, pods []*corev1.Pod) (text string, evidence []finding.Evidence) {
	if len(pods) < 2 {
		return "", nil
	}
	var first, last *corev1.Pod
	how, notices := "", time.Duration(0)
	for _, pod := range pods {
		words, takes := lostReadiness(pod, p.EventsOf("Pod", pod))
		if words == "" || how != "" && words != how {
			return "", nil
		}
		how, notices = words, max(notices, takes)
		if first == nil || turned(pod).Before(turned(first)) {
			first = pod
		}
		if last == nil || turned(pod).After(turned(last)) {
			last = pod
		}
	}
	span := turned(last).Sub(turned(first))
	if span > notices {
		return "", nil
	}
	for _, pod := range []*corev1.Pod{first, last} {
		evidence = append(evidence, finding.Evidence{
			Object: analysis.RefTo("Pod", pod), Source: "status.conditions[Ready]", Value: "False since " + turned(pod).UTC().Format(time.RFC3339), Time: finding.At(turned(pod)),
		})
	}
	all, each := "both", "both"
	if len(pods) > 2 {
		all, each = fmt.Sprintf("all %d", len(pods)), "all"
	}
	return fmt.Sprintf("readiness of %s fell %s, %s with %s: what they share fails, and this Service with it", all, within(span), each, how), evidence
}

// within says how near in time the last of several is to the first.
func within(span time.Duration) string {
	if span < time.Second {
		return "at once"
	}
	return "within " + analysis.Span(span)
}

// lostReadiness says how the readiness probe of a pod took away the readiness that it had, where nothing else did, and how long that may take.
func lostReadiness(pod *corev1.Pod, events []*corev1.Event) (words string, takes time.Duration) {
	at := turned(pod)
	if neverReady(pod) || at.IsZero() {
		return "", 0
	}
	others := false
	eachStatus(pod, func(c *corev1.Container, init bool, st *corev1.ContainerStatus) {
		if st.Ready || init && !sidecar(c) {
			return
		}
		if c.ReadinessProbe == nil || st.State.Running == nil || !st.State.Running.StartedAt.Time.Add(lostAfter).Before(at) || words != "" {
			others = true // it does not run, was restarted, or is not the only one
			return
		}
		b := restart.BudgetOf(c.ReadinessProbe)
		takes = b.Longest(b.Failures)
		for _, s := range restart.Symptoms(pod, events, c.Name, kubeevent.Readiness) {
			if s.Counts() && !s.Combined && !s.Last.Before(at.Add(-takes)) {
				words = strings.TrimSuffix(strings.TrimPrefix(because(s.String(), c.ReadinessProbe), " ("), ")")
				break
			}
		}
	})
	if others {
		return "", 0
	}
	return words, takes
}

// turned is when the condition Ready last changed.
func turned(pod *corev1.Pod) time.Time {
	for _, c := range pod.Status.Conditions {
		if c.Type == corev1.PodReady {
			return c.LastTransitionTime.Time
		}
	}
	return time.Time{}
}
