package analysis

// This file counts what a label selector chooses: a typing error in one must not look like health.

import (
	"slices"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/labels"

	"github.com/kubectl-scars/kubectl-scars/pkg/finding"
	"github.com/kubectl-scars/kubectl-scars/pkg/snapshot"
)

// Selected makes a report count, of what its checks looked at, only the objects that a selector chooses, and returns how many of all that
// was read in the namespaces (empty: all) it chooses; none is told in coverage. A pod is chosen with its workload. Events are left out: they
// wear no labels, and prove something of other objects.
func Selected(r *finding.Report, s *snapshot.Snapshot, selector labels.Selector, namespaces []string) int {
	v := s.View()
	chosen, total := labelled(s, v, selector), 0
	count := map[string]int{}
	for _, info := range snapshot.Kinds() {
		if info.Numbers || info.Kind == snapshot.Events {
			continue
		}
		for _, o := range s.Of(info.Kind) {
			if ns := o.GetNamespace(); ns != "" && len(namespaces) > 0 && !slices.Contains(namespaces, ns) {
				continue
			}
			pod, isPod := o.(*corev1.Pod)
			if chosen(RefTo(info.GVK.Kind, o)) || isPod && chosen(Ref(v.WorkloadOf(pod))) {
				count[string(info.Kind)]++
				total++
			}
		}
	}
	for i := range r.Summary.Areas {
		a := &r.Summary.Areas[i]
		a.Looked = slices.DeleteFunc(a.Looked, func(l finding.Looked) bool { return l.Resource == string(snapshot.Events) })
		for j := range a.Looked {
			a.Looked[j].Count = count[a.Looked[j].Resource]
		}
	}
	if total == 0 {
		r.Coverage = append(r.Coverage, finding.Coverage{
			Resource: "objects with labels " + selector.String(), State: finding.CoverageAbsent, Reason: "nothing that was read has these labels",
		})
	}
	return total
}
