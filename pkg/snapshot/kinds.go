// Package snapshot is the immutable, typed picture of a cluster at one moment: trimmed objects of k8s.io/api, the joins between them
// (owners, events, selectors), and for each kind and namespace how completely it was read. It does no I/O and has no clock.
//
// The one way in is Builder, which trims and redacts whatever it is given, so that live clusters, recordings and fixtures cannot drift
// apart. The one way to look is View, which gives out only the kinds it was made for.
package snapshot

import (
	"reflect"
	"slices"

	appsv1 "k8s.io/api/apps/v1"
	autoscalingv2 "k8s.io/api/autoscaling/v2"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	networkingv1 "k8s.io/api/networking/v1"
	policyv1 "k8s.io/api/policy/v1"
	storagev1 "k8s.io/api/storage/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	metricsv1beta1 "k8s.io/metrics/pkg/apis/metrics/v1beta1"
)

// Kind names a resource that a snapshot can hold, as kubectl does: the plural, and the group where there is one.
type Kind string

// The kinds that a snapshot can hold.
const (
	Pods                   Kind = "pods"
	Nodes                  Kind = "nodes"
	Namespaces             Kind = "namespaces"
	Events                 Kind = "events"
	Services               Kind = "services"
	Secrets                Kind = "secrets"
	PersistentVolumeClaims Kind = "persistentvolumeclaims"
	PersistentVolumes      Kind = "persistentvolumes"
	ReplicaSets            Kind = "replicasets.apps"
	Deployments            Kind = "deployments.apps"
	StatefulSets           Kind = "statefulsets.apps"
	DaemonSets             Kind = "daemonsets.apps"
	Jobs                   Kind = "jobs.batch"
	CronJobs               Kind = "cronjobs.batch"
	EndpointSlices         Kind = "endpointslices.discovery.k8s.io"
	NetworkPolicies        Kind = "networkpolicies.networking.k8s.io"
	Ingresses              Kind = "ingresses.networking.k8s.io"
	PodDisruptionBudgets   Kind = "poddisruptionbudgets.policy"
	Autoscalers            Kind = "horizontalpodautoscalers.autoscaling"
	StorageClasses         Kind = "storageclasses.storage.k8s.io"
	CSIDrivers             Kind = "csidrivers.storage.k8s.io"
	CSINodes               Kind = "csinodes.storage.k8s.io"
	PodMetrics             Kind = "pods.metrics.k8s.io"
	NodeMetrics            Kind = "nodes.metrics.k8s.io"
	KubeletStats           Kind = "nodes/proxy" // what a kubelet says, one object a node
	LimitRanges            Kind = "limitranges"
)

// Object is what a snapshot holds: a typed API object.
type Object interface {
	runtime.Object
	metav1.Object
}

// Info describes a kind.
type Info struct {
	Kind       Kind
	GVK        schema.GroupVersionKind
	Resource   string // the plural, lower case
	Namespaced bool

	// Filtered: a live listing holds only some of the objects (Secrets: those of type kubernetes.io/tls; Events: those whose reason
	// can prove something), so that a name missing from it proves nothing; absence is asked for by name.
	Filtered bool

	// Managed: its managed fields are looked at. Of other kinds they need not be decoded, a sixth of what decoding takes.
	Managed bool

	// Numbers: it is no object of the cluster but tells numbers about one, and no finding is about it.
	Numbers bool

	// OptIn: it is never listed, and read object by object only where the user asks for it, because the right to it is close to root.
	OptIn bool

	in     reflect.Type        // what Builder takes
	trim   func(Object) Object // a trimmed object of its own: the one that it came in may be used again
	freeze func([]Object) any  // []Object → []T, to hand out typed slices
}

// GVR is the resource of the kind.
func (i Info) GVR() schema.GroupVersionResource { return i.GVK.GroupVersion().WithResource(i.Resource) }

// define ties a kind to its type and to the part of it that the keep table lets through.
func define[E any, T interface {
	*E
	Object
}](kind Kind, gv schema.GroupVersion, name, resource string, namespaced bool, trim func(T)) Info {
	return defineAs(kind, gv, name, resource, namespaced, func(o T) T {
		own := *o
		trim(&own)
		return &own
	})
}

// defineAs is define for a kind that is held in another type than it comes in.
func defineAs[In, T Object](kind Kind, gv schema.GroupVersion, name, resource string, namespaced bool, trim func(In) T) Info {
	return Info{
		Kind: kind, GVK: gv.WithKind(name), Resource: resource, Namespaced: namespaced, in: reflect.TypeFor[In](),
		trim: func(o Object) Object { return trim(o.(In)) },
		freeze: func(objects []Object) any {
			typed := make([]T, len(objects))
			for i, o := range objects {
				typed[i] = o.(T)
			}
			return typed
		},
	}
}

func (i Info) filtered() Info { i.Filtered = true; return i }
func (i Info) managed() Info  { i.Managed = true; return i }
func (i Info) numbers() Info  { i.Numbers = true; return i }
func (i Info) optIn() Info    { i.OptIn = true; return i }

// keepTable is the keep table: for each kind, what of it survives. Checks declare kinds, never fields, so that a recording made for
// one area is good for another.
func keepTable() []Info {
	return []Info{
		define(Pods, corev1.SchemeGroupVersion, "Pod", "pods", true, trimPod),
		define(Nodes, corev1.SchemeGroupVersion, "Node", "nodes", false, trimNode),
		define(Namespaces, corev1.SchemeGroupVersion, "Namespace", "namespaces", false, trimNamespace),
		define(Events, corev1.SchemeGroupVersion, "Event", "events", true, trimEvent).filtered(),
		define(Services, corev1.SchemeGroupVersion, "Service", "services", true, trimService),
		define(Secrets, corev1.SchemeGroupVersion, "Secret", "secrets", true, trimSecret).filtered(),
		define(PersistentVolumeClaims, corev1.SchemeGroupVersion, "PersistentVolumeClaim", "persistentvolumeclaims", true, trimClaim),
		define(PersistentVolumes, corev1.SchemeGroupVersion, "PersistentVolume", "persistentvolumes", false, trimVolume),
		define(ReplicaSets, appsv1.SchemeGroupVersion, "ReplicaSet", "replicasets", true, trimReplicaSet),
		define(Deployments, appsv1.SchemeGroupVersion, "Deployment", "deployments", true, trimDeployment).managed(),
		define(StatefulSets, appsv1.SchemeGroupVersion, "StatefulSet", "statefulsets", true, trimStatefulSet).managed(),
		define(DaemonSets, appsv1.SchemeGroupVersion, "DaemonSet", "daemonsets", true, trimDaemonSet).managed(),
		define(Jobs, batchv1.SchemeGroupVersion, "Job", "jobs", true, trimJob),
		define(CronJobs, batchv1.SchemeGroupVersion, "CronJob", "cronjobs", true, trimCronJob).managed(),
		define(EndpointSlices, discoveryv1.SchemeGroupVersion, "EndpointSlice", "endpointslices", true, trimEndpointSlice),
		define(NetworkPolicies, networkingv1.SchemeGroupVersion, "NetworkPolicy", "networkpolicies", true, trimNetworkPolicy),
		define(Ingresses, networkingv1.SchemeGroupVersion, "Ingress", "ingresses", true, trimIngress),
		define(PodDisruptionBudgets, policyv1.SchemeGroupVersion, "PodDisruptionBudget", "poddisruptionbudgets", true, trimDisruptionBudget),
		define(Autoscalers, autoscalingv2.SchemeGroupVersion, "HorizontalPodAutoscaler", "horizontalpodautoscalers", true, trimAutoscaler),
		define(StorageClasses, storagev1.SchemeGroupVersion, "StorageClass", "storageclasses", false, trimStorageClass),
		define(CSIDrivers, storagev1.SchemeGroupVersion, "CSIDriver", "csidrivers", false, trimCSIDriver),
		define(CSINodes, storagev1.SchemeGroupVersion, "CSINode", "csinodes", false, trimCSINode),
		defineAs(PodMetrics, metricsv1beta1.SchemeGroupVersion, "PodMetrics", "pods", true, trimPodMetrics).numbers(),
		defineAs(NodeMetrics, metricsv1beta1.SchemeGroupVersion, "NodeMetrics", "nodes", false, trimNodeMetrics).numbers(),
		define(KubeletStats, ownVersion, "NodeStats", "nodes/proxy", false, trimNodeStats).numbers().optIn(),
		define(LimitRanges, corev1.SchemeGroupVersion, "LimitRange", "limitranges", true, trimLimitRange),
	}
}

// kinds is the keep table, made once; nothing changes it.
var kinds = keepTable()

// Kinds describes every kind that a snapshot can hold, in a fixed order.
func Kinds() []Info { return slices.Clone(kinds) }

// InfoOf describes one kind, and false where it is none of ours.
func InfoOf(kind Kind) (Info, bool) {
	for _, i := range kinds {
		if i.Kind == kind {
			return i, true
		}
	}
	return Info{}, false
}

// ClusterEvents tells whether the events of cluster-scoped objects are wanted among kinds. They lie in namespace "default", whatever
// namespaces are looked at.
func ClusterEvents(kinds []Info) bool {
	has := func(kind Kind) bool { return slices.ContainsFunc(kinds, func(i Info) bool { return i.Kind == kind }) }
	return has(Events) && (has(Nodes) || has(PersistentVolumes))
}
