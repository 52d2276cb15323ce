package snapshot

// This file finds out who owns whom: which workload a pod belongs to, and which pods a workload has.

import (
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// podJoins say who owns whom.
type podJoins struct {
	workloads   []Ref                 // those that have pods, in the order of their first pod
	of          map[*corev1.Pod]int32 // where the workload at the top stands among them
	pods        map[Ref][]*corev1.Pod // in name order
	generators  map[generator]Ref     // whatever makes pods ("web-5d4c-") → workload; the empty one where two share a name
	podsOfClaim map[key][]*corev1.Pod // by the name of the claim
}

func (s *Snapshot) joinPods() *podJoins {
	pods := s.tables[Pods].typed.([]*corev1.Pod)
	j := &podJoins{
		of: make(map[*corev1.Pod]int32, len(pods)), pods: map[Ref][]*corev1.Pod{}, generators: map[generator]Ref{}, podsOfClaim: map[key][]*corev1.Pod{},
	}
	s.joinGenerators(j)
	at := map[Ref]int32{} // where a workload stands
	place := func(w Ref) int32 {
		i, ok := at[w]
		if !ok {
			i = int32(len(j.workloads))
			at[w], j.workloads = i, append(j.workloads, w)
		}
		return i
	}
	under := map[Ref]int32{} // where the workload at the top of a controller stands: what was found for one of its pods holds for the others
	for _, p := range pods {
		c := metav1.GetControllerOfNoCopy(p)
		if c == nil || c.Kind == "Node" { // a static pod stands for itself
			j.of[p] = place(s.climb(p, "Pod", "v1"))
		} else {
			r := Ref{c.APIVersion, c.Kind, p.Namespace, c.Name}
			i, ok := under[r]
			if !ok {
				w := s.climb(p, "Pod", "v1")
				i = place(w)
				under[r] = i
				j.generates(p.Namespace, c.Kind, c.Name, w)
			}
			j.of[p] = i
		}
		for _, claim := range ClaimsOf(p) {
			k := key{p.Namespace, claim}
			if known := j.podsOfClaim[k]; len(known) == 0 || known[len(known)-1] != p { // two volumes may mount one claim
				j.podsOfClaim[k] = append(known, p)
			}
		}
	}
	j.share(pods)
	return j
}

// share gives each workload its pods, in name order, out of one array.
func (j *podJoins) share(pods []*corev1.Pod) {
	ends := make([]int, len(j.workloads)) // of the part of each
	for _, i := range j.of {
		ends[i]++
	}
	for i := 1; i < len(ends); i++ {
		ends[i] += ends[i-1]
	}
	all, starts := make([]*corev1.Pod, len(pods)), slices.Clone(ends)
	for _, p := range slices.Backward(pods) {
		i := j.of[p]
		starts[i]--
		all[starts[i]] = p
	}
	for i, w := range j.workloads {
		j.pods[w] = all[starts[i]:ends[i]:ends[i]]
	}
}

// climb follows controller references to the top as far as it can: ReplicaSet to Deployment (or whatever custom resource made it), Job
// to CronJob. A ReplicaSet that was not read is recognised as a Deployment's by the hash that the Deployment controller puts into name
// and label of its pods. Static pods belong to their node and stand for themselves.
func (s *Snapshot) climb(o metav1.Object, kind, apiVersion string) Ref {
	const highest = 4 // steps; objects from files may own each other in a circle
	at := Ref{apiVersion, kind, o.GetNamespace(), o.GetName()}
	for range highest {
		c := metav1.GetControllerOfNoCopy(o)
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
		i, ok := s.tables[in].find(o.GetNamespace(), c.Name)
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

// WorkloadOf is the workload at the top of a pod's owners: the pod itself where nothing owns it.
func (v *View) WorkloadOf(p *corev1.Pod) Ref {
	v.touch(Pods, ReplicaSets, Jobs)
	return v.s.workloadOf(p)
}

func (s *Snapshot) workloadOf(p *corev1.Pod) Ref {
	j := s.joins.pods()
	if i, ok := j.of[p]; ok {
		return j.workloads[i]
	}
	return s.climb(p, "Pod", "v1")
}

// PodsOf lists the pods of a workload, by name.
func (v *View) PodsOf(w Ref) []*corev1.Pod {
	v.touch(Pods, ReplicaSets, Jobs)
	return v.s.joins.pods().pods[w]
}

// Workloads lists every workload that has pods, in the order of its first pod.
func (v *View) Workloads() []Ref {
	v.touch(Pods, ReplicaSets, Jobs)
	return v.s.joins.pods().workloads
}
