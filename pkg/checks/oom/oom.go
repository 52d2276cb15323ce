// Package oom holds the checks of the oom area: who was killed for memory, by whom, and who was not killed for memory at all.
package oom

import "github.com/kubectl-scars/kubectl-scars/pkg/analysis"

// Checks lists the area's checks in the order in which explain lists them.
func Checks() []*analysis.Check {
	return []*analysis.Check{
		LimitHit, NodeOutOfMemory, Evicted, KilledNotMemory,
		CloseToLimit, TmpfsCounts, CacheNotLeak, RequestFarBelowUsage, NoLimitNoisy,
	}
}
