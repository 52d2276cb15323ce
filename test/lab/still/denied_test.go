package still

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"
	"time"

	authorizationv1 "k8s.io/api/authorization/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/yaml"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/kubernetes/scheme"

	"github.com/kubectl-scars/kubectl-scars/pkg/analysis"
	"github.com/kubectl-scars/kubectl-scars/pkg/checks"
	"github.com/kubectl-scars/kubectl-scars/pkg/cli"
	"github.com/kubectl-scars/kubectl-scars/pkg/finding"
	"github.com/kubectl-scars/kubectl-scars/pkg/snapshot"
	"github.com/kubectl-scars/kubectl-scars/test/lab/internal/fault"
	"github.com/kubectl-scars/kubectl-scars/test/lab/internal/still"
)

// TestRBACIsExactlyEnough: who has what rbac prints sees all without a gap; without any one verb on any one resource of it, coverage says
// what is missing, nothing false is found, and everything that is lost is named as a gap.
func TestRBACIsExactlyEnough(t *testing.T) {
	type reduced struct{ command, user, without string }
	g := newGrants(t)
	var all []reduced
	for _, command := range commands() {
		objects := printed(t, areaOf(command)...)
		if len(objects) != 1 {
			t.Fatalf("rbac %s prints %d objects", command, len(objects))
		}
		role := objects[0].(*rbacv1.ClusterRole)
		g.grant(command, role)
		for _, without := range permissions(role.Rules) {
			user := fmt.Sprintf("%s-without-%d", command, len(all))
			g.grant(user, &rbacv1.ClusterRole{Rules: remove(role.Rules, without)})
			all = append(all, reduced{command, user, without.Resources[0]})
		}
	}
	g.wait()
	for _, command := range commands() {
		want := undisturbed(t, command, "-A")
		same(t, as(t, command, command, "-A"), want)
		lost := 0
		for _, r := range all {
			if r.command != command || !judged(command, r.without) {
				continue
			}
			got := as(t, r.user, command, "-A")
			lost += len(subset(t, got, want))
			explained(t, got, want, r.without)
			if !slices.ContainsFunc(got.gaps(), func(c finding.Coverage) bool {
				return named(c, r.without) && c.State == finding.CoverageForbidden
			}) {
				t.Errorf("%s: nobody misses %s; gaps: %v, stderr %q", command, r.without, got.gaps(), got.stderr)
			}
		}
		if lost == 0 {
			t.Errorf("%s: nothing is ever lost", command)
		}
	}
	t.Logf("%d roles that lack something", len(all))
}

// TestOneNamespace: what rbac prints for a namespace is enough to see all of it; the Role alone is enough for all that needs nothing else.
func TestOneNamespace(t *testing.T) {
	g := newGrants(t)
	var namespaces []string
	for _, p := range rig.Planted {
		if p.Namespace == "" || slices.Contains(namespaces, p.Namespace) {
			continue
		}
		namespaces = append(namespaces, p.Namespace)
		objects := printed(t, "-n", p.Namespace)
		g.grant("all-of-"+p.Namespace, objects...)
		g.grant("only-"+p.Namespace, objects[0])
	}
	g.wait()
	found := 0
	for _, ns := range namespaces {
		want := undisturbed(t, "triage", "-n", ns)
		same(t, as(t, "all-of-"+ns, "triage", "-n", ns), want)
		got := as(t, "only-"+ns, "triage", "-n", ns)
		found += len(want.findings()) - len(subset(t, got, want))
		for _, c := range got.gaps() {
			if c.State != finding.CoverageForbidden || c.Namespace == ns {
				t.Errorf("%s: %v", ns, c)
			}
		}
	}
	t.Logf("%d namespaces, %d findings with nothing but a Role", len(namespaces), found)
	if found < len(namespaces)/2 {
		t.Errorf("%d findings in %d namespaces", found, len(namespaces))
	}
}

// judged tells whether a check of a command looks at a resource, or only a view of its area does, which has scripts of its own. Namespaces
// are read for all.
func judged(command, resource string) bool {
	for _, info := range analysis.Wanted(checks.Of(command)) {
		if info.Resource == resource {
			return true
		}
	}
	return command == "triage" || resource == string(snapshot.Namespaces)
}

func areaOf(command string) []string {
	if command == "triage" {
		return nil
	}
	return []string{command}
}

func as(t *testing.T, user string, args ...string) said {
	t.Helper()
	p, kubeconfig := proxy(t, user, fault.Options{})
	defer p.Close()
	return look(t, kubeconfig, args...)
}

// printed are the objects that "kubectl scars rbac" prints.
func printed(t *testing.T, args ...string) []runtime.Object {
	t.Helper()
	var stdout, stderr bytes.Buffer
	env := cli.Env{In: strings.NewReader(""), Out: &stdout, Err: &stderr, Getenv: func(string) (string, bool) { return "", false }, Now: clock}
	if code := cli.Run(t.Context(), env, append([]string{"kubectl-scars", "rbac"}, args...)); code != 0 {
		t.Fatalf("rbac %q: exit code %d: %s", args, code, stderr.Bytes())
	}
	var out []runtime.Object
	for r := yaml.NewYAMLReader(bufio.NewReader(&stdout)); ; {
		doc, err := r.Read()
		if errors.Is(err, io.EOF) {
			return out
		}
		if err != nil {
			t.Fatal(err)
		}
		o, _, err := scheme.Codecs.UniversalDeserializer().Decode(doc, nil, nil)
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, o)
	}
}

// permissions takes rules apart: a rule for each verb on each resource.
func permissions(rules []rbacv1.PolicyRule) []rbacv1.PolicyRule {
	var out []rbacv1.PolicyRule
	for _, r := range rules {
		for _, resource := range r.Resources {
			for _, verb := range r.Verbs {
				out = append(out, rbacv1.PolicyRule{APIGroups: r.APIGroups, Resources: []string{resource}, Verbs: []string{verb}})
			}
		}
	}
	return out
}

func remove(rules []rbacv1.PolicyRule, without rbacv1.PolicyRule) []rbacv1.PolicyRule {
	return slices.DeleteFunc(permissions(rules), func(r rbacv1.PolicyRule) bool {
		return r.APIGroups[0] == without.APIGroups[0] && r.Resources[0] == without.Resources[0] && r.Verbs[0] == without.Verbs[0]
	})
}

// grants gives users roles. What it makes stays until the cluster ends; nobody else is concerned.
type grants struct {
	t    *testing.T
	api  kubernetes.Interface
	last string
}

func newGrants(t *testing.T) *grants {
	t.Helper()
	config, err := rig.Config(still.Writer)
	if err != nil {
		t.Fatal(err)
	}
	api, err := kubernetes.NewForConfig(config)
	if err != nil {
		t.Fatal(err)
	}
	return &grants{t: t, api: api}
}

// grant makes a user who has these roles and nothing else.
func (g *grants) grant(user string, roles ...runtime.Object) {
	g.t.Helper()
	if _, err := rig.User(user, ""); err != nil {
		g.t.Fatal(err)
	}
	g.last = user
	subjects := []rbacv1.Subject{{Kind: rbacv1.UserKind, APIGroup: rbacv1.GroupName, Name: user}}
	for i, o := range roles {
		meta := metav1.ObjectMeta{Name: fmt.Sprintf("test-%s-%d", user, i)}
		var err error
		switch r := o.(type) {
		case *rbacv1.ClusterRole:
			r = &rbacv1.ClusterRole{ObjectMeta: meta, Rules: r.Rules}
			_, err = g.api.RbacV1().ClusterRoles().Create(g.t.Context(), r, metav1.CreateOptions{})
			if err == nil {
				_, err = g.api.RbacV1().ClusterRoleBindings().Create(g.t.Context(), &rbacv1.ClusterRoleBinding{
					ObjectMeta: meta, Subjects: subjects, RoleRef: rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "ClusterRole", Name: meta.Name},
				}, metav1.CreateOptions{})
			}
		case *rbacv1.Role:
			ns := r.Namespace
			r = &rbacv1.Role{ObjectMeta: meta, Rules: r.Rules}
			_, err = g.api.RbacV1().Roles(ns).Create(g.t.Context(), r, metav1.CreateOptions{})
			if err == nil {
				_, err = g.api.RbacV1().RoleBindings(ns).Create(g.t.Context(), &rbacv1.RoleBinding{
					ObjectMeta: meta, Subjects: subjects, RoleRef: rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "Role", Name: meta.Name},
				}, metav1.CreateOptions{})
			}
		default:
			err = fmt.Errorf("rbac printed a %T", o)
		}
		if err != nil {
			g.t.Fatal(err)
		}
	}
}

// wait waits until the API server goes by what was granted. It learns of roles and of bindings in their order, so one more of each, granted
// last, stands for all.
func (g *grants) wait() {
	g.t.Helper()
	probe := rbacv1.PolicyRule{APIGroups: []string{"scars.dev"}, Resources: []string{"probes"}, Verbs: []string{"get"}}
	g.grant(g.last+"-last", &rbacv1.ClusterRole{Rules: []rbacv1.PolicyRule{probe}},
		&rbacv1.Role{ObjectMeta: metav1.ObjectMeta{Namespace: metav1.NamespaceDefault}, Rules: []rbacv1.PolicyRule{{APIGroups: probe.APIGroups, Resources: probe.Resources, Verbs: []string{"list"}}}})
	for _, attributes := range []authorizationv1.ResourceAttributes{
		{Group: "scars.dev", Resource: "probes", Verb: "get"}, {Group: "scars.dev", Resource: "probes", Verb: "list", Namespace: metav1.NamespaceDefault},
	} {
		for end := time.Now().Add(time.Minute); ; time.Sleep(50 * time.Millisecond) {
			review, err := g.api.AuthorizationV1().SubjectAccessReviews().Create(g.t.Context(), &authorizationv1.SubjectAccessReview{
				Spec: authorizationv1.SubjectAccessReviewSpec{User: g.last, ResourceAttributes: &attributes},
			}, metav1.CreateOptions{})
			if err != nil {
				g.t.Fatal(err)
			}
			if review.Status.Allowed {
				break
			}
			if time.Now().After(end) {
				g.t.Fatalf("%s may not what it was granted", g.last)
			}
		}
	}
}
