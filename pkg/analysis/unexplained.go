package analysis

// This file counts the pods that are not ready and that no finding speaks of, so that healthy lines never stand above an outage.

import (
	"fmt"
	"slices"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/kubectl-scars/kubectl-scars/pkg/finding"
	"github.com/kubectl-scars/kubectl-scars/pkg/snapshot"
)

// startingGrace is how long a pod without any error of its own may take to become ready before it counts.
const startingGrace = 2 * time.Minute

// Unexplained groups the pods that are not ready, and that neither are evidence of a finding nor belong to a workload, Service or node
// that explains them, by the reason that they give themselves. What is only worth knowing explains the pods whose condition Ready it shows.
func Unexplained(s *snapshot.Snapshot, findings []finding.Finding) []finding.Unexplained {
	explained := map[finding.ObjectRef]bool{}
	for _, f := range findings {
		if f.Severity == finding.Info {
			for _, e := range f.Evidence {
				if e.Source == "status.conditions[Ready]" {
					explained[bare(e.Object)] = true
				}
			}
			continue
		}
		explained[bare(f.Object)] = true
		for _, e := range f.Evidence {
			explained[bare(e.Object)] = true
		}
	}
	v := s.View()
	for _, svc := range v.Services(metav1.NamespaceAll) {
		if explained[bare(RefTo("Service", svc))] { // its finding counts all of its pods
			for _, p := range v.SelectedBy(svc) {
				explained[bare(RefTo("Pod", p))] = true
			}
		}
	}
	groups := map[[2]string]*finding.Unexplained{}
	for _, p := range v.Pods(metav1.NamespaceAll) {
		reason, detail := notReady(p, s.Now())
		if reason == "" || explained[bare(RefTo("Pod", p))] {
			continue
		}
		if !beforeItRuns(reason) && (explained[bare(Ref(v.WorkloadOf(p)))] || explained[finding.ObjectRef{Kind: "Node", Name: p.Spec.NodeName}]) {
			continue
		}
		if slices.ContainsFunc(p.Spec.Volumes, func(vol corev1.Volume) bool {
			return vol.PersistentVolumeClaim != nil &&
				explained[finding.ObjectRef{Kind: "PersistentVolumeClaim", Namespace: p.Namespace, Name: vol.PersistentVolumeClaim.ClaimName}]
		}) {
			continue
		}
		g := groups[[2]string{reason, detail}]
		if g == nil {
			g = &finding.Unexplained{Reason: reason, Detail: detail}
			groups[[2]string{reason, detail}] = g
		}
		g.Count++
		g.Pods = append(g.Pods, RefTo("Pod", p))
	}
	out := make([]finding.Unexplained, 0, len(groups))
	for _, g := range groups {
		out = append(out, *g)
	}
	return out
}

// beforeItRuns tells whether a reason lies before the program's first step, where no other trouble of its workload or node can be to
// blame: no place for the pod, no image, no configuration (kubernetes v1.37.2 pkg/kubelet/images/types.go, pkg/kubelet/kuberuntime).
func beforeItRuns(reason string) bool {
	switch reason {
	case "Unschedulable", "ImagePullBackOff", "ErrImagePull", "InvalidImageName", "ErrImageNeverPull", "CreateContainerConfigError":
		return true
	default:
		return false
	}
}

// notReady gives the reason for which a pod is not ready, in its own words, or "" where it is ready, has ended, or is just starting.
func notReady(p *corev1.Pod, now time.Time) (reason, detail string) {
	if p.DeletionTimestamp != nil || p.Status.Phase == corev1.PodSucceeded {
		return "", ""
	}
	if p.Status.Phase == corev1.PodFailed {
		if metav1.GetControllerOf(p) != nil {
			return "", "" // its controller has made another in its place, which counts by itself, or knows what to make of it
		}
		return first(p.Status.Reason, "Failed"), ""
	}
	for _, list := range [][]corev1.ContainerStatus{p.Status.InitContainerStatuses, p.Status.ContainerStatuses} {
		for _, c := range list {
			if w := c.State.Waiting; w != nil && w.Reason != "" && w.Reason != "ContainerCreating" && w.Reason != "PodInitializing" {
				if t := c.LastTerminationState.Terminated; t != nil {
					detail = fmt.Sprintf("container %s: last exit %d (%s)", c.Name, t.ExitCode, first(t.Reason, "no reason"))
				}
				return w.Reason, detail
			}
		}
	}
	for _, c := range p.Status.Conditions {
		if c.Type == corev1.PodScheduled && c.Status == corev1.ConditionFalse && c.Reason != "" {
			return c.Reason, ""
		}
	}
	if now.Sub(p.CreationTimestamp.Time) < startingGrace {
		return "", ""
	}
	for _, c := range p.Status.Conditions {
		if c.Type == corev1.PodReady && c.Status != corev1.ConditionTrue && now.Sub(c.LastTransitionTime.Time) >= startingGrace {
			return first(c.Reason, "NotReady"), ""
		}
	}
	if p.Status.Phase == corev1.PodPending || p.Status.Phase == corev1.PodUnknown {
		return string(p.Status.Phase), ""
	}
	return "", ""
}

func first(s, otherwise string) string {
	if s != "" {
		return s
	}
	return otherwise
}
