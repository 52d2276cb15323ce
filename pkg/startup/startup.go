// Package startup measures how long containers take to start: from those that became ready, within the bounds of what the API's times
// can tell, and from those that a probe killed before, whose lives are lower bounds. Survivors alone understate a start-up.
package startup

import (
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	"k8s.io/utils/ptr"

	"github.com/kubectl-scars/kubectl-scars/pkg/finding"
	"github.com/kubectl-scars/kubectl-scars/pkg/kubeevent"
	"github.com/kubectl-scars/kubectl-scars/pkg/restart"
)

// Bound says what a measured time means.
type Bound string

// The bounds.
const (
	Within  Bound = "within"   // the start took between Least and Took
	AtMost  Bound = "at-most"  // it took no longer than Took
	AtLeast Bound = "at-least" // it was killed then, and would have taken longer
)

// Start is one start of one container.
type Start struct {
	Pod   finding.ObjectRef // with the container's name
	Bound Bound
	Why   string        // why it is at most Took, as half a sentence
	Began time.Time     // startedAt
	Took  time.Duration // until the probe was seen to succeed; AtLeast: until it was last seen to fail
	Least time.Duration // what it took at least: Took less the error
	Life  time.Duration // AtLeast: how long the container lived, with its grace period

	path  string                  // the list of its status
	ready time.Time               // since when the pod's condition below is True
	sign  corev1.PodConditionType // ContainersReady, or Initialized
}

// Evidence quotes what the time of a start that succeeded was taken from.
func (s Start) Evidence() []finding.Evidence {
	pod := s.Pod
	pod.Container = ""
	return []finding.Evidence{
		{Object: s.Pod, Source: "status." + s.path + "[" + s.Pod.Container + "].state.running.startedAt", Value: s.Began.Format(time.RFC3339), Time: finding.At(s.Began)},
		{Object: pod, Source: "status.conditions[" + string(s.sign) + "]", Value: "True since " + s.ready.Format(time.RFC3339), Time: finding.At(s.ready)},
	}
}

// resolution is that of the API's times: startedAt and lastTransitionTime are cut to seconds.
const resolution = time.Second

// slack is by how much times may differ that mean the same moment, of which one is the runtime's and one the kubelet's.
const slack = 2 * time.Second

// believable is the longest start that is taken for one where no startup probe bounds it: after that, readiness was rather lost and found.
const believable = 15 * time.Minute

// Governing is the probe that ends a start which takes too long: the startup probe, or the liveness probe where there is none.
func Governing(c *corev1.Container) (*corev1.Probe, kubeevent.Probe) {
	switch {
	case c.StartupProbe != nil:
		return c.StartupProbe, kubeevent.Startup
	case c.LivenessProbe != nil:
		return c.LivenessProbe, kubeevent.Liveness
	default:
		return nil, ""
	}
}

// Shown tells whether the governing probe asks the same as what makes the container ready, so that a measured start is what that probe
// waits for.
func Shown(c *corev1.Container) bool {
	p, name := Governing(c)
	switch {
	case p == nil:
		return false
	case c.ReadinessProbe == nil:
		return name == kubeevent.Startup
	default:
		return Alike(p, c.ReadinessProbe)
	}
}

// Alike tells whether two probes are known to ask the same. Arguments of commands, queries and the values of headers are not kept, so that
// what has these cannot be compared.
func Alike(a, b *corev1.Probe) bool {
	switch {
	case a == nil || b == nil:
		return false
	case a.HTTPGet != nil && b.HTTPGet != nil:
		x, y := a.HTTPGet, b.HTTPGet
		return len(x.HTTPHeaders)+len(y.HTTPHeaders) == 0 && !strings.Contains(x.Path, "?") && strings.TrimPrefix(x.Path, "/") == strings.TrimPrefix(y.Path, "/") &&
			x.Port == y.Port && x.Host == y.Host && protocol(x) == protocol(y) && (x.Scheme == corev1.URISchemeHTTPS) == (y.Scheme == corev1.URISchemeHTTPS)
	case a.Exec != nil && len(a.Exec.Command) != 1:
		return false
	default:
		return equality.Semantic.DeepEqual(a.ProbeHandler, b.ProbeHandler)
	}
}

func protocol(get *corev1.HTTPGetAction) corev1.HTTPProtocol {
	return ptr.Deref(get.Protocol, corev1.HTTPProtocolHTTP1)
}

// Hidden tells whether nobody can tell if two probes ask the same: what is kept of them is alike, and not all is.
func Hidden(a, b *corev1.Probe) bool {
	switch {
	case a == nil || b == nil:
		return false
	case a.HTTPGet != nil && b.HTTPGet != nil:
		x, y := a.DeepCopy(), b.DeepCopy()
		partial := false
		for _, get := range []*corev1.HTTPGetAction{x.HTTPGet, y.HTTPGet} {
			path, _, query := strings.Cut(get.Path, "?")
			partial = partial || query || len(get.HTTPHeaders) > 0
			get.Path, get.HTTPHeaders = path, nil
		}
		return partial && Alike(x, y)
	case a.Exec != nil && b.Exec != nil:
		x, y := a.Exec.Command, b.Exec.Command
		return len(x) > 0 && len(y) > 0 && len(x)+len(y) > 2 && x[0] == y[0]
	default:
		return false
	}
}

// Observe measures the start of the life that a container of a pod is in now; false where it is not ready, or nothing tells when it was.
func Observe(f restart.Facts, c *corev1.Container) (Start, bool) {
	if f.Pod == nil || c.ReadinessProbe == nil && c.StartupProbe == nil {
		return Start{}, false
	}
	st, list := statusOf(f.Pod, c.Name)
	ready := since(f.Pod, corev1.ContainersReady)
	if st == nil || st.State.Running == nil || st.State.Running.StartedAt.Unix() <= 0 {
		return Start{}, false
	}
	began := st.State.Running.StartedAt.UTC()
	s := Start{Pod: finding.ObjectRef{Kind: "Pod", Namespace: f.Namespace, Name: f.Name, Container: c.Name}, Began: began, path: list}
	if initializes(f.Pod, c) && s.initialized(c, since(f.Pod, corev1.PodInitialized)) {
		return s, true
	}
	if !st.Ready || ready.IsZero() || ready.Before(began) {
		return Start{}, false // another container's doing, or from the life before
	}
	s.Bound, s.Took, s.ready, s.sign = Within, ready.Sub(began), ready, corev1.ContainersReady
	var beside []time.Time
	for _, list := range [][]corev1.ContainerStatus{f.Pod.Status.InitContainerStatuses, f.Pod.Status.ContainerStatuses} {
		for i := range list {
			if o := &list[i]; o.Name != c.Name && o.State.Running != nil {
				beside = append(beside, o.State.Running.StartedAt.UTC())
			}
		}
	}
	held := heldBack(f.Pod, c, began, ready, beside)
	s.Took, s.Least = bounds(c, s.Took, held)
	s.Why = doubt(f, c, s, ready, held)
	if s.Why != "" {
		s.Bound, s.Least = AtMost, 0
	}
	return s, true
}

// bounds takes off what the probes add to a start that was seen to take so long, and says how long it took at least. A start ends up to a
// period before the attempt that succeeds, or as long before as the attempt before that was waited for, and the attempt itself may take as
// long as its time-out. So may those that must succeed after it, and the kubelet makes up for one lost tick (time.Ticker). An attempt that may
// have been the first, which lies within a period after the probe's delay and after it was held back, tells nothing of what was before.
func bounds(c *corev1.Container, seen, held time.Duration) (took, least time.Duration) {
	took, least = seen, seen
	var coarse time.Duration
	first := held
	for _, p := range []*corev1.Probe{c.StartupProbe, c.ReadinessProbe} {
		if p == nil {
			continue
		}
		b, more := restart.BudgetOf(p), max(p.SuccessThreshold, 1)-1
		late := b.Timeout // after its tick
		if b.Timeout > b.Period {
			late *= 2
		}
		coarse += b.Apart(1) + b.Timeout
		first = max(first, time.Duration(max(p.InitialDelaySeconds, 0))*time.Second)
		took -= max(0, b.Attempts(more)-late)
		least -= b.Apart(more)
	}
	took, least = max(took, 0), least-coarse-resolution
	if least <= first {
		least = 0
	}
	return took, least
}

// heldBack is how long after its start a container that was ready later may not have been probed yet. The kubelet starts the containers of a
// pod one after the other, each with its postStart hook, and probes what it has published as running, which it does when all are started
// (kubernetes v1.37.2 pkg/kubelet/kubelet.go SyncPod, pkg/kubelet/kuberuntime/kuberuntime_container.go startContainer,
// pkg/kubelet/prober/worker.go doProbe). How long a hook took nothing tells.
func heldBack(pod *corev1.Pod, c *corev1.Container, began, ready time.Time, beside []time.Time) (held time.Duration) {
	for i := range pod.Spec.Containers {
		if hooked(c) || hooked(&pod.Spec.Containers[i]) {
			return ready.Sub(began)
		}
	}
	for _, at := range beside {
		if !at.After(ready) {
			held = max(held, at.Sub(began))
		}
	}
	return held
}

func hooked(c *corev1.Container) bool { return c.Lifecycle != nil && c.Lifecycle.PostStart != nil }

// since is since when a condition of a pod is True, zero where it is not. Of all conditions ContainersReady tells when its containers were
// ready: Ready would also wait for readiness gates.
func since(p *corev1.Pod, condition corev1.PodConditionType) time.Time {
	for _, c := range p.Status.Conditions {
		if c.Type == condition && c.Status == corev1.ConditionTrue {
			return c.LastTransitionTime.UTC()
		}
	}
	return time.Time{}
}

func statusOf(p *corev1.Pod, name string) (*corev1.ContainerStatus, string) {
	for i := range p.Status.ContainerStatuses {
		if s := &p.Status.ContainerStatuses[i]; s.Name == name {
			return s, "containerStatuses"
		}
	}
	for i := range p.Status.InitContainerStatuses {
		if s := &p.Status.InitContainerStatuses[i]; s.Name == name {
			return s, "initContainerStatuses"
		}
	}
	return nil, ""
}
