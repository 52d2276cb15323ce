package probes

// This file finds programs that probes kill and that do not end on SIGTERM.

import (
	"fmt"
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/kubectl-scars/kubectl-scars/pkg/analysis"
	"github.com/kubectl-scars/kubectl-scars/pkg/checks/deaths"
	"github.com/kubectl-scars/kubectl-scars/pkg/finding"
	"github.com/kubectl-scars/kubectl-scars/pkg/restart"
)

// IgnoresSIGTERM is probes/ignores-sigterm.
var IgnoresSIGTERM = &analysis.Check{
	ID: "probes/ignores-sigterm",
	Doc: analysis.Doc{
		Title:    "A container that a probe kills takes all of its grace period",
		Symptom:  "Each restart by a probe takes half a minute longer than it must, and ends with 137.",
		Evidence: "Exit code 137 as long after the kubelet's event Killing as the grace period lasts, within 2 s: the process did not end on SIGTERM.",
		Why:      "A program that hangs does not shut down in good order either. Until SIGKILL the replica is neither well nor restarted.",
		Fix:      "Give the probe a terminationGracePeriodSeconds of its own, which holds only for kills by it; or handle SIGTERM, which a program that runs as PID 1 ignores unless it says otherwise.",
		Limits:   "Seen only of the last life, while the event of its kill is kept. Why it did not end, a hang or no handler, is not known. Silent where a preStop hook has used the time up or may have: any but one that only sleeps.",
		Sources:  []string{"kubernetes v1.37.2 pkg/kubelet/kuberuntime/kuberuntime_container.go", "KEP-2238 (terminationGracePeriodSeconds of probes)"},
	},
	Inputs: withTemplates(deaths.Inputs()),
	Run:    ignoresSIGTERM,
}

// longGrace is from when on a grace period that is spent is worth a word, brief what a hung program is given instead.
const (
	longGrace = 10 * time.Second
	brief     = 5
)

func ignoresSIGTERM(p *analysis.Pass) error {
	for _, c := range deaths.Gather(p, false, func(d *restart.Death) bool { return d.Cause == restart.Liveness || d.Cause == restart.Startup }) {
		if _, ok := c.Severity(p.Now()); !ok || c.Latest == nil {
			continue
		}
		last := c.Toll.Latest()
		grace := restart.Grace(c.Latest, c.Container, last.Cause)
		decided, ok := decidedAt(last)
		if spent := last.Finished.Sub(decided); !ok || last.ExitCode != 137 || grace < longGrace || (spent-grace).Abs() > 2*time.Second {
			continue
		}
		of, init := specOf(c.Latest, c.Container)
		hook, known := preStop(of)
		if !known || grace-hook < longGrace {
			continue // SIGTERM is only sent after the hook, with what it has left of the grace period
		}
		field, enough, forHook := string(last.Cause)+"Probe", brief, ""
		if hook > 0 {
			enough, forHook = brief+int((hook+time.Second-1)/time.Second), " (its preStop hook takes "+hook.String()+" of them)"
		}
		report(p, finding.Finding{
			Severity: finding.Info, Confidence: finding.Strong, Object: c.Object(), Evidence: last.Evidence, LastSeen: finding.At(last.Finished),
			Message: fmt.Sprintf("%s did not end on SIGTERM: SIGKILL came %s after the kill by its %s was decided, its whole grace period", c.Who(), last.Finished.Sub(decided), field),
			Fix: []finding.Fix{{
				Text:    fmt.Sprintf("Give kills by this probe %d s%s; those of rollouts and drains keep %s", enough, forHook, grace),
				Command: patch(c.Workload, c.Container, init, field, map[string]any{"terminationGracePeriodSeconds": enough}),
			}},
		})
	}
	return nil
}

// decidedAt is when the kubelet decided on the death, where an event of its life tells.
func decidedAt(d restart.Death) (time.Time, bool) {
	for _, e := range d.Evidence {
		if e.Source == "event Killing" && e.Time != nil && !d.Started.IsZero() && !e.Time.Before(d.Started) && !e.Time.After(d.Finished) {
			return *e.Time, true
		}
	}
	return time.Time{}, false
}

// preStop is how long a container's preStop hook takes, and false where that is not known.
func preStop(c *corev1.Container) (time.Duration, bool) {
	switch {
	case c == nil || c.Lifecycle == nil || c.Lifecycle.PreStop == nil:
		return 0, true
	case c.Lifecycle.PreStop.Sleep != nil:
		return time.Duration(c.Lifecycle.PreStop.Sleep.Seconds) * time.Second, true
	default:
		return 0, false
	}
}
