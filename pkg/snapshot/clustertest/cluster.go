// Package clustertest makes a cluster of any size, for benchmarks: objects as an API server sends them, with managed fields and full
// statuses, healthy but for one Deployment in a hundred, whose pods are killed for memory.
package clustertest

import (
	"fmt"
	"iter"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	networkingv1 "k8s.io/api/networking/v1"
	storagev1 "k8s.io/api/storage/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/intstr"

	"github.com/kubectl-scars/kubectl-scars/pkg/snapshot"
)

// How many pods there are to one of something.
const (
	replicas     = 10 // to a Deployment, its Service, EndpointSlice and claim
	perNode      = 40
	perNamespace = 100
	sickEvery    = 100 // Deployments to one whose pods are killed for memory
)

// Now is the time of the cluster.
func Now() time.Time { return time.Date(2026, 11, 23, 18, 0, 0, 0, time.UTC) }

// Objects makes a cluster with a number of pods; every object is the caller's own.
func Objects(pods int) iter.Seq[snapshot.Object] {
	return func(yield func(snapshot.Object) bool) {
		for i := range pods/perNode + 1 {
			if !yield(node(i)) {
				return
			}
		}
		if !yield(&storagev1.StorageClass{ObjectMeta: meta("", "fast", 0), Provisioner: "csi.example.com"}) ||
			!yield(&storagev1.CSIDriver{ObjectMeta: meta("", "csi.example.com", 0)}) {
			return
		}
		for i := range pods/perNamespace + 1 {
			if !yield(&corev1.Namespace{ObjectMeta: meta("", fmt.Sprintf("team-%04d", i), i)}) {
				return
			}
		}
		for i := range pods / replicas {
			for _, o := range application(i) {
				if !yield(o) {
					return
				}
			}
		}
	}
}

// application is a Deployment with all that belongs to it.
func application(i int) []snapshot.Object {
	ns, name := fmt.Sprintf("team-%04d", i*replicas/perNamespace), fmt.Sprintf("app-%05d", i)
	labels := map[string]string{"app.kubernetes.io/name": name, "app.kubernetes.io/part-of": "shop", "team": ns}
	hash := fmt.Sprintf("%08x", i)
	d := &appsv1.Deployment{ObjectMeta: meta(ns, name, i), Spec: appsv1.DeploymentSpec{
		Replicas: ptr(int32(replicas)), Selector: &metav1.LabelSelector{MatchLabels: labels}, Template: template(labels)}}
	d.Status = appsv1.DeploymentStatus{Replicas: replicas, ReadyReplicas: replicas, AvailableReplicas: replicas, UpdatedReplicas: replicas}
	rs := &appsv1.ReplicaSet{ObjectMeta: meta(ns, name+"-"+hash, i), Spec: appsv1.ReplicaSetSpec{
		Replicas: ptr(int32(replicas)), Selector: &metav1.LabelSelector{MatchLabels: labels}, Template: template(labels)}}
	rs.OwnerReferences = controller("apps/v1", "Deployment", d)
	svc := &corev1.Service{ObjectMeta: meta(ns, name, i), Spec: corev1.ServiceSpec{Selector: labels,
		Ports: []corev1.ServicePort{{Name: "http", Port: 80, TargetPort: intstr.FromString("http")}}}}
	slice := &discoveryv1.EndpointSlice{ObjectMeta: meta(ns, name+"-abcde", i), AddressType: discoveryv1.AddressTypeIPv4}
	slice.Labels = map[string]string{discoveryv1.LabelServiceName: name}
	claim := &corev1.PersistentVolumeClaim{ObjectMeta: meta(ns, name, i), Spec: corev1.PersistentVolumeClaimSpec{
		StorageClassName: ptr("fast"), VolumeName: "pv-" + name}}
	claim.Status.Phase = corev1.ClaimBound
	volume := &corev1.PersistentVolume{ObjectMeta: meta("", "pv-"+name, i), Spec: corev1.PersistentVolumeSpec{
		StorageClassName: "fast", ClaimRef: &corev1.ObjectReference{Namespace: ns, Name: name, UID: claim.UID}}}
	volume.Status.Phase = corev1.VolumeBound
	policy := &networkingv1.NetworkPolicy{ObjectMeta: meta(ns, name, i), Spec: networkingv1.NetworkPolicySpec{
		PodSelector: metav1.LabelSelector{MatchLabels: labels}, PolicyTypes: []networkingv1.PolicyType{networkingv1.PolicyTypeIngress},
		Ingress: []networkingv1.NetworkPolicyIngressRule{{From: []networkingv1.NetworkPolicyPeer{
			{PodSelector: &metav1.LabelSelector{MatchLabels: map[string]string{"app.kubernetes.io/part-of": "shop"}}}}}}}}
	objects := []snapshot.Object{d, rs, svc, slice, claim, volume, policy}
	for n := range replicas {
		p := pod(rs, labels, hash, i, n)
		slice.Endpoints = append(slice.Endpoints, discoveryv1.Endpoint{Addresses: []string{p.Status.PodIP},
			Conditions: discoveryv1.EndpointConditions{Ready: ptr(true)}, TargetRef: &corev1.ObjectReference{Kind: "Pod", Namespace: ns, Name: p.Name, UID: p.UID}})
		objects = append(objects, p)
		if n%2 == 0 {
			objects = append(objects, event(p))
		}
	}
	return objects
}

func meta(namespace, name string, i int) metav1.ObjectMeta {
	m := metav1.ObjectMeta{Namespace: namespace, Name: name, UID: types.UID(fmt.Sprintf("%s/%s/%030d", namespace, name, i)), ResourceVersion: "123456789",
		CreationTimestamp: ago(24 * time.Hour)}
	for _, manager := range []string{"kube-controller-manager", "kubelet"} {
		m.ManagedFields = append(m.ManagedFields, metav1.ManagedFieldsEntry{Manager: manager, Operation: metav1.ManagedFieldsOperationUpdate,
			APIVersion: "v1", FieldsType: "FieldsV1", Time: ptr(ago(time.Hour)), FieldsV1: &metav1.FieldsV1{Raw: fields}})
	}
	return m
}

var fields = []byte(`{"f:metadata":{"f:generateName":{},"f:labels":{".":{},"f:app.kubernetes.io/name":{},"f:pod-template-hash":{}},"f:ownerReferences":{".":{},"k:{\"uid\":\"5c4d\"}":{}}},` +
	`"f:spec":{"f:containers":{"k:{\"name\":\"app\"}":{".":{},"f:env":{".":{},"k:{\"name\":\"A\"}":{".":{},"f:name":{},"f:value":{}}},"f:image":{},"f:livenessProbe":{".":{},"f:failureThreshold":{},"f:httpGet":{".":{},"f:path":{},"f:port":{},"f:scheme":{}}},"f:name":{},"f:ports":{".":{},"k:{\"containerPort\":8080,\"protocol\":\"TCP\"}":{".":{},"f:containerPort":{},"f:name":{},"f:protocol":{}}},"f:resources":{".":{},"f:limits":{".":{},"f:memory":{}}}}}}}`)

func controller(apiVersion, kind string, o metav1.Object) []metav1.OwnerReference {
	return []metav1.OwnerReference{{APIVersion: apiVersion, Kind: kind, Name: o.GetName(), UID: o.GetUID(), Controller: ptr(true), BlockOwnerDeletion: ptr(true)}}
}

func event(p *corev1.Pod) *corev1.Event {
	return &corev1.Event{ObjectMeta: meta(p.Namespace, p.Name+".17a", 0), Reason: "Unhealthy", Type: corev1.EventTypeWarning, Count: 1,
		InvolvedObject: corev1.ObjectReference{Kind: "Pod", Namespace: p.Namespace, Name: p.Name, UID: p.UID, FieldPath: "spec.containers{app}"},
		Message:        "Readiness probe failed: HTTP probe failed with statuscode: 503",
		FirstTimestamp: ago(23 * time.Hour), LastTimestamp: ago(23 * time.Hour), Source: corev1.EventSource{Component: "kubelet", Host: p.Spec.NodeName}}
}

func node(i int) *corev1.Node {
	amounts := corev1.ResourceList{corev1.ResourceCPU: resource.MustParse("16"), corev1.ResourceMemory: resource.MustParse("64Gi")}
	return &corev1.Node{ObjectMeta: meta("", nodeName(i), i), Status: corev1.NodeStatus{Capacity: amounts, Allocatable: amounts,
		Conditions: []corev1.NodeCondition{{Type: corev1.NodeReady, Status: corev1.ConditionTrue, LastTransitionTime: ago(time.Hour)}}}}
}

func nodeName(i int) string { return fmt.Sprintf("node-%04d.example.internal", i) }

func ago(d time.Duration) metav1.Time { return metav1.NewTime(Now().Add(-d)) }

func ptr[T any](v T) *T { return &v }
