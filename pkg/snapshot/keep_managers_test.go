package snapshot

import (
	"slices"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

func TestTemplateManagers(t *testing.T) {
	entry := func(manager, subresource, fields string) metav1.ManagedFieldsEntry {
		return metav1.ManagedFieldsEntry{Manager: manager, Subresource: subresource, FieldsType: "FieldsV1", FieldsV1: metav1.NewFieldsV1(fields)}
	}
	const template = `{"f:spec":{"f:template":{"f:spec":{"f:containers":{"k:{\"name\":\"app\"}":{"f:livenessProbe":{}}}}}}}`
	d := &appsv1.Deployment{ObjectMeta: metav1.ObjectMeta{
		Name: "web", Annotations: map[string]string{AnnotationTemplateManagers: "forged"},
		ManagedFields: []metav1.ManagedFieldsEntry{
			entry("kubectl-edit", "", template), entry("argocd-controller", "", template), entry("argocd-controller", "", template),
			entry("autoscaler", "", `{"f:metadata":{"f:annotations":{"f:template":{}}},"f:spec":{"f:replicas":{}}}`),
			entry("kube-controller-manager", "status", template), entry("broken", "", `{`), {Manager: "empty"},
		},
	}}
	trimDeployment(d)
	if got := TemplateManagers(d); !slices.Equal(got, []string{"argocd-controller", "kubectl-edit"}) || len(d.ManagedFields) > 0 {
		t.Errorf("got %q and %d managed fields", got, len(d.ManagedFields))
	}
	if trimDeployment(d); len(TemplateManagers(d)) != 2 {
		t.Errorf("a recording lost them: %v", d.Annotations)
	}
}
