// Package checks lists every check and every view that ships in the binary.
package checks

import (
	"slices"

	"github.com/kubectl-scars/kubectl-scars/pkg/analysis"
	"github.com/kubectl-scars/kubectl-scars/pkg/checks/certs"
	"github.com/kubectl-scars/kubectl-scars/pkg/checks/netpol"
	"github.com/kubectl-scars/kubectl-scars/pkg/checks/oom"
	"github.com/kubectl-scars/kubectl-scars/pkg/checks/probes"
	"github.com/kubectl-scars/kubectl-scars/pkg/checks/pvc"
)

// All lists every check: areas in the order in which triage shows them, and in each the area's own order.
func All() []*analysis.Check {
	return slices.Concat(
		oom.Checks(), probes.Checks(), netpol.Checks(), certs.Checks(), pvc.Checks(),
	)
}

// Areas lists the areas in their order.
func Areas() []string { return []string{"oom", "probes", "netpol", "certs", "pvc"} }

// Of lists the checks of one area.
func Of(area string) []*analysis.Check {
	var out []*analysis.Check
	for _, c := range All() {
		if c.Area() == area {
			out = append(out, c)
		}
	}
	return out
}

// Views lists the views of the areas, or, without any, all.
func Views(areas ...string) []*analysis.View {
	all := slices.Concat(oom.Views(), probes.Views())
	return slices.DeleteFunc(all, func(v *analysis.View) bool { return len(areas) > 0 && !slices.Contains(areas, v.Area()) })
}

// Readings is what the checks and views of the areas read, or, without any, all: what there is to record, and to be allowed.
func Readings(areas ...string) []*analysis.Check {
	var out []*analysis.Check
	for _, c := range All() {
		if len(areas) == 0 || slices.Contains(areas, c.Area()) {
			out = append(out, c)
		}
	}
	for _, v := range Views(areas...) {
		out = append(out, v.Reading())
	}
	return out
}
