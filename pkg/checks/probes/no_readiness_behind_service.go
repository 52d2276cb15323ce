package probes

// This file finds containers that a Service sends requests to without asking them whether they are ready.

import (
	"fmt"
	"slices"

	corev1 "k8s.io/api/core/v1"

	"github.com/kubectl-scars/kubectl-scars/pkg/analysis"
	"github.com/kubectl-scars/kubectl-scars/pkg/finding"
	"github.com/kubectl-scars/kubectl-scars/pkg/kubeevent"
	"github.com/kubectl-scars/kubectl-scars/pkg/snapshot"
)

// NoReadinessBehindService is probes/no-readiness-behind-service.
var NoReadinessBehindService = &analysis.Check{
	ID: "probes/no-readiness-behind-service",
	Doc: analysis.Doc{
		Title:    "A container behind a Service has no readiness probe",
		Symptom:  "Each rollout and each restart fails some requests with refused connections, and nothing else shows it.",
		Evidence: "A Service selects the pods and targets a port of the container, which has neither a readiness nor a startup probe: info, proven by the spec. A warning where the liveness probe asks that port too and was refused a connection within the last 15 min: the pod counted as ready, and nothing listened (strong).",
		Why:      "Without a probe a container is ready the moment its process exists. Requests arrive before it listens, and a rollout goes on over replicas that never served.",
		Fix:      "Add a readinessProbe that asks the port that the Service targets.",
		Limits:   "Silent for Services without a selector, of type ExternalName or with publishNotReadyAddresses, for a port that no container declares where there are several, for probes that a mesh has rewritten and of which it does not say what they were, and for a container with a startupProbe, which holds back requests while it starts.",
		Sources:  []string{"k8s.io/api core/v1 Container.readinessProbe", "kubernetes v1.37.2 staging/src/k8s.io/endpointslice"},
	},
	Inputs: specInputs(analysis.Need(snapshot.Services), analysis.Optional(snapshot.Events)),
	Run:    noReadinessBehindService,
}

func noReadinessBehindService(p *analysis.Pass) error {
	services := servicesByReadiness(p)
	if len(services) == 0 {
		return nil
	}
	eachSpec(p, func(s *spec) {
		var said []*corev1.Container
		for _, svc := range services.behind(s) {
			for _, port := range svc.Spec.Ports {
				c := s.serves(port)
				if c == nil || c.ReadinessProbe != nil || c.StartupProbe != nil || byMesh(c.LivenessProbe) || slices.Contains(said, c) {
					continue
				}
				said = append(said, c)
				unasked(p, s, c, svc, portOf(c, port))
			}
		}
	})
	return nil
}

// unasked reports a container that nobody asks whether it is ready. port is the first of its ports that the Service targets.
func unasked(p *analysis.Pass, s *spec, c *corev1.Container, svc *corev1.Service, port int32) {
	container := c.Name
	f := finding.Finding{
		Severity: finding.Info, Confidence: finding.Proven, Object: s.object(container),
		Message: fmt.Sprintf("container %s gets requests of Service %s as soon as its process starts: it has no readiness probe", container, svc.Name),
		Evidence: []finding.Evidence{
			s.says(container, s.field(c, "readinessProbe"), "none"),
			{Object: analysis.RefTo("Service", svc), Source: "spec.selector", Value: "selects the pods; publishNotReadyAddresses is false"},
		},
	}
	// What liveness finds on another port, for example an administrator's, says nothing of the one that gets the requests.
	same := slices.ContainsFunc(svc.Spec.Ports, func(of corev1.ServicePort) bool {
		return c.LivenessProbe != nil && s.serves(of) == c && portOf(c, of) == asked(c, c.LivenessProbe)
	})
	fix := finding.Fix{Text: fmt.Sprintf("Add a readinessProbe that asks port %d, which the Service targets, whether this replica can serve", port)}
	if fields := fieldsOf(c.LivenessProbe); same && fields != nil {
		fix.Text = "Ask for readiness too: with the handler of liveness to begin with, better by itself"
		fix.Command = patch(s.workload, container, sidecar(c), "readinessProbe", fields)
	}
	f.Fix = []finding.Fix{fix}
	if !same {
		report(p, f)
		return
	}
	refused := s.lately(p, container, kubeevent.Liveness, "Unhealthy", []string{"connect: connection refused"}, func(u kubeevent.Unhealthy, message string) string {
		if u.Class != kubeevent.Refused {
			return ""
		}
		return message
	})
	if refused != nil {
		f.Severity, f.Confidence = finding.Warning, finding.Strong
		f.Message = fmt.Sprintf("container %s gets requests of Service %s while nothing listens: liveness was refused %d times in %d of %d pods, and there is no readiness probe",
			container, svc.Name, refused.count, refused.pods, len(s.pods))
		f.Evidence = append(f.Evidence, refused.evidence...)
		f.FirstSeen, f.LastSeen = finding.At(refused.first), finding.At(refused.last)
	}
	report(p, f)
}
