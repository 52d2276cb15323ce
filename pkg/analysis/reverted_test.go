package analysis

import (
	"maps"
	"slices"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/kubectl-scars/kubectl-scars/pkg/snapshot"
)

func TestRevertedByFieldManagersAndOwners(t *testing.T) {
	yes := true
	managed := func(managers string, more map[string]string) *metav1.ObjectMeta {
		m := &metav1.ObjectMeta{Annotations: map[string]string{snapshot.AnnotationTemplateManagers: managers}}
		maps.Copy(m.Annotations, more)
		return m
	}
	for name, w := range map[string]struct {
		o    *metav1.ObjectMeta
		want []string
	}{
		"people's tools":     {managed("kubectl-client-side-apply\nkubectl-edit\nkube-controller-manager", nil), nil},
		"Argo CD":            {managed("argocd-controller\nkubectl-edit", nil), []string{"Argo CD (field manager argocd-controller)"}},
		"Flux":               {managed("kustomize-controller", nil), []string{"Flux (field manager kustomize-controller)"}},
		"Helm":               {managed("helm", nil), []string{"Helm (field manager helm)"}},
		"Helm, by its name":  {managed("helm", map[string]string{"meta.helm.sh/release-name": "web"}), []string{"Helm release web"}},
		"an operator":        {&metav1.ObjectMeta{OwnerReferences: []metav1.OwnerReference{{Kind: "Prometheus", Name: "k8s", Controller: &yes}}}, []string{"Prometheus k8s"}},
		"what only owns it":  {&metav1.ObjectMeta{OwnerReferences: []metav1.OwnerReference{{Kind: "Team", Name: "a"}}}, nil},
		"a helm-like prefix": {managed("helmsman", nil), nil},
	} {
		if got := (Workload{Object: w.o}).RevertedBy(); !slices.Equal(got, w.want) {
			t.Errorf("%s: got %q, want %q", name, got, w.want)
		}
	}
}
