package cli

// This file is the command rbac: the smallest roles, as YAML.

import (
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/yaml"

	"github.com/kubectl-scars/kubectl-scars/pkg/analysis"
	"github.com/kubectl-scars/kubectl-scars/pkg/checks"
	"github.com/kubectl-scars/kubectl-scars/pkg/snapshot"
)

func (r *root) rbacCommand() *cobra.Command {
	kubeletStats := false
	cmd := &cobra.Command{
		Use:   "rbac [AREA ...]",
		Short: "Print the smallest roles that the checks need",
		Long: `Print the smallest roles that the checks of the areas need (default: all areas), as YAML for kubectl apply.

Without -n: one ClusterRole. With -n: a Role for that namespace, and for what lies outside of it a ClusterRole (cluster-scoped
resources) and a Role in namespace default (the events of nodes and volumes). Without the latter two every command still works, and
says what it could not read.`,
		Example: `  # Everything, for the whole cluster
  kubectl scars rbac | kubectl apply -f -

  # What oom and probes need in one namespace
  kubectl scars rbac oom probes -n shop`,
		ValidArgsFunction: cobra.FixedCompletions(checks.Areas(), cobra.ShellCompDirectiveNoFileComp),
		RunE: func(cmd *cobra.Command, areas []string) error {
			if len(areas) == 0 {
				areas = checks.Areas()
			}
			for _, area := range areas {
				if !slices.Contains(checks.Areas(), area) {
					return usageError{cmd.CommandPath(), fmt.Errorf("unknown area %q: %s", area, strings.Join(checks.Areas(), ", "))}
				}
			}
			var optIn []snapshot.Kind
			if kubeletStats {
				optIn = append(optIn, snapshot.KubeletStats)
			}
			out, err := roles(checks.Readings(areas...), areas, *r.kube.Namespace, optIn...)
			if err != nil {
				return err
			}
			_, err = r.env.Out.Write(out)
			return err
		},
	}
	cmd.Flags().BoolVar(&kubeletStats, "kubelet-stats", false, "Also allow what --kubelet-stats of oom and triage needs: get on nodes/proxy, which is close to root")
	return cmd
}

// roles writes the roles that the checks need: one ClusterRole, or for one namespace a Role and a ClusterRole. Of what is read only where
// the user asks for it, what is given.
func roles(chosen []*analysis.Check, areas []string, namespace string, optIn ...snapshot.Kind) ([]byte, error) {
	name := "kubectl-scars"
	if len(areas) < len(checks.Areas()) {
		name += "-" + strings.Join(areas, "-")
	}
	var docs []any
	namespaced, cluster := analysis.Rules(chosen, optIn...)
	switch namespace {
	case "":
		docs = append(docs, clusterRole(name, withNamespaces(append(namespaced, cluster...), "list")))
	default:
		namespaced = withNamespaces(namespaced, "get")
		docs = append(docs, &rbacv1.Role{
			TypeMeta:   metav1.TypeMeta{APIVersion: rbacv1.SchemeGroupVersion.String(), Kind: "Role"},
			ObjectMeta: metav1.ObjectMeta{Name: name, Namespace: namespace}, Rules: namespaced,
		})
		if len(cluster) > 0 {
			docs = append(docs, clusterRole(name, cluster))
		}
		if namespace != metav1.NamespaceDefault && snapshot.ClusterEvents(analysis.Wanted(chosen)) {
			docs = append(docs, &rbacv1.Role{
				TypeMeta:   metav1.TypeMeta{APIVersion: rbacv1.SchemeGroupVersion.String(), Kind: "Role"},
				ObjectMeta: metav1.ObjectMeta{Name: name + "-cluster-events", Namespace: metav1.NamespaceDefault},
				Rules:      []rbacv1.PolicyRule{{APIGroups: []string{""}, Resources: []string{"events"}, Verbs: []string{"list"}}},
			})
		}
	}
	var out []byte
	for i, d := range docs {
		text, err := yaml.Marshal(d)
		if err != nil {
			return nil, err
		}
		if i > 0 {
			out = append(out, "---\n"...)
		}
		out = append(out, text...)
	}
	if slices.Contains(areas, "oom") {
		note := "# oom recommend finds a store of metrics in the cluster by list of services in all namespaces, and asks it by get of services/proxy in its\n" +
			"# namespace. That reaches whatever answers GET there, so it is not among these rules; with --prometheus neither is needed.\n"
		out = append([]byte(note), out...)
	}
	if strings.Contains(string(out), "- secrets\n") {
		note := "# certs reads Secrets: RBAC cannot narrow that to certificates. Private keys are dropped as they arrive, and never shown, saved or logged.\n"
		out = append([]byte(note), out...)
	}
	if strings.Contains(string(out), "- nodes/proxy\n") {
		note := "# nodes/proxy is close to root: whoever may get it can run commands in every container, past admission.\n" +
			"# kubectl scars reads two paths of it, stats/summary and metrics/cadvisor, and refuses all others; RBAC cannot narrow it to them.\n"
		out = append([]byte(note), out...)
	}
	return out, nil
}

// withNamespaces adds the right that every run has a use for: namespaces tell of which ones the rest was read while they were being deleted.
// In a namespace's Role, get is the right to get that namespace (kubernetes v1.37.2 apiserver/pkg/endpoints/request/requestinfo.go).
func withNamespaces(rules []rbacv1.PolicyRule, verb string) []rbacv1.PolicyRule {
	const resource = "namespaces"
	has := func(r rbacv1.PolicyRule) bool { return slices.Contains(r.Resources, resource) }
	same := func(r rbacv1.PolicyRule) bool { return r.APIGroups[0] == "" && slices.Equal(r.Verbs, []string{verb}) }
	if i := slices.IndexFunc(rules, same); slices.ContainsFunc(rules, has) {
		return rules
	} else if i >= 0 {
		rules[i].Resources = append(rules[i].Resources, resource)
		return rules
	}
	return append(rules, rbacv1.PolicyRule{APIGroups: []string{""}, Resources: []string{resource}, Verbs: []string{verb}})
}

func clusterRole(name string, rules []rbacv1.PolicyRule) *rbacv1.ClusterRole {
	return &rbacv1.ClusterRole{
		TypeMeta:   metav1.TypeMeta{APIVersion: rbacv1.SchemeGroupVersion.String(), Kind: "ClusterRole"},
		ObjectMeta: metav1.ObjectMeta{Name: name}, Rules: rules,
	}
}
