package probes

// This file finds replicas behind a Service that lose their readiness, or nearly so, after they had it.

import (
	"fmt"
	"slices"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/labels"

	"github.com/kubectl-scars/kubectl-scars/pkg/analysis"
	"github.com/kubectl-scars/kubectl-scars/pkg/finding"
	"github.com/kubectl-scars/kubectl-scars/pkg/kubeevent"
	"github.com/kubectl-scars/kubectl-scars/pkg/restart"
	"github.com/kubectl-scars/kubectl-scars/pkg/snapshot"
)

// ReadinessFlap is probes/readiness-flap.
var ReadinessFlap = &analysis.Check{
	ID: "probes/readiness-flap",
	Doc: analysis.Doc{
		Title:    "Replicas behind a Service fail their readiness probe after they were ready",
		Symptom:  "Endpoints come and go; now and then requests pile up on the replicas that are left.",
		Evidence: "At least two counted failures of the readiness probe within the hour, of pods that a Service selects, after they were ready: later than the condition Ready became true; or the pod has lost it since it started. A warning where readiness is lost now; otherwise worth knowing.",
		Why:      "Each replica that goes leaves its load to the others. Where the probe asks a dependency, they all go at once.",
		Fix:      "Find why it fails: load, a time-out that is too short, a dependency inside the handler.",
		Limits:   "Failures before the condition Ready last became true may belong to the start and are left out. Events under-report. Where no replica is ready, probes/service-without-ready-pods tells.",
		Sources:  []string{"kubernetes v1.37.2 pkg/kubelet/prober/prober.go", "kubernetes v1.37.2 pkg/kubelet/status/generate.go"},
	},
	Inputs: analysis.PodInputs(analysis.Need(snapshot.Events), analysis.Need(snapshot.Services)),
	Run:    readinessFlap,
}

func readinessFlap(p *analysis.Pass) error {
	eachShaken(p, kubeevent.Readiness, afterReady, func(k *shaken) {
		service := serves(p, k.pods[0])
		if service == "" || k.count < 2 || !slices.ContainsFunc(p.PodsOf(k.workload), isReady) {
			return
		}
		lost := 0
		for _, pod := range k.pods {
			if !isReady(pod) {
				lost++
			}
		}
		b := restart.BudgetOf(k.probe)
		f := finding.Finding{
			Severity: finding.Info, Confidence: finding.Proven, Object: k.object(), Evidence: k.evidence, LastSeen: finding.At(k.last),
			Message: fmt.Sprintf("readiness%s of container %s failed %d times within the hour after it was ready, last %s ago; %d in a row take it out of Service %s",
				because(k.words(), k.probe), k.container.Name, k.count, analysis.Ago(p.Now(), k.last), b.Failures, service),
			Fix: k.look(kubeevent.Readiness),
		}
		if lost > 0 {
			f.Severity = finding.Warning
		}
		if k.of > 1 {
			f.Message += fmt.Sprintf("; %d of %d replicas", len(k.pods), k.of)
		}
		if lost > 0 {
			f.Message += fmt.Sprintf("; %d not ready now", lost)
		}
		if k.all(kubeevent.ExecTimeout) {
			f.SaidBy = ExecTimeout.ID
		}
		p.Report(f)
	})
	return nil
}

// afterReady takes the failures of a pod that had been ready.
func afterReady(pod *corev1.Pod, _ *corev1.Container, st *corev1.ContainerStatus, symptoms []restart.Symptom) []restart.Symptom {
	var since time.Time
	switch at := readyAt(pod); {
	case !at.IsZero():
		since = at
	case !neverReady(pod):
		// It has been ready and is not: what failed until shortly before it was lost is part of that, unless this life has only begun.
		for _, c := range pod.Status.Conditions {
			if c.Type == corev1.PodReady && c.LastTransitionTime.After(st.State.Running.StartedAt.Add(lostAfter)) {
				since = c.LastTransitionTime.Add(-lostAfter)
			}
		}
	}
	if since.IsZero() {
		return nil
	}
	var out []restart.Symptom
	for _, s := range symptoms {
		if s.Last.After(since) {
			out = append(out, s)
		}
	}
	return out
}

// lostAfter is how long after its start a container that lost its readiness had it for sure: a restart loses it at once.
const lostAfter = 10 * time.Second

// serves names a Service that selects the pod and heeds whether it is ready, empty where there is none.
func serves(p *analysis.Pass, pod *corev1.Pod) string {
	for _, svc := range p.Services(pod.Namespace) {
		if len(svc.Spec.Selector) > 0 && !svc.Spec.PublishNotReadyAddresses && labels.SelectorFromSet(svc.Spec.Selector).Matches(labels.Set(pod.Labels)) {
			return svc.Name
		}
	}
	return ""
}
