package netpol

// This file collects what the selectors of policies can mean: the pods of a namespace and the pods that its workloads would make.

import (
	"fmt"
	"maps"
	"reflect"
	"strings"

	"k8s.io/apimachinery/pkg/labels"

	"github.com/kubectl-scars/kubectl-scars/pkg/analysis"
	"github.com/kubectl-scars/kubectl-scars/pkg/finding"
	"github.com/kubectl-scars/kubectl-scars/pkg/netpolicy"
	"github.com/kubectl-scars/kubectl-scars/pkg/snapshot"
)

const policyKind = "NetworkPolicy"

// templateInputs are the inputs of a check that must know everything that makes pods.
func templateInputs(more ...analysis.Input) []analysis.Input {
	out := []analysis.Input{analysis.Need(snapshot.NetworkPolicies), analysis.Need(snapshot.Pods)}
	for _, kind := range snapshot.TemplateKinds() {
		out = append(out, analysis.Optional(kind))
	}
	return append(out, more...)
}

// population remembers what each namespace holds, for one run of a check.
type population struct {
	pass  *analysis.Pass
	known map[string]*netpolicy.Group
}

func newPopulation(p *analysis.Pass) *population {
	return &population{p, maps.Clone(withPolicies.In(p.View))}
}

// withPolicies is what the namespaces hold that have policies: every check wants to know it of these, and of others it seldom does.
var withPolicies = snapshot.Derived[map[string]*netpolicy.Group]{
	Kinds: append([]snapshot.Kind{snapshot.NetworkPolicies, snapshot.Pods}, snapshot.TemplateKinds()...),
	Make: func(v *snapshot.View) map[string]*netpolicy.Group {
		out := map[string]*netpolicy.Group{}
		for _, policy := range v.NetworkPolicies("") {
			if out[policy.Namespace] == nil {
				out[policy.Namespace] = groupOf(v, policy.Namespace)
			}
		}
		return out
	},
}

// of lists what a namespace holds.
func (pop *population) of(namespace string) *netpolicy.Group {
	g, ok := pop.known[namespace]
	if !ok {
		g = groupOf(pop.pass.View, namespace)
		pop.known[namespace] = g
	}
	return g
}

// groupOf lists what a namespace holds, workloads first, each set of labels once.
func groupOf(v *snapshot.View, namespace string) *netpolicy.Group {
	var out []netpolicy.Labelled
	seen, last := map[string]bool{}, uintptr(0)
	add := func(kind, name string, l map[string]string) {
		at := reflect.ValueOf(l).Pointer() // pods of one template, of which one mostly follows the other, share their labels; 0 is none
		if at == last && at != 0 {
			return
		}
		last = at
		if text := labels.Set(l).String(); !seen[text] {
			seen[text] = true
			out = append(out, netpolicy.Labelled{Kind: kind, Namespace: namespace, Name: name, Labels: l})
		}
	}
	for _, t := range v.Templates(namespace) {
		add(t.Workload.Kind, t.Workload.Name, t.Pods.Labels)
	}
	for _, pod := range v.Pods(namespace) {
		add("Pod", pod.Name, pod.Labels)
	}
	return netpolicy.NewGroup(out)
}

// everywhere lists the namespaces that hold any pod that was read, in order.
func (pop *population) everywhere() []string { return withPods.In(pop.pass.View) }

var withPods = snapshot.Derived[[]string]{Kinds: []snapshot.Kind{snapshot.Pods}, Make: func(v *snapshot.View) (out []string) {
	seen := map[string]bool{}
	for _, pod := range v.Pods("") {
		if !seen[pod.Namespace] {
			seen[pod.Namespace] = true
			out = append(out, pod.Namespace)
		}
	}
	return out
}}

// complete is how sure it is that a namespace holds nothing else; where that is not known, it names the first kind that is missing.
func (pop *population) complete(namespace string) (finding.Confidence, string) {
	confidence := finding.Proven
	for _, kind := range append([]snapshot.Kind{snapshot.Pods}, snapshot.TemplateKinds()...) {
		c, ok := pop.pass.Completeness(kind, namespace)
		if !ok {
			return "", string(kind)
		}
		confidence = confidence.Weaker(c)
	}
	return confidence, ""
}

// count is a number with its noun.
func count(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}

// some lists the first few of many words.
func some(words []string) string {
	const most = 6
	if len(words) > most {
		return strings.Join(words[:most], ", ") + fmt.Sprintf(" and %d more", len(words)-most)
	}
	return strings.Join(words, ", ")
}
