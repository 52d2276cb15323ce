package probes

// This file finds probes whose command does not end within its time-out.

import (
	"fmt"

	corev1 "k8s.io/api/core/v1"

	"github.com/kubectl-scars/kubectl-scars/pkg/analysis"
	"github.com/kubectl-scars/kubectl-scars/pkg/finding"
	"github.com/kubectl-scars/kubectl-scars/pkg/kubeevent"
	"github.com/kubectl-scars/kubectl-scars/pkg/restart"
	"github.com/kubectl-scars/kubectl-scars/pkg/snapshot"
)

// ExecTimeout is probes/exec-timeout.
var ExecTimeout = &analysis.Check{
	ID: "probes/exec-timeout",
	Doc: analysis.Doc{
		Title:    "A probe's command does not end within its time-out",
		Symptom:  "Events say \"command timed out\", most of all when the node is busy.",
		Evidence: "At least two failures in one pod within the hour that say so, or one in half of the replicas, and two, of a probe whose timeoutSeconds is at most 5. That a time-out is merely short is no finding.",
		Why:      "Starting a process in the container takes CPU of its limit and of the node: under load the command is late though the program is well. Time-outs count as failures.",
		Fix:      "Raise timeoutSeconds, which is 1 s where it is not set, or ask by httpGet, tcpSocket or grpc, which start no process.",
		Limits:   "Failures of a start that is over are left out, and those of one that goes on are counted. An event that began before that, or before the hour, counts once, unless it goes on as often as makes the probe act in each hour. Silent where the probe has killed: that is told by the checks of kills.",
		Sources:  []string{"kubernetes v1.37.2 pkg/probe/exec/exec.go", "kubernetes v1.37.2 pkg/apis/core/v1/defaults.go"},
	},
	Inputs: withTemplates(analysis.PodInputs(analysis.Need(snapshot.Events))),
	Run:    execTimeout,
}

// shortTimeout is the longest timeoutSeconds that counts as short.
const shortTimeout = 5

func execTimeout(p *analysis.Pass) error {
	for _, name := range []kubeevent.Probe{kubeevent.Startup, kubeevent.Liveness, kubeevent.Readiness} {
		eachShaken(p, name, lateCommands(name), func(k *shaken) {
			b := restart.BudgetOf(k.probe)
			if k.killed || !k.again() || b.Timeout.Seconds() > shortTimeout || k.probe.Exec == nil {
				return
			}
			f := finding.Finding{
				Severity: finding.Warning, Confidence: finding.Proven, Object: k.object(), Evidence: k.evidence, LastSeen: finding.At(k.last),
				Message: fmt.Sprintf("%s of the %s of container %s did not end within %s, %s, last %s ago",
					handler(k.probe), fieldOf(name), k.container.Name, b.Timeout, k.often(p.Now()), analysis.Ago(p.Now(), k.last)),
				Fix: k.look(name),
			}
			if k.of > 1 {
				f.Message += fmt.Sprintf("; %d of %d replicas", len(k.pods), k.of)
			}
			report(p, f)
		})
	}
	return nil
}

// lateCommands takes the time-outs of commands that a container is still in trouble with.
func lateCommands(name kubeevent.Probe) func(*corev1.Pod, *corev1.Container, *corev1.ContainerStatus, []restart.Symptom) []restart.Symptom {
	return func(pod *corev1.Pod, c *corev1.Container, st *corev1.ContainerStatus, symptoms []restart.Symptom) []restart.Symptom {
		return stillShaky(name, pod, c, st, only(symptoms, func(s restart.Symptom) bool { return s.Class == kubeevent.ExecTimeout }))
	}
}
