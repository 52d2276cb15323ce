package probes

// This file tells which versions of a workload have the probes that its template has now, so that their starts count.

import (
	"fmt"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/kubectl-scars/kubectl-scars/pkg/analysis"
	"github.com/kubectl-scars/kubectl-scars/pkg/snapshot"
)

// sameVersions tells it of a container of a template, by the names that weeks of metrics give to versions. versioned tells whether these know
// the version of any pod; where they know none, all count.
func sameVersions(v *snapshot.View, w analysis.Workload, c *corev1.Container, versioned bool) func(version string) bool {
	switch w.Ref.Kind {
	case "Deployment":
		return sameReplicaSets(v, w, c)
	case "StatefulSet", "DaemonSet":
		if known := sameRevisions(w, c); versioned && len(known) > 0 {
			return func(version string) bool { return known[version] }
		}
	}
	return func(string) bool { return true }
}

// sameReplicaSets are the versions of a Deployment; those of which the ReplicaSet is gone do not count.
func sameReplicaSets(v *snapshot.View, w analysis.Workload, c *corev1.Container) func(version string) bool {
	known := map[string]bool{}
	for _, p := range w.Pods { // theirs counts where ReplicaSets may not be read
		if owner := metav1.GetControllerOfNoCopy(p); owner != nil {
			if own, _ := specOf(p, c.Name); own != nil && sameProbes(own, c) {
				known[owner.Name] = true
			}
		}
	}
	return func(version string) bool {
		same, asked := known[version]
		if asked {
			return same
		}
		if rs := v.ReplicaSet(w.Ref.Namespace, version); rs != nil {
			own, _ := specOf(&corev1.Pod{Spec: rs.Spec.Template.Spec}, c.Name)
			same = own != nil && sameProbes(own, c)
		}
		known[version] = same
		return same
	}
}

// sameRevisions are the versions of a StatefulSet or a DaemonSet that have these probes: that of its template, and those of its pods. What older
// ones had is in ControllerRevisions, which are not read.
func sameRevisions(w analysis.Workload, c *corev1.Container) map[string]bool {
	known := map[string]bool{}
	switch o := w.Object.(type) {
	case *appsv1.StatefulSet:
		if o.Status.UpdateRevision != "" {
			known[o.Status.UpdateRevision] = true
		}
	case *appsv1.DaemonSet:
		if o.Generation > 0 {
			known[fmt.Sprintf("generation %d", o.Generation)] = true
		}
	}
	for _, p := range w.Pods {
		hash := p.Labels[appsv1.ControllerRevisionHashLabelKey]
		if own, _ := specOf(p, c.Name); hash != "" && own != nil && sameProbes(own, c) {
			known[hash] = true
		}
	}
	return known
}
