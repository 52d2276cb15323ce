package history

// A recommendation put into its place: the QoS class that the pod gets, what it costs over all replicas, and the patch.

import (
	"fmt"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/yaml"

	"github.com/kubectl-scars/kubectl-scars/pkg/finding"
)

// Complete judges the containers of a view, which must say what is set now, by their histories; of returns the record of a container,
// nil where there is none. from is said where nothing was seen.
func Complete(v *finding.OOMRecommend, of func(finding.ObjectRef) *Record, q float64) {
	v.Total = finding.Cost{}
	for i := range v.Items {
		item := &v.Items[i]
		o := Options{Quantile: q, Limit: float64(item.Limit.Now), Request: float64(item.Request.Now), Guaranteed: item.QOSBefore == string(corev1.PodQOSGuaranteed)}
		if r := of(item.Object); r != nil {
			judged := Recommend(r, o)
			item.Confidence, item.Limit, item.Request, item.CannotSay = judged.Confidence, judged.Limit, judged.Request, judged.CannotSay
			item.Notes, item.Leak, item.Basis, item.Chart = append(item.Notes, judged.Notes...), judged.Leak, judged.Basis, judged.Chart
		} else {
			item.CannotSay = "there is no history of it"
		}
	}
	for first := 0; first < len(v.Items); {
		end := first + 1
		for end < len(v.Items) && v.Items[end].Object.SameObject(v.Items[first].Object) {
			end++
		}
		completePod(v.Items[first:end])
		for _, item := range v.Items[first:end] {
			v.Total.Requests += item.Cost.Requests
			v.Total.Limits += item.Cost.Limits
		}
		first = end
	}
}

// completePod fills in what depends on all containers of a workload.
func completePod(items []finding.Recommendation) {
	costs(items)
	bounded(items)
	class := qosAfter(items)
	patch := patchOf(items)
	for i := range items {
		items[i].QOSClass = class
		items[i].Patch = ""
		if i == 0 {
			items[i].Patch = patch
		}
	}
}

// qosAfter is the class of the pod after the change (kubernetes v1.37.2 pkg/apis/core/v1/helper/qos/qos.go, ComputePodQOS).
func qosAfter(items []finding.Recommendation) string {
	guaranteed, any := true, false
	for _, r := range items {
		if r.Pod.PodLevel {
			return r.QOSBefore
		}
		limit, request := r.Limit.Now, r.Request.Now
		if r.Limit.Recommended > 0 {
			limit = r.Limit.Recommended
		}
		if r.Request.Recommended > 0 {
			request = r.Request.Recommended
		}
		any = any || limit > 0 || request > 0 || r.Pod.CPU
		guaranteed = guaranteed && limit > 0 && limit == request && r.Pod.CPUEqual
	}
	switch {
	case !any:
		return string(corev1.PodQOSBestEffort)
	case guaranteed:
		return string(corev1.PodQOSGuaranteed)
	}
	return string(corev1.PodQOSBurstable)
}

// patchOf is a strategic-merge patch of a workload, empty where nothing changes or nothing can be changed.
func patchOf(items []finding.Recommendation) string {
	lists := map[string][]any{}
	for _, r := range items {
		resources := map[string]any{}
		for name, amount := range map[string]finding.Amount{"limits": r.Limit, "requests": r.Request} {
			if amount.Recommended > 0 && amount.Recommended != amount.Now {
				resources[name] = map[string]any{"memory": amount.Quantity}
			}
		}
		if len(resources) == 0 || r.Pod.Fixed {
			continue
		}
		list := "containers"
		if r.Pod.Init {
			list = "initContainers"
		}
		lists[list] = append(lists[list], map[string]any{"name": r.Object.Container, "resources": resources})
	}
	if len(lists) == 0 {
		return ""
	}
	spec := map[string]any{}
	for name, list := range lists {
		spec[name] = list
	}
	o := items[0].Object
	template := map[string]any{"template": map[string]any{"spec": spec}}
	if o.Kind == "CronJob" {
		template = map[string]any{"jobTemplate": map[string]any{"spec": template}}
	}
	out, err := yaml.Marshal(map[string]any{
		"apiVersion": o.APIVersion, "kind": o.Kind, "metadata": map[string]any{"name": o.Name, "namespace": o.Namespace}, "spec": template,
	})
	if err != nil {
		return "" // strings and maps of them can be written
	}
	return string(out)
}

// Renamed notes containers of which there is history and which the workload no longer has: what they were called before tells nothing
// of those that are there.
func Renamed(v *finding.OOMRecommend, gone map[finding.ObjectRef]*Record) {
	for i := range v.Items {
		item := &v.Items[i]
		if i > 0 && item.Object.SameObject(v.Items[i-1].Object) {
			continue
		}
		var names []string
		for o, r := range gone {
			if o.SameObject(item.Object) && r.Samples() > 0 {
				names = append(names, fmt.Sprintf("%s (until %s)", o.Container, r.last().Format("2006-01-02 15:04")))
			}
		}
		slices.Sort(names)
		if len(names) > 0 {
			item.Notes = append(item.Notes, "its pods had other containers before: "+strings.Join(names, ", ")+"; their history is left out")
		}
	}
}
