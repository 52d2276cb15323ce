package probes

// This file finds containers that their liveness probe kills.

import (
	"fmt"
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/kubectl-scars/kubectl-scars/pkg/analysis"
	"github.com/kubectl-scars/kubectl-scars/pkg/checks/deaths"
	"github.com/kubectl-scars/kubectl-scars/pkg/finding"
	"github.com/kubectl-scars/kubectl-scars/pkg/kubeevent"
	"github.com/kubectl-scars/kubectl-scars/pkg/restart"
	"github.com/kubectl-scars/kubectl-scars/pkg/snapshot"
)

// LivenessKill is probes/liveness-kill.
var LivenessKill = &analysis.Check{
	ID: "probes/liveness-kill",
	Doc: analysis.Doc{
		Title:    "A liveness probe kills the container",
		Symptom:  "The container restarts with 137, 143 or even 0 (Completed), and nothing in its own log explains it.",
		Evidence: "The kubelet's event Killing \"failed liveness probe\" within the container's last life is proof. Without it, counted failures of the probe right before the end are strong or, where fewer are left than the threshold asks for, consistent. The exit code alone is never taken for a sign of it. Where lives that were cut short while starting ended as far apart as the probe's attempts at most, it is said that they were killed by the clock and not by a bug. Where all kills were on one node, what that node says of itself is told with them.",
		Why:      "A restart heals a deadlock and nothing else. Where the probe asks for a dependency, or the load is high, it kills healthy replicas one after the other, and the rest gets their load.",
		Fix:      "Ask for the process itself only, give it time to answer, and let a startupProbe wait for slow starts.",
		Limits:   "Events live 1 h by default and under-report failures. Of an end before that, with 137, 143 or 0, it is said for a day that nothing tells whose it was. Silent a week after the last kill. Where Istio's agent asks, HTTP 500 may also be a lost connection or a time-out.",
		Sources:  []string{"kubernetes v1.37.2 pkg/kubelet/kuberuntime/kuberuntime_manager.go", "kubernetes v1.37.2 pkg/kubelet/prober", "kubernetes#109537", "istio pilot/cmd/pilot-agent/status/server.go"},
	},
	Inputs: withTemplates(deaths.Inputs(analysis.Optional(snapshot.Nodes))),
	Run:    livenessKill,
}

func livenessKill(p *analysis.Pass) error {
	unheard(p, func(c *corev1.Container) bool { return c.LivenessProbe != nil })
	kills(p, restart.Liveness, kubeevent.Liveness, func(k killed, f *finding.Finding) bool {
		f.Message = fmt.Sprintf("%s was killed by its liveness probe%s %s", k.Who(), because(k.words, k.probe), k.Counted(p.Now()))
		if f.Confidence == finding.Consistent {
			f.Message = fmt.Sprintf("%s was most likely killed by its liveness probe%s %s", k.Who(), because(k.words, k.probe), k.Counted(p.Now()))
		}
		starting := k.whileStarting()
		switch {
		case k.mixedUp():
			f.SaidBy = WrongScheme.ID
		case starting:
			f.SaidBy = KilledWhileStarting.ID
		case k.Pods > 1 && (len(k.Toll.Pods) > 1 || f.Severity != finding.Critical):
			f.SaidBy = saysMore(p, k.Workload, k.container)
		}
		switch clock := k.byClock(restart.Liveness); {
		case starting && clock != "":
			f.Message += ", while still starting: " + clock
		case starting && k.longest > 0:
			f.Message += fmt.Sprintf(", while still starting: no life lasted longer than %s", analysis.Span(k.longest))
		case starting:
			f.Message += ", while still starting: it has never been ready"
		}
		f.Message += k.Tail()
		f.Fix = append(k.Look(), livenessFixes(k, starting)...)
		k.onNode(p, f)
		return true
	})
	return nil
}

// livenessFixes follow from how the probe failed.
func livenessFixes(k killed, starting bool) []finding.Fix {
	switch {
	case k.probe == nil:
		return nil
	case starting:
		fields := fieldsOf(k.probe)
		if fields == nil {
			return []finding.Fix{{Text: "Add a startupProbe with the same handler and enough failures for the slowest start; liveness waits for it"}}
		}
		// The need is above the longest life that was seen, or what the probe guarantees: three times that, and at least 5 min.
		b := restart.BudgetOf(k.probe)
		seen, period := max(k.longest, b.Guaranteed), max(10*time.Second, b.Timeout)
		fields["periodSeconds"] = int(period.Seconds())
		fields["failureThreshold"] = max(30, int(3*seen/period)+1)
		if b.Timeout > time.Second { // it asks the same, and the default is 1 s
			fields["timeoutSeconds"] = int(b.Timeout.Seconds())
		}
		return []finding.Fix{{
			Text:    fmt.Sprintf("Let a startupProbe wait for the start, which takes longer than %s", analysis.Span(seen)),
			Command: patch(k.Workload, k.Container, k.init, "startupProbe", fields),
		}}
	case k.has(kubeevent.ResponseTimeout) || k.has(kubeevent.ExecTimeout):
		b := restart.BudgetOf(k.probe)
		timeout := min(int(b.Period.Seconds()), max(2*int(b.Timeout.Seconds()), 3))
		if timeout <= int(b.Timeout.Seconds()) {
			return []finding.Fix{{Text: "It accepts and does not answer in time: look for CPU throttling, garbage collection or a dependency inside the handler"}}
		}
		return []finding.Fix{{
			Text: fmt.Sprintf("It did not answer within %s: give it %d s if it is slow and not stuck (CPU limit, garbage collection, a dependency inside the handler)",
				b.Timeout, timeout),
			Command: patch(k.Workload, k.Container, k.init, "livenessProbe", map[string]any{"timeoutSeconds": timeout}),
		}}
	case len(k.asksWrongly()) > 0:
		return k.asksWrongly()
	case throughAgent(k.probe) && len(k.kinds) > 0 && k.kinds[0].Status == 500:
		return []finding.Fix{agentSaysNo(k.Workload.Namespace, k.Latest)}
	case k.has(kubeevent.HTTPStatus) || k.has(kubeevent.GRPC):
		return []finding.Fix{{Text: "The program itself answers that it is ill: see its log, and let the handler test the process only, not what it depends on"}}
	case k.has(kubeevent.Refused):
		return []finding.Fix{{Text: nothingListens}}
	case k.has(kubeevent.GRPCConnect):
		return []finding.Fix{{Text: noConnection}}
	case k.has(kubeevent.ExecExit):
		return []finding.Fix{{Text: "The command itself says that it is ill: its events quote what it wrote; let it test the process only, not what that depends on"}}
	default:
		return nil
	}
}

// asksWrongly is what to do where the program mostly answers that the question is wrong, not that it is ill.
func (k killed) asksWrongly() []finding.Fix {
	if len(k.kinds) == 0 {
		return nil
	}
	if u := k.kinds[0].Unhealthy; wrongQuestion(u) {
		return []finding.Fix{asksForWrong(u)}
	}
	return nil
}

func (k killed) has(class kubeevent.Class) bool {
	for _, s := range k.kinds {
		if s.Class == class {
			return true
		}
	}
	return false
}
