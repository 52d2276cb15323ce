package netpol

// This file finds policies that protect nothing, because their selector means no pod.

import (
	"fmt"

	networkingv1 "k8s.io/api/networking/v1"

	"github.com/kubectl-scars/kubectl-scars/pkg/analysis"
	"github.com/kubectl-scars/kubectl-scars/pkg/finding"
	"github.com/kubectl-scars/kubectl-scars/pkg/netpolicy"
)

// SelectsNothing is netpol/selects-nothing.
var SelectsNothing = &analysis.Check{
	ID: "netpol/selects-nothing",
	Doc: analysis.Doc{
		Title:    "A network policy selects no pod",
		Symptom:  "None: the policy is accepted and does nothing. What it was to protect is open, or what it was to allow stays blocked.",
		Evidence: "spec.podSelector against the labels of every pod and of every workload's pod template in the namespace, those with 0 replicas, Jobs and CronJobs among them. Proven where all of these were read completely. Shown beside it: the label that was probably meant, and pods with these labels in other namespaces.",
		Why:      "A policy has no status: nobody says that it selects nothing.",
		Fix:      "Correct the selector, or move the policy to the namespace of its pods. From then on the policy isolates them: check first what it lets through.",
		Limits:   "An empty selector selects all pods and is never reported, nor is one that only leaves pods out (NotIn, DoesNotExist). A namespace without any pod or workload may have been prepared in advance: silent, and info where such pods run in another namespace. Pods that only an operator makes are seen when they exist.",
		Sources:  []string{"k8s.io/api v0.37.2 networking/v1/types.go", "KEP-2943 (status, withdrawn)"},
	},
	Inputs: templateInputs(),
	Run:    selectsNothing,
}

func selectsNothing(p *analysis.Pass) error {
	pop := newPopulation(p)
	for _, policy := range p.NetworkPolicies("") {
		selector := &policy.Spec.PodSelector
		asks := netpolicy.Positive(selector)
		if netpolicy.Empty(asks) {
			continue
		}
		if found, err := pop.of(policy.Namespace).Has(asks); err != nil || found {
			continue // a selector that cannot be read comes from a file: the API would not take it
		}
		confidence, missing := pop.complete(policy.Namespace)
		if missing != "" {
			p.CannotSay(analysis.RefTo(policyKind, policy), fmt.Sprintf("whether its selector %s means anything: %s were not read completely", netpolicy.Text(selector), missing))
			continue
		}
		reportSelectsNothing(p, pop, policy, confidence)
	}
	return nil
}

func reportSelectsNothing(p *analysis.Pass, pop *population, policy *networkingv1.NetworkPolicy, confidence finding.Confidence) {
	selector, here := &policy.Spec.PodSelector, pop.of(policy.Namespace).All
	text := netpolicy.Text(selector)
	elsewhere := placesOf(pop, policy)
	if len(here) == 0 && len(elsewhere) == 0 {
		return
	}
	self := analysis.RefTo(policyKind, policy)
	f := finding.Finding{
		Severity: finding.Warning, Confidence: confidence, Object: self, FirstSeen: finding.At(policy.CreationTimestamp.Time),
		Message: fmt.Sprintf("selects nothing: no pod or workload of the namespace has %s", text),
		Evidence: []finding.Evidence{{
			Object: self, Source: "spec.podSelector", Value: fmt.Sprintf("%s, which none of %s has", text, labelSets(len(here))), Time: finding.At(policy.CreationTimestamp.Time),
		}},
	}
	if have := netpolicy.Values(selector, here); len(have) > 0 {
		f.Evidence = append(f.Evidence, finding.Evidence{Object: finding.ObjectRef{Kind: "Namespace", Name: policy.Namespace}, Source: "labels in use", Value: some(have)})
	}
	switch near, ok := netpolicy.Nearest(selector, here); {
	case ok:
		f.Message = fmt.Sprintf("selects nothing: no pod or workload of the namespace has %s (%s has %s)", near.Wanted(), near.On, near.Has())
		f.Evidence = append(f.Evidence, finding.Evidence{Object: finding.ObjectRef{Kind: near.On.Kind, Namespace: near.On.Namespace, Name: near.On.Name}, Source: "labels", Value: near.Has()})
		f.Fix = append(f.Fix, finding.Fix{
			Text:    fmt.Sprintf("Select %s; from then on the policy isolates its pods", near.Has()),
			Command: patchCommand(policy, near, "/spec/podSelector"),
		})
	case len(elsewhere) > 0:
		f.Message = fmt.Sprintf("selects nothing: no pod or workload of the namespace has %s, but %s of namespace %s has, which the policy cannot reach", text, elsewhere[0], elsewhere[0].Namespace)
		f.Fix = append(f.Fix, finding.Fix{
			Text:    fmt.Sprintf("If it was meant for the pods of namespace %s, put it there: a policy selects pods of its own namespace only", elsewhere[0].Namespace),
			Command: finding.Kubectl(policy.Namespace, "get", "networkpolicy", policy.Name, "-o", "yaml") + fmt.Sprintf(" | sed 's/^  namespace: .*/  namespace: %s/' | ", elsewhere[0].Namespace) + finding.Kubectl("", "apply", "-f", "-"),
		})
	default:
		f.Fix = append(f.Fix, finding.Fix{Text: "Compare the selector with the labels of the pods that it was made for, or delete the policy", Command: finding.Kubectl(policy.Namespace, "get", "pods", "--show-labels")})
	}
	for _, l := range elsewhere[:min(len(elsewhere), 3)] {
		f.Evidence = append(f.Evidence, finding.Evidence{Object: finding.ObjectRef{Kind: l.Kind, Namespace: l.Namespace, Name: l.Name}, Source: "labels", Value: text})
	}
	if len(here) == 0 {
		f.Severity = finding.Info
	}
	p.Report(f)
}

func labelSets(n int) string {
	if n == 0 {
		return "the namespace's pods and workloads (there are none)"
	}
	return fmt.Sprintf("the %s of labels on its pods and workloads", count(n, "set"))
}

// placesOf lists what the policy's selector would mean in other namespaces that were read.
func placesOf(pop *population, policy *networkingv1.NetworkPolicy) []netpolicy.Labelled {
	var out []netpolicy.Labelled
	for _, ns := range pop.everywhere() {
		if ns == policy.Namespace {
			continue
		}
		if found, err := pop.of(ns).Match(&policy.Spec.PodSelector); err == nil {
			out = append(out, found...)
		}
	}
	return out
}

func patchCommand(policy *networkingv1.NetworkPolicy, near netpolicy.Near, path string) string {
	patch := near.Patch(path)
	if patch == "" { // in matchExpressions: an editor serves better
		return finding.Kubectl(policy.Namespace, "edit", "networkpolicy", policy.Name)
	}
	return finding.Kubectl(policy.Namespace, "patch", "networkpolicy", policy.Name, "--type=json", "-p", patch)
}
