package lab

// This file makes users with few rights.

import (
	"context"
	"encoding/json"
	"fmt"
	"path/filepath"
	"strings"

	"github.com/kubectl-scars/kubectl-scars/test/lab/internal/pki"
)

// User is somebody who may speak to the API server, by a client certificate.
type User struct {
	Name       string
	Kubeconfig string // file
}

// Rule is what a Role allows.
type Rule struct {
	APIGroups []string `json:"apiGroups"`
	Resources []string `json:"resources"`
	Verbs     []string `json:"verbs"`
}

// user issues a certificate; without groups the user may do nothing yet.
func (l *Lab) user(name, namespace string, groups ...string) (User, error) {
	ca, err := l.ca()
	if err != nil {
		return User{}, err
	}
	u := User{Name: name, Kubeconfig: filepath.Join(l.Dir, "users", name+".kubeconfig")}
	return u, ca.Kubeconfig(u.Kubeconfig, Server, namespace, pki.Subject{Name: name, Orgs: groups})
}

// RestrictedUser makes a user who may do in one namespace what the rules say, through a Role and its binding, and nothing
// anywhere else. The kubeconfig's namespace is that one.
func (l *Lab) RestrictedUser(ctx context.Context, name, namespace string, rules ...Rule) (User, error) {
	meta := map[string]any{"name": name}
	objects := []any{
		map[string]any{"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "Role", "metadata": meta, "rules": rules},
		map[string]any{"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "RoleBinding", "metadata": meta,
			"subjects": []any{map[string]any{"kind": "User", "apiGroup": "rbac.authorization.k8s.io", "name": name}},
			"roleRef":  map[string]any{"kind": "Role", "apiGroup": "rbac.authorization.k8s.io", "name": name}},
	}
	var manifest strings.Builder
	for _, o := range objects {
		data, err := json.Marshal(o)
		if err != nil {
			return User{}, err
		}
		fmt.Fprintf(&manifest, "---\n%s\n", data)
	}
	if err := l.Apply(ctx, namespace, []byte(manifest.String())); err != nil {
		return User{}, err
	}
	return l.user(name, namespace)
}
