// Package probes holds the checks of the probes area: which probes kill healthy pods, hide sick ones or do nothing.
package probes

import "github.com/kubectl-scars/kubectl-scars/pkg/analysis"

// Checks lists the area's checks in the order in which explain lists them.
func Checks() []*analysis.Check {
	return []*analysis.Check{
		LivenessKill, StartupKill, InertLiveness, StuckStartup, ServiceWithoutReadyPods,
		KilledWhileStarting,
		BudgetBelowStartup,
		LivenessNearMiss,
		LivenessChecksDependency,
		ExecTimeout,
		DelayInsteadOfStartup,
		EvictionDeadlock,
		IgnoresSIGTERM,
		ReadinessFlap,
		Cascade,
		NeverReadyPort,
		NoReadinessBehindService,
		TimeoutExceedsPeriod,
		ProbesAnotherHost,
		WrongScheme,
		RedirectPasses,
		LivenessNotLaterThanReadiness,
		RolloutBlind,
		DrainShorterThanDetach,
		SidecarGatesPod,
	}
}

// Views lists the area's views.
func Views() []*analysis.View { return []*analysis.View{Timeline, Recommend} }
