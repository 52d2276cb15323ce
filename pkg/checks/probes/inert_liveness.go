package probes

// This file finds liveness probes that never act.

import (
	"fmt"

	corev1 "k8s.io/api/core/v1"

	"github.com/kubectl-scars/kubectl-scars/pkg/analysis"
	"github.com/kubectl-scars/kubectl-scars/pkg/finding"
	"github.com/kubectl-scars/kubectl-scars/pkg/kubeevent"
	"github.com/kubectl-scars/kubectl-scars/pkg/snapshot"
)

// InertLiveness is probes/inert-liveness.
var InertLiveness = &analysis.Check{
	ID: "probes/inert-liveness",
	Doc: analysis.Doc{
		Title:    "A liveness probe can never act",
		Symptom:  "None, until the program hangs and nobody restarts it. Events say \"Liveness probe errored\", which sounds like a failure and is not counted as one.",
		Evidence: "A port name that the container does not have is read from the spec, of a manifest too: proven. A command that is not in the image, or an answer whose body never ends, are read from repeated events with no counted failure after them: strong. So is a TCP probe, as the spec shows it, of a pod whose Istio sidecar takes the connections to that port.",
		Why:      "The kubelet throws an errored attempt away. The probe looks like protection and is none.",
		Fix:      "Correct the port's name, use a command that exists, or end the answer; let Istio rewrite the probe.",
		Limits:   "Commands and bodies are seen only while their events are kept. Ports that the whole mesh leaves to the program are not known. A redirect to another host, which counts as success for ever, probes/redirect-passes tells. Where another probe of the container asks the same name, probes/stuck-startup or probes/never-ready-port tells.",
		Sources:  []string{"kubernetes v1.37.2 pkg/probe/util.go", "kubernetes v1.37.2 pkg/kubelet/prober/worker.go (doProbe)", "istio pkg/kube/inject/app_probe.go", "kubernetes#106682", "kubernetes#113938"},
	},
	Inputs: specInputs(analysis.Optional(snapshot.Events)),
	Run:    inertLiveness,
}

func inertLiveness(p *analysis.Pass) error {
	pick := func(c *corev1.Container, _ *corev1.ContainerStatus) *corev1.Probe { return c.LivenessProbe }
	eachInert(p, kubeevent.Liveness, pick, func(i inert) {
		f := finding.Finding{
			Severity: finding.Warning, Confidence: i.confidence, Object: i.object(), Evidence: i.evidence,
			Message: fmt.Sprintf("%s, so the liveness probe of container %s never acts and a hang is never healed", i.reason, i.container),
			Fix: []finding.Fix{i.fix, {
				Text: "See the probe and what its attempts say", Command: finding.Kubectl(i.workload.Namespace, "describe", "pod", i.pod.Name),
			}},
			FirstSeen: finding.At(i.since),
		}
		if i.pods > 1 {
			f.Message += fmt.Sprintf("; %d of %d replicas", i.hit, i.pods)
		}
		f.SaidBy = toldBy(shareFault(&f, i.spec, kubeevent.Liveness, analysis.RefTo("Pod", i.pod), "spec"))
		p.Report(f)
	})
	eachUnresolved(p, kubeevent.Liveness, "never acts and a hang is never healed", func(f *finding.Finding, worst kubeevent.Probe) {
		f.SaidBy = toldBy(worst)
		p.Report(*f)
	})
	taken(p)
	return nil
}

// toldBy is the check that tells of the port that the probes of a container share, empty where it is that of liveness.
func toldBy(worst kubeevent.Probe) string {
	switch worst {
	case kubeevent.Startup:
		return StuckStartup.ID
	case kubeevent.Readiness:
		return NeverReadyPort.ID
	default:
		return ""
	}
}
