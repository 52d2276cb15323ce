package probes

// This file finds replicas behind a Service that lose their readiness, or nearly so, after they had it.

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	corev1 "k8s.io/api/core/v1"

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
		Evidence: "At least two counted failures of the readiness probe within the hour, of pods that a Service selects, after they were ready: later than the condition Ready became true; or the pod has lost it since it started, for which one is enough. A warning where readiness is lost now; otherwise worth knowing, and where it has been lost for an hour by the program's own answer, beside the only replica that is ready, which became so when this one had ceased to be: so a former leader stands by.",
		Why:      "Each replica that goes leaves its load to the others. Where the probe asks a dependency, they all go at once.",
		Fix:      "Find why it fails: load, a time-out that is too short, a dependency inside the handler.",
		Limits:   "Failures before the condition Ready last became true may belong to the start and are left out; an event that began before, or before the hour, counts once, unless it goes on as often as makes the probe act in each hour. Events under-report. Where no replica is ready, probes/service-without-ready-pods tells.",
		Sources:  []string{"kubernetes v1.37.2 pkg/kubelet/prober/prober.go", "kubernetes v1.37.2 pkg/kubelet/status/generate.go"},
	},
	Inputs: withTemplates(analysis.PodInputs(analysis.Need(snapshot.Events), analysis.Need(snapshot.Services))),
	Run:    readinessFlap,
}

func readinessFlap(p *analysis.Pass) error {
	var services bySelector
	eachShaken(p, kubeevent.Readiness, afterReady, func(k *shaken) {
		lost := 0
		for _, pod := range k.pods {
			st := cmp.Or(statusOf(pod.Status.ContainerStatuses, k.container.Name), statusOf(pod.Status.InitContainerStatuses, k.container.Name))
			if !isReady(pod) && !st.Ready {
				lost++
			}
		}
		if k.count < 2 && lost == 0 || !slices.ContainsFunc(p.PodsOf(k.workload), isReady) {
			return
		}
		if services == nil {
			services = servicesByReadiness(p)
		}
		selecting := services.selecting(k.workload.Namespace, k.pods[0].Labels)
		if len(selecting) == 0 {
			return
		}
		b := restart.BudgetOf(k.probe)
		f := finding.Finding{
			Severity: finding.Info, Confidence: finding.Proven, Object: k.object(), Evidence: k.evidence, LastSeen: finding.At(k.last),
			Message: fmt.Sprintf("readiness%s of container %s failed %s after it was ready, last %s ago; %d in a row take it out of Service %s",
				because(k.words(), k.probe), k.container.Name, k.often(p.Now()), analysis.Ago(p.Now(), k.last), b.Failures, selecting[0].Name),
			Fix: k.look(kubeevent.Readiness),
		}
		standsBy := lost > 0 && k.standsBy(p)
		if lost > 0 && !standsBy {
			f.Severity = finding.Warning
		}
		if k.of > 1 {
			f.Message += fmt.Sprintf("; %d of %d replicas", len(k.pods), k.of)
			f.Fix = append(f.Fix, timelineFix(k.workload)...)
		}
		if lost > 0 {
			f.Message += fmt.Sprintf("; %d not ready now", lost)
		}
		if standsBy {
			f.Message += ", as one that stands by may be on purpose"
		}
		switch {
		case k.all(kubeevent.ExecTimeout):
			f.SaidBy = ExecTimeout.ID
		case k.init:
			f.SaidBy = SidecarGatesPod.ID
		case k.of > 1 && sameHandler(k.container):
			f.SaidBy = saysMore(p, k.workload, k.container)
		}
		report(p, f)
	})
	return nil
}

// standsBy tells whether those that failed may stand by for the one replica that is ready, as former leaders do: the program itself answers so, for
// longer than an hour, the others are asked the same, and the one became ready when these had ceased to be, or just before.
func (k *shaken) standsBy(p *analysis.Pass) bool {
	all := alive(p.PodsOf(k.workload))
	var leads time.Time
	ready := 0
	for _, pod := range all {
		if isReady(pod) {
			ready, leads = ready+1, readyAt(pod)
		}
	}
	if beside, _ := k.beside(p, all); ready != 1 || !beside || !k.saysNo(false) {
		return false
	}
	return !slices.ContainsFunc(k.pods, func(pod *corev1.Pod) bool {
		return !slices.ContainsFunc(pod.Status.Conditions, func(c corev1.PodCondition) bool {
			return c.Type == corev1.PodReady && c.Status == corev1.ConditionFalse && p.Now().Sub(c.LastTransitionTime.Time) > standsByAfter &&
				c.LastTransitionTime.Sub(leads) < handover
		})
	})
}

// handover is how long a new leader may be ready before the former one is seen not to be.
const handover = 2 * time.Minute

// standsByAfter is how long a replica that lost its readiness is spoken of as one in trouble, before it may stand by.
const standsByAfter = time.Hour

// afterReady takes the failures of a pod that had been ready.
func afterReady(pod *corev1.Pod, c *corev1.Container, st *corev1.ContainerStatus, symptoms []restart.Symptom) []restart.Symptom {
	from := readyAt(pod)
	if from.IsZero() && !neverReady(pod) {
		// It has been ready and is not: the failures that it took to lose it are part of that, unless this life has only begun.
		for _, cond := range pod.Status.Conditions {
			if cond.Type == corev1.PodReady && cond.LastTransitionTime.After(st.State.Running.StartedAt.Add(lostAfter)) {
				b := restart.BudgetOf(c.ReadinessProbe)
				from = cond.LastTransitionTime.Add(-b.Longest(b.Failures))
			}
		}
	}
	if from.IsZero() {
		return nil
	}
	return since(from, symptoms)
}

// lostAfter is how long after its start a container that lost its readiness had it for sure: a restart loses it at once.
const lostAfter = 10 * time.Second
