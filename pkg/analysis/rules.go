package analysis

// This file derives from what checks declare the rights that reading it takes.

import (
	"slices"

	rbacv1 "k8s.io/api/rbac/v1"

	"github.com/kubectl-scars/kubectl-scars/pkg/snapshot"
)

// Rules are the RBAC rules that the checks need, by construction the smallest: list for each kind that is declared, get for those that
// are asked for by name. Namespaced and cluster-scoped kinds are kept apart. Of the kinds that are read only where the user asks for it,
// those given are among them.
func Rules(checks []*Check, optIn ...snapshot.Kind) (namespaced, cluster []rbacv1.PolicyRule) {
	add := func(rules []rbacv1.PolicyRule, group, resource string, verbs []string) []rbacv1.PolicyRule {
		for i, r := range rules {
			if r.APIGroups[0] == group && slices.Equal(r.Verbs, verbs) {
				rules[i].Resources = append(rules[i].Resources, resource)
				return rules
			}
		}
		return append(rules, rbacv1.PolicyRule{APIGroups: []string{group}, Resources: []string{resource}, Verbs: verbs})
	}
	for _, info := range Wanted(checks) {
		verbs := []string{"list"}
		if asked(checks, info.Kind) {
			verbs = []string{"get", "list"}
		}
		if info.Namespaced {
			namespaced = add(namespaced, info.GVK.Group, info.Resource, verbs)
		} else {
			cluster = add(cluster, info.GVK.Group, info.Resource, verbs)
		}
	}
	for _, kind := range optIn {
		if info, ok := snapshot.InfoOf(kind); ok && asked(checks, kind) {
			cluster = add(cluster, "", info.Resource, []string{"get"}) // a subresource of the core, whatever we make of its answer
		}
	}
	return namespaced, cluster
}

func asked(checks []*Check, kind snapshot.Kind) bool {
	return slices.ContainsFunc(checks, func(c *Check) bool {
		return slices.ContainsFunc(c.Inputs, func(in Input) bool { return in.Kind == kind && in.ByName })
	})
}
