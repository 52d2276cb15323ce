package probes

// This file walks what probes are written in: for each workload one pod that is there, or the template where there is none, so that a
// manifest is judged as a cluster is.

import (
	"fmt"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"

	"github.com/kubectl-scars/kubectl-scars/pkg/analysis"
	"github.com/kubectl-scars/kubectl-scars/pkg/finding"
	"github.com/kubectl-scars/kubectl-scars/pkg/kubeevent"
	"github.com/kubectl-scars/kubectl-scars/pkg/restart"
	"github.com/kubectl-scars/kubectl-scars/pkg/snapshot"
)

// specInputs are what eachSpec takes.
func specInputs(more ...analysis.Input) []analysis.Input {
	return analysis.OptionalPodInputs(append([]analysis.Input{
		analysis.Optional(snapshot.Deployments), analysis.Optional(snapshot.StatefulSets), analysis.Optional(snapshot.DaemonSets), analysis.Optional(snapshot.CronJobs),
	}, more...)...)
}

// spec is what a workload's pods are made from.
type spec struct {
	workload    snapshot.Ref
	pods        []*corev1.Pod // of the newest revision, less those at their end; empty where only the template is known
	others      []*corev1.Pod // all that are not at their end, of whatever revision
	labels      map[string]string
	annotations map[string]string // those that are kept
	spec        *corev1.PodSpec
	source      finding.ObjectRef // where it is written
	path        string            // of the spec in it
	manifest    bool              // no server has it, so that there is nothing to look at or to restart
}

// eachSpec visits the workloads that have pods, or would have some. What it gives is shared, and must not be changed.
func eachSpec(p *analysis.Pass, visit func(*spec)) {
	all := allSpecs.In(p.View)
	for i := range all {
		visit(&all[i])
	}
}

// allSpecs are those of a snapshot, and apart from them those of pods and those that only a template is known of.
var (
	allSpecs      = snapshot.Derived[[]spec]{Kinds: specKinds(), Make: func(v *snapshot.View) []spec { return slices.Concat(podSpecs.In(v), templateSpecs.In(v)) }}
	podSpecs      = snapshot.Derived[[]spec]{Kinds: []snapshot.Kind{snapshot.Pods, snapshot.ReplicaSets, snapshot.Jobs}, Make: specsOfPods}
	templateSpecs = snapshot.Derived[[]spec]{Kinds: specKinds(), Make: specsOfTemplates}
)

func specKinds() []snapshot.Kind {
	return append([]snapshot.Kind{snapshot.Pods}, snapshot.TemplateKinds()...)
}

func specsOfPods(v *snapshot.View) []spec {
	workloads := v.Workloads()
	out := make([]spec, 0, len(workloads))
	for _, w := range workloads {
		if all := alive(v.PodsOf(w)); len(all) > 0 {
			pods := newest(all)
			out = append(out, spec{workload: w, pods: pods, others: all, labels: pods[0].Labels, annotations: pods[0].Annotations, spec: &pods[0].Spec, source: analysis.RefTo("Pod", pods[0]), path: "spec", manifest: pods[0].UID == ""})
		}
	}
	return out
}

// alive are the pods that are not at their end: mostly all of them.
func alive(pods []*corev1.Pod) []*corev1.Pod {
	if slices.IndexFunc(pods, func(pod *corev1.Pod) bool { return !notFinished(pod) }) < 0 {
		return pods
	}
	return slices.DeleteFunc(slices.Clone(pods), func(pod *corev1.Pod) bool { return !notFinished(pod) })
}

// newest are the pods of the revision that was made last: a rollout that stands still shows there, and old revisions are on their way out.
func newest(pods []*corev1.Pod) []*corev1.Pod {
	last := pods[0]
	for _, pod := range pods[1:] {
		if pod.CreationTimestamp.After(last.CreationTimestamp.Time) {
			last = pod
		}
	}
	another := func(pod *corev1.Pod) bool { return snapshot.RevisionOf(pod) != snapshot.RevisionOf(last) }
	if !slices.ContainsFunc(pods, another) {
		return pods
	}
	return slices.DeleteFunc(slices.Clone(pods), another)
}

func notFinished(pod *corev1.Pod) bool {
	return !snapshot.Finished(pod) && pod.DeletionTimestamp == nil
}

// size is how many containers and init containers a spec has.
func (s *spec) size() int { return len(s.spec.InitContainers) + len(s.spec.Containers) }

// at is one of them, nil where it has no probes: an init container that is no sidecar.
func (s *spec) at(i int) *corev1.Container {
	if i -= len(s.spec.InitContainers); i >= 0 {
		return &s.spec.Containers[i]
	}
	if c := &s.spec.InitContainers[i+len(s.spec.InitContainers)]; sidecar(c) {
		return c
	}
	return nil
}

// field is where a container's probe, or another field of it, is written.
func (s *spec) field(c *corev1.Container, name string) string {
	if sidecar(c) {
		return s.path + ".initContainers[" + c.Name + "]." + name
	}
	return s.path + ".containers[" + c.Name + "]." + name
}

// sidecar tells whether an init container runs beside the others (KEP-753).
func sidecar(c *corev1.Container) bool {
	return c.RestartPolicy != nil && *c.RestartPolicy == corev1.ContainerRestartPolicyAlways
}

// named is one of a container's probes.
type named struct {
	name  kubeevent.Probe
	probe *corev1.Probe
}

// probesOf lists the probes that a container has and that ask for what their author wrote: a mesh's own form is left out.
func probesOf(c *corev1.Container) (list [3]named, n int) {
	if c == nil {
		return list, 0
	}
	for _, try := range [...]named{{kubeevent.Startup, c.StartupProbe}, {kubeevent.Liveness, c.LivenessProbe}, {kubeevent.Readiness, c.ReadinessProbe}} {
		if try.probe != nil && !byMesh(try.probe) {
			list[n] = try
			n++
		}
	}
	return list, n
}

// object is what a finding about a container is about.
func (s *spec) object(container string) finding.ObjectRef {
	ref := analysis.Ref(s.workload)
	ref.Container = container
	return ref
}

// says quotes a field of the spec.
func (s *spec) says(container, field, value string) finding.Evidence {
	at := s.source
	at.Container = container
	return finding.Evidence{Object: at, Source: field, Value: value}
}

// asks quotes one of a container's probes.
func (s *spec) asks(c *corev1.Container, name kubeevent.Probe) finding.Evidence {
	probe := restart.ProbeOf(c, name)
	b := restart.BudgetOf(probe)
	return s.says(c.Name, s.field(c, fieldOf(name)), fmt.Sprintf("%s, %s, every %s, timeout %s", handler(probe), fails(b.Failures), b.Period, b.Timeout))
}

// ready counts the pods of a list that are ready.
func ready(pods []*corev1.Pod) (n int) {
	for _, pod := range pods {
		if isReady(pod) {
			n++
		}
	}
	return n
}

// andLook adds a command that shows the spec, where a server has it.
func (s *spec) andLook(fixes ...finding.Fix) []finding.Fix {
	if s.manifest {
		return fixes
	}
	return append(fixes, finding.Fix{Text: "See the probe and what its attempts say", Command: finding.Kubectl(s.workload.Namespace, "describe", strings.ToLower(s.source.Kind), s.source.Name)})
}
