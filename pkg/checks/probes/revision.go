package probes

// This file tells which pods of a workload are of its newest revision, and when that began to roll out.

import (
	"strconv"
	"strings"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"

	"github.com/kubectl-scars/kubectl-scars/pkg/analysis"
	"github.com/kubectl-scars/kubectl-scars/pkg/snapshot"
)

// rollout is what is known of the newest revision of a workload.
type rollout struct {
	newest func(*corev1.Pod) bool
	since  time.Time // zero where there is one revision only, or that is not known
}

func rolloutOf(p *analysis.Pass, w snapshot.Ref, pods []*corev1.Pod) rollout {
	if w.Kind == "StatefulSet" {
		return replacing(pods)
	}
	r, ok := p.NewestRevision(w)
	if !ok && w.Kind != "Deployment" {
		return besides(pods)
	}
	out := rollout{newest: func(pod *corev1.Pod) bool { return ok && r.Made(pod.Name) }}
	if ok && r.Number > 1 {
		out.since = r.Created
	}
	return out
}

// besides reads a rollout from the pods of a workload whose revisions nothing numbers, while there are several: the newest is the one whose
// first pod was made last.
func besides(pods []*corev1.Pod) rollout {
	first := map[string]time.Time{}
	for _, pod := range pods {
		revision := snapshot.RevisionOf(pod)
		if at, known := first[revision]; !known || pod.CreationTimestamp.Time.Before(at) {
			first[revision] = pod.CreationTimestamp.Time
		}
	}
	var last time.Time
	newest := "" // also where two are as new
	for revision, at := range first {
		if at.After(last) {
			last, newest = at, revision
		} else if at.Equal(last) {
			newest = ""
		}
	}
	if newest == "" || len(first) == 1 {
		return rollout{newest: func(*corev1.Pod) bool { return false }}
	}
	return rollout{newest: func(pod *corev1.Pod) bool { return snapshot.RevisionOf(pod) == newest }, since: last}
}

// replacing reads a rollout of a StatefulSet from its pods, which bear the hash of their revision. The controller makes them from the lowest
// ordinal up, and a rollout replaces them from the highest down (kubernetes v1.37.2 pkg/controller/statefulset/stateful_set_control.go): the
// newest revision is that of the highest ordinal, and where all have it, that it was rolled out shows in the order in which they were made.
func replacing(pods []*corev1.Pod) rollout {
	var top *corev1.Pod // the highest ordinal
	for _, pod := range pods {
		if top == nil || ordinal(pod) > ordinal(top) {
			top = pod
		}
	}
	hash := ""
	if top != nil {
		hash = top.Labels[appsv1.ControllerRevisionHashLabelKey]
	}
	if hash == "" {
		return rollout{newest: func(*corev1.Pod) bool { return false }}
	}
	out := rollout{newest: func(pod *corev1.Pod) bool { return pod.Labels[appsv1.ControllerRevisionHashLabelKey] == hash }}
	others := false
	down := true // made from the highest ordinal down
	for _, pod := range pods {
		others = others || !out.newest(pod)
		down = down && (pod == top || pod.CreationTimestamp.After(top.CreationTimestamp.Time))
	}
	if others || down && len(pods) > 1 {
		out.since = top.CreationTimestamp.Time
	}
	return out
}

// ordinal is that of a pod of a StatefulSet, -1 where its name has none.
func ordinal(pod *corev1.Pod) int {
	n, err := strconv.Atoi(pod.Name[strings.LastIndexByte(pod.Name, '-')+1:])
	if err != nil {
		return -1
	}
	return n
}
