package probes

// This file finds readiness probes that never pass: the port has a name which the container does not have, or nothing answers as it should.

import (
	"fmt"

	"github.com/kubectl-scars/kubectl-scars/pkg/analysis"
	"github.com/kubectl-scars/kubectl-scars/pkg/finding"
	"github.com/kubectl-scars/kubectl-scars/pkg/kubeevent"
	"github.com/kubectl-scars/kubectl-scars/pkg/snapshot"
)

// NeverReadyPort is probes/never-ready-port.
var NeverReadyPort = &analysis.Check{
	ID: "probes/never-ready-port",
	Doc: analysis.Doc{
		Title:    "A readiness probe never passes: it asks a port or path that is not there",
		Symptom:  "Pods run and never become Ready, without one restart; a rollout stands still until its deadline.",
		Evidence: "The probe's port is a name, and no port of the container has it: proven by the spec, of a manifest too. Or a pod has never been ready, and its container's readiness probe has failed, up to the last 15 min, since the container started: refused, not found, not answered; proven by the pod's status where no other container of it is unready, and the events say why and how often.",
		Why:      "The pod never gets requests. The API server accepts a name that the kubelet cannot resolve, and a number that nothing listens on, and no patience heals either.",
		Fix:      "Correct the name, the number or the path, or see why the program does not listen.",
		Limits:   "A number that nothing listens on is not told from the spec: the ports of a container are only information. It is told of a container that has run for longer than its probes allow, than its Deployment's progressDeadlineSeconds or 10 min (1 h where what rolls it out was not read, as an Argo Rollout never is) and than twice the slowest start that was measured. A program that answers itself that it is not ready, or does not listen, is worth knowing at most while a replica of its revision, or of the newest, passes the same probe, because one that stands by for a leader or a lock does that on purpose. HTTP 500 from Istio's agent is not taken for the program's answer. One that does not listen and has no startupProbe may be at a long start: in its first hour that is a warning. Where the startup probe asks the same name, probes/stuck-startup tells.",
		Sources:  []string{"kubernetes v1.37.2 pkg/probe/util.go (ResolveContainerPort)", "kubernetes v1.37.2 pkg/kubelet/prober/worker.go (doProbe)"},
	},
	Inputs: specInputs(analysis.Optional(snapshot.Events)),
	Run:    neverReadyPort,
}

func neverReadyPort(p *analysis.Pass) error {
	neverPassed(p)
	eachSpec(p, func(s *spec) {
		for i := range s.size() {
			c := s.at(i)
			if c == nil || c.ReadinessProbe == nil {
				continue
			}
			port, ok := missingPort(c, c.ReadinessProbe)
			if !ok {
				continue
			}
			f := finding.Finding{
				Severity: finding.Warning, Confidence: finding.Proven, Object: s.object(c.Name),
				Message: fmt.Sprintf("no port of the container is named %s, so the readiness probe of container %s never passes and its pods get no requests", port, c.Name),
				Evidence: []finding.Evidence{s.says(c.Name, s.field(c, fieldOf(kubeevent.Readiness)),
					handler(c.ReadinessProbe)+"; the container's ports are "+portNames(c))},
				Fix: s.andLook(namePort(port)),
			}
			if shareFault(&f, c, kubeevent.Readiness, s.source, s.path) == kubeevent.Startup {
				f.SaidBy = StuckStartup.ID // readiness does not even begin
			}
			if n := len(s.pods); n > 0 {
				f.Message += fmt.Sprintf("; %d of %d ready", ready(s.pods), n)
				if ready(s.others) == 0 {
					f.Severity = finding.Critical
				}
			}
			p.Report(f)
		}
	})
	return nil
}
