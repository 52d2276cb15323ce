package restart

// This file finds the deaths: those that the pod's status holds, at most two for each container, and those that only events tell of.

import (
	"cmp"
	"fmt"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/kubectl-scars/kubectl-scars/pkg/finding"
	"github.com/kubectl-scars/kubectl-scars/pkg/order"
)

// Deaths lists every death of every container of the pod that is known, oldest first. What has completed with code 0 is listed too.
func Deaths(f Facts) []Death {
	kills := killsOf(f)
	var out []Death
	eachContainer(f.Pod, func(c container) {
		for _, e := range c.ends() {
			out = append(out, attribute(f, c, e, kills))
		}
	})
	out = append(out, startFailures(f)...)
	out = append(out, evictions(f)...)
	out = append(out, turnedAway(f)...)
	for _, k := range kills {
		if k.left > 0 {
			out = append(out, k.death(f))
		}
	}
	for i := range out {
		out[i].Gone = f.Pod == nil
	}
	order.By(out, func(a, b Death) int {
		return cmp.Or(a.Finished.Compare(b.Finished), cmp.Compare(a.Pod.Container, b.Pod.Container), cmp.Compare(a.Cause, b.Cause))
	})
	return out
}

// container is one container of a pod: what was asked for and what became of it.
type container struct {
	kind   Kind
	spec   *corev1.Container // nil where the spec does not hold it
	status *corev1.ContainerStatus
	list   string // of its status: "containerStatuses"
}

// path is the field path of its status.
func (c container) path() string { return "status." + c.list + "[" + c.status.Name + "]" }

// end is one terminated state.
type end struct {
	*corev1.ContainerStateTerminated
	path    string
	current bool // state, not lastState
}

// ends lists the terminated states, the older one first: of "state" and "lastState" the latter is older. One end may be shown in both,
// and one that the kubelet invented is, with two different texts, when a pod is evicted.
func (c container) ends() []end {
	var out []end
	last, state := c.status.LastTerminationState.Terminated, c.status.State.Terminated
	if last != nil && (state == nil || *last != *state && (last.Reason != reasonUnknown || state.Reason != reasonUnknown)) {
		out = append(out, end{last, c.path() + ".lastState.terminated", false})
	}
	if state != nil {
		out = append(out, end{state, c.path() + ".state.terminated", true})
	}
	return out
}

// times are when it began and ended; runtimes write the epoch for what never was.
func (e end) times() (started, finished time.Time) {
	started, finished = e.StartedAt.UTC(), e.FinishedAt.UTC()
	if started.Unix() <= 0 {
		started = time.Time{}
	}
	if finished.Unix() <= 0 {
		finished = time.Time{}
	}
	return started, finished
}

func (e end) evidence(pod finding.ObjectRef) finding.Evidence {
	_, finished := e.times()
	value := fmt.Sprintf("reason %s, exitCode %d", cmp.Or(e.Reason, `""`), e.ExitCode)
	if text := strings.TrimSpace(e.Message); text != "" && (e.Reason == reasonUnknown || e.Reason == reasonRestartAll || e.ExitCode == 128) {
		value += ": " + text
	}
	return finding.Evidence{Object: pod, Source: e.path, Value: value, Time: finding.At(finished)}
}

// eachContainer visits the containers of all three status lists.
func eachContainer(p *corev1.Pod, visit func(container)) {
	if p == nil {
		return
	}
	for i := range p.Status.InitContainerStatuses {
		st := &p.Status.InitContainerStatuses[i]
		c := container{kind: Init, spec: specOf(p.Spec.InitContainers, st.Name), status: st, list: "initContainerStatuses"}
		if c.spec != nil && c.spec.RestartPolicy != nil && *c.spec.RestartPolicy == corev1.ContainerRestartPolicyAlways {
			c.kind = Sidecar
		}
		visit(c)
	}
	for i := range p.Status.ContainerStatuses {
		st := &p.Status.ContainerStatuses[i]
		visit(container{kind: Regular, spec: specOf(p.Spec.Containers, st.Name), status: st, list: "containerStatuses"})
	}
	for i := range p.Status.EphemeralContainerStatuses {
		st := &p.Status.EphemeralContainerStatuses[i]
		visit(container{kind: Ephemeral, status: st, list: "ephemeralContainerStatuses"})
	}
}

func specOf(list []corev1.Container, name string) *corev1.Container {
	for i := range list {
		if list[i].Name == name {
			return &list[i]
		}
	}
	return nil
}

// kindOf is the kind of a container of the pod, empty where the pod is gone.
func kindOf(p *corev1.Pod, name string) (kind Kind) {
	eachContainer(p, func(c container) {
		if c.status.Name == name {
			kind = c.kind
		}
	})
	return kind
}

func (f Facts) ref(container string) finding.ObjectRef {
	return finding.ObjectRef{Kind: "Pod", Namespace: f.Namespace, Name: f.Name, Container: container}
}

// Unhurt tells that nothing in a pod's status speaks of a death. Where no event does either, Deaths has none.
func Unhurt(p *corev1.Pod) bool {
	if p == nil {
		return true
	}
	for _, list := range [][]corev1.ContainerStatus{p.Status.InitContainerStatuses, p.Status.ContainerStatuses, p.Status.EphemeralContainerStatuses} {
		for i := range list {
			if list[i].State.Terminated != nil || list[i].LastTerminationState.Terminated != nil {
				return false
			}
		}
	}
	return p.Status.Reason == ""
}
