package probes

// This file turns recommended numbers into a patch of the workload.

import (
	"maps"

	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/yaml"

	"github.com/kubectl-scars/kubectl-scars/pkg/finding"
	"github.com/kubectl-scars/kubectl-scars/pkg/snapshot"
)

// change is what is recommended for one container.
type change struct {
	container *corev1.Container
	init      bool
	adds      bool // a startupProbe that is not there yet
	numbers   []finding.ProbeNumber
}

// patchOf is a strategic-merge patch of a workload, empty where nothing changes or nothing can be changed. A startupProbe whose handler is
// not known in full is left out, and so is what only holds with it.
func patchOf(w snapshot.Ref, changes []change) string {
	switch w.Kind {
	case "Deployment", "StatefulSet", "DaemonSet", "CronJob":
	default:
		return ""
	}
	lists := map[string]any{}
	spec, own := map[string]any{}, map[string]int32{} // own is the workload's
	for _, c := range changes {
		handler := fieldsOf(c.container.LivenessProbe)
		unknown := c.adds && handler == nil
		probes := map[string]any{"name": c.container.Name}
		for _, n := range c.numbers {
			if n.Now != nil && *n.Now == n.Recommended || unknown && (n.Probe == "startupProbe" || n.Field == "initialDelaySeconds") {
				continue
			}
			if n.Probe == "" {
				own[n.Field] = max(own[n.Field], n.Recommended)
				continue
			}
			fields, ok := probes[n.Probe].(map[string]any)
			if !ok {
				fields = map[string]any{}
				probes[n.Probe] = fields
				if n.Probe == "startupProbe" && c.adds {
					maps.Copy(fields, handler)
				}
			}
			fields[n.Field] = n.Recommended
		}
		if len(probes) > 1 {
			list := "containers"
			if c.init {
				list = "initContainers"
			}
			known, _ := lists[list].([]any)
			lists[list] = append(known, probes)
		}
	}
	if len(lists) > 0 {
		template := map[string]any{"template": map[string]any{"spec": lists}}
		if w.Kind == "CronJob" {
			template = map[string]any{"jobTemplate": map[string]any{"spec": template}}
		}
		maps.Copy(spec, template)
	}
	for field, n := range own {
		spec[field] = n
	}
	if len(spec) == 0 {
		return ""
	}
	out, err := yaml.Marshal(map[string]any{
		"apiVersion": w.APIVersion, "kind": w.Kind, "metadata": map[string]any{"name": w.Name, "namespace": w.Namespace}, "spec": spec,
	})
	if err != nil {
		return "" // strings, numbers and maps of them can be written
	}
	return string(out)
}
