package probes

// This file finds containers that their startup probe kills before they are up.

import (
	"fmt"

	corev1 "k8s.io/api/core/v1"

	"github.com/kubectl-scars/kubectl-scars/pkg/analysis"
	"github.com/kubectl-scars/kubectl-scars/pkg/checks/deaths"
	"github.com/kubectl-scars/kubectl-scars/pkg/finding"
	"github.com/kubectl-scars/kubectl-scars/pkg/kubeevent"
	"github.com/kubectl-scars/kubectl-scars/pkg/restart"
	"github.com/kubectl-scars/kubectl-scars/pkg/snapshot"
	"github.com/kubectl-scars/kubectl-scars/pkg/startup"
)

// StartupKill is probes/startup-kill.
var StartupKill = &analysis.Check{
	ID: "probes/startup-kill",
	Doc: analysis.Doc{
		Title:    "A startup probe kills the container before it is up",
		Symptom:  "The container restarts again and again and is never Ready; each life lasts about equally long.",
		Evidence: "The kubelet's event Killing \"failed startup probe\" within the container's last life is proof. Without it, counted failures right before the end are strong or consistent. The guaranteed time is initialDelaySeconds + (failureThreshold-1)·periodSeconds, one period less than commonly reckoned. Where two lives or more are known that ended within what the probe allows, no further apart than its attempts are, it is said that they were killed by the clock and not by a bug.",
		Why:      "The start never gets the time it needs, and the back-off between attempts makes the outage longer.",
		Fix:      "Raise failureThreshold until the guaranteed time is well above the slowest start; a startup probe costs nothing once it has succeeded.",
		Limits:   "How long the start would take is not known from lives that were cut short: they are a lower bound. A container that ends by itself and is then killed sooner is told so: the kubelet counts its failures on. Silent a week after the last kill.",
		Sources:  []string{"kubernetes v1.37.2 pkg/kubelet/kuberuntime/kuberuntime_manager.go", "kubernetes v1.37.2 pkg/kubelet/prober/worker.go"},
	},
	Inputs: withTemplates(deaths.Inputs(analysis.Optional(snapshot.Nodes))),
	Run:    startupKill,
}

func startupKill(p *analysis.Pass) error {
	unheard(p, func(c *corev1.Container) bool { return c.StartupProbe != nil && c.LivenessProbe == nil })
	kills(p, restart.Startup, kubeevent.Startup, func(k killed, f *finding.Finding) bool {
		f.Message = fmt.Sprintf("%s was killed by its startup probe%s %s", k.Who(), because(k.words, k.probe), k.Counted(p.Now()))
		if f.Confidence == finding.Consistent {
			f.Message = fmt.Sprintf("%s was most likely killed by its startup probe%s %s", k.Who(), because(k.words, k.probe), k.Counted(p.Now()))
		}
		f.Fix = k.Look()
		if k.probe != nil {
			b := restart.BudgetOf(k.probe)
			if len(k.starts.Ready) > 0 {
				f.Message += " (" + k.starts.String() + ")"
				f.Evidence = append(f.Evidence, k.starts.Evidence(1)...)
			}
			if k.carried() {
				f.Message += fmt.Sprintf(", after %s of the %s that the probe guarantees: a life before it ended by itself, and its failed probes count on", analysis.Span(k.longest), b.Guaranteed)
				f.Fix = append(append(f.Fix, k.asksWrongly()...), finding.Fix{Text: "Mend first what made the earlier life end by itself"})
			} else {
				f.Message += fmt.Sprintf(", not up within the %s that the probe guarantees", b.Guaranteed)
				f.Fix = append(f.Fix, k.giveMore()...)
			}
			if clock := k.byClock(restart.Startup); clock != "" {
				f.Message += "; " + clock
			}
		}
		f.Message += k.Tail()
		k.onNode(p, f)
		if k.mixedUp() {
			f.SaidBy = WrongScheme.ID
		}
		return true
	})
	return nil
}

// giveMore is what to do about a start that is not over within what its probe allows.
func (k killed) giveMore() []finding.Fix {
	b := restart.BudgetOf(k.probe)
	had := max(b.Latest, k.longest)
	enough := 2 * had
	if len(k.starts.Ready) == 0 { // nothing tells how long it would take
		enough = max(enough, startup.UnseenStart)
	}
	threshold := int(enough/b.Period) + 1
	return append(k.asksWrongly(), finding.Fix{
		Text: fmt.Sprintf("If it only starts slowly, guarantee it %s: so far it had %s at most",
			analysis.Span(b.Guaranteed+b.Attempts(int32(threshold)-b.Failures)), analysis.Span(had)),
		Command: patch(k.Workload, k.Container, k.init, "startupProbe", map[string]any{"failureThreshold": threshold}),
	})
}
