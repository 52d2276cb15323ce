package netpol

// This file explains why a peer means nothing, and what was probably meant.

import (
	"fmt"
	"strings"

	networkingv1 "k8s.io/api/networking/v1"

	"github.com/kubectl-scars/kubectl-scars/pkg/finding"
	"github.com/kubectl-scars/kubectl-scars/pkg/netpolicy"
)

// noNamespace explains a namespaceSelector that means no namespace.
func (j *judge) noNamespace(policy *networkingv1.NetworkPolicy, d *deadPeer) {
	s := d.peer.Namespaces
	text := netpolicy.Text(s)
	path := netpolicy.Pointer(d.peer.Path) + "/namespaceSelector"
	d.short = "no namespace has " + text
	d.fix = finding.Fix{Text: "Compare the selector with the labels of the namespaces", Command: finding.Kubectl("", "get", "namespaces", "--show-labels")}
	if names, ok := netpolicy.NamesNamespaces(s); ok {
		d.short = "there is no namespace " + strings.Join(names, " or ")
		d.future = true
	}
	for _, key := range []string{"name", "namespace", "app.kubernetes.io/name"} {
		value, asked := s.MatchLabels[key]
		if !asked || len(s.MatchLabels)+len(s.MatchExpressions) != 1 {
			continue
		}
		for _, l := range j.namespaces.All {
			if l.Name == value {
				near := netpolicy.Near{On: l, Changes: []netpolicy.Change{{Key: key, Value: value, HasKey: netpolicy.MetadataName, HasValue: value}}}
				d.short = fmt.Sprintf("no namespace has label %s, though one is called %s", text, value)
				d.fix = finding.Fix{Text: "Name the namespace by the label that Kubernetes itself sets, " + near.Has(), Command: patchCommand(policy, near, path)}
				d.evidence = append(d.evidence, finding.Evidence{Object: finding.ObjectRef{Kind: "Namespace", Name: value}, Source: "metadata.labels", Value: near.Has()})
				return
			}
		}
	}
	if near, ok := netpolicy.Nearest(s, j.namespaces.All); ok {
		d.future = false
		d.short += fmt.Sprintf(" (%s has %s)", near.On, near.Has())
		d.fix = finding.Fix{Text: "Select " + near.Has(), Command: patchCommand(policy, near, path)}
		d.evidence = append(d.evidence, finding.Evidence{Object: finding.ObjectRef{Kind: "Namespace", Name: near.On.Name}, Source: "metadata.labels", Value: near.Has()})
	}
}

// noPod explains a podSelector that means no pod in the namespaces that the peer reaches.
func (j *judge) noPod(policy *networkingv1.NetworkPolicy, d *deadPeer, reach []string) {
	text := netpolicy.Text(d.peer.Pods)
	d.short = fmt.Sprintf("no pod or workload of %s has %s", placesText(reach), text)
	var among []netpolicy.Labelled
	for _, ns := range reach {
		among = append(among, j.pop.of(ns).All...)
	}
	d.future = len(among) == 0
	if near, ok := netpolicy.Nearest(d.peer.Pods, among); ok {
		d.short += fmt.Sprintf(" (%s has %s)", near.On, near.Has())
		d.fix = finding.Fix{Text: "Select " + near.Has(), Command: patchCommand(policy, near, netpolicy.Pointer(d.peer.Path)+"/podSelector")}
		d.evidence = append(d.evidence, finding.Evidence{Object: finding.ObjectRef{Kind: near.On.Kind, Namespace: near.On.Namespace, Name: near.On.Name}, Source: "labels", Value: near.Has()})
		return
	}
	if d.peer.Namespaces == nil {
		for _, ns := range j.pop.everywhere() {
			found, err := j.pop.of(ns).Match(d.peer.Pods)
			if err != nil || len(found) == 0 {
				continue
			}
			l := found[0]
			d.short += fmt.Sprintf(", but %s of namespace %s has, which a podSelector alone does not reach", l, ns)
			d.evidence = append(d.evidence, finding.Evidence{Object: finding.ObjectRef{Kind: l.Kind, Namespace: ns, Name: l.Name}, Source: "labels", Value: text})
			d.fix = finding.Fix{
				Text: "Put a namespaceSelector into the same peer",
				Command: finding.Kubectl(policy.Namespace, "patch", "networkpolicy", policy.Name, "--type=json", "-p",
					fmt.Sprintf(`[{"op":"add","path":"%s/namespaceSelector","value":{"matchLabels":{%q:%q}}}]`, netpolicy.Pointer(d.peer.Path), netpolicy.MetadataName, ns)),
			}
			return
		}
	}
	d.fix = finding.Fix{Text: "Compare the selector with the labels of the pods that it was made for", Command: finding.Kubectl(reach[0], "get", "pods", "--show-labels")}
	if have := netpolicy.Values(d.peer.Pods, among); len(have) > 0 {
		d.evidence = append(d.evidence, finding.Evidence{Object: finding.ObjectRef{Kind: "Namespace", Name: reach[0]}, Source: "labels in use", Value: some(have)})
	}
}

func placesText(reach []string) string {
	if len(reach) == 1 {
		return "namespace " + reach[0]
	}
	return fmt.Sprintf("the %d namespaces that it reaches", len(reach))
}
