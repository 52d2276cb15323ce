// Package oom holds the checks of the oom area: who was killed for memory, by whom, and who was not killed for memory at all.
package oom

import "github.com/kubectl-scars/kubectl-scars/pkg/analysis"

// Checks lists the area's checks in the order in which explain lists them.
func Checks() []*analysis.Check {
	return []*analysis.Check{
		LimitHit, PodLimitHit, ChildKilled, TinyLimit, InjectedLimit, RuntimeOwnLimit, RuntimeUnaware, NodeOutOfMemory, NodeOvercommitted,
		Evicted, TurnedAway, BestEffortCritical, KilledNotMemory,
		CloseToLimit, TmpfsCounts, CacheNotLeak, RequestFarBelowUsage, NoLimitNoisy,
		LeakSuspected,
		Spiky,
	}
}

// Views lists the area's views.
func Views() []*analysis.View { return []*analysis.View{Rank, Recommend} }
