// Package checks lists every check that ships in the binary.
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
