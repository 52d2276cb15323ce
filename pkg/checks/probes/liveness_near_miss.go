package probes

// This file finds liveness probes that fail and have not killed yet.

import (
	"fmt"

	corev1 "k8s.io/api/core/v1"

	"github.com/kubectl-scars/kubectl-scars/pkg/analysis"
	"github.com/kubectl-scars/kubectl-scars/pkg/finding"
	"github.com/kubectl-scars/kubectl-scars/pkg/kubeevent"
	"github.com/kubectl-scars/kubectl-scars/pkg/restart"
	"github.com/kubectl-scars/kubectl-scars/pkg/snapshot"
)

// LivenessNearMiss is probes/liveness-near-miss.
var LivenessNearMiss = &analysis.Check{
	ID: "probes/liveness-near-miss",
	Doc: analysis.Doc{
		Title:    "A liveness probe fails now and then, and has not killed yet",
		Symptom:  "None: the container runs. Its events say \"Liveness probe failed\".",
		Evidence: "Counted failures of the liveness probe within the hour, after the container was up, and no kill of any replica by it. A warning where one pod has as many as a kill takes, so that only their order saved it, or where half of the replicas, and two, have some; otherwise worth knowing. Where a kill takes three or more, a single one in few of the pods is passed over.",
		Why:      "A little more load, and as many failures come in a row: then healthy replicas are killed.",
		Fix:      "Find why it fails: a time-out that is too short, CPU throttling, a dependency inside the handler.",
		Limits:   "Events under-report, and which failures came in a row nobody notes. Failures while the container starts are left out. An event that began before the container was up, or before the hour, counts once, unless it goes on as often as a kill takes in each hour.",
		Sources:  []string{"kubernetes v1.37.2 pkg/kubelet/prober/prober.go", "client-go v0.37.2 tools/record/events_cache.go"},
	},
	Inputs: withTemplates(analysis.PodInputs(analysis.Need(snapshot.Events))),
	Run:    livenessNearMiss,
}

func livenessNearMiss(p *analysis.Pass) error {
	eachShaken(p, kubeevent.Liveness, afterStart, func(k *shaken) {
		b := restart.BudgetOf(k.probe)
		if k.killed || !k.again() && b.Failures > 2 {
			return // one slow answer in an hour is no trouble where a kill takes three
		}
		f := finding.Finding{
			Severity: finding.Info, Confidence: finding.Proven, Object: k.object(), Evidence: k.evidence, LastSeen: finding.At(k.last),
			Message: fmt.Sprintf("liveness%s of container %s failed %s, last %s ago; %d in a row kill",
				because(k.words(), k.probe), k.container.Name, k.often(p.Now()), analysis.Ago(p.Now(), k.last), b.Failures),
			Fix: k.look(kubeevent.Liveness),
		}
		if k.most >= b.Failures || many(len(k.pods), k.of) {
			f.Severity = finding.Warning
		}
		if k.of > 1 {
			f.Message += fmt.Sprintf("; %d of %d replicas", len(k.pods), k.of)
		}
		switch {
		case k.all(kubeevent.ExecTimeout):
			f.SaidBy = ExecTimeout.ID
		case k.all(kubeevent.Scheme):
			f.SaidBy = WrongScheme.ID
		case k.of > 1:
			f.SaidBy = saysMore(p, k.workload, k.container)
		}
		report(p, f)
	})
	return nil
}

// afterStart takes the failures of a container that was up: after it was ready, or after a probe that had never succeeded would have killed
// it. Liveness begins only when a startup probe has succeeded.
func afterStart(pod *corev1.Pod, c *corev1.Container, st *corev1.ContainerStatus, symptoms []restart.Symptom) []restart.Symptom {
	up := st.State.Running.StartedAt.Time
	if c.StartupProbe == nil {
		up = up.Add(restart.BudgetOf(c.LivenessProbe).Latest)
		if at := readyAt(pod); !at.IsZero() && at.Before(up) && c.ReadinessProbe != nil {
			up = at
		}
	}
	return since(up, symptoms)
}
