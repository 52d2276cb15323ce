package probes

// This file finds containers whose startup probe can neither succeed nor fail.

import (
	"fmt"

	corev1 "k8s.io/api/core/v1"

	"github.com/kubectl-scars/kubectl-scars/pkg/analysis"
	"github.com/kubectl-scars/kubectl-scars/pkg/finding"
	"github.com/kubectl-scars/kubectl-scars/pkg/kubeevent"
	"github.com/kubectl-scars/kubectl-scars/pkg/restart"
	"github.com/kubectl-scars/kubectl-scars/pkg/snapshot"
)

// StuckStartup is probes/stuck-startup.
var StuckStartup = &analysis.Check{
	ID: "probes/stuck-startup",
	Doc: analysis.Doc{
		Title:    "A startup probe can neither succeed nor fail, so the container never counts as started",
		Symptom:  "The container runs, is never Ready and is never restarted; readiness and liveness probes do not even begin.",
		Evidence: "started is false, and the probe names a port that the container does not have: proven by the spec, of a manifest without pods too. A command that is not in the image, or an answer that never ends, are read from repeated events, once the container has run for longer than the probe could have taken: strong.",
		Why:      "Errored attempts are not counted, so there is no end to it: nothing will ever change by itself.",
		Fix:      "Correct the port's name, use a command that exists, or end the answer.",
		Limits:   "Commands and bodies are seen only while their events are kept.",
		Sources:  []string{"kubernetes v1.37.2 pkg/probe/util.go", "kubernetes v1.37.2 pkg/kubelet/prober/worker.go (doProbe)"},
	},
	Inputs: specInputs(analysis.Optional(snapshot.Events)),
	Run:    stuckStartup,
}

func stuckStartup(p *analysis.Pass) error {
	pick := func(c *corev1.Container, st *corev1.ContainerStatus) *corev1.Probe {
		if c.StartupProbe == nil || st.Started == nil || *st.Started || st.Ready {
			return nil
		}
		_, named := missingPort(c, c.StartupProbe)
		if age := p.Now().Sub(st.State.Running.StartedAt.Time); !named && age <= restart.BudgetOf(c.StartupProbe).Latest {
			return nil
		}
		return c.StartupProbe
	}
	eachInert(p, kubeevent.Startup, pick, func(i inert) {
		f := finding.Finding{
			Severity: finding.Critical, Confidence: i.confidence, Object: i.object(), Evidence: i.evidence,
			Message: fmt.Sprintf("%s, so the startup probe of container %s can neither succeed nor fail: running for %s, never started, never restarted",
				i.reason, i.container, analysis.Ago(p.Now(), i.since)),
			Fix: []finding.Fix{i.fix, {
				Text: "See the probe and what its attempts say", Command: finding.Kubectl(i.workload.Namespace, "describe", "pod", i.pod.Name),
			}},
			FirstSeen: finding.At(i.since),
		}
		if i.ready > 0 {
			f.Severity = finding.Warning // others serve; a rollout that does not go on
		}
		if i.pods > 1 {
			f.Message += fmt.Sprintf("; %d of %d replicas", i.hit, i.pods)
		}
		list := "status.containerStatuses["
		if sidecar(i.spec) {
			list = "status.initContainerStatuses["
		}
		status := finding.Evidence{
			Object: finding.ObjectRef{Kind: "Pod", Namespace: i.workload.Namespace, Name: i.pod.Name, Container: i.container},
			Source: list + i.container + "].started", Value: "false", Time: finding.At(i.since),
		}
		f.Evidence = append([]finding.Evidence{status}, f.Evidence...)
		shareFault(&f, i.spec, kubeevent.Startup, analysis.RefTo("Pod", i.pod), "spec")
		p.Report(f)
	})
	eachUnresolved(p, kubeevent.Startup, "can neither succeed nor fail: it would never count as started", func(f *finding.Finding, _ kubeevent.Probe) { p.Report(*f) })
	return nil
}
