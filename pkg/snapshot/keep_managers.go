package snapshot

// The managed fields of a workload, of which one thing is kept: who set its pod template. They are as large as the object.

import (
	"encoding/json"
	"slices"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// AnnotationTemplateManagers are the field managers that set something of a workload's pod template, one a line.
const AnnotationTemplateManagers = "scars.dev/template-managers"

// keepManagers notes them. What an object from a cluster says itself under that name is dropped; a recording, in which the managed fields
// are gone, keeps it.
func keepManagers(m *metav1.ObjectMeta, fields []metav1.ManagedFieldsEntry) {
	if len(fields) == 0 {
		return
	}
	delete(m.Annotations, AnnotationTemplateManagers)
	var managers []string
	for _, f := range fields {
		if f.Subresource == "" && f.FieldsV1 != nil && setsTemplate(f.FieldsV1.GetRawBytes()) && !slices.Contains(managers, f.Manager) {
			managers = append(managers, strings.ReplaceAll(f.Manager, "\n", " "))
		}
	}
	if len(managers) == 0 {
		return
	}
	slices.Sort(managers)
	if m.Annotations == nil {
		m.Annotations = map[string]string{}
	}
	m.Annotations[AnnotationTemplateManagers] = redact(strings.Join(managers, "\n"))
}

// setsTemplate tells whether a set of fields (sigs.k8s.io/structured-merge-diff, FieldsV1) holds some of the pod template.
func setsTemplate(raw []byte) bool {
	var set struct {
		Spec struct {
			Template    json.RawMessage `json:"f:template"`
			JobTemplate json.RawMessage `json:"f:jobTemplate"`
		} `json:"f:spec"`
	}
	return json.Unmarshal(raw, &set) == nil && len(set.Spec.Template)+len(set.Spec.JobTemplate) > 0
}

// TemplateManagers are the field managers that set something of a workload's pod template, as far as they are known.
func TemplateManagers(o metav1.Object) []string {
	text := o.GetAnnotations()[AnnotationTemplateManagers]
	if text == "" {
		return nil
	}
	return strings.Split(text, "\n")
}
