// Package pvc holds the checks of the pvc area: why a claim is pending, stuck, full or lost.
package pvc

import "github.com/kubectl-scars/kubectl-scars/pkg/analysis"

// Checks lists the area's checks in the order in which explain lists them.
func Checks() []*analysis.Check {
	return []*analysis.Check{NoStorageClass, StorageClassMissing, ProvisionerMissing, WaitingForConsumer, ResizeStuck, Released}
}
