package probes

// This file finds containers that their liveness probe kills before they are up.

import (
	"fmt"

	"github.com/kubectl-scars/kubectl-scars/pkg/analysis"
	"github.com/kubectl-scars/kubectl-scars/pkg/checks/deaths"
	"github.com/kubectl-scars/kubectl-scars/pkg/finding"
	"github.com/kubectl-scars/kubectl-scars/pkg/kubeevent"
	"github.com/kubectl-scars/kubectl-scars/pkg/restart"
)

// KilledWhileStarting is probes/killed-while-starting.
var KilledWhileStarting = &analysis.Check{
	ID: "probes/killed-while-starting",
	Doc: analysis.Doc{
		Title:    "A liveness probe kills the container before it is up",
		Symptom:  "Some replicas come up and others restart again and again, or none comes up at all. The log of a killed life ends in the middle of the start.",
		Evidence: "Kills by the liveness probe, graded as in probes/liveness-kill, of a container without startupProbe, none of whose known lives outlasted the probe's own clock. Beside them the starts that succeeded, from startedAt to the condition ContainersReady, less what successThreshold adds, and the killed ones as lower bounds. Where no start succeeded, only connections that were refused, or of gRPC not made, count as a start.",
		Why:      "Liveness runs from the container's start. What it guarantees, initialDelaySeconds + (failureThreshold-1)·periodSeconds, is less than the start needs, so that luck and load decide who survives, and each kill costs a start more.",
		Fix:      "Add a startupProbe that waits for the slowest start; liveness begins only after it.",
		Limits:   "Times are cut to seconds and are seen only when a probe is due: an error of 1 s, a period and as long as an attempt may take. A start that was cut short is a lower bound, which the grace period is no part of. A program that can never come up and refuses connections looks the same.",
		Sources:  []string{"kubernetes v1.37.2 pkg/kubelet/prober/worker.go", "kubernetes v1.37.2 pkg/kubelet/prober/prober_manager.go"},
	},
	Inputs: withTemplates(deaths.Inputs()),
	Run:    killedWhileStarting,
}

func killedWhileStarting(p *analysis.Pass) error {
	kills(p, restart.Liveness, kubeevent.Liveness, func(k killed, f *finding.Finding) bool {
		if !k.whileStarting() {
			return false
		}
		measured := "it has never been ready"
		if k.starts.N() > 0 {
			measured = k.starts.String()
			f.Evidence = append(f.Evidence, k.starts.Evidence(2)...)
		}
		verb := "kills"
		if f.Confidence == finding.Consistent {
			verb = "most likely kills"
		}
		f.Message = fmt.Sprintf("liveness%s %s %s before it is up, %s: %s, liveness guarantees %s%s",
			because(k.words, k.probe), verb, k.Who(), k.Counted(p.Now()), measured, restart.BudgetOf(k.probe).Guaranteed, k.Tail())
		longer := k.starts.waitLonger()
		if k.starts.N() == 0 {
			longer = livenessFixes(k, true)
		}
		f.Fix = append(k.Look(), longer...)
		return true
	})
	return nil
}
