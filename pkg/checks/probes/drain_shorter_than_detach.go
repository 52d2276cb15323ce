package probes

// This file finds pods that end before the Services in front of them have heard of it.

import (
	"fmt"

	corev1 "k8s.io/api/core/v1"

	"github.com/kubectl-scars/kubectl-scars/pkg/analysis"
	"github.com/kubectl-scars/kubectl-scars/pkg/finding"
	"github.com/kubectl-scars/kubectl-scars/pkg/restart"
	"github.com/kubectl-scars/kubectl-scars/pkg/snapshot"
)

// DrainShorterThanDetach is probes/drain-shorter-than-detach.
var DrainShorterThanDetach = &analysis.Check{
	ID: "probes/drain-shorter-than-detach",
	Doc: analysis.Doc{
		Title:    "Pods are killed before the Services in front of them let go",
		Symptom:  "Each rollout, drain and scale-down cuts some connections or has them refused.",
		Evidence: "A Service targets a port of a container without preStop, in pods whose terminationGracePeriodSeconds is below 5 s: info, proven by the spec.",
		Why:      "Endpoints are taken out of each node's rules at the same time as SIGTERM is sent, and that takes about a second or more, longer for load balancers. What is killed before that still gets requests.",
		Fix:      "Give the pod 30 s, and let the program go on serving for some seconds after SIGTERM, or sleep so long in preStop.",
		Limits:   "Whether a program goes on serving after SIGTERM is not in the API, so only a grace period that no program could use is told.",
		Sources:  []string{"Kubernetes documentation, Pod Lifecycle: Termination of Pods", "KEP-3960 (preStop sleep)"},
	},
	Inputs: specInputs(analysis.Need(snapshot.Services)),
	Run:    drainShorterThanDetach,
}

const shortestDrain = 5 // seconds

func drainShorterThanDetach(p *analysis.Pass) error {
	services := servicesByReadiness(p)
	if len(services) == 0 {
		return nil
	}
	eachSpec(p, func(s *spec) {
		grace := s.spec.TerminationGracePeriodSeconds
		if grace == nil || *grace >= shortestDrain {
			return
		}
		var container *corev1.Container
		var behind *corev1.Service
		for _, svc := range services.behind(s) {
			for _, port := range svc.Spec.Ports {
				if c := s.serves(port); c != nil && (c.Lifecycle == nil || c.Lifecycle.PreStop == nil) && behind == nil {
					container, behind = c, svc
				}
			}
		}
		if behind == nil {
			return
		}
		p.Report(finding.Finding{
			Severity: finding.Info, Confidence: finding.Proven, Object: s.object(container.Name),
			Message: fmt.Sprintf("pods behind Service %s are killed %s after SIGTERM, before every node has stopped sending them requests: container %s has no preStop",
				behind.Name, restart.Grace(&corev1.Pod{Spec: *s.spec}, container.Name, restart.PodStopped), container.Name),
			Evidence: []finding.Evidence{
				s.says("", s.path+".terminationGracePeriodSeconds", fmt.Sprint(*grace)),
				{Object: analysis.RefTo("Service", behind), Source: "spec.selector", Value: "selects the pods"},
			},
			Fix: []finding.Fix{{Text: "Raise terminationGracePeriodSeconds to 30, and serve for some seconds after SIGTERM or sleep so long in preStop"}},
		})
	})
	return nil
}
