// Package netpolicy reads NetworkPolicies (networking.k8s.io/v1): which pods and namespaces their selectors mean, and, where they mean
// none, which label was probably meant. It judges nothing and reads nothing.
package netpolicy

import (
	"fmt"
	"slices"
	"strings"

	networkingv1 "k8s.io/api/networking/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// MetadataName is the label that the API server puts on every Namespace, with its name as value (kubernetes v1.37.2
// pkg/registry/core/namespace/strategy.go).
const MetadataName = "kubernetes.io/metadata.name"

// Labelled is something that a selector can mean: a pod, a workload's template, a Namespace.
type Labelled struct {
	Kind, Namespace, Name string
	Labels                map[string]string
}

// String is the form that kubectl takes.
func (l Labelled) String() string { return strings.ToLower(l.Kind) + "/" + l.Name }

// Peer is a peer that is named by selectors; Pods or Namespaces may be nil, not both.
type Peer struct {
	Path       string // "spec.ingress[0].from[1]"
	Ingress    bool
	Pods       *metav1.LabelSelector
	Namespaces *metav1.LabelSelector
}

// Peers lists the peers of a policy that are named by selectors, in the order of the policy. Rules in a direction that policyTypes leaves
// out are inert and not listed.
func Peers(p *networkingv1.NetworkPolicy) []Peer {
	var out []Peer
	add := func(ingress bool, rule int, list string, peers []networkingv1.NetworkPolicyPeer) {
		direction := "egress"
		if ingress {
			direction = "ingress"
		}
		for i, peer := range peers {
			if peer.PodSelector != nil || peer.NamespaceSelector != nil {
				out = append(out, Peer{fmt.Sprintf("spec.%s[%d].%s[%d]", direction, rule, list, i), ingress, peer.PodSelector, peer.NamespaceSelector})
			}
		}
	}
	ingress, egress := Directions(p)
	if ingress {
		for i, r := range p.Spec.Ingress {
			add(true, i, "from", r.From)
		}
	}
	if egress {
		for i, r := range p.Spec.Egress {
			add(false, i, "to", r.To)
		}
	}
	return out
}

// Directions tells which directions a policy isolates: without policyTypes ingress always, egress where it has rules (kubernetes v1.37.2
// pkg/apis/networking/v1/defaults.go).
func Directions(p *networkingv1.NetworkPolicy) (ingress, egress bool) {
	if len(p.Spec.PolicyTypes) == 0 {
		return true, len(p.Spec.Egress) > 0
	}
	return slices.Contains(p.Spec.PolicyTypes, networkingv1.PolicyTypeIngress), slices.Contains(p.Spec.PolicyTypes, networkingv1.PolicyTypeEgress)
}

// Empty tells whether a selector means everything.
func Empty(s *metav1.LabelSelector) bool {
	return s == nil || len(s.MatchLabels) == 0 && len(s.MatchExpressions) == 0
}

// Positive is what a selector asks for, without what it leaves out (NotIn, DoesNotExist). That nothing remains once something is left out
// is no slip of the pen: "all but those with this label" is right also where all have it.
func Positive(s *metav1.LabelSelector) *metav1.LabelSelector {
	if s == nil {
		return nil
	}
	out := &metav1.LabelSelector{MatchLabels: s.MatchLabels}
	for _, e := range s.MatchExpressions {
		if e.Operator != metav1.LabelSelectorOpNotIn && e.Operator != metav1.LabelSelectorOpDoesNotExist {
			out.MatchExpressions = append(out.MatchExpressions, e)
		}
	}
	return out
}

// Text is a selector as kubectl takes it.
func Text(s *metav1.LabelSelector) string { return metav1.FormatLabelSelector(s) }

// NamesNamespaces tells whether a selector of namespaces asks for nothing but their names, and for which: then what it means is known
// without reading the namespaces.
func NamesNamespaces(s *metav1.LabelSelector) ([]string, bool) {
	if s == nil || len(s.MatchLabels)+len(s.MatchExpressions) != 1 {
		return nil, false
	}
	if name, ok := s.MatchLabels[MetadataName]; ok {
		return []string{name}, true
	}
	for _, e := range s.MatchExpressions {
		if e.Key == MetadataName && e.Operator == metav1.LabelSelectorOpIn {
			return slices.Clone(e.Values), true
		}
	}
	return nil, false
}

// OnlyWayIn tells whether a policy lets traffic through in a direction only by the peers whose paths are given: no rule is open to all,
// and no other peer stands beside them.
func OnlyWayIn(p *networkingv1.NetworkPolicy, ingress bool, paths []string) bool {
	peers := 0
	count := func(list []networkingv1.NetworkPolicyPeer) bool {
		peers += len(list)
		return len(list) > 0
	}
	if ingress {
		for _, r := range p.Spec.Ingress {
			if !count(r.From) {
				return false
			}
		}
	} else {
		for _, r := range p.Spec.Egress {
			if !count(r.To) {
				return false
			}
		}
	}
	n := 0
	for _, path := range paths {
		if strings.HasPrefix(path, "spec.ingress") == ingress {
			n++
		}
	}
	return peers > 0 && n == peers
}
