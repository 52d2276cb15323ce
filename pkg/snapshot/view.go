package snapshot

// This file is the one way to look at a snapshot: accessors that give out declared kinds only, and what is known of absence.

import (
	"fmt"
	"maps"
	"slices"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	autoscalingv2 "k8s.io/api/autoscaling/v2"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	networkingv1 "k8s.io/api/networking/v1"
	policyv1 "k8s.io/api/policy/v1"
	storagev1 "k8s.io/api/storage/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	metricsv1beta1 "k8s.io/metrics/pkg/apis/metrics/v1beta1"
)

// View is a snapshot seen by one check: it gives out the kinds that the check declared, and panics on any other. What it returns is
// shared and must not be changed. A View belongs to one goroutine.
type View struct {
	s       *Snapshot
	allowed map[Kind]bool
	touched map[Kind]bool
}

// View makes a view of the given kinds; with none, of all.
func (s *Snapshot) View(kinds ...Kind) *View {
	v := &View{s: s, touched: map[Kind]bool{}}
	if len(kinds) > 0 {
		v.allowed = map[Kind]bool{}
		for _, k := range kinds {
			v.allowed[k] = true
		}
	}
	return v
}

// UndeclaredError is what a View panics with.
type UndeclaredError struct{ Kind Kind }

func (e UndeclaredError) Error() string {
	return fmt.Sprintf("the check looks at %s without declaring it among its inputs", e.Kind)
}

func (v *View) touch(kinds ...Kind) {
	for _, k := range kinds {
		if v.touched[k] {
			continue
		}
		if v.allowed != nil && !v.allowed[k] {
			panic(UndeclaredError{k})
		}
		v.touched[k] = true
	}
}

// Touched lists the kinds that were looked at, sorted.
func (v *View) Touched() []Kind { return slices.Sorted(maps.Keys(v.touched)) }

// Now is the time of the picture.
func (v *View) Now() time.Time { return v.s.now }

// list returns the objects of a kind in a namespace, or in all of them for the empty one, sorted by namespace and name.
func list[T Object](v *View, kind Kind, namespace string) []T {
	v.touch(kind)
	t := v.s.tables[kind]
	all := t.typed.([]T)
	if namespace == metav1.NamespaceAll {
		return all
	}
	r := t.ranges[namespace]
	return all[r[0]:r[1]:r[1]]
}

// get returns one object, or nil where the snapshot has none of that name; whether it then is absent, Absent tells.
func get[T Object](v *View, kind Kind, namespace, name string) (found T) {
	v.touch(kind)
	t := v.s.tables[kind]
	if i, ok := t.find(namespace, name); ok {
		return t.typed.([]T)[i]
	}
	return found
}

// The listings. The empty namespace means all.

func (v *View) Pods(namespace string) []*corev1.Pod { return list[*corev1.Pod](v, Pods, namespace) }

func (v *View) Nodes() []*corev1.Node { return list[*corev1.Node](v, Nodes, "") }

func (v *View) Namespaces() []*corev1.Namespace { return list[*corev1.Namespace](v, Namespaces, "") }

func (v *View) Services(namespace string) []*corev1.Service {
	return list[*corev1.Service](v, Services, namespace)
}

func (v *View) Secrets(namespace string) []*corev1.Secret {
	return list[*corev1.Secret](v, Secrets, namespace)
}

func (v *View) PersistentVolumeClaims(namespace string) []*corev1.PersistentVolumeClaim {
	return list[*corev1.PersistentVolumeClaim](v, PersistentVolumeClaims, namespace)
}

func (v *View) PersistentVolumes() []*corev1.PersistentVolume {
	return list[*corev1.PersistentVolume](v, PersistentVolumes, "")
}

func (v *View) ReplicaSets(namespace string) []*appsv1.ReplicaSet {
	return list[*appsv1.ReplicaSet](v, ReplicaSets, namespace)
}

func (v *View) Deployments(namespace string) []*appsv1.Deployment {
	return list[*appsv1.Deployment](v, Deployments, namespace)
}

func (v *View) StatefulSets(namespace string) []*appsv1.StatefulSet {
	return list[*appsv1.StatefulSet](v, StatefulSets, namespace)
}

func (v *View) DaemonSets(namespace string) []*appsv1.DaemonSet {
	return list[*appsv1.DaemonSet](v, DaemonSets, namespace)
}

func (v *View) Jobs(namespace string) []*batchv1.Job { return list[*batchv1.Job](v, Jobs, namespace) }

func (v *View) CronJobs(namespace string) []*batchv1.CronJob {
	return list[*batchv1.CronJob](v, CronJobs, namespace)
}

func (v *View) EndpointSlices(namespace string) []*discoveryv1.EndpointSlice {
	return list[*discoveryv1.EndpointSlice](v, EndpointSlices, namespace)
}

func (v *View) NetworkPolicies(namespace string) []*networkingv1.NetworkPolicy {
	return list[*networkingv1.NetworkPolicy](v, NetworkPolicies, namespace)
}

func (v *View) Ingresses(namespace string) []*networkingv1.Ingress {
	return list[*networkingv1.Ingress](v, Ingresses, namespace)
}

func (v *View) PodDisruptionBudgets(namespace string) []*policyv1.PodDisruptionBudget {
	return list[*policyv1.PodDisruptionBudget](v, PodDisruptionBudgets, namespace)
}

func (v *View) Autoscalers(namespace string) []*autoscalingv2.HorizontalPodAutoscaler {
	return list[*autoscalingv2.HorizontalPodAutoscaler](v, Autoscalers, namespace)
}

func (v *View) StorageClasses() []*storagev1.StorageClass {
	return list[*storagev1.StorageClass](v, StorageClasses, "")
}

func (v *View) CSIDrivers() []*storagev1.CSIDriver {
	return list[*storagev1.CSIDriver](v, CSIDrivers, "")
}

func (v *View) CSINodes() []*storagev1.CSINode { return list[*storagev1.CSINode](v, CSINodes, "") }

func (v *View) LimitRanges(namespace string) []*corev1.LimitRange {
	return list[*corev1.LimitRange](v, LimitRanges, namespace)
}

// The look-ups by name: nil where the snapshot has none.

func (v *View) Node(name string) *corev1.Node { return get[*corev1.Node](v, Nodes, "", name) }

func (v *View) ReplicaSet(namespace, name string) *appsv1.ReplicaSet {
	return get[*appsv1.ReplicaSet](v, ReplicaSets, namespace, name)
}

func (v *View) Deployment(namespace, name string) *appsv1.Deployment {
	return get[*appsv1.Deployment](v, Deployments, namespace, name)
}

func (v *View) StatefulSet(namespace, name string) *appsv1.StatefulSet {
	return get[*appsv1.StatefulSet](v, StatefulSets, namespace, name)
}

func (v *View) DaemonSet(namespace, name string) *appsv1.DaemonSet {
	return get[*appsv1.DaemonSet](v, DaemonSets, namespace, name)
}

func (v *View) Job(namespace, name string) *batchv1.Job {
	return get[*batchv1.Job](v, Jobs, namespace, name)
}

func (v *View) Secret(namespace, name string) *corev1.Secret {
	return get[*corev1.Secret](v, Secrets, namespace, name)
}

func (v *View) PersistentVolumeClaim(namespace, name string) *corev1.PersistentVolumeClaim {
	return get[*corev1.PersistentVolumeClaim](v, PersistentVolumeClaims, namespace, name)
}

func (v *View) PersistentVolume(name string) *corev1.PersistentVolume {
	return get[*corev1.PersistentVolume](v, PersistentVolumes, "", name)
}

func (v *View) StorageClass(name string) *storagev1.StorageClass {
	return get[*storagev1.StorageClass](v, StorageClasses, "", name)
}

// PodUsage is what the metrics API says of a pod.
func (v *View) PodUsage(namespace, pod string) *PodUsage {
	return get[*PodUsage](v, PodMetrics, namespace, pod)
}

// NodeUsage is what the metrics API says of a node.
func (v *View) NodeUsage(node string) *metricsv1beta1.NodeMetrics {
	return get[*metricsv1beta1.NodeMetrics](v, NodeMetrics, "", node)
}

// KubeletStats is what the kubelet of a node says, where it was asked.
func (v *View) KubeletStats(node string) *NodeStats {
	return get[*NodeStats](v, KubeletStats, "", node)
}

// AskState says how reading an asked-for object went; the status is empty where nobody asked.
func (v *View) AskState(kind Kind, namespace, name string) State {
	v.touch(kind)
	return v.s.asked[Ask{kind, namespace, name}]
}

// PodUsages is what the metrics API says of all pods, sorted as they are.
func (v *View) PodUsages() []*PodUsage { return list[*PodUsage](v, PodMetrics, metav1.NamespaceAll) }

// AllKubeletStats is what every kubelet says that was asked.
func (v *View) AllKubeletStats() []*NodeStats { return list[*NodeStats](v, KubeletStats, "") }

// Complete tells whether the listing of a kind in a namespace (empty: in the whole cluster) is known to be complete.
func (v *View) Complete(kind Kind, namespace string) Knowledge {
	v.touch(kind)
	return v.s.StateOf(kind, namespace).knowledge()
}

// State says how reading a kind went.
func (v *View) State(kind Kind, namespace string) State {
	v.touch(kind)
	return v.s.StateOf(kind, namespace)
}

// Absent tells whether an object exists. Every claim of absence goes through it. For kinds whose live listing is filtered only an
// Ask can prove absence.
func (v *View) Absent(kind Kind, namespace, name string) Presence {
	v.touch(kind)
	if _, ok := v.s.tables[kind].find(namespace, name); ok {
		return Present
	}
	if st, ok := v.s.asked[Ask{kind, namespace, name}]; ok {
		if st.Status == OK || st.Status == NotServed {
			return Absent
		}
		return CannotTell
	}
	st := v.s.StateOf(kind, namespace)
	info, _ := InfoOf(kind)
	switch k := st.knowledge(); {
	case k == Assumed:
		return AbsentAssumed
	case k == Known && !info.Filtered:
		return Absent
	default:
		return CannotTell
	}
}

// Events lists the events of a namespace; the empty one means all. Node events lie in namespace "default".
func (v *View) Events(namespace string) []*corev1.Event {
	return list[*corev1.Event](v, Events, namespace)
}
