package snapshot

import (
	"encoding/json"
	"reflect"
	"slices"
	"testing"
	"time"

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

// TestManaged: where a kind does not say so, its managed fields change nothing of what is kept.
func TestManaged(t *testing.T) {
	for in, info := range NewBuilder().table {
		keeps := func(fields []metav1.ManagedFieldsEntry) string {
			o := reflect.New(in.Elem()).Interface().(Object)
			o.SetNamespace("shop")
			o.SetName("web")
			o.SetManagedFields(fields)
			kept, err := json.Marshal(info.trim(o))
			if err != nil {
				t.Fatal(err)
			}
			return string(kept)
		}
		with := keeps([]metav1.ManagedFieldsEntry{{
			Manager: "helm", Operation: metav1.ManagedFieldsOperationApply, Time: &metav1.Time{Time: time.Unix(1e9, 0)},
			FieldsV1: metav1.NewFieldsV1(`{"f:metadata":{"f:labels":{}},"f:spec":{"f:template":{},"f:jobTemplate":{}},"f:status":{},"f:data":{}}`),
		}})
		if changes := with != keeps(nil); changes != info.Managed {
			t.Errorf("%s: Managed is %v; with managed fields %s is kept", info.Kind, info.Managed, with)
		}
	}
}
