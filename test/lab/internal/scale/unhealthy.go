package scale

// This file adds failures of probes to the healthy part: what kubelets say of a cluster that is busy, in events of their own.

import (
	"fmt"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/kubectl-scars/kubectl-scars/pkg/snapshot"
)

// perPod is how many events a pod has at least, of those that have any: enough for probes/readiness-flap to speak of their Deployment.
const perPod = 5

// unhealthy deals out events of failed probes to the pods of Deployments, one after the other.
type unhealthy struct {
	now    time.Time
	left   int // events
	each   int // of a pod, at least
	dealt  int
	failed []Planted // what must be found of them
}

func newUnhealthy(events, pods int, now time.Time) *unhealthy {
	return &unhealthy{now: now, left: events, each: max(perPod, events/max(pods, 1))}
}

// add puts the events of a group's pods behind it. The last that has any has what is left.
func (u *unhealthy) add(group []snapshot.Object) []snapshot.Object {
	var pods []*corev1.Pod
	var deployment *appsv1.Deployment
	for _, o := range group {
		switch o := o.(type) {
		case *corev1.Pod:
			pods = append(pods, o)
		case *appsv1.Deployment:
			deployment = o
		}
	}
	n := u.each * len(pods)
	if n == 0 || deployment == nil || u.left == 0 {
		return group
	}
	if u.left < 2*n {
		n = u.left
	}
	u.left -= n
	for i := range n {
		group = append(group, u.event(pods[i%len(pods)]))
		u.dealt++
	}
	if n >= perPod*len(pods) {
		u.failed = append(u.failed, Planted{"probes/readiness-flap", "Deployment", deployment.Namespace, deployment.Name})
	}
	return group
}

// event is one attempt of readiness that failed within the last 40 minutes and was followed by one that succeeded.
func (u *unhealthy) event(p *corev1.Pod) *corev1.Event {
	at := metav1.NewTime(u.now.Add(-time.Duration(u.dealt*7%2400) * time.Second))
	return &corev1.Event{
		ObjectMeta:     metav1.ObjectMeta{Namespace: p.Namespace, Name: fmt.Sprintf("%s.unhealthy-%x", p.Name, u.dealt)},
		InvolvedObject: corev1.ObjectReference{APIVersion: "v1", Kind: "Pod", Namespace: p.Namespace, Name: p.Name, UID: p.UID, FieldPath: "spec.containers{app}"},
		Type:           corev1.EventTypeWarning, Reason: "Unhealthy", Message: fmt.Sprintf("Readiness probe failed: HTTP probe failed with statuscode: %d", 502+u.dealt%3),
		FirstTimestamp: at, LastTimestamp: at, Count: 1,
		Source: corev1.EventSource{Component: "kubelet", Host: p.Spec.NodeName}, ReportingController: "kubelet", ReportingInstance: p.Spec.NodeName,
	}
}
