package netpolicy

import (
	"slices"
	"testing"

	networkingv1 "k8s.io/api/networking/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

func sel(pairs ...string) *metav1.LabelSelector {
	s := &metav1.LabelSelector{MatchLabels: map[string]string{}}
	for i := 0; i < len(pairs); i += 2 {
		s.MatchLabels[pairs[i]] = pairs[i+1]
	}
	return s
}

func expr(key string, op metav1.LabelSelectorOperator, values ...string) *metav1.LabelSelector {
	return &metav1.LabelSelector{MatchExpressions: []metav1.LabelSelectorRequirement{{Key: key, Operator: op, Values: values}}}
}

func TestNearest(t *testing.T) {
	among := []Labelled{
		{Kind: "Deployment", Name: "checkout", Labels: map[string]string{"app.kubernetes.io/name": "checkout", "tier": "backend"}},
		{Kind: "Deployment", Name: "web", Labels: map[string]string{"app": "web", "tier": "frontend"}},
		{Kind: "Pod", Name: "v2", Labels: map[string]string{"v": "2"}},
	}
	for _, tt := range []struct {
		name  string
		s     *metav1.LabelSelector
		on    string // empty: none is near
		has   string
		patch string
	}{
		{"letter", sel("app.kubernetes.io/name", "chekout"), "checkout", "app.kubernetes.io/name=checkout", `[{"op":"add","path":"/spec/podSelector/matchLabels/app.kubernetes.io~1name","value":"checkout"}]`},
		{"key", sel("teir", "backend"), "checkout", "tier=backend", `[{"op":"remove","path":"/spec/podSelector/matchLabels/teir"},{"op":"add","path":"/spec/podSelector/matchLabels/tier","value":"backend"}]`},
		{"other key", sel("app", "checkout"), "checkout", "app.kubernetes.io/name=checkout", `[{"op":"remove","path":"/spec/podSelector/matchLabels/app"},{"op":"add","path":"/spec/podSelector/matchLabels/app.kubernetes.io~1name","value":"checkout"}]`},
		{"one of two", sel("app", "wep", "tier", "frontend"), "web", "app=web", `[{"op":"add","path":"/spec/podSelector/matchLabels/app","value":"web"}]`},
		{"too short for a slip", sel("v", "3"), "", "", ""},
		{"far", sel("app", "payments"), "", "", ""},
		{"half right only", sel("app", "web", "tier", "cache"), "", "", ""},
		{"in", expr("tier", metav1.LabelSelectorOpIn, "bakend", "x"), "checkout", "tier=backend", ""},
		{"exists", expr("teir", metav1.LabelSelectorOpExists), "checkout", "tier=backend", ""},
		{"not in is no slip", expr("tier", metav1.LabelSelectorOpNotIn, "backend", "frontend"), "", "", ""},
	} {
		n, ok := Nearest(tt.s, among)
		switch {
		case ok != (tt.on != ""):
			t.Errorf("%s: found %v: %+v", tt.name, ok, n)
		case ok && (n.On.Name != tt.on || n.Has() != tt.has || n.Patch("/spec/podSelector") != tt.patch):
			t.Errorf("%s: %s has %s, patch %s", tt.name, n.On, n.Has(), n.Patch("/spec/podSelector"))
		}
	}
}

func TestMatch(t *testing.T) {
	among := []Labelled{{Name: "a", Labels: map[string]string{"app": "a"}}, {Name: "none"}}
	for _, tt := range []struct {
		s    *metav1.LabelSelector
		want int
	}{
		{&metav1.LabelSelector{}, 2}, {sel("app", "a"), 1}, {sel("app", "b"), 0}, {expr("app", metav1.LabelSelectorOpNotIn, "a"), 1}, {expr("app", metav1.LabelSelectorOpDoesNotExist), 1},
	} {
		got, err := NewGroup(among).Match(tt.s)
		if err != nil || len(got) != tt.want {
			t.Errorf("%s matches %d (%v), want %d", Text(tt.s), len(got), err, tt.want)
		}
	}
	if _, err := NewGroup(among).Match(expr("app", "Like", "a")); err == nil {
		t.Error("an unknown operator was accepted")
	}
}

func TestPeers(t *testing.T) {
	from := func(peers ...networkingv1.NetworkPolicyPeer) []networkingv1.NetworkPolicyIngressRule {
		return []networkingv1.NetworkPolicyIngressRule{{From: peers}}
	}
	a, b := networkingv1.NetworkPolicyPeer{PodSelector: sel("app", "a")}, networkingv1.NetworkPolicyPeer{NamespaceSelector: sel("x", "y")}
	cidr := networkingv1.NetworkPolicyPeer{IPBlock: &networkingv1.IPBlock{CIDR: "10.0.0.0/8"}}
	egress := []networkingv1.NetworkPolicyEgressRule{{To: []networkingv1.NetworkPolicyPeer{a}}}
	for _, tt := range []struct {
		name  string
		spec  networkingv1.NetworkPolicySpec
		want  []string
		onlyA bool // spec.ingress[0].from[0] is the only way in
	}{
		{"defaults", networkingv1.NetworkPolicySpec{Ingress: from(a), Egress: egress}, []string{"spec.ingress[0].from[0]", "spec.egress[0].to[0]"}, true},
		{"inert", networkingv1.NetworkPolicySpec{PolicyTypes: []networkingv1.PolicyType{"Ingress"}, Ingress: from(a, b), Egress: egress}, []string{"spec.ingress[0].from[0]", "spec.ingress[0].from[1]"}, false},
		{"beside a block", networkingv1.NetworkPolicySpec{Ingress: from(a, cidr)}, []string{"spec.ingress[0].from[0]"}, false},
		{"open rule", networkingv1.NetworkPolicySpec{Ingress: append(from(a), networkingv1.NetworkPolicyIngressRule{})}, []string{"spec.ingress[0].from[0]"}, false},
	} {
		p := &networkingv1.NetworkPolicy{Spec: tt.spec}
		var got []string
		for _, peer := range Peers(p) {
			got = append(got, peer.Path)
		}
		if !slices.Equal(got, tt.want) {
			t.Errorf("%s: %v, want %v", tt.name, got, tt.want)
		}
		if got := OnlyWayIn(p, true, []string{"spec.ingress[0].from[0]"}); got != tt.onlyA {
			t.Errorf("%s: only way in: %v", tt.name, got)
		}
	}
	if got := Pointer("spec.ingress[0].from[1]"); got != "/spec/ingress/0/from/1" {
		t.Error(got)
	}
}

func TestNamesNamespaces(t *testing.T) {
	for _, tt := range []struct {
		s    *metav1.LabelSelector
		want int
		ok   bool
	}{
		{sel(MetadataName, "a"), 1, true}, {expr(MetadataName, metav1.LabelSelectorOpIn, "a", "b"), 2, true},
		{sel(MetadataName, "a", "x", "y"), 0, false}, {sel("name", "a"), 0, false}, {expr(MetadataName, metav1.LabelSelectorOpNotIn, "a"), 0, false}, {nil, 0, false},
	} {
		got, ok := NamesNamespaces(tt.s)
		if len(got) != tt.want || ok != tt.ok {
			t.Errorf("%v: %v %v", tt.s, got, ok)
		}
	}
}
