package probes

// This file finds probes that pass because they are sent away.

import (
	"fmt"

	"github.com/kubectl-scars/kubectl-scars/pkg/analysis"
	"github.com/kubectl-scars/kubectl-scars/pkg/finding"
	"github.com/kubectl-scars/kubectl-scars/pkg/kubeevent"
	"github.com/kubectl-scars/kubectl-scars/pkg/snapshot"
)

// RedirectPasses is probes/redirect-passes.
var RedirectPasses = &analysis.Check{
	ID: "probes/redirect-passes",
	Doc: analysis.Doc{
		Title:    "A probe passes because it is redirected to another host",
		Symptom:  "None: the container is healthy for ever, whatever happens to it. Events ProbeWarning say \"Probe terminated redirects\".",
		Evidence: "The kubelet's event ProbeWarning about that probe within the last 15 min: strong. The body that it quotes is not repeated.",
		Why:      "The kubelet does not follow a redirect to another host and counts it as a success. A login page, or a redirect to the public name, so answers for the program.",
		Fix:      "Ask a path that answers by itself, or send the header Host that the program wants.",
		Limits:   "Redirects on the same host are followed and judged by their end. A kubelet may drop such events under load; then nothing is said.",
		Sources:  []string{"kubernetes v1.37.2 pkg/probe/http/http.go (RedirectChecker)", "kubernetes v1.37.2 pkg/kubelet/prober/prober.go"},
	},
	Inputs: specInputs(analysis.Need(snapshot.Events)),
	Run:    redirectPasses,
}

const redirected = "Probe terminated redirects"

func redirectPasses(p *analysis.Pass) error {
	effect := map[kubeevent.Probe]string{
		kubeevent.Liveness: "no hang is healed", kubeevent.Readiness: "requests come whether it can serve or not", kubeevent.Startup: "it counts as started at once",
	}
	eachSpec(p, func(s *spec) {
		if !s.heard(p, "ProbeWarning") {
			return
		}
		for i := range s.size() {
			c := s.at(i)
			list, n := probesOf(c)
			for _, probe := range list[:n] {
				if probe.probe.HTTPGet == nil {
					continue
				}
				a := s.lately(p, c.Name, probe.name, "ProbeWarning", []string{redirected}, func(u kubeevent.Unhealthy, _ string) string {
					return string(u.Probe) + " probe warning: " + redirected
				})
				if a == nil {
					continue
				}
				p.Report(finding.Finding{
					Severity: finding.Warning, Confidence: finding.Strong, Object: s.object(c.Name), Key: fieldOf(probe.name),
					Message: fmt.Sprintf("%s of container %s passes because %s redirects to another host: %s; %d times in %d of %d pods",
						fieldOf(probe.name), c.Name, handler(probe.probe), effect[probe.name], a.count, a.pods, len(s.pods)),
					Evidence:  append(a.evidence, s.says(c.Name, s.field(c, fieldOf(probe.name)+".httpGet"), handler(probe.probe))),
					FirstSeen: finding.At(a.first),
					Fix:       s.andLook(finding.Fix{Text: "Ask a path that answers 200 by itself, without a login, or set the header Host in httpHeaders"}),
				})
			}
		}
	})
	return nil
}
