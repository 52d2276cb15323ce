package deaths

// This file finds the deaths of all pods, once for all checks.

import (
	"maps"
	"slices"

	corev1 "k8s.io/api/core/v1"

	"github.com/kubectl-scars/kubectl-scars/pkg/restart"
	"github.com/kubectl-scars/kubectl-scars/pkg/snapshot"
)

// Hurt is a pod of a workload, present or replaced, with the deaths that are known of it, oldest first, at least one.
type Hurt struct {
	snapshot.Incarnation

	Deaths []restart.Death
}

// In lists the hurt pods of a workload, in the order of its incarnations. They are shared, and must not be changed.
func In(v *snapshot.View, w snapshot.Ref) []Hurt { return known.In(v).in[w] }

// Of lists the deaths that are known of a pod that is there, oldest first. They are shared, and must not be changed.
func Of(v *snapshot.View, pod *corev1.Pod) []restart.Death { return known.In(v).of[pod] }

// The deaths of all pods, and the same judged by the state of nodes too, for which a check must declare them.
var (
	known      = snapshot.Derived[*index]{Kinds: kinds(), Make: func(v *snapshot.View) *index { return find(v, false) }}
	knownNodes = snapshot.Derived[*index]{Kinds: kinds(snapshot.Nodes), Make: func(v *snapshot.View) *index { return find(v, true) }}
)

// nodeOOMs is what the events of nodes tell of want of memory, for the nodes that had any.
var nodeOOMs = snapshot.Derived[map[string]restart.OOMs]{Kinds: []snapshot.Kind{snapshot.Events}, Make: findOOMs}

func findOOMs(v *snapshot.View) map[string]restart.OOMs {
	out := map[string]restart.OOMs{}
	for _, e := range v.Events("") {
		node := e.InvolvedObject.Name
		if _, read := out[node]; !read && e.Reason == "SystemOOM" && e.InvolvedObject.Kind == "Node" {
			out[node] = restart.SystemOOMs(v.EventsNamed("Node", "", node))
		}
	}
	return out
}

func kinds(more ...snapshot.Kind) []snapshot.Kind {
	return append([]snapshot.Kind{snapshot.Pods, snapshot.ReplicaSets, snapshot.Jobs, snapshot.Events}, more...)
}

// index is what is known of deaths in a snapshot.
type index struct {
	in         map[snapshot.Ref][]Hurt
	of         map[*corev1.Pod][]restart.Death
	containers []*victim // by workload, in the order of the workloads, and name
}

// victim is a container of a workload that has died, in any of its pods.
type victim struct {
	workload  snapshot.Ref
	container string // empty where the pod as a whole is meant
	deaths    []dead // in the order of the incarnations
	count     int32  // how many these stand for

	restarts int32 // as the statuses of the pods that are there count them
	pods     int   // of the workload that are there and not at their end
	served   bool  // one of these is ready
}

// dead is a death in a pod, which is nil where it is gone.
type dead struct {
	death *restart.Death
	pod   *corev1.Pod
}

func find(v *snapshot.View, nodes bool) *index {
	x := &index{in: map[snapshot.Ref][]Hurt{}, of: map[*corev1.Pod][]restart.Death{}}
	for _, w := range v.Workloads() {
		for _, inc := range v.Incarnations(w) {
			if len(inc.Events) == 0 && restart.Unhurt(inc.Pod) {
				continue // most pods: Deaths would find nothing, after much more looking
			}
			if found := restart.Deaths(Facts(v, w, inc, nodes)); len(found) > 0 {
				for i := range found {
					found[i].Evidence = slices.Clip(found[i].Evidence) // so that appending to it copies
				}
				x.in[w] = append(x.in[w], Hurt{inc, found})
				if inc.Pod != nil {
					x.of[inc.Pod] = found
				}
			}
		}
		if len(x.in[w]) > 0 {
			x.sum(v, w)
		}
	}
	return x
}

// sum puts together what befell each container of a workload.
func (x *index) sum(v *snapshot.View, w snapshot.Ref) {
	of := map[string]*victim{}
	for _, h := range x.in[w] {
		for i := range h.Deaths {
			d := &h.Deaths[i]
			k := of[d.Pod.Container]
			if k == nil {
				k = &victim{workload: w, container: d.Pod.Container}
				of[k.container] = k
			}
			k.deaths, k.count = append(k.deaths, dead{d, h.Pod}), k.count+d.Count
		}
	}
	for _, pod := range v.PodsOf(w) {
		there := !snapshot.Finished(pod) && pod.DeletionTimestamp == nil
		_, ready := status(pod, "", v.Now())
		for _, k := range of {
			restarts, _ := status(pod, k.container, v.Now())
			if k.restarts += restarts; there {
				k.pods, k.served = k.pods+1, k.served || ready
			}
		}
	}
	for _, name := range slices.Sorted(maps.Keys(of)) {
		x.containers = append(x.containers, of[name])
	}
}
