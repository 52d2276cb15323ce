package snapshot

// The joins, each made once: who owns whom, which events speak of whom, which Services select whom. Nobody else
// loops over all pods to find something.

import (
	"maps"
	"slices"
	"sync"
	"time"

	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
)

// Ref names an object.
type Ref struct{ APIVersion, Kind, Namespace, Name string }

// Incarnation is a pod of a workload, present or replaced, with the events that speak of it.
type Incarnation struct {
	Name   string
	UID    types.UID
	Pod    *corev1.Pod // nil where the pod is gone and only its events are left
	Events []*corev1.Event
}

// joins are made when somebody first wants them, and only those: a look at certificates needs none of the pods'.
type joins struct {
	pods      func() *podJoins
	events    func() *eventJoins
	slices    func() map[key][]*discoveryv1.EndpointSlice // by the name of the Service
	tls       func() map[key][]TLSUse                     // by the name of the Secret that Ingresses present
	with      func() map[label][]*corev1.Pod              // pods that have a label which a Service selects by
	on        func() map[string][]*corev1.Pod             // by the name of their node
	revisions func() map[key][]Revision                   // by the name of the Deployment
}

// eventJoins say what events speak of.
type eventJoins struct {
	of           map[types.UID][]*corev1.Event
	byName       map[Ref][]*corev1.Event // by kind, namespace and name (APIVersion empty)
	incarnations map[Ref][]Incarnation
	since        time.Time // zero, or a moment from which on none has expired
}

// join prepares the joins, and takes over those of an earlier snapshot whose kinds have not changed since.
func (s *Snapshot) join(before *Snapshot) {
	same := func(kinds ...Kind) bool {
		return before != nil && !slices.ContainsFunc(kinds, func(k Kind) bool { return before.tables[k] != s.tables[k] })
	}
	s.joins = joins{
		pods: sync.OnceValue(s.joinPods), events: sync.OnceValue(s.joinEvents), slices: sync.OnceValue(s.joinSlices), tls: sync.OnceValue(s.joinTLS),
		with: sync.OnceValue(s.joinServices), on: sync.OnceValue(s.joinNodes),
		revisions: sync.OnceValue(s.joinRevisions),
	}
	if same(Pods, ReplicaSets, Jobs) {
		s.joins.pods = before.joins.pods
		if same(Events) {
			s.joins.events = before.joins.events
		}
	}
	if same(Pods) {
		s.joins.on = before.joins.on
	}
	if same(ReplicaSets) {
		s.joins.revisions = before.joins.revisions
	}
	if same(EndpointSlices) {
		s.joins.slices = before.joins.slices
	}
	if same(Pods, Services) {
		s.joins.with = before.joins.with
	}
	if same(Ingresses) {
		s.joins.tls = before.joins.tls
	}
}

func (s *Snapshot) joinEvents() *eventJoins {
	j := &eventJoins{of: map[types.UID][]*corev1.Event{}, byName: map[Ref][]*corev1.Event{}, incarnations: map[Ref][]Incarnation{}}
	events, pods := s.tables[Events].typed.([]*corev1.Event), s.joins.pods()
	for _, e := range events {
		o := e.InvolvedObject
		if o.UID != "" {
			j.of[o.UID] = append(j.of[o.UID], e)
		}
		r := Ref{"", o.Kind, o.Namespace, o.Name}
		j.byName[r] = append(j.byName[r], e)
		if at := e.CreationTimestamp.Time; saidOnce(e) && !at.IsZero() && (j.since.IsZero() || at.Before(j.since)) {
			j.since = at
		}
	}
	there := map[types.UID]bool{}
	for _, w := range pods.workloads {
		list := make([]Incarnation, 0, len(pods.pods[w]))
		for _, p := range pods.pods[w] {
			list = append(list, Incarnation{Name: p.Name, UID: p.UID, Pod: p, Events: j.speakOf(p, there)})
		}
		j.incarnations[w] = list
	}
	for _, e := range events {
		o := e.InvolvedObject
		if o.Kind != "Pod" || o.UID == "" || there[o.UID] {
			continue
		}
		there[o.UID] = true
		w, ok := pods.madeBy(o.Namespace, o.Name)
		if !ok {
			w = Ref{"v1", "Pod", o.Namespace, o.Name}
		}
		j.incarnations[w] = append(j.incarnations[w], Incarnation{Name: o.Name, UID: o.UID, Events: j.of[o.UID]})
	}
	return j
}

// saidOnce tells whether an event has never been written again, which would have renewed its life. Its creationTimestamp is the server's clock.
func saidOnce(e *corev1.Event) bool { return e.Count <= 1 && e.Series == nil }

// speakOf are the events that speak of a pod, which is noted as being there. Those of a static pod carry the UID that the kubelet gave it.
func (j *eventJoins) speakOf(p *corev1.Pod, there map[types.UID]bool) []*corev1.Event {
	if p.UID == "" {
		return j.byName[Ref{"", "Pod", p.Namespace, p.Name}]
	}
	if len(j.of[p.UID]) > 0 {
		there[p.UID] = true
	}
	if static := types.UID(p.Annotations[corev1.MirrorPodAnnotationKey]); static != "" && static != p.UID && !there[static] {
		there[static] = true
		j.of[p.UID] = append(j.of[p.UID], j.of[static]...)
	}
	return j.of[p.UID]
}

func (s *Snapshot) joinNodes() map[string][]*corev1.Pod {
	on := map[string][]*corev1.Pod{}
	for _, p := range s.tables[Pods].typed.([]*corev1.Pod) {
		if p.Spec.NodeName != "" && (!Finished(p) || p.Status.Reason == "Evicted") {
			on[p.Spec.NodeName] = append(on[p.Spec.NodeName], p)
		}
	}
	return on
}

// PodsOn lists the pods that were given to a node and are not at their end, by namespace and name, and those that it has evicted.
func (v *View) PodsOn(node string) []*corev1.Pod {
	v.touch(Pods)
	return v.s.joins.on()[node]
}

// NodesWithPods lists the names of the nodes that have such pods.
func (v *View) NodesWithPods() []string {
	v.touch(Pods)
	return slices.Sorted(maps.Keys(v.s.joins.on()))
}

// Incarnations lists the pods of a workload with their events: first those that are there, by name, then those that have been replaced
// and of which only events are left.
func (v *View) Incarnations(w Ref) []Incarnation {
	v.touch(Pods, ReplicaSets, Jobs, Events)
	return v.s.joins.events().incarnations[w]
}

// EventsOf lists the events that speak of an object, by UID, or by kind and name where it has none.
func (v *View) EventsOf(kind string, o metav1.Object) []*corev1.Event {
	v.touch(Events)
	if o.GetUID() != "" {
		return v.s.joins.events().of[o.GetUID()]
	}
	return v.s.joins.events().byName[Ref{"", kind, o.GetNamespace(), o.GetName()}]
}

// EventsSince is a moment from which on no event has expired, as far as the oldest that is kept tells, and zero where there is none: how long
// events live is for each cluster to choose (kube-apiserver --event-ttl).
func (v *View) EventsSince() time.Time {
	v.touch(Events)
	return v.s.joins.events().since
}

// EventsNamed lists the events that speak of an object by kind and name; Node events carry a UID that is not the Node's.
func (v *View) EventsNamed(kind, namespace, name string) []*corev1.Event {
	v.touch(Events)
	return v.s.joins.events().byName[Ref{"", kind, namespace, name}]
}
