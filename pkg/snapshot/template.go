package snapshot

// Pod templates: the pods that a workload would make, though it may have none at the moment (0 replicas, a CronJob between two runs),
// and the pods that use a claim.

import (
	"cmp"
	"slices"
	"strconv"

	appsv1 "k8s.io/api/apps/v1"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/kubectl-scars/kubectl-scars/pkg/order"
)

// Template is what a workload makes its pods from.
type Template struct {
	Workload Ref
	Pods     *corev1.PodTemplateSpec
	Claims   []corev1.PersistentVolumeClaim // StatefulSets: the templates of each pod's own claims
	Stored   bool                           // a server has it; a manifest may be of nothing that is there
}

// TemplateKinds are the kinds that have pod templates.
func TemplateKinds() []Kind {
	return []Kind{ReplicaSets, Deployments, StatefulSets, DaemonSets, Jobs, CronJobs}
}

// Templates lists the pod templates of a namespace (empty: of all), by namespace, kind and name. A ReplicaSet of a Deployment that is
// there does not count by itself: it may be an old revision.
func (v *View) Templates(namespace string) []Template {
	var out []Template
	add := func(apiVersion, kind string, o metav1.Object, t *corev1.PodTemplateSpec, claims []corev1.PersistentVolumeClaim) {
		out = append(out, Template{Ref{apiVersion, kind, o.GetNamespace(), o.GetName()}, t, claims, o.GetUID() != ""})
	}
	apps, batch := appsv1.SchemeGroupVersion.String(), batchv1.SchemeGroupVersion.String()
	for _, d := range v.Deployments(namespace) {
		add(apps, "Deployment", d, &d.Spec.Template, nil)
	}
	for _, r := range v.ReplicaSets(namespace) {
		c := metav1.GetControllerOf(r)
		if c == nil || c.Kind != "Deployment" || get[*appsv1.Deployment](v, Deployments, r.Namespace, c.Name) == nil {
			add(apps, "ReplicaSet", r, &r.Spec.Template, nil)
		}
	}
	for _, s := range v.StatefulSets(namespace) {
		add(apps, "StatefulSet", s, &s.Spec.Template, s.Spec.VolumeClaimTemplates)
	}
	for _, d := range v.DaemonSets(namespace) {
		add(apps, "DaemonSet", d, &d.Spec.Template, nil)
	}
	for _, j := range v.Jobs(namespace) {
		add(batch, "Job", j, &j.Spec.Template, nil)
	}
	for _, c := range v.CronJobs(namespace) {
		add(batch, "CronJob", c, &c.Spec.JobTemplate.Spec.Template, nil)
	}
	order.By(out, func(a, b Template) int {
		return cmp.Or(cmp.Compare(a.Workload.Namespace, b.Workload.Namespace), cmp.Compare(a.Workload.Kind, b.Workload.Kind), cmp.Compare(a.Workload.Name, b.Workload.Name))
	})
	return out
}

// Uses tells whether a pod made from the template would use a claim: by name, or as the claim of its own that a StatefulSet makes
// (TEMPLATE-STATEFULSET-ORDINAL, whatever the ordinal).
func (t Template) Uses(claim string) bool {
	for _, c := range t.Claims {
		prefix := c.Name + "-" + t.Workload.Name + "-"
		if len(claim) > len(prefix) && claim[:len(prefix)] == prefix {
			if _, err := strconv.ParseUint(claim[len(prefix):], 10, 31); err == nil {
				return true
			}
		}
	}
	return slices.Contains(claimNames("", &t.Pods.Spec), claim)
}

// claimNames lists the claims that a pod uses, those of ephemeral volumes (POD-VOLUME) among them.
func claimNames(pod string, spec *corev1.PodSpec) []string {
	var out []string
	for _, vol := range spec.Volumes {
		switch {
		case vol.PersistentVolumeClaim != nil:
			out = append(out, vol.PersistentVolumeClaim.ClaimName)
		case vol.Ephemeral != nil && pod != "":
			out = append(out, pod+"-"+vol.Name)
		}
	}
	return out
}

// PodsOfClaim lists the pods that use a claim, by name, finished and terminating ones among them; the claim need not exist.
func (v *View) PodsOfClaim(namespace, claim string) []*corev1.Pod {
	v.touch(Pods)
	return v.s.joins.pods().podsOfClaim[key{namespace, claim}]
}

// ClaimsOf lists the names of the claims that a pod uses.
func ClaimsOf(p *corev1.Pod) []string { return claimNames(p.Name, &p.Spec) }
