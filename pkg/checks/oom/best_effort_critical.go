package oom

// This file finds workloads that are called important and are the first to die.

import (
	"fmt"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	policyv1 "k8s.io/api/policy/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"

	"github.com/kubectl-scars/kubectl-scars/pkg/analysis"
	"github.com/kubectl-scars/kubectl-scars/pkg/finding"
	"github.com/kubectl-scars/kubectl-scars/pkg/snapshot"
	"github.com/kubectl-scars/kubectl-scars/pkg/victim"
)

// BestEffortCritical is oom/best-effort-critical.
var BestEffortCritical = &analysis.Check{
	ID: "oom/best-effort-critical",
	Doc: analysis.Doc{
		Title:    "A workload that matters is the first to die when memory runs short",
		Symptom:  "When a node runs short of memory, the pods that serve users or hold the cluster together go first, while batch work beside them lives on.",
		Evidence: "status.qosClass BestEffort, which is proof: no container requests or limits CPU or memory, so the kernel kills it before anything else (oom_score_adj 1000), and the kubelet counts all that it uses as above its request. That it matters is said by a PodDisruptionBudget, namespace kube-system, or priority class system-cluster-critical. A Service alone says so only while a node that its pods run on is short of memory: the condition MemoryPressure, a SystemOOM or evictions within the hour, which makes it a warning in any case.",
		Why:      "A PodDisruptionBudget holds against drains, not against the kernel or the kubelet under pressure.",
		Fix:      "Request the memory that it uses, even without a limit: that alone takes it out of the class.",
		Limits:   "How much it needs is not in the API: kubectl top tells what it uses now. Jobs, static pods and pods of priority class system-node-critical are left out: the latter are exempt.",
		Sources:  []string{"kubernetes v1.37.2 pkg/kubelet/qos/policy.go", "kubernetes v1.37.2 pkg/kubelet/eviction/helpers.go (rankMemoryPressure)", "kubernetes v1.37.2 pkg/apis/core/v1/helper/qos/qos.go"},
	},
	Inputs: analysis.PodInputs(
		analysis.Optional(snapshot.Services), analysis.Optional(snapshot.PodDisruptionBudgets), analysis.Optional(snapshot.Nodes), analysis.Optional(snapshot.Events),
	),
	Run: bestEffortCritical,
}

func bestEffortCritical(p *analysis.Pass) error {
	short := shortNodes(p)
	var behind map[*corev1.Pod]*corev1.Service
	if len(short) > 0 {
		behind = map[*corev1.Pod]*corev1.Service{}
		for _, svc := range p.Services(metav1.NamespaceAll) {
			for _, pod := range p.SelectedBy(svc) {
				behind[pod] = svc
			}
		}
	}
	for _, w := range p.Workloads() {
		if w.Kind == "Job" || w.Kind == "CronJob" {
			continue
		}
		var pods []*corev1.Pod
		for _, pod := range p.PodsOf(w) {
			if pod.Status.QOSClass == corev1.PodQOSBestEffort && !snapshot.Finished(pod) && pod.DeletionTimestamp == nil && !exempt(pod) {
				pods = append(pods, pod)
			}
		}
		if len(pods) > 0 {
			firstToDie(p, w, pods, short, behind)
		}
	}
	return nil
}

// exempt tells whether a pod is none that could be evicted, or killed first, whatever it requests.
func exempt(pod *corev1.Pod) bool {
	return pod.Annotations[corev1.MirrorPodAnnotationKey] != "" || pod.Spec.PriorityClassName == "system-node-critical"
}

// shortNode is a node that is short of memory, and what says so.
type shortNode struct {
	words    string
	evidence []finding.Evidence
}

func shortNodes(p *analysis.Pass) map[string]shortNode {
	out := map[string]shortNode{}
	for _, n := range p.Nodes() {
		if words, evidence := shortage(p, n); words != "" {
			out[n.Name] = shortNode{words, evidence}
		}
	}
	return out
}

func firstToDie(p *analysis.Pass, w snapshot.Ref, pods []*corev1.Pod, short map[string]shortNode, behind map[*corev1.Pod]*corev1.Service) {
	why, evidence := matters(p, w, pods[0])
	on := slices.IndexFunc(pods, func(pod *corev1.Pod) bool { _, ok := short[pod.Spec.NodeName]; return ok })
	if on < 0 && why == "" {
		return
	}
	shown := pods[max(on, 0)]
	if svc := behind[shown]; why == "" && svc != nil {
		why = "it serves service/" + svc.Name
		evidence = append(evidence, finding.Evidence{Object: analysis.RefTo("Service", svc), Source: "spec.selector", Value: labels.FormatLabels(svc.Spec.Selector)})
	}
	if why == "" {
		return
	}
	evidence = append([]finding.Evidence{{Object: analysis.RefTo("Pod", shown), Source: "status.qosClass", Value: string(shown.Status.QOSClass)}}, evidence...)
	f := finding.Finding{Severity: finding.Info, Confidence: finding.Proven, Object: analysis.Ref(w), Fix: ask(w)}
	now := "when a node runs short of memory"
	if on >= 0 {
		node := short[shown.Spec.NodeName]
		f.Severity = finding.Warning
		now = fmt.Sprintf("on node %s, which ran short of memory (%s)", shown.Spec.NodeName, node.words)
		evidence = append(evidence, node.evidence...)
	}
	f.Evidence = evidence
	pod := "pod is"
	if len(pods) > 1 {
		pod = fmt.Sprintf("%d pods are", len(pods))
	}
	f.Message = fmt.Sprintf("requests neither CPU nor memory (BestEffort), so its %s killed before anything else %s, although %s", pod, now, why)
	p.Report(f)
}

// matters says what calls a workload important, and the proof of it.
func matters(p *analysis.Pass, w snapshot.Ref, pod *corev1.Pod) (string, []finding.Evidence) {
	for _, b := range p.PodDisruptionBudgets(w.Namespace) {
		if guards(b, pod) {
			return "poddisruptionbudget/" + b.Name + " guards it", []finding.Evidence{
				{Object: analysis.RefTo("PodDisruptionBudget", b), Source: "spec.selector", Value: metav1.FormatLabelSelector(b.Spec.Selector)},
			}
		}
	}
	if victim.Critical(pod) {
		return "its class is " + pod.Spec.PriorityClassName, []finding.Evidence{
			{Object: analysis.RefTo("Pod", pod), Source: "spec.priorityClassName", Value: pod.Spec.PriorityClassName},
		}
	}
	if w.Namespace == metav1.NamespaceSystem {
		return "it is part of the cluster itself", nil
	}
	return "", nil
}

// guards tells whether a budget selects a pod. An empty selector selects all pods of the namespace, none selects nothing (KEP-85).
func guards(b *policyv1.PodDisruptionBudget, pod *corev1.Pod) bool {
	if b.Namespace != pod.Namespace || b.Spec.Selector == nil {
		return false
	}
	s, err := metav1.LabelSelectorAsSelector(b.Spec.Selector)
	return err == nil && s.Matches(labels.Set(pod.Labels))
}

// ask says how to take a workload out of the class.
func ask(w snapshot.Ref) []finding.Fix {
	fixes := []finding.Fix{{Text: "See what it uses", Command: finding.Kubectl(w.Namespace, "top", "pods", "--containers")}}
	fix := finding.Fix{Text: "Request what it uses, with some to spare"}
	if settable(w) {
		fix.Text += " (128Mi stands for it here)"
		fix.Command = finding.Kubectl(w.Namespace, "set", "resources", strings.ToLower(w.Kind)+"/"+w.Name, "--requests=memory=128Mi")
	}
	return append(fixes, fix)
}
