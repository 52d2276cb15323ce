package netpol

// This file finds peers of policies that mean no pod anywhere, so that the rule around them lets nobody through.

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	networkingv1 "k8s.io/api/networking/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/kubectl-scars/kubectl-scars/pkg/analysis"
	"github.com/kubectl-scars/kubectl-scars/pkg/finding"
	"github.com/kubectl-scars/kubectl-scars/pkg/netpolicy"
	"github.com/kubectl-scars/kubectl-scars/pkg/snapshot"
)

// PeerMatchesNothing is netpol/peer-matches-nothing.
var PeerMatchesNothing = &analysis.Check{
	ID: "netpol/peer-matches-nothing",
	Doc: analysis.Doc{
		Title:    "A peer of a network policy means no pod anywhere",
		Symptom:  "Connections time out although a rule seems to allow them: the rule names its peer by labels that no pod, or no namespace, has.",
		Evidence: "The peer's namespaceSelector against the labels of all namespaces, and its podSelector against every pod and every workload's pod template in the namespaces that it can reach (without namespaceSelector: the policy's own). Proven where all of these were read completely. Shown beside it: the label or the namespace's name that was probably meant.",
		Why:      "Labels of other teams' namespaces change, and namespaces rarely carry the labels that examples assume: name=monitoring is not set by Kubernetes, kubernetes.io/metadata.name=monitoring is.",
		Fix:      "Correct the selector; name namespaces by kubernetes.io/metadata.name.",
		Limits:   "One finding per policy. Silent for peers that mean a whole namespace which is empty at the moment, and for policies that select nothing themselves. A namespace that is named and does not exist, or has no pod or workload yet, is info: it may be on its way. Where namespaces were not read that the peers reach, one line per namespace says what cannot be said. Whether traffic is lost depends on who wants to talk.",
		Sources:  []string{"k8s.io/api v0.37.2 networking/v1/types.go", "kubernetes v1.37.2 pkg/registry/core/namespace/strategy.go (kubernetes.io/metadata.name)"},
	},
	Inputs: templateInputs(analysis.Optional(snapshot.Namespaces)),
	Run:    peerMatchesNothing,
}

// deadPeer is a peer that means nothing, with what is known about it.
type deadPeer struct {
	peer       netpolicy.Peer
	short      string
	future     bool // names a namespace that does not exist and resembles none, or pods of one that is empty yet
	fix        finding.Fix
	evidence   []finding.Evidence
	confidence finding.Confidence
}

func peerMatchesNothing(p *analysis.Pass) error {
	j := &judge{pop: newPopulation(p), exist: map[string]bool{}, reach: map[string][]string{}, unread: map[string]*unread{}}
	var namespaces []netpolicy.Labelled
	for _, ns := range p.Namespaces() {
		l := map[string]string{netpolicy.MetadataName: ns.Name}
		maps.Copy(l, ns.Labels)
		namespaces = append(namespaces, netpolicy.Labelled{Kind: "Namespace", Name: ns.Name, Labels: l})
		j.exist[ns.Name] = true
	}
	j.namespaces = netpolicy.NewGroup(namespaces)
	for _, policy := range p.NetworkPolicies("") {
		if found, err := j.pop.of(policy.Namespace).Has(&policy.Spec.PodSelector); err != nil || !found {
			continue // selects-nothing speaks of it
		}
		var dead []deadPeer
		peers := netpolicy.Peers(policy)
		for _, peer := range peers {
			if d, ok := j.judge(policy, peer); ok {
				dead = append(dead, d)
			}
		}
		if len(dead) > 0 {
			reportDeadPeers(p, policy, len(peers), dead)
		}
	}
	j.reportUnread()
	return nil
}

// judge decides about peers.
type judge struct {
	pop        *population
	namespaces *netpolicy.Group
	exist      map[string]bool     // namespaces, by name
	reach      map[string][]string // namespaces, by selector
	unread     map[string]*unread  // by the policy's namespace
}

// unread is what could not be said about the policies of a namespace.
type unread struct {
	peers    int
	policies map[string]bool
	missing  map[string]bool
}

func (j *judge) cannotSay(policy *networkingv1.NetworkPolicy, missing string) {
	u := j.unread[policy.Namespace]
	if u == nil {
		u = &unread{policies: map[string]bool{}, missing: map[string]bool{}}
		j.unread[policy.Namespace] = u
	}
	u.peers++
	u.policies[policy.Name], u.missing[missing] = true, true
}

func (j *judge) reportUnread() {
	for _, ns := range slices.Sorted(maps.Keys(j.unread)) {
		u := j.unread[ns]
		j.pop.pass.CannotSay(finding.ObjectRef{Kind: "Namespace", Name: ns}, fmt.Sprintf("whether any pod is meant by %s of %s: %s not read completely",
			count(u.peers, "peer"), policies(len(u.policies)), some(slices.Sorted(maps.Keys(u.missing)))))
	}
}

func policies(n int) string {
	if n == 1 {
		return "1 network policy"
	}
	return fmt.Sprintf("%d network policies", n)
}

// reached lists the namespaces that a selector means; most policies of a cluster use the same few selectors.
func (j *judge) reached(s *metav1.LabelSelector) ([]string, error) {
	text := netpolicy.Text(s)
	if names, ok := j.reach[text]; ok {
		return names, nil
	}
	found, err := j.namespaces.Match(s)
	if err != nil {
		return nil, err
	}
	names := make([]string, len(found))
	for i, l := range found {
		names[i] = l.Name
	}
	j.reach[text] = names
	return names, nil
}

// judge tells whether a peer is known to mean nothing.
func (j *judge) judge(policy *networkingv1.NetworkPolicy, peer netpolicy.Peer) (deadPeer, bool) {
	d := deadPeer{peer: peer, confidence: finding.Proven}
	peer.Pods, peer.Namespaces = netpolicy.Positive(peer.Pods), netpolicy.Positive(peer.Namespaces)
	reach, named := []string{policy.Namespace}, true
	if peer.Namespaces != nil {
		if reach, named = netpolicy.NamesNamespaces(peer.Namespaces); !named {
			var err error
			if reach, err = j.reached(peer.Namespaces); err != nil {
				return d, false
			}
		}
	}
	exists := reach[:0:0]
	for _, ns := range reach { // what is read suffices to see that it is alive
		if peer.Namespaces == nil || j.exist[ns] {
			exists = append(exists, ns)
		}
		if found, err := j.pop.of(ns).Has(peer.Pods); err != nil || found {
			return d, false
		}
	}
	if peer.Namespaces != nil {
		confidence, known := j.pop.pass.Completeness(snapshot.Namespaces, "")
		switch {
		case known:
			d.confidence = d.confidence.Weaker(confidence)
		case named: // its name is known, its pods may be
			exists = reach
		default:
			j.cannotSay(policy, "namespaces")
			return d, false
		}
		if len(exists) == 0 {
			j.noNamespace(policy, &d)
			return d, true
		}
	}
	if netpolicy.Empty(peer.Pods) {
		return d, false // whole namespaces, empty or not
	}
	for _, ns := range exists {
		confidence, missing := j.pop.complete(ns)
		if missing != "" {
			j.cannotSay(policy, missing+" of namespace "+ns)
			return d, false
		}
		d.confidence = d.confidence.Weaker(confidence)
	}
	j.noPod(policy, &d, exists)
	return d, true
}

func reportDeadPeers(p *analysis.Pass, policy *networkingv1.NetworkPolicy, peers int, dead []deadPeer) {
	self := analysis.RefTo(policyKind, policy)
	first := dead[0]
	f := finding.Finding{Severity: finding.Info, Confidence: finding.Proven, Object: self}
	if len(dead) == 1 {
		f.Message = fmt.Sprintf("%s matches nothing: %s", strings.TrimPrefix(first.peer.Path, "spec."), first.short)
	} else {
		f.Message = fmt.Sprintf("%d of %d peers match nothing, the first: %s", len(dead), peers, first.short)
	}
	var paths []string
	for _, d := range dead {
		f.Confidence = f.Confidence.Weaker(d.confidence)
		if !d.future {
			f.Severity = finding.Warning
		}
		paths = append(paths, d.peer.Path)
		f.Evidence = append(f.Evidence, finding.Evidence{Object: self, Source: d.peer.Path, Value: d.short})
		f.Evidence = append(f.Evidence, d.evidence...)
		if !slices.Contains(f.Fix, d.fix) {
			f.Fix = append(f.Fix, d.fix)
		}
	}
	if f.Severity == finding.Warning && netpolicy.OnlyWayIn(policy, first.peer.Ingress, paths) {
		f.Message += map[bool]string{true: "; nothing else is let in", false: "; nothing else is let out"}[first.peer.Ingress]
	}
	p.Report(f)
}
