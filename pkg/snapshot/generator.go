package snapshot

// Pods that are gone left events behind, and their names: controllers name pods after themselves. This file finds the workload of a pod
// from its name alone.

import "strings"

// generator is what a controller puts before the suffix of its pods' names, and which suffix it puts there.
type generator struct {
	namespace, prefix string
	ordinal           bool // a number (StatefulSet); otherwise five letters and digits
}

const (
	// Of a generated name at most 58 bytes stand before the suffix, and that is five of these signs: kubernetes v1.37.2
	// apiserver/pkg/storage/names/generate.go, apimachinery/pkg/util/rand/rand.go.
	suffixLength = 5
	maxPrefix    = 63 - suffixLength
	suffixSigns  = "bcdfghjklmnpqrstvwxz2456789"
)

// generates notes that pods named after controller, of the given kind, belong to w. A name that two workloads share proves nothing.
func (j *podJoins) generates(namespace, kind, controller string, w Ref) {
	prefix := controller + "-"
	note := func(g generator) {
		if known, ok := j.generators[g]; ok && known != w {
			j.generators[g] = Ref{}
			return
		}
		j.generators[g] = w
	}
	if kind != "StatefulSet" { // a custom resource may do it either way
		note(generator{namespace, prefix[:min(len(prefix), maxPrefix)], false})
	}
	switch kind {
	case "ReplicaSet", "DaemonSet", "Job", "ReplicationController":
	default:
		note(generator{namespace, prefix, true})
	}
}

// joinGenerators notes the controllers that need no pods to be known; joinPods those that the pods name.
func (s *Snapshot) joinGenerators(j *podJoins) {
	for _, kind := range []Kind{ReplicaSets, Jobs} { // what asking for the pods of a workload declares, and so no other
		info, _ := InfoOf(kind)
		for _, o := range s.tables[kind].objects {
			j.generates(o.GetNamespace(), info.GVK.Kind, o.GetName(), s.climb(o, info.GVK.Kind, info.GVK.GroupVersion().String()))
		}
	}
}

// madeBy finds the workload of a pod that is gone. An old ReplicaSet may be gone too; then any other of the same Deployment will do.
// The pods of an indexed Job carry their index before the suffix.
func (j *podJoins) madeBy(namespace, pod string) (Ref, bool) {
	if cut := strings.LastIndexByte(pod, '-'); cut >= 0 && isNumber(pod[cut+1:]) {
		if w := j.generators[generator{namespace, pod[:cut+1], true}]; w != (Ref{}) {
			return w, true
		}
	}
	cut := len(pod) - suffixLength
	if cut <= 0 || strings.Trim(pod[cut:], suffixSigns) != "" {
		return Ref{}, false
	}
	prefix := pod[:cut]
	if w, ok := j.generators[generator{namespace, prefix, false}]; ok {
		return w, w != (Ref{})
	}
	name, last, ok := cutLast(strings.TrimSuffix(prefix, "-"))
	if !ok {
		return Ref{}, false
	}
	if w := j.generators[generator{namespace, name + "-", false}]; isNumber(last) && (w.Kind == "Job" || w.Kind == "CronJob") {
		return w, true
	}
	w := Ref{"apps/v1", "Deployment", namespace, name}
	if _, known := j.pods[w]; known && strings.Trim(last, suffixSigns) == "" {
		return w, true
	}
	return Ref{}, false
}

func cutLast(name string) (before, last string, ok bool) {
	i := strings.LastIndexByte(name, '-')
	if i < 0 {
		return "", "", false
	}
	return name[:i], name[i+1:], true
}

func isNumber(s string) bool { return s != "" && strings.Trim(s, "0123456789") == "" }
