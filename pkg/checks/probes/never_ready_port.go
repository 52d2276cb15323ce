package probes

// This file finds readiness probes that ask a port which the container does not have.

import (
	"fmt"

	"github.com/kubectl-scars/kubectl-scars/pkg/analysis"
	"github.com/kubectl-scars/kubectl-scars/pkg/finding"
	"github.com/kubectl-scars/kubectl-scars/pkg/kubeevent"
)

// NeverReadyPort is probes/never-ready-port.
var NeverReadyPort = &analysis.Check{
	ID: "probes/never-ready-port",
	Doc: analysis.Doc{
		Title:    "A readiness probe names a port that the container does not have",
		Symptom:  "Pods run and never become Ready, without one restart; a rollout stands still until its deadline.",
		Evidence: "The probe's port is a name, and no port of the container has it: proven by the spec, of a manifest too.",
		Why:      "The API server accepts it, and the kubelet cannot resolve it. The pod never gets requests, and no patience heals that.",
		Fix:      "Correct the name, or use the number.",
		Limits:   "A number that nothing listens on is not told from the spec: the ports of a container are only information. Where the startup probe asks the same name, probes/stuck-startup tells.",
		Sources:  []string{"kubernetes v1.37.2 pkg/probe/util.go (ResolveContainerPort)", "kubernetes v1.37.2 pkg/kubelet/prober/worker.go (doProbe)"},
	},
	Inputs: specInputs(),
	Run:    neverReadyPort,
}

func neverReadyPort(p *analysis.Pass) error {
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
				Fix: s.andLook(finding.Fix{Text: "Name the port in the container's ports, or give the probe a name that is there, or a number"}),
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
