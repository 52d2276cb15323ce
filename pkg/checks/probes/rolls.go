package probes

// This file says of a patch what it does to the pods that are there: mostly a rolling restart, and now and then nothing.

import (
	"fmt"
	"slices"
	"strings"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/utils/ptr"

	"github.com/kubectl-scars/kubectl-scars/pkg/analysis"
	"github.com/kubectl-scars/kubectl-scars/pkg/finding"
	"github.com/kubectl-scars/kubectl-scars/pkg/snapshot"
)

// withTemplates adds to the inputs of a check what report looks at.
func withTemplates(inputs []analysis.Input) []analysis.Input {
	return append(inputs, analysis.Optional(snapshot.Deployments), analysis.Optional(snapshot.StatefulSets), analysis.Optional(snapshot.DaemonSets))
}

// report takes a finding whose fixes may patch the template of the workload that it is about, and says with each what comes of that.
func report(p *analysis.Pass, f finding.Finding) {
	var fixes []finding.Fix
	for _, fix := range f.Fix {
		if strings.Contains(fix.Command, " -p '"+templatePatch) {
			fix.Text += rolls(p.View, f.Object)
			fixes = append(fixes, fix)
			if f.Severity != finding.Info {
				fixes = append(fixes, unblock(p.View, f.Object, func(pod *corev1.Pod) bool {
					return slices.ContainsFunc(f.Evidence, func(e finding.Evidence) bool { return e.Object.Kind == "Pod" && e.Object.Name == pod.Name })
				})...)
			}
			continue
		}
		fixes = append(fixes, fix)
	}
	f.Fix = fixes
	p.Report(f)
}

// rollsOver is what a patch does as a rule.
const rollsOver = "; this rolls the workload over"

// rolls says when the pods of a workload get what is changed in its template; nothing of a manifest, which has none.
func rolls(v *snapshot.View, w finding.ObjectRef) string {
	const onDelete = "; a pod takes it only when you delete it (updateStrategy OnDelete)"
	if d := v.Deployment(w.Namespace, w.Name); d != nil && w.Kind == "Deployment" {
		switch {
		case d.UID == "":
			return ""
		case d.Spec.Paused:
			return "; it is paused, and this rolls it over once it is resumed"
		}
	}
	if s := v.StatefulSet(w.Namespace, w.Name); s != nil && w.Kind == "StatefulSet" {
		switch update := s.Spec.UpdateStrategy; {
		case s.UID == "":
			return ""
		case update.Type == appsv1.OnDeleteStatefulSetStrategyType:
			return onDelete
		case update.RollingUpdate != nil && ptr.Deref(update.RollingUpdate.Partition, 0) > 0:
			return fmt.Sprintf("; this rolls the pods over from number %d on, its partition", partitionOf(s))
		}
	}
	if d := v.DaemonSet(w.Namespace, w.Name); d != nil && w.Kind == "DaemonSet" {
		switch {
		case d.UID == "":
			return ""
		case d.Spec.UpdateStrategy.Type == appsv1.OnDeleteDaemonSetStrategyType:
			return onDelete
		}
	}
	return rollsOver
}

// partitionOf is the number from which on the pods of a StatefulSet are rolled over.
func partitionOf(s *appsv1.StatefulSet) int {
	from := 0
	if s.Spec.Ordinals != nil {
		from = int(s.Spec.Ordinals.Start)
	}
	if r := s.Spec.UpdateStrategy.RollingUpdate; r != nil {
		from += int(ptr.Deref(r.Partition, 0))
	}
	return from
}

// unblock deletes the pod that keeps an ordered StatefulSet from being rolled over, as it waits until each that is there is ready (Kubernetes
// documentation, StatefulSets, Forced rollback; kubernetes v1.37.2 pkg/controller/statefulset/stateful_set_control.go), if it is one that
// fails. Below the partition it would be made as it was.
func unblock(v *snapshot.View, w finding.ObjectRef, fails func(*corev1.Pod) bool) []finding.Fix {
	if w.Kind != "StatefulSet" {
		return nil
	}
	s := v.StatefulSet(w.Namespace, w.Name)
	if s == nil || s.UID == "" || s.Spec.PodManagementPolicy == appsv1.ParallelPodManagement || s.Spec.UpdateStrategy.Type == appsv1.OnDeleteStatefulSetStrategyType {
		return nil
	}
	var stuck *corev1.Pod
	for _, pod := range alive(v.PodsOf(snapshot.Ref{APIVersion: "apps/v1", Kind: w.Kind, Namespace: w.Namespace, Name: w.Name})) {
		if !isReady(pod) && (stuck == nil || ordinal(pod) < ordinal(stuck)) {
			stuck = pod
		}
	}
	if stuck == nil || ordinal(stuck) < partitionOf(s) || !fails(stuck) {
		return nil
	}
	return []finding.Fix{{
		Text:    "If the pod does not get ready by itself, delete it then: an ordered StatefulSet waits for it and replaces none until it is",
		Command: finding.Kubectl(w.Namespace, "delete", "pod", stuck.Name),
	}}
}
