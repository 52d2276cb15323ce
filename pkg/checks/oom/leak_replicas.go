package oom

// This file puts the replicas of a template side by side: how old each is, and what it uses.

import (
	"cmp"
	"slices"
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/kubectl-scars/kubectl-scars/pkg/analysis"
	"github.com/kubectl-scars/kubectl-scars/pkg/finding"
	"github.com/kubectl-scars/kubectl-scars/pkg/growth"
	"github.com/kubectl-scars/kubectl-scars/pkg/headroom"
	"github.com/kubectl-scars/kubectl-scars/pkg/order"
	"github.com/kubectl-scars/kubectl-scars/pkg/snapshot"
)

// told is what a number counts.
type told int

const (
	withCache    told = iota // the working set
	programAlone             // RSS
	withoutCache             // all that cannot give way
)

// replica is a container that runs, with one sample. Its age is that at the sample; both are by the clock of its node.
type replica struct {
	pod     *corev1.Pod
	status  *corev1.ContainerStatus
	age     time.Duration
	told    told // the most that all replicas are told of
	numbers [3]int64
	account headroom.Account // as the best source tells it
}

func (r *replica) bytes() int64 { return r.numbers[r.told] }

func (r *replica) ref() finding.ObjectRef {
	ref := analysis.RefTo("Pod", r.pod)
	ref.Container = r.status.Name
	return ref
}

// newestTemplate is the pod that was made last: it has the newest template.
func newestTemplate(pods []*corev1.Pod) *corev1.Pod {
	return slices.MaxFunc(pods, func(a, b *corev1.Pod) int {
		return cmp.Or(a.CreationTimestamp.Compare(b.CreationTimestamp.Time), cmp.Compare(a.Name, b.Name))
	})
}

// madeAs tells whether the pod of a name is there and of the same template.
func madeAs(pods []*corev1.Pod, name string, template *corev1.Pod) bool {
	i, ok := slices.BinarySearchFunc(pods, name, func(p *corev1.Pod, name string) int { return cmp.Compare(p.Name, name) })
	return ok && snapshot.RevisionOf(pods[i]) == snapshot.RevisionOf(template)
}

// alive is the status of a container that runs, in a pod of a template that goes on running; nil where it does not.
func alive(pod, template *corev1.Pod, container string) *corev1.ContainerStatus {
	if pod.Status.Phase != corev1.PodRunning || pod.DeletionTimestamp != nil {
		return nil
	}
	for _, list := range [...][]corev1.ContainerStatus{pod.Status.ContainerStatuses, pod.Status.InitContainerStatuses} {
		for i := range list {
			if list[i].Name == container {
				if list[i].State.Running == nil || snapshot.RevisionOf(pod) != snapshot.RevisionOf(template) {
					return nil
				}
				return &list[i]
			}
		}
	}
	return nil
}

// agesDiffer tells whether there are replicas enough, and whether their ages are far enough apart, before anything is looked up.
func agesDiffer(pods []*corev1.Pod, template *corev1.Pod, container string) bool {
	var first, last time.Time
	n := 0
	for _, pod := range pods {
		st := alive(pod, template, container)
		if st == nil {
			continue
		}
		began := st.State.Running.StartedAt.Time
		if n++; n == 1 || began.Before(first) {
			first = began
		}
		if n == 1 || began.After(last) {
			last = began
		}
	}
	return n >= growth.LeastAges && last.Sub(first) >= agesApart
}

// replicasOf finds those of a template that have a sample of now, at an age of at least some, the youngest first.
func replicasOf(p *analysis.Pass, pods []*corev1.Pod, template *corev1.Pod, container string, least time.Duration) []*replica {
	var out []*replica
	common := withoutCache
	for _, pod := range pods {
		st := alive(pod, template, container)
		if st == nil {
			continue
		}
		since := st.State.Running.StartedAt.Add(least)
		if oldest := p.Now().Add(-stale); since.Before(oldest) {
			since = oldest
		}
		a, ok := numbersOf(p, pod, container, since).account()
		if !ok || a.WorkingSet == nil {
			continue
		}
		r := &replica{pod: pod, status: st, age: a.Time.Sub(st.State.Running.StartedAt.Time), account: a}
		r.numbers[withCache] = *a.WorkingSet
		if a.RSS != nil {
			r.told, r.numbers[programAlone] = programAlone, *a.RSS
		}
		if a.Parted {
			r.told, r.numbers[withoutCache] = withoutCache, a.Needed()
		}
		common = min(common, r.told)
		out = append(out, r)
	}
	order.By(out, func(a, b *replica) int { return cmp.Or(cmp.Compare(a.age, b.age), cmp.Compare(a.pod.Name, b.pod.Name)) })
	for i := range out {
		out[i].told = common
	}
	return out
}

func pointsOf(replicas []*replica) []growth.Point {
	out := make([]growth.Point, len(replicas))
	for i, r := range replicas {
		out[i] = growth.Point{Age: r.age, Bytes: r.bytes()}
	}
	return out
}

// started tells whether what runs is known to be past its start: a probe says when that is over, and has said so.
func started(template *corev1.Pod, replicas []*replica, container string) bool {
	probed := false
	for _, list := range [...][]corev1.Container{template.Spec.Containers, template.Spec.InitContainers} {
		for i := range list {
			c := &list[i]
			probed = probed || c.Name == container && (c.ReadinessProbe != nil || c.StartupProbe != nil)
		}
	}
	return probed && len(replicas) > 0 && !slices.ContainsFunc(replicas, func(r *replica) bool {
		return !r.status.Ready || r.status.Started == nil || !*r.status.Started
	})
}

func (l leak) oldest() *replica { return l.replicas[len(l.replicas)-1] }

// untilLimit is when the first of the replicas reaches its limit, at the rate found; false where none has a limit.
func (l leak) untilLimit() (left time.Duration, limited bool) {
	for _, r := range l.replicas {
		limit := headroom.ContainerLimit(r.pod, r.status.Name).Bytes
		if limit <= 0 {
			continue
		}
		const longest = 100 * 365 * 24 // hours
		t := time.Duration(min(max(float64(limit-r.bytes()), 0)/l.trend.PerHour, longest) * float64(time.Hour))
		if !limited || t < left {
			left, limited = t, true
		}
	}
	return left, limited
}
