package probes

// This file finds delays of liveness probes that wait for starts which are over long before.

import (
	"fmt"
	"time"

	"github.com/kubectl-scars/kubectl-scars/pkg/analysis"
	"github.com/kubectl-scars/kubectl-scars/pkg/finding"
	"github.com/kubectl-scars/kubectl-scars/pkg/snapshot"
	"github.com/kubectl-scars/kubectl-scars/pkg/startup"
)

// DelayInsteadOfStartup is probes/delay-instead-of-startup.
var DelayInsteadOfStartup = &analysis.Check{
	ID: "probes/delay-instead-of-startup",
	Doc: analysis.Doc{
		Title:    "A delay stands where a startup probe belongs",
		Symptom:  "A container that hangs soon after its start is restarted minutes later than it could be.",
		Evidence: "No startupProbe, a livenessProbe with initialDelaySeconds of 30 or more, and starts, measured from startedAt to the condition ContainersReady, that take less than a third of it in all replicas.",
		Why:      "The delay is waited for in every life, fast or slow, and on the one slow day it is too short all the same. A startup probe ends when the container is up.",
		Fix:      "Replace the delay by a startupProbe.",
		Limits:   "Only pods that are there are measured. Starts that take longer than is guaranteed are told by probes/budget-below-startup.",
		Sources:  []string{"kubernetes v1.37.2 pkg/kubelet/prober/worker.go", "KEP-950 (startupProbe)"},
	},
	Inputs: withTemplates(analysis.PodInputs(analysis.Optional(snapshot.Events))),
	Run:    delayInsteadOfStartup,
}

func delayInsteadOfStartup(p *analysis.Pass) error {
	for _, w := range p.Workloads() {
		pod := newestPod(p.View, w)
		if pod == nil {
			continue
		}
		for i := range pod.Spec.Containers {
			c := &pod.Spec.Containers[i]
			if c.StartupProbe != nil || c.LivenessProbe == nil || c.ReadinessProbe == nil {
				continue
			}
			delay := time.Duration(c.LivenessProbe.InitialDelaySeconds) * time.Second
			if delay < startup.LongDelay {
				continue
			}
			s := startsOf(p.View, w, c)
			if len(s.Ready) == 0 || s.restarts > 0 || s.Slowest >= delay/3 {
				continue
			}
			report(p, finding.Finding{
				Severity: finding.Info, Confidence: finding.Strong, Object: s.object(),
				Message: fmt.Sprintf("liveness of container %s sleeps for %s after each start, which takes %s (n=%d): a hang in that time is not seen",
					c.Name, delay, s.Slowest.Truncate(time.Second), len(s.Ready)),
				Evidence: append(s.Evidence(1), finding.Evidence{
					Object: s.object(), Source: "spec.containers[" + c.Name + "].livenessProbe.initialDelaySeconds", Value: fmt.Sprint(c.LivenessProbe.InitialDelaySeconds),
				}),
				Fix: s.waitLonger(),
			})
		}
	}
	return nil
}
