package probes

// This file finds drains that wait for pods which are ill and stay so.

import (
	"fmt"
	"strings"

	corev1 "k8s.io/api/core/v1"
	policyv1 "k8s.io/api/policy/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"

	"github.com/kubectl-scars/kubectl-scars/pkg/analysis"
	"github.com/kubectl-scars/kubectl-scars/pkg/finding"
	"github.com/kubectl-scars/kubectl-scars/pkg/snapshot"
)

// EvictionDeadlock is probes/eviction-deadlock.
var EvictionDeadlock = &analysis.Check{
	ID: "probes/eviction-deadlock",
	Doc: analysis.Doc{
		Title:    "Pods that are not ready cannot be evicted, so drains hang",
		Symptom:  "kubectl drain repeats \"Cannot evict pod as it would violate the pod's disruption budget\"; node upgrades stand still.",
		Evidence: "A PodDisruptionBudget with fewer healthy pods than it wants, and running pods that it selects which are not ready, for over two minutes and past what a start may take; pods of DaemonSets and static pods, which no drain evicts, do not count. Its status is the API's own count: proven.",
		Why:      "By default a budget that is not met protects ill pods as well. They do not become well by waiting, and the node cannot be emptied.",
		Fix:      "Let the ill pods go: spec.unhealthyPodEvictionPolicy AlwaysAllow. And make them ready.",
		Limits:   "Budgets never limit what liveness probes kill. Silent for pods that are still starting, and for those whose node has just come back (as containerd tells it).",
		Sources:  []string{"KEP-3017 (unhealthyPodEvictionPolicy)", "kubernetes v1.37.2 pkg/registry/core/pod/storage/eviction.go"},
	},
	Inputs: []analysis.Input{analysis.Need(snapshot.PodDisruptionBudgets), analysis.Need(snapshot.Pods)},
	Run:    evictionDeadlock,
}

func evictionDeadlock(p *analysis.Pass) error {
	for _, b := range p.PodDisruptionBudgets("") {
		policy := b.Spec.UnhealthyPodEvictionPolicy
		if b.Status.DisruptionsAllowed > 0 || b.Status.CurrentHealthy >= b.Status.DesiredHealthy || policy != nil && *policy == policyv1.AlwaysAllow || b.Spec.Selector == nil {
			continue
		}
		selector, err := metav1.LabelSelectorAsSelector(b.Spec.Selector)
		if err != nil {
			continue
		}
		var held []*corev1.Pod
		for _, pod := range p.Pods(b.Namespace) {
			// A pod that is pending may always be evicted (eviction.go, canIgnorePDB).
			if pod.Status.Phase == corev1.PodRunning && pod.DeletionTimestamp == nil && drained(pod) && selector.Matches(labels.Set(pod.Labels)) &&
				!isReady(pod) && unreadyFor(p, pod) && !starting(pod, p.Now()) && !cameBack(pod, p.Now()) {
				held = append(held, pod)
			}
		}
		if len(held) == 0 {
			continue
		}
		reason, evidence := unready(held[0], nil)
		ref := analysis.RefTo("PodDisruptionBudget", b)
		subject := fmt.Sprintf("pod %s, %s,", held[0].Name, reason)
		if n := len(held); n > 1 {
			subject = fmt.Sprintf("%d pods that are not ready (%s, %s)", n, held[0].Name, reason)
		}
		p.Report(finding.Finding{
			Severity: finding.Warning, Confidence: finding.Proven, Object: ref,
			Message: fmt.Sprintf("%s cannot be evicted, so a drain of node %s hangs: %d of %d wanted pods are healthy", subject, nodes(held), b.Status.CurrentHealthy, b.Status.DesiredHealthy),
			Evidence: []finding.Evidence{
				{Object: ref, Source: "status", Value: fmt.Sprintf("disruptionsAllowed %d, currentHealthy %d, desiredHealthy %d", b.Status.DisruptionsAllowed, b.Status.CurrentHealthy, b.Status.DesiredHealthy)},
				{Object: ref, Source: "spec.unhealthyPodEvictionPolicy", Value: policyOf(policy)},
				evidence,
			},
			Fix: []finding.Fix{
				{
					Text:    "Let pods that are not ready be evicted whatever the budget says",
					Command: finding.Kubectl(b.Namespace, "patch", "poddisruptionbudget/"+b.Name, "-p", `{"spec":{"unhealthyPodEvictionPolicy":"AlwaysAllow"}}`),
				},
				{Text: "See why it is not ready", Command: finding.Kubectl(b.Namespace, "describe", "pod", held[0].Name)},
			},
		})
	}
	return nil
}

func policyOf(p *policyv1.UnhealthyPodEvictionPolicyType) string {
	if p == nil {
		return "not set, which is IfHealthyBudget"
	}
	return string(*p)
}

// drained tells whether a drain would evict the pod: it passes those of DaemonSets and the kubelet's own by (k8s.io/kubectl v0.37
// pkg/drain/filters.go).
func drained(pod *corev1.Pod) bool {
	if _, mirror := pod.Annotations[corev1.MirrorPodAnnotationKey]; mirror {
		return false
	}
	owner := metav1.GetControllerOf(pod)
	return owner == nil || owner.Kind != "DaemonSet"
}

// nodes names the nodes of pods, each once, and counts those that a sentence cannot hold.
func nodes(pods []*corev1.Pod) string {
	const most = 3
	seen := map[string]bool{}
	var out []string
	for _, p := range pods {
		if n := p.Spec.NodeName; n != "" && !seen[n] {
			seen[n] = true
			out = append(out, n)
		}
	}
	if len(out) > most {
		return fmt.Sprintf("%s or %d others", strings.Join(out[:most], ", "), len(out)-most)
	}
	return strings.Join(out, " or ")
}
