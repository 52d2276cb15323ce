package probes

// This file finds rollouts that are judged by a clock which does not fit the probes'.

import (
	"fmt"
	"math"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"

	"github.com/kubectl-scars/kubectl-scars/pkg/analysis"
	"github.com/kubectl-scars/kubectl-scars/pkg/finding"
	"github.com/kubectl-scars/kubectl-scars/pkg/kubeevent"
	"github.com/kubectl-scars/kubectl-scars/pkg/restart"
	"github.com/kubectl-scars/kubectl-scars/pkg/snapshot"
)

// RolloutBlind is probes/rollout-blind.
var RolloutBlind = &analysis.Check{
	ID: "probes/rollout-blind",
	Doc: analysis.Doc{
		Title:    "A rollout is over before the probes have judged it",
		Symptom:  "kubectl rollout status and pipelines give up with \"exceeded its progress deadline\", roll back or page, and the pods become ready later. Or a rollout succeeds, and its pods are killed one after the other a moment later.",
		Evidence: "The startup probe allows a start of longer than the Deployment's progressDeadlineSeconds (600 where it is not set): info, proven by the spec. A warning where a startup or readiness probe first asks after that deadline (initialDelaySeconds), so that no rollout makes progress in time: proven by the spec. A warning where the Deployment says ProgressDeadlineExceeded while a container is running within its startup probe's time. And a warning where liveness first killed a pod of the newest revision after that counted as rolled out, and no later than it takes liveness to kill: with a minReadySeconds of that time the rollout would have seen it, and kept the old replicas.",
		Why:      "Two clocks judge the same start. The shorter one wins, whatever the other was set to.",
		Fix:      "Set progressDeadlineSeconds above the longest start that the probe allows plus the time for images, and minReadySeconds to what liveness takes to kill; the server wants progressDeadlineSeconds to be the greater of the two.",
		Limits:   "That minReadySeconds is short is told only where it was seen to matter: most rollouts do without. Of StatefulSets it is not told.",
		Sources:  []string{"kubernetes v1.37.2 pkg/controller/deployment/util/deployment_util.go (DeploymentProgressing, DeploymentTimedOut)", "kubernetes v1.37.2 pkg/apis/apps/validation/validation.go (ValidateDeploymentSpec)", "k8s.io/api apps/v1 DeploymentSpec"},
	},
	Inputs: analysis.OptionalPodInputs(analysis.Need(snapshot.Deployments), analysis.Optional(snapshot.Events)),
	Run:    rolloutBlind,
}

func rolloutBlind(p *analysis.Pass) error {
	for _, d := range p.Deployments("") {
		if d.Spec.Replicas != nil && *d.Spec.Replicas == 0 || d.Spec.Paused || d.DeletionTimestamp != nil {
			continue
		}
		tooSoon(p, d)
		deadline := time.Duration(progressDeadline(d)) * time.Second
		if deadline <= 0 {
			continue // which no server takes
		}
		for _, list := range [][]corev1.Container{d.Spec.Template.Spec.InitContainers, d.Spec.Template.Spec.Containers} {
			for i := range list {
				c := &list[i]
				if first, delay := askedLast(c); delay > deadline {
					p.Report(tooLate(d, c, first, delay, deadline))
				} else if c.StartupProbe != nil && !byMesh(c.StartupProbe) {
					if start := restart.BudgetOf(c.StartupProbe).Latest; start > deadline {
						blind(p, d, c, start, deadline)
					}
				}
			}
		}
	}
	return nil
}

// askedLast is the probe of a container that is the last to ask for the first time, of those that must succeed before it is ready, and how
// long after its start that is at the soonest. Readiness waits for the startup probe, and its own delay counts from the container's start too.
func askedLast(c *corev1.Container) (last named, delay time.Duration) {
	list, n := probesOf(c)
	for _, probe := range list[:n] {
		if wait := time.Duration(probe.probe.InitialDelaySeconds) * time.Second; probe.name != kubeevent.Liveness && wait > delay {
			last, delay = probe, wait
		}
	}
	return last, delay
}

// tooLate is a rollout that makes no progress within its deadline, whatever the program does: after its pods were made the next progress is the
// first of them that is ready (kubernetes v1.37.2 pkg/controller/deployment/util/deployment_util.go, DeploymentProgressing).
func tooLate(d *appsv1.Deployment, c *corev1.Container, probe named, delay, deadline time.Duration) finding.Finding {
	s := specOfRollout(d)
	return finding.Finding{
		Severity: finding.Warning, Confidence: finding.Proven, Object: s.object(c.Name),
		Message: fmt.Sprintf("every rollout counts as failed after %s (progressDeadlineSeconds), because %s of container %s first asks after %s (initialDelaySeconds)",
			analysis.Span(deadline), fieldOf(probe.name), c.Name, analysis.Span(delay)),
		Evidence: []finding.Evidence{
			s.deadline(d, deadline), s.says(c.Name, s.field(c, fieldOf(probe.name))+".initialDelaySeconds", fmt.Sprint(probe.probe.InitialDelaySeconds)),
		},
		Fix: []finding.Fix{
			{Text: "Let a startupProbe wait for the start in place of a delay: it ends as soon as the program is up"}, waitLongerFor(d, delay),
		},
	}
}

// specOfRollout is a Deployment's own spec, whatever pods there are.
func specOfRollout(d *appsv1.Deployment) *spec {
	ref := snapshot.Ref{APIVersion: "apps/v1", Kind: "Deployment", Namespace: d.Namespace, Name: d.Name}
	return &spec{workload: ref, source: analysis.Ref(ref), path: "spec.template.spec"}
}

func (s *spec) deadline(d *appsv1.Deployment, deadline time.Duration) finding.Evidence {
	set := fmt.Sprint(int(deadline.Seconds()))
	if d.Spec.ProgressDeadlineSeconds == nil {
		set += ", the default"
	}
	return s.says("", "spec.progressDeadlineSeconds", set)
}

// waitLongerFor is a deadline that leaves room for such a start, for minReadySeconds and for images.
func waitLongerFor(d *appsv1.Deployment, start time.Duration) finding.Fix {
	enough := min(int64((start+2*time.Minute).Seconds())+int64(max(d.Spec.MinReadySeconds, 0)), math.MaxInt32)
	return finding.Fix{
		Text:    "Let the rollout wait longer than the start may take; this restarts nothing",
		Command: finding.Kubectl(d.Namespace, "patch", "deployment/"+d.Name, "-p", fmt.Sprintf(`{"spec":{"progressDeadlineSeconds":%d}}`, enough)),
	}
}

func blind(p *analysis.Pass, d *appsv1.Deployment, c *corev1.Container, start, deadline time.Duration) {
	s := specOfRollout(d)
	ref := s.workload
	allows := analysis.Span(start)
	if allows == analysis.Span(deadline) {
		allows = start.String()
	}
	f := finding.Finding{
		Severity: finding.Info, Confidence: finding.Proven, Object: s.object(c.Name),
		Message: fmt.Sprintf("a rollout counts as failed after %s (progressDeadlineSeconds), while the startup probe of container %s allows %s",
			analysis.Span(deadline), c.Name, allows),
		Evidence: []finding.Evidence{
			s.deadline(d, deadline),
			s.says(c.Name, s.field(c, "startupProbe"), handler(c.StartupProbe)+", "+start.String()+" at the latest"),
		},
		Fix: []finding.Fix{waitLongerFor(d, start)},
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
