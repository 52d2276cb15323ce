package snapshot

// The keep table for everything but pods, Secrets and free text.

import (
	"strings"

	appsv1 "k8s.io/api/apps/v1"
	autoscalingv2 "k8s.io/api/autoscaling/v2"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	networkingv1 "k8s.io/api/networking/v1"
	policyv1 "k8s.io/api/policy/v1"
	storagev1 "k8s.io/api/storage/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// keptAnnotations are the annotations that prove something, or name who would revert a change. An entry that ends in "/" keeps all
// annotations with that prefix.
var keptAnnotations = []string{
	"deployment.kubernetes.io/revision",
	"kubernetes.io/config.mirror",
	"kubernetes.io/limit-ranger",
	"vpaUpdates",
	"kubernetes.io/ingress.class",
	"kubernetes.io/tls-acme",
	"cni.projectcalico.org/podIP",
	"storageclass.kubernetes.io/is-default-class",
	"storageclass.beta.kubernetes.io/is-default-class",
	"volume.kubernetes.io/storage-provisioner",
	"volume.beta.kubernetes.io/storage-provisioner",
	"volume.kubernetes.io/selected-node",
	"volume.kubernetes.io/storage-resizer",
	"volume.beta.kubernetes.io/storage-class",
	"pv.kubernetes.io/provisioned-by",
	"pv.kubernetes.io/bind-completed",
	"pv.kubernetes.io/bound-by-controller",
	"endpoints.kubernetes.io/last-change-trigger-time",
	"offending_containers",
	"offending_containers_usage",
	"starved_resource",
	"meta.helm.sh/release-name",
	"argocd.argoproj.io/tracking-id",
	"vpaUpdates",
	"vpaObservedContainers",
	"cert-manager.io/",
	"traffic.sidecar.istio.io/", // which ports a sidecar takes connections for
	"sidecar.istio.io/interceptionMode",
	"scars.dev/",
	"deprecated.daemonset.template.generation", // on every DaemonSet: which edition of its template is in force
}

func trimMeta(m *metav1.ObjectMeta) {
	old := *m
	*m = metav1.ObjectMeta{
		Name: old.Name, Namespace: old.Namespace, UID: old.UID, Generation: old.Generation,
		CreationTimestamp: old.CreationTimestamp, DeletionTimestamp: old.DeletionTimestamp,
		DeletionGracePeriodSeconds: old.DeletionGracePeriodSeconds,
		Labels:                     old.Labels, OwnerReferences: old.OwnerReferences, Finalizers: old.Finalizers,
	}
	for name, value := range old.Annotations {
		if keepAnnotation(name) {
			if m.Annotations == nil {
				m.Annotations = map[string]string{}
			}
			m.Annotations[name] = redact(value)
		}
	}
}

func keepAnnotation(name string) bool {
	for _, kept := range keptAnnotations {
		if name == kept || strings.HasSuffix(kept, "/") && strings.HasPrefix(name, kept) {
			return true
		}
	}
	return false
}

func trimEvent(e *corev1.Event) {
	trimMeta(&e.ObjectMeta)
	e.Message = redact(e.Message)
	e.Related, e.Action = nil, ""
}

func trimNode(n *corev1.Node) {
	trimMeta(&n.ObjectMeta)
	n.Spec = corev1.NodeSpec{Unschedulable: n.Spec.Unschedulable, Taints: n.Spec.Taints, PodCIDR: n.Spec.PodCIDR, PodCIDRs: n.Spec.PodCIDRs}
	n.Status = corev1.NodeStatus{
		Capacity: n.Status.Capacity, Allocatable: n.Status.Allocatable, Conditions: n.Status.Conditions,
		Addresses: n.Status.Addresses, NodeInfo: n.Status.NodeInfo,
	}
	for i := range n.Status.Conditions {
		n.Status.Conditions[i].LastHeartbeatTime.Reset()
		n.Status.Conditions[i].Message = redact(n.Status.Conditions[i].Message)
	}
}

func trimNamespace(n *corev1.Namespace) {
	trimMeta(&n.ObjectMeta)
	n.Status.Conditions = nil
}

func trimService(s *corev1.Service) { trimMeta(&s.ObjectMeta) }

func trimEndpointSlice(s *discoveryv1.EndpointSlice) { trimMeta(&s.ObjectMeta) }

func trimNetworkPolicy(p *networkingv1.NetworkPolicy) { trimMeta(&p.ObjectMeta) }

func trimDisruptionBudget(b *policyv1.PodDisruptionBudget) {
	trimMeta(&b.ObjectMeta)
	b.Status.DisruptedPods = nil
	for i := range b.Status.Conditions {
		b.Status.Conditions[i].Message = redact(b.Status.Conditions[i].Message)
	}
}

func trimAutoscaler(h *autoscalingv2.HorizontalPodAutoscaler) {
	trimMeta(&h.ObjectMeta)
	h.Spec.Behavior = nil
	for i := range h.Status.Conditions {
		h.Status.Conditions[i].Message = redact(h.Status.Conditions[i].Message)
	}
}

func trimIngress(i *networkingv1.Ingress) { trimMeta(&i.ObjectMeta) }

func trimClaim(c *corev1.PersistentVolumeClaim) {
	trimMeta(&c.ObjectMeta)
	for i := range c.Status.Conditions {
		c.Status.Conditions[i].Message = redact(c.Status.Conditions[i].Message)
	}
}

func trimVolume(v *corev1.PersistentVolume) {
	trimMeta(&v.ObjectMeta)
	v.Status.Message = redact(v.Status.Message)
	src := v.Spec.PersistentVolumeSource
	v.Spec.PersistentVolumeSource = corev1.PersistentVolumeSource{Local: src.Local, HostPath: src.HostPath}
	if src.CSI != nil { // attributes and secret references go
		v.Spec.CSI = &corev1.CSIPersistentVolumeSource{Driver: src.CSI.Driver, VolumeHandle: src.CSI.VolumeHandle}
	}
	v.Spec.MountOptions = nil
}

func trimStorageClass(c *storagev1.StorageClass) {
	trimMeta(&c.ObjectMeta)
	c.Parameters, c.MountOptions = nil, nil
}

func trimCSIDriver(d *storagev1.CSIDriver) { trimMeta(&d.ObjectMeta) }

func trimLimitRange(r *corev1.LimitRange) { trimMeta(&r.ObjectMeta) }

func trimCSINode(n *storagev1.CSINode) { trimMeta(&n.ObjectMeta) }

func trimReplicaSet(r *appsv1.ReplicaSet) {
	trimMeta(&r.ObjectMeta)
	trimTemplate(&r.Spec.Template)
	r.Status.Conditions = nil
}

func trimDeployment(d *appsv1.Deployment) {
	fields := d.ManagedFields
	trimMeta(&d.ObjectMeta)
	keepManagers(&d.ObjectMeta, fields)
	trimTemplate(&d.Spec.Template)
	for i := range d.Status.Conditions {
		d.Status.Conditions[i].Message = redact(d.Status.Conditions[i].Message)
	}
}

func trimStatefulSet(s *appsv1.StatefulSet) {
	fields := s.ManagedFields
	trimMeta(&s.ObjectMeta)
	keepManagers(&s.ObjectMeta, fields)
	trimTemplate(&s.Spec.Template)
	for i := range s.Status.Conditions {
		s.Status.Conditions[i].Message = redact(s.Status.Conditions[i].Message)
	}
	for i := range s.Spec.VolumeClaimTemplates {
		trimClaim(&s.Spec.VolumeClaimTemplates[i])
	}
}

func trimDaemonSet(d *appsv1.DaemonSet) {
	fields := d.ManagedFields
	trimMeta(&d.ObjectMeta)
	keepManagers(&d.ObjectMeta, fields)
	trimTemplate(&d.Spec.Template)
	for i := range d.Status.Conditions {
		d.Status.Conditions[i].Message = redact(d.Status.Conditions[i].Message)
	}
}

func trimJob(j *batchv1.Job) {
	trimMeta(&j.ObjectMeta)
	trimTemplate(&j.Spec.Template)
	for i := range j.Status.Conditions {
		j.Status.Conditions[i].Message = redact(j.Status.Conditions[i].Message)
	}
}

func trimCronJob(c *batchv1.CronJob) {
	fields := c.ManagedFields
	trimMeta(&c.ObjectMeta)
	keepManagers(&c.ObjectMeta, fields)
	trimMeta(&c.Spec.JobTemplate.ObjectMeta)
	trimTemplate(&c.Spec.JobTemplate.Spec.Template)
}

// NoisyReasons are the reasons of events that prove nothing and that every healthy cluster is full of. They are left out by the server
// where it can filter, and by Builder otherwise, so that live and offline see the same.
func NoisyReasons() []string {
	return []string{
		"Scheduled", "Pulling", "Pulled", "Created", "Started", "SuccessfulCreate", "SuccessfulDelete", "ScalingReplicaSet",
		"SuccessfulRescale", "SawCompletedJob", "LeaderElection", "RegisteredNode", "SuccessfulAttachVolume", "AddedInterface",
	}
}
