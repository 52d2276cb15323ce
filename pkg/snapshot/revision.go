package snapshot

// This file finds the revisions of a Deployment, to be set beside the deaths of its pods.

import (
	"strconv"
	"strings"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// Revision is one revision of a Deployment: a ReplicaSet.
type Revision struct {
	Number     int64
	ReplicaSet string

	// Created is when the revision was first made. After a rollback it is old, and then says nothing about when it was rolled out.
	Created time.Time
}

// RevisionOf tells pods of one workload apart that were made from different templates: by their ReplicaSet, whoever rolls it out, or by the
// hash that StatefulSets, DaemonSets and their like give to their pods. It is empty where nothing tells.
func RevisionOf(pod *corev1.Pod) string {
	if c := metav1.GetControllerOfNoCopy(pod); c != nil && c.Kind == "ReplicaSet" {
		return c.Name
	}
	return pod.Labels[appsv1.ControllerRevisionHashLabelKey]
}

const revisionAnnotation = "deployment.kubernetes.io/revision"

// NewestRevision is the newest revision of a Deployment, and false for any other workload, and where its ReplicaSets were not read.
func (v *View) NewestRevision(w Ref) (newest Revision, ok bool) {
	for _, r := range v.Revisions(w) {
		if r.Number > newest.Number {
			newest, ok = r, true
		}
	}
	return newest, ok
}

// Revisions lists the revisions of a Deployment whose ReplicaSets are there, and none of any other workload.
func (v *View) Revisions(w Ref) []Revision {
	if w.Kind != "Deployment" {
		return nil
	}
	v.touch(ReplicaSets)
	return v.s.joins.revisions()[key{w.Namespace, w.Name}]
}

// joinRevisions finds the revisions of each Deployment.
func (s *Snapshot) joinRevisions() map[key][]Revision {
	of := map[key][]Revision{}
	for _, rs := range s.tables[ReplicaSets].typed.([]*appsv1.ReplicaSet) {
		c := metav1.GetControllerOfNoCopy(rs)
		if c == nil || c.Kind != "Deployment" {
			continue
		}
		if n, err := strconv.ParseInt(rs.Annotations[revisionAnnotation], 10, 64); err == nil {
			w := key{rs.Namespace, c.Name}
			of[w] = append(of[w], Revision{Number: n, ReplicaSet: rs.Name, Created: rs.CreationTimestamp.UTC()})
		}
	}
	return of
}

// Made tells whether a pod, present or replaced, is of this revision: pods are named after their ReplicaSet.
func (r Revision) Made(pod string) bool {
	cut := strings.LastIndexByte(pod, '-')
	return cut > 0 && pod[:cut] == r.ReplicaSet
}

// Finished tells whether a pod has come to its end and will not run again.
func Finished(p *corev1.Pod) bool {
	return p.Status.Phase == corev1.PodSucceeded || p.Status.Phase == corev1.PodFailed
}
