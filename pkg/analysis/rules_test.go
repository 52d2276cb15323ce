package analysis

// From what checks declare follow what is collected, what is asked for, and what RBAC they need.

import (
	"reflect"
	"slices"
	"testing"
	"time"

	rbacv1 "k8s.io/api/rbac/v1"

	"github.com/kubectl-scars/kubectl-scars/pkg/snapshot"
)

func TestRules(t *testing.T) {
	rule := func(group string, verbs []string, resources ...string) rbacv1.PolicyRule {
		return rbacv1.PolicyRule{APIGroups: []string{group}, Resources: resources, Verbs: verbs}
	}
	list, get := []string{"list"}, []string{"get", "list"}
	pods := &Check{ID: "oom/x", Inputs: PodInputs(Optional(snapshot.Events))}
	nodes := &Check{ID: "oom/y", Inputs: []Input{Need(snapshot.Pods), Need(snapshot.Nodes), Need(snapshot.StorageClasses)}}
	secrets := &Check{ID: "certs/x", Inputs: []Input{AskedFor(Need(snapshot.Secrets)), Need(snapshot.Ingresses)}}
	listed := &Check{ID: "certs/y", Inputs: []Input{Need(snapshot.Secrets)}}
	for name, test := range map[string]struct {
		checks              []*Check
		namespaced, cluster []rbacv1.PolicyRule
		nodeEvents          bool
	}{
		"nothing": {},
		"pods and owners": {
			checks:     []*Check{pods},
			namespaced: []rbacv1.PolicyRule{rule("", list, "pods", "events"), rule("apps", list, "replicasets"), rule("batch", list, "jobs")},
		},
		"cluster-scoped apart": {
			checks:     []*Check{nodes},
			namespaced: []rbacv1.PolicyRule{rule("", list, "pods")},
			cluster:    []rbacv1.PolicyRule{rule("", list, "nodes"), rule("storage.k8s.io", list, "storageclasses")},
		},
		"asked for by name": {
			checks:     []*Check{secrets},
			namespaced: []rbacv1.PolicyRule{rule("", get, "secrets"), rule("networking.k8s.io", list, "ingresses")},
		},
		"listed only":                 {checks: []*Check{listed}, namespaced: []rbacv1.PolicyRule{rule("", list, "secrets")}},
		"asked for by one of two":     {checks: []*Check{listed, secrets}, namespaced: []rbacv1.PolicyRule{rule("", get, "secrets"), rule("networking.k8s.io", list, "ingresses")}},
		"events of nodes, of two":     {checks: []*Check{pods, nodes}, nodeEvents: true, namespaced: []rbacv1.PolicyRule{rule("", list, "pods", "events"), rule("apps", list, "replicasets"), rule("batch", list, "jobs")}, cluster: []rbacv1.PolicyRule{rule("", list, "nodes"), rule("storage.k8s.io", list, "storageclasses")}},
		"the same whatever the order": {checks: []*Check{nodes, pods}, nodeEvents: true, namespaced: []rbacv1.PolicyRule{rule("", list, "pods", "events"), rule("apps", list, "replicasets"), rule("batch", list, "jobs")}, cluster: []rbacv1.PolicyRule{rule("", list, "nodes"), rule("storage.k8s.io", list, "storageclasses")}},
	} {
		t.Run(name, func(t *testing.T) {
			namespaced, cluster := Rules(test.checks)
			if !reflect.DeepEqual(namespaced, test.namespaced) || !reflect.DeepEqual(cluster, test.cluster) {
				t.Errorf("got\n%v\n%v, want\n%v\n%v", namespaced, cluster, test.namespaced, test.cluster)
			}
			if got := snapshot.ClusterEvents(Wanted(test.checks)); got != test.nodeEvents {
				t.Errorf("reads node events: %v", got)
			}
		})
	}
}

// TestOptIn: what is read only where the user asks for it is listed by nobody, asked for by those who may, and its right is printed apart.
func TestOptIn(t *testing.T) {
	want := snapshot.Ask{Kind: snapshot.KubeletStats, Name: "node1"}
	c := &Check{
		ID: "oom/x", Inputs: []Input{Need(snapshot.Pods), AskedFor(Optional(snapshot.KubeletStats))},
		Asks: func(*snapshot.View) []snapshot.Ask { return []snapshot.Ask{want} },
	}
	checks := []*Check{c}
	for _, info := range Wanted(checks) {
		if info.OptIn {
			t.Errorf("%s is to be listed", info.Kind)
		}
	}
	s := snapshot.NewBuilder().Build(time.Time{})
	if got := Asks(s, checks); len(got) != 0 {
		t.Errorf("asked for without leave: %v", got)
	}
	if got := Asks(s, checks, snapshot.KubeletStats); !slices.Equal(got, []snapshot.Ask{want}) {
		t.Errorf("asked for: %v", got)
	}
	if _, cluster := Rules(checks); len(cluster) != 0 {
		t.Errorf("rules without leave: %v", cluster)
	}
	_, cluster := Rules(checks, snapshot.KubeletStats)
	if len(cluster) != 1 || !slices.Equal(cluster[0].Resources, []string{"nodes/proxy"}) || !slices.Equal(cluster[0].Verbs, []string{"get"}) || cluster[0].APIGroups[0] != "" {
		t.Errorf("rules: %v", cluster)
	}
	other := &Check{ID: "oom/y", Inputs: []Input{Need(snapshot.Pods)}}
	if _, cluster := Rules([]*Check{other}, snapshot.KubeletStats); len(cluster) != 0 {
		t.Errorf("rules of a check that never asks: %v", cluster)
	}
}

func TestWanted(t *testing.T) {
	checks := []*Check{{ID: "pvc/x", Inputs: []Input{Need(snapshot.StorageClasses)}}, {ID: "oom/x", Inputs: []Input{Need(snapshot.Pods), Optional(snapshot.StorageClasses)}}}
	var kinds []snapshot.Kind
	for _, info := range Wanted(checks) {
		kinds = append(kinds, info.Kind)
	}
	if want := []snapshot.Kind{snapshot.Pods, snapshot.StorageClasses}; !slices.Equal(kinds, want) {
		t.Errorf("wanted %q, want %q", kinds, want)
	}
	if got := WantedBy(checks, snapshot.StorageClasses); !slices.Equal(got, []string{"pvc/x", "oom/x"}) {
		t.Errorf("wanted by %q", got)
	}
}

func TestAsks(t *testing.T) {
	s := build(t, pod("shop", "web"))
	ask := func(kind snapshot.Kind, name string) snapshot.Ask {
		return snapshot.Ask{Kind: kind, Namespace: "shop", Name: name}
	}
	asking := func(asks ...snapshot.Ask) *Check {
		return &Check{
			ID: "certs/x", Inputs: []Input{AskedFor(Optional(snapshot.Secrets)), Optional(snapshot.Ingresses)},
			Asks: func(*snapshot.View) []snapshot.Ask { return asks },
		}
	}
	a, b := ask(snapshot.Secrets, "a"), ask(snapshot.Secrets, "b")
	broken := asking()
	broken.Asks = func(*snapshot.View) []snapshot.Ask { panic("oh no") }
	if got := Asks(s, []*Check{asking(b, a), broken, {ID: "oom/x"}, asking(a)}); !slices.Equal(got, []snapshot.Ask{b, a}) {
		t.Errorf("asks %v, want b and a once", got)
	}
	undeclared := asking()
	undeclared.Asks = func(v *snapshot.View) []snapshot.Ask { v.Pods(""); return nil }
	for name, check := range map[string]*Check{"asks for a kind that is only listed": asking(ask(snapshot.Ingresses, "x")), "looks at an undeclared kind": undeclared} {
		func() {
			defer func() {
				if _, ok := recover().(snapshot.UndeclaredError); !ok {
					t.Errorf("%s: no panic", name)
				}
			}()
			Asks(s, []*Check{check})
		}()
	}
}
