package probes

// This file finds rollouts that are judged by a clock which does not fit the probes'.

import (
	"fmt"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"

	"github.com/kubectl-scars/kubectl-scars/pkg/analysis"
	"github.com/kubectl-scars/kubectl-scars/pkg/finding"
	"github.com/kubectl-scars/kubectl-scars/pkg/restart"
	"github.com/kubectl-scars/kubectl-scars/pkg/snapshot"
)

// RolloutBlind is probes/rollout-blind.
var RolloutBlind = &analysis.Check{
	ID: "probes/rollout-blind",
	Doc: analysis.Doc{
		Title:    "A rollout is over before the probes have judged it",
		Symptom:  "kubectl rollout status and pipelines give up with \"exceeded its progress deadline\", roll back or page, and the pods become ready later. Or a rollout succeeds, and its pods are killed one after the other a moment later.",
		Evidence: "The startup probe allows a start of longer than the Deployment's progressDeadlineSeconds (600 where it is not set): info, proven by the spec. A warning where the Deployment says ProgressDeadlineExceeded while a container is running within its startup probe's time. And a warning where liveness first killed a pod of the newest revision after that counted as rolled out, and no later than it takes liveness to kill: with a minReadySeconds of that time the rollout would have seen it, and kept the old replicas.",
		Why:      "Two clocks judge the same start. The shorter one wins, whatever the other was set to.",
		Fix:      "Set progressDeadlineSeconds above the longest start that the probe allows plus the time for images, and minReadySeconds to what liveness takes to kill.",
		Limits:   "That minReadySeconds is short is told only where it was seen to matter: most rollouts do without. Of StatefulSets it is not told.",
		Sources:  []string{"kubernetes v1.37.2 pkg/controller/deployment/util/deployment_util.go (DeploymentTimedOut)", "k8s.io/api apps/v1 DeploymentSpec"},
	},
	Inputs: analysis.OptionalPodInputs(analysis.Need(snapshot.Deployments), analysis.Optional(snapshot.Events)),
	Run:    rolloutBlind,
}

const defaultDeadline = 600 // seconds

func rolloutBlind(p *analysis.Pass) error {
	for _, d := range p.Deployments("") {
		if d.Spec.Replicas != nil && *d.Spec.Replicas == 0 || d.Spec.Paused || d.DeletionTimestamp != nil {
			continue
		}
		deadline := time.Duration(defaultDeadline) * time.Second
		if d.Spec.ProgressDeadlineSeconds != nil {
			deadline = time.Duration(*d.Spec.ProgressDeadlineSeconds) * time.Second
		}
		tooSoon(p, d)
		for _, list := range [][]corev1.Container{d.Spec.Template.Spec.InitContainers, d.Spec.Template.Spec.Containers} {
			for i := range list {
				if c := &list[i]; c.StartupProbe != nil && !byMesh(c.StartupProbe) {
					if start := restart.BudgetOf(c.StartupProbe).Latest; start > deadline {
						blind(p, d, c, start, deadline)
					}
				}
			}
		}
	}
	return nil
}

func blind(p *analysis.Pass, d *appsv1.Deployment, c *corev1.Container, start, deadline time.Duration) {
	ref := snapshot.Ref{APIVersion: "apps/v1", Kind: "Deployment", Namespace: d.Namespace, Name: d.Name}
	s := &spec{workload: ref, source: analysis.Ref(ref)}
	set := fmt.Sprint(int(deadline.Seconds()))
	if d.Spec.ProgressDeadlineSeconds == nil {
		set += ", the default"
	}
	list := "containers"
	if sidecar(c) {
		list = "initContainers"
	}
	enough := int((start + time.Duration(d.Spec.MinReadySeconds)*time.Second + 2*time.Minute).Seconds())
	f := finding.Finding{
		Severity: finding.Info, Confidence: finding.Proven, Object: s.object(c.Name),
		Message: fmt.Sprintf("a rollout counts as failed after %s (progressDeadlineSeconds), while the startup probe of container %s allows %s",
			analysis.Span(deadline), c.Name, analysis.Span(start)),
		Evidence: []finding.Evidence{
			s.says("", "spec.progressDeadlineSeconds", set),
			s.says(c.Name, "spec.template.spec."+list+"["+c.Name+"].startupProbe", handler(c.StartupProbe)+", "+start.String()+" at the latest"),
		},
		Fix: []finding.Fix{{
			Text:    "Let the rollout wait longer than the start may take; this restarts nothing",
			Command: finding.Kubectl(d.Namespace, "patch", "deployment/"+d.Name, "-p", fmt.Sprintf(`{"spec":{"progressDeadlineSeconds":%d}}`, enough)),
		}},
	}
	for _, cond := range d.Status.Conditions {
		if cond.Type != appsv1.DeploymentProgressing || cond.Reason != "ProgressDeadlineExceeded" {
			continue
		}
		for _, pod := range p.PodsOf(ref) {
			st := statusOf(pod.Status.ContainerStatuses, c.Name)
			if sidecar(c) {
				st = statusOf(pod.Status.InitContainerStatuses, c.Name)
			}
			if st == nil || st.State.Running == nil || st.Started == nil || *st.Started || p.Now().Sub(st.State.Running.StartedAt.Time) > start {
				continue
			}
			f.Severity = finding.Warning
			f.Message = fmt.Sprintf("the rollout counts as failed after %s (progressDeadlineSeconds), while container %s is still starting, for %s of the %s that its startup probe allows",
				analysis.Span(deadline), c.Name, analysis.Ago(p.Now(), st.State.Running.StartedAt.Time), analysis.Span(start))
			at := analysis.RefTo("Pod", pod)
			at.Container = c.Name
			f.Evidence = append(f.Evidence,
				finding.Evidence{Object: analysis.Ref(ref), Source: "status.conditions[Progressing]", Value: cond.Reason, Time: finding.At(cond.LastUpdateTime.Time)},
				finding.Evidence{Object: at, Source: "status.containerStatuses[" + c.Name + "].started", Value: "false", Time: finding.At(st.State.Running.StartedAt.Time)})
			f.FirstSeen = finding.At(cond.LastUpdateTime.Time)
			break
		}
	}
	p.Report(f)
}
