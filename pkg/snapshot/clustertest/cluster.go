// Package clustertest makes a healthy cluster of any size, for benchmarks and for the scale rig of the lab: objects as controllers and
// kubelets write them, with managed fields and full statuses, in the proportions of a production cluster.
package clustertest

import (
	"fmt"
	"iter"
	"time"

	corev1 "k8s.io/api/core/v1"
	storagev1 "k8s.io/api/storage/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/kubectl-scars/kubectl-scars/pkg/snapshot"
)

// How many there are to one of something.
const (
	replicas     = 10  // pods to a Deployment, its Service, EndpointSlice, claim and policy
	perNode      = 40  // pods
	perNamespace = 100 // pods
	perSecret    = 4   // Deployments to a Helm release of 40 KB, and to an Ingress with its certificate
)

// Now is the time of benchmarks.
func Now() time.Time { return time.Date(2026, 11, 23, 18, 0, 0, 0, time.UTC) }

// Objects makes a cluster with a number of pods; every object is the caller's own.
func Objects(pods int) iter.Seq[snapshot.Object] {
	return func(yield func(snapshot.Object) bool) {
		for group := range Groups(pods, Now()) {
			for _, o := range group {
				if !yield(o) {
					return
				}
			}
		}
	}
}

// Groups makes the same as of now, in groups of objects that refer to one another; what is referred to comes first.
func Groups(pods int, now time.Time) iter.Seq[[]snapshot.Object] {
	m := maker{now: metav1.NewTime(now), certificate: newCertificate(now)}
	return func(yield func([]snapshot.Object) bool) {
		for group := range m.platform(pods) {
			if !yield([]snapshot.Object{group}) {
				return
			}
		}
		for i := range pods / replicas {
			if !yield(m.application(i)) {
				return
			}
		}
	}
}

// maker makes objects as of a moment.
type maker struct {
	now         metav1.Time
	certificate certificate // of all Ingresses
}

func (m maker) ago(d time.Duration) metav1.Time { return metav1.NewTime(m.now.Add(-d)) }

// platform is what belongs to no application.
func (m maker) platform(pods int) iter.Seq[snapshot.Object] {
	return func(yield func(snapshot.Object) bool) {
		for i := range (pods + perNamespace - 1) / perNamespace {
			if !yield(&corev1.Namespace{ObjectMeta: m.meta("", namespace(i))}) {
				return
			}
		}
		for i := range (pods + perNode - 1) / perNode {
			if !yield(m.node(i)) {
				return
			}
		}
		_ = yield(&storagev1.StorageClass{ObjectMeta: m.meta("", "fast"), Provisioner: driver}) && yield(&storagev1.CSIDriver{ObjectMeta: m.meta("", driver)})
	}
}

const driver = "csi.example.com"

func namespace(i int) string { return fmt.Sprintf("team-%04d", i) }

func nodeName(i int) string { return fmt.Sprintf("node-%04d.example.internal", i) }

func (m maker) node(i int) *corev1.Node {
	amounts := corev1.ResourceList{
		corev1.ResourceCPU: resource.MustParse("16"), corev1.ResourceMemory: resource.MustParse("64Gi"), corev1.ResourcePods: resource.MustParse("110"),
	}
	n := &corev1.Node{ObjectMeta: m.meta("", nodeName(i)), Status: corev1.NodeStatus{Capacity: amounts, Allocatable: amounts}}
	for _, t := range []corev1.NodeConditionType{corev1.NodeMemoryPressure, corev1.NodeDiskPressure, corev1.NodePIDPressure} {
		n.Status.Conditions = append(n.Status.Conditions, corev1.NodeCondition{
			Type: t, Status: corev1.ConditionFalse, Reason: "KubeletHasSufficient", LastHeartbeatTime: m.now, LastTransitionTime: m.ago(24 * time.Hour)})
	}
	n.Status.Conditions = append(n.Status.Conditions, corev1.NodeCondition{
		Type: corev1.NodeReady, Status: corev1.ConditionTrue, Reason: "KubeletReady", LastHeartbeatTime: m.now, LastTransitionTime: m.ago(24 * time.Hour)})
	return n
}

// meta is of an object that is a day old.
func (m maker) meta(namespace, name string) metav1.ObjectMeta {
	meta := metav1.ObjectMeta{
		Namespace: namespace, Name: name, UID: types.UID(fmt.Sprintf("%-36.36s", namespace+"/"+name)), ResourceVersion: "123456789",
		CreationTimestamp: m.ago(24 * time.Hour),
	}
	at := m.ago(time.Hour)
	for _, manager := range []string{"kube-controller-manager", "kubelet"} {
		meta.ManagedFields = append(meta.ManagedFields, metav1.ManagedFieldsEntry{Manager: manager, Operation: metav1.ManagedFieldsOperationUpdate,
			APIVersion: "v1", FieldsType: "FieldsV1", Time: &at, FieldsV1: metav1.NewFieldsV1(fields)})
	}
	return meta
}

const fields = `{"f:metadata":{"f:generateName":{},"f:labels":{".":{},"f:app.kubernetes.io/name":{},"f:pod-template-hash":{}},"f:ownerReferences":{".":{},"k:{\"uid\":\"5c4d\"}":{}}},` +
	`"f:spec":{"f:containers":{"k:{\"name\":\"app\"}":{".":{},"f:env":{".":{},"k:{\"name\":\"A\"}":{".":{},"f:name":{},"f:value":{}}},"f:image":{},"f:livenessProbe":{".":{},"f:failureThreshold":{},"f:httpGet":{".":{},"f:path":{},"f:port":{},"f:scheme":{}}},"f:name":{},"f:ports":{".":{},"k:{\"containerPort\":8080,\"protocol\":\"TCP\"}":{".":{},"f:containerPort":{},"f:name":{},"f:protocol":{}}},"f:resources":{".":{},"f:limits":{".":{},"f:memory":{}}}}}}}`
