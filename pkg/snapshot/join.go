package snapshot

// The joins, made once when the snapshot is built: who owns whom, which events speak of whom, which Services select whom. Nobody else
// loops over all pods to find something.

import (
	"strings"

	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
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

type joins struct {
	workloadOf   map[types.UID]Ref     // pod UID → the workload at the top
	byName       map[key]Ref           // pod name → the same, for objects without UID
	podsOf       map[Ref][]*corev1.Pod // in name order
	generators   map[generator]Ref     // whatever makes pods ("web-5d4c-") → workload; the empty one where two share a name
	eventsOf     map[types.UID][]*corev1.Event
	eventsByName map[Ref][]*corev1.Event // events of objects, by kind, namespace and name (APIVersion empty)
	incarnations map[Ref][]Incarnation
	podsOfClaim  map[key][]*corev1.Pod
	tlsUses      map[key][]TLSUse                     // namespace and name of a Secret → the Ingresses that present it
	slicesOf     map[key][]*discoveryv1.EndpointSlice // by the name of the Service
}

func (s *Snapshot) join() {
	s.joins = joins{
		workloadOf: map[types.UID]Ref{}, byName: map[key]Ref{}, podsOf: map[Ref][]*corev1.Pod{}, generators: map[generator]Ref{},
		eventsOf: map[types.UID][]*corev1.Event{}, eventsByName: map[Ref][]*corev1.Event{}, incarnations: map[Ref][]Incarnation{},
		podsOfClaim: map[key][]*corev1.Pod{}, tlsUses: map[key][]TLSUse{}, slicesOf: map[key][]*discoveryv1.EndpointSlice{},
	}
	pods := s.tables[Pods].typed.([]*corev1.Pod)
	for _, p := range pods {
		w := s.climb(p, "Pod", "v1")
		s.joins.workloadOf[p.UID] = w
		s.joins.byName[key{p.Namespace, p.Name}] = w
		s.joins.podsOf[w] = append(s.joins.podsOf[w], p)
		for _, claim := range ClaimsOf(p) {
			k := key{p.Namespace, claim}
			if known := s.joins.podsOfClaim[k]; len(known) == 0 || known[len(known)-1] != p { // two volumes may mount one claim
				s.joins.podsOfClaim[k] = append(known, p)
			}
		}
	}
	s.joinGenerators()
	s.joinSlices()
	s.joinEvents(pods)
	s.joinTLS()
}

// climb follows controller references to the top as far as it can: ReplicaSet to Deployment (or whatever custom resource made it), Job
// to CronJob. A ReplicaSet that was not read is recognised as a Deployment's by the hash that the Deployment controller puts into name
// and label of its pods. Static pods belong to their node and stand for themselves.
func (s *Snapshot) climb(o metav1.Object, kind, apiVersion string) Ref {
	const highest = 4 // steps; objects from files may own each other in a circle
	at := Ref{apiVersion, kind, o.GetNamespace(), o.GetName()}
	for range highest {
		c := metav1.GetControllerOf(o)
		if c == nil || c.Kind == "Node" {
			return at
		}
		at = Ref{c.APIVersion, c.Kind, o.GetNamespace(), c.Name}
		var in Kind
		switch {
		case c.Kind == "ReplicaSet" && strings.HasPrefix(c.APIVersion, "apps/"):
			in = ReplicaSets
		case c.Kind == "Job" && strings.HasPrefix(c.APIVersion, "batch/"):
			in = Jobs
		default:
			return at
		}
		i, ok := s.tables[in].index[key{o.GetNamespace(), c.Name}]
		if !ok {
			hash := o.GetLabels()["pod-template-hash"]
			if name, made := strings.CutSuffix(c.Name, "-"+hash); made && in == ReplicaSets && hash != "" {
				return Ref{c.APIVersion, "Deployment", o.GetNamespace(), name}
			}
			return at
		}
		o = s.tables[in].objects[i]
	}
	return at
}

func (s *Snapshot) joinEvents(pods []*corev1.Pod) {
	j := &s.joins
	byName := map[Ref][]*corev1.Event{}
	for _, e := range s.tables[Events].typed.([]*corev1.Event) {
		o := e.InvolvedObject
		if o.UID != "" {
			j.eventsOf[o.UID] = append(j.eventsOf[o.UID], e)
		}
		r := Ref{"", o.Kind, o.Namespace, o.Name}
		byName[r] = append(byName[r], e)
	}
	j.eventsByName = byName
	seen := map[types.UID]bool{}
	for _, p := range pods {
		w := j.workloadOf[p.UID]
		seen[p.UID] = true
		if static := types.UID(p.Annotations[corev1.MirrorPodAnnotationKey]); static != "" && !seen[static] {
			seen[static] = true
			j.eventsOf[p.UID] = append(j.eventsOf[p.UID], j.eventsOf[static]...)
		}
		inc := Incarnation{Name: p.Name, UID: p.UID, Pod: p, Events: j.eventsOf[p.UID]}
		if p.UID == "" {
			w, inc.Events = j.byName[key{p.Namespace, p.Name}], byName[Ref{"", "Pod", p.Namespace, p.Name}]
		}
		j.incarnations[w] = append(j.incarnations[w], inc)
	}
	for _, e := range s.tables[Events].typed.([]*corev1.Event) {
		o := e.InvolvedObject
		if o.Kind != "Pod" || o.UID == "" || seen[o.UID] {
			continue
		}
		seen[o.UID] = true
		w, ok := s.madeBy(o.Namespace, o.Name)
		if !ok {
			w = Ref{"v1", "Pod", o.Namespace, o.Name}
		}
		j.incarnations[w] = append(j.incarnations[w], Incarnation{Name: o.Name, UID: o.UID, Events: j.eventsOf[o.UID]})
	}
}

// WorkloadOf is the workload at the top of a pod's owners: the pod itself where nothing owns it.
func (v *View) WorkloadOf(p *corev1.Pod) Ref {
	v.touch(Pods, ReplicaSets, Jobs)
	return v.s.workloadOf(p)
}

func (s *Snapshot) workloadOf(p *corev1.Pod) Ref {
	if w, ok := s.joins.workloadOf[p.UID]; ok && p.UID != "" {
		return w
	}
	if w, ok := s.joins.byName[key{p.Namespace, p.Name}]; ok {
		return w
	}
	return s.climb(p, "Pod", "v1")
}

// PodsOf lists the pods of a workload, by name.
func (v *View) PodsOf(w Ref) []*corev1.Pod {
	v.touch(Pods, ReplicaSets, Jobs)
	return v.s.joins.podsOf[w]
}

// Incarnations lists the pods of a workload with their events: first those that are there, by name, then those that have been replaced
// and of which only events are left.
func (v *View) Incarnations(w Ref) []Incarnation {
	v.touch(Pods, ReplicaSets, Jobs, Events)
	return v.s.joins.incarnations[w]
}

// Workloads lists every workload that has pods, in the order of its first pod.
func (v *View) Workloads() []Ref {
	v.touch(Pods, ReplicaSets, Jobs)
	var out []Ref
	seen := map[Ref]bool{}
	for _, p := range v.s.tables[Pods].typed.([]*corev1.Pod) {
		if w := v.s.workloadOf(p); !seen[w] {
			seen[w] = true
			out = append(out, w)
		}
	}
	return out
}

// EventsOf lists the events that speak of an object, by UID, or by kind and name where it has none.
func (v *View) EventsOf(kind string, o metav1.Object) []*corev1.Event {
	v.touch(Events)
	if o.GetUID() != "" {
		return v.s.joins.eventsOf[o.GetUID()]
	}
	return v.s.joins.eventsByName[Ref{"", kind, o.GetNamespace(), o.GetName()}]
}

// EventsNamed lists the events that speak of an object by kind and name; Node events carry a UID that is not the Node's.
func (v *View) EventsNamed(kind, namespace, name string) []*corev1.Event {
	v.touch(Events)
	return v.s.joins.eventsByName[Ref{"", kind, namespace, name}]
}

// ServicesOf lists the Services whose selector matches a pod. A Service without selector selects nothing.
func (v *View) ServicesOf(p *corev1.Pod) []*corev1.Service {
	var out []*corev1.Service
	for _, svc := range v.Services(p.Namespace) {
		if len(svc.Spec.Selector) > 0 && labels.SelectorFromSet(svc.Spec.Selector).Matches(labels.Set(p.Labels)) {
			out = append(out, svc)
		}
	}
	return out
}
