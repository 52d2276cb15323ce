package probes

// This file walks the containers whose probe cannot act, once for each container of a workload, for inert-liveness and stuck-startup.

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/kubectl-scars/kubectl-scars/pkg/analysis"
	"github.com/kubectl-scars/kubectl-scars/pkg/finding"
	"github.com/kubectl-scars/kubectl-scars/pkg/kubeevent"
	"github.com/kubectl-scars/kubectl-scars/pkg/restart"
	"github.com/kubectl-scars/kubectl-scars/pkg/snapshot"
)

// inert is a container of a workload with a probe that cannot act.
type inert struct {
	unable
	workload  snapshot.Ref
	container string
	spec      *corev1.Container
	pod       *corev1.Pod // the first one it is seen in
	since     time.Time   // since when that container runs
	hit, pods int         // pods it is seen in, and running pods of the workload
	ready     int         // pods of the workload that are ready
}

func (i inert) object() finding.ObjectRef {
	ref := analysis.Ref(i.workload)
	ref.Container = i.container
	return ref
}

// eachInert visits, in a fixed order, each container of each workload for which pick gives a probe that cannot act. pick sees the
// container as it runs now.
func eachInert(p *analysis.Pass, name kubeevent.Probe, pick func(*corev1.Container, *corev1.ContainerStatus) *corev1.Probe, visit func(inert)) {
	for _, w := range mayBeInert.In(p.View) {
		var order []string
		found := map[string]*inert{}
		pods, ready := 0, 0
		for _, inc := range p.Incarnations(w) {
			pod := inc.Pod
			if pod == nil || !notFinished(pod) {
				continue
			}
			pods++
			if isReady(pod) {
				ready++
			}
			eachRunning(pod, func(c *corev1.Container, init bool, st *corev1.ContainerStatus) {
				probe := pick(c, st)
				if probe == nil {
					return
				}
				u, ok := whyUnable(pod, c, init, probe, name, inc.Events, p.Now())
				if !ok {
					return
				}
				if found[c.Name] == nil {
					found[c.Name] = &inert{unable: u, workload: w, container: c.Name, spec: c, pod: pod, since: st.State.Running.StartedAt.UTC()}
					order = append(order, c.Name)
				}
				found[c.Name].hit++
			})
		}
		for _, n := range order {
			found[n].pods, found[n].ready = pods, ready
			visit(*found[n])
		}
	}
}

// mayBeInert are the workloads with a probe whose port the container does not have, or with an attempt that ended in an error: the others have
// no probe that cannot act.
var mayBeInert = snapshot.Derived[[]snapshot.Ref]{
	Kinds: []snapshot.Kind{snapshot.Pods, snapshot.ReplicaSets, snapshot.Jobs, snapshot.Events},
	Make: func(v *snapshot.View) []snapshot.Ref {
		return slices.DeleteFunc(slices.Clone(v.Workloads()), func(w snapshot.Ref) bool {
			return !slices.ContainsFunc(v.Incarnations(w), func(inc snapshot.Incarnation) bool {
				return inc.Pod != nil && (slices.ContainsFunc(inc.Events, errored) || unresolved(inc.Pod))
			})
		})
	},
}

// unresolved tells whether any container has a probe whose port it does not have.
func unresolved(pod *corev1.Pod) bool {
	for _, list := range [...][]corev1.Container{pod.Spec.Containers, pod.Spec.InitContainers} {
		for i := range list {
			for _, name := range [...]kubeevent.Probe{kubeevent.Startup, kubeevent.Liveness, kubeevent.Readiness} {
				if probe := restart.ProbeOf(&list[i], name); probe != nil {
					if _, missing := missingPort(&list[i], probe); missing {
						return true
					}
				}
			}
		}
	}
	return false
}

// eachUnresolved visits the containers of templates without pods that have a probe whose port has a name which they do not have, and
// gives a finding with what is known of it, and the worst probe of the container with the same fault.
func eachUnresolved(p *analysis.Pass, name kubeevent.Probe, effect string, visit func(f *finding.Finding, worst kubeevent.Probe)) {
	templates := templateSpecs.In(p.View)
	for i := range templates {
		s := &templates[i]
		for at := range s.size() {
			c := s.at(at)
			if c == nil || restart.ProbeOf(c, name) == nil {
				continue
			}
			probe := restart.ProbeOf(c, name)
			port, missing := missingPort(c, probe)
			if !missing {
				continue
			}
			f := finding.Finding{
				Severity: finding.Warning, Confidence: finding.Proven, Object: s.object(c.Name),
				Message:  fmt.Sprintf("no port of the container is named %s, so the %s probe of container %s %s", port, strings.ToLower(string(name)), c.Name, effect),
				Evidence: []finding.Evidence{s.says(c.Name, s.field(c, fieldOf(name)), handler(probe)+"; the container's ports are "+portNames(c))},
				Fix:      []finding.Fix{namePort(port)},
			}
			visit(&f, shareFault(&f, c, name, s.source, s.path))
		}
	}
}

// shareFault tells in a finding about a probe whose port has a name that the container does not have, which milder probes of the container
// ask the same port, and gives the worst one that does: one name is one trouble. Where it is the startup probe, the others do not even
// begin; where it is readiness, the pod serves nobody; with liveness alone it serves. path is that of the pod's spec in source.
func shareFault(f *finding.Finding, c *corev1.Container, name kubeevent.Probe, source finding.ObjectRef, path string) (worst kubeevent.Probe) {
	port, missing := missingPort(c, restart.ProbeOf(c, name))
	if !missing {
		return name
	}
	source.Container = c.Name
	list := ".containers["
	if sidecar(c) {
		list = ".initContainers["
	}
	var milder []string
	after := false
	for _, other := range []kubeevent.Probe{kubeevent.Startup, kubeevent.Readiness, kubeevent.Liveness} {
		probe := restart.ProbeOf(c, other)
		if probe == nil {
			continue
		}
		if same, ok := missingPort(c, probe); !ok || same != port {
			continue
		}
		worst = cmp.Or(worst, other)
		if after {
			milder = append(milder, strings.ToLower(string(other)))
			f.Evidence = append(f.Evidence, finding.Evidence{Object: source, Source: path + list + c.Name + "]." + fieldOf(other), Value: handler(probe)})
		}
		after = after || other == name
	}
	switch len(milder) {
	case 0:
	case 1:
		f.Message += "; its " + milder[0] + " probe asks that port too"
	default:
		f.Message += "; its " + strings.Join(milder, " and ") + " probes ask that port too"
	}
	return worst
}

// eachRunning visits the containers of a pod that run now.
func eachRunning(pod *corev1.Pod, visit func(c *corev1.Container, init bool, st *corev1.ContainerStatus)) {
	for _, list := range [][]corev1.ContainerStatus{pod.Status.InitContainerStatuses, pod.Status.ContainerStatuses} {
		for i := range list {
			st := &list[i]
			if c, init := specOf(pod, st.Name); c != nil && st.State.Running != nil {
				visit(c, init, st)
			}
		}
	}
}

func isReady(pod *corev1.Pod) bool {
	for _, c := range pod.Status.Conditions {
		if c.Type == corev1.PodReady {
			return c.Status == corev1.ConditionTrue
		}
	}
	return false
}
