// Package netpol holds the checks of the netpol area: which policies block what, and what the network plugin broke.
package netpol

import "github.com/kubectl-scars/kubectl-scars/pkg/analysis"

// Checks lists the area's checks in the order in which explain lists them.
func Checks() []*analysis.Check {
	return []*analysis.Check{SelectsNothing, PeerMatchesNothing, SandboxFailures, DuplicatePodIP}
}
