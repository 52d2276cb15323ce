package probes

// This file says what kills by liveness and startup probes have in common.

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/kubectl-scars/kubectl-scars/pkg/analysis"
	"github.com/kubectl-scars/kubectl-scars/pkg/checks/deaths"
	"github.com/kubectl-scars/kubectl-scars/pkg/finding"
	"github.com/kubectl-scars/kubectl-scars/pkg/kubeevent"
	"github.com/kubectl-scars/kubectl-scars/pkg/restart"
	"github.com/kubectl-scars/kubectl-scars/pkg/snapshot"
	"github.com/kubectl-scars/kubectl-scars/pkg/startup"
)

// killed is a case of kills by one probe, with what is known of the probe.
type killed struct {
	deaths.Case
	container *corev1.Container // the spec, nil where no pod is left that has it
	init      bool
	probe     *corev1.Probe
	words     string // how it failed
	kinds     []restart.Symptom
	lives     []time.Duration // that ended so, as far as they are known
	longest   time.Duration   // of these; zero where none is known
	starts    starts          // how long starts of this container take
}

// kills finds the cases of one cause and turns each into a finding with what all of them say. The check adds its own words and fixes,
// or leaves the case to another.
func kills(p *analysis.Pass, cause restart.Cause, name kubeevent.Probe, finish func(k killed, f *finding.Finding) bool) {
	for _, c := range deaths.Gather(p, false, func(d *restart.Death) bool { return d.Cause == cause }) {
		severity, ok := c.Severity(p.Now())
		if !ok {
			continue
		}
		k := killed{Case: c}
		for _, pod := range p.PodsOf(c.Workload) {
			if spec, init := specOf(pod, c.Container); spec != nil && (k.container == nil || pod == c.Latest) {
				k.container, k.init = spec, init
				k.probe = map[restart.Cause]*corev1.Probe{restart.Liveness: spec.LivenessProbe, restart.Startup: spec.StartupProbe}[cause]
			}
		}
		for _, d := range c.Deaths {
			if life, ok := d.Lifetime(); ok {
				k.lives, k.longest = append(k.lives, life), max(k.longest, life)
			}
		}
		var evidence []finding.Evidence
		k.words, k.kinds, evidence = failures(p, c.Workload, c.Toll.Pods, c.Container, name)
		f := finding.Finding{
			Severity: severity, Confidence: c.Confidence, Object: c.Object(), Evidence: c.Evidence(),
			FirstSeen: c.FirstSeen(), LastSeen: c.LastSeen(),
		}
		for _, e := range evidence {
			if !quoted(f.Evidence, e) {
				f.Evidence = append(f.Evidence, e)
			}
		}
		if k.probe != nil {
			f.Evidence = append(f.Evidence, budgetEvidence(k, cause))
		}
		if clock := k.byClock(cause); clock != "" {
			f.Evidence = append(f.Evidence, finding.Evidence{Object: k.Object(), Source: "lifetimes", Value: clock})
		}
		if k.container != nil {
			k.starts = startsOf(p.View, c.Workload, k.container)
		}
		if finish(k, &f) {
			if k.Count > 1 { // one line cannot tell what was when
				f.Fix = append(f.Fix, timelineFix(k.Workload)...)
			}
			report(p, f)
		}
	}
}

// unheard says of the containers with such a probe whose last end may have been a kill by it that this cannot be said, where the events that
// would tell are gone or were not read: for a day, as long as kills are a warning. A program that ends in good order on SIGTERM ends with 0.
func unheard(p *analysis.Pass, has func(*corev1.Container) bool) {
	for _, c := range deaths.Gather(p, false, func(d *restart.Death) bool {
		return d.Unheard && (d.Cause == restart.Unknown || d.Cause == restart.OwnExit && d.ExitCode == 0) || d.Cause == restart.Liveness || d.Cause == restart.Startup
	}) {
		last := c.Toll.Latest()
		if last.Cause == restart.Liveness || last.Cause == restart.Startup || c.Latest == nil || p.Now().Sub(last.Finished) > forgotten || last.ExitCode == 0 && snapshot.Finished(c.Latest) {
			continue
		}
		if spec, _ := specOf(c.Latest, c.Container); spec != nil && has(spec) {
			p.CannotSay(c.Object(), c.CannotTell(p))
		}
	}
}

// forgotten is how long ago an unexplained end may be and still be told.
const forgotten = 24 * time.Hour

// mixedUp tells whether the probe failed for its scheme alone, which probes/wrong-scheme tells from the same events.
func (k killed) mixedUp() bool {
	return len(k.kinds) > 0 && !slices.ContainsFunc(k.kinds, func(s restart.Symptom) bool { return s.Class != kubeevent.Scheme })
}

func quoted(list []finding.Evidence, e finding.Evidence) bool {
	for _, known := range list {
		if known.Source == e.Source && known.Value == e.Value && known.Object == e.Object {
			return true
		}
	}
	return false
}

func budgetEvidence(k killed, cause restart.Cause) finding.Evidence {
	b := restart.BudgetOf(k.probe)
	field := string(cause) + "Probe"
	list := "spec.containers["
	if k.init {
		list = "spec.initContainers["
	}
	sooner := ""
	if k.carried() {
		sooner = " (sooner after a life that ended by itself, whose failures count on)"
	}
	return finding.Evidence{
		Object: k.Object(), Source: list + k.Container + "]." + field,
		Value: fmt.Sprintf("%s, %s, every %s, timeout %s: not before %s%s, by %s at the latest, then %s for SIGTERM",
			handler(k.probe), fails(b.Failures), b.Period, b.Timeout, b.Guaranteed, sooner, b.Latest, k.grace(cause)),
	}
}

// carried tells whether no life that is known was as long as the probe needs to kill, though it did: failures of lives before, which ended by
// themselves, were counted on (kubernetes v1.37.2 pkg/kubelet/prober/worker.go, doProbe: only a kill and a success begin anew).
func (k killed) carried() bool {
	if k.probe == nil || k.Latest == nil || k.Confidence != finding.Proven || k.longest == 0 || k.longest >= restart.BudgetOf(k.probe).Guaranteed-2*time.Second {
		return false
	}
	st := cmp.Or(statusOf(k.Latest.Status.ContainerStatuses, k.Container), statusOf(k.Latest.Status.InitContainerStatuses, k.Container))
	return st != nil && st.RestartCount > 1
}

func (k killed) grace(cause restart.Cause) time.Duration {
	return restart.Grace(k.Latest, k.Container, cause)
}

// byClock says that the lives ended by the probe's clock; empty where they are too few, or ended at other times.
func (k killed) byClock(cause restart.Cause) string {
	if k.probe == nil || !startup.Clocked(restart.BudgetOf(k.probe), k.grace(cause), k.lives) {
		return ""
	}
	least, most := int(slices.Min(k.lives).Seconds()), int(slices.Max(k.lives).Seconds())
	each := fmt.Sprintf("%d to %ds", least, most)
	if least == most {
		each = fmt.Sprintf("%ds", most)
	}
	return fmt.Sprintf("%d lives of %s, each as long as the probe allows: killed by the clock, not by a bug", len(k.lives), each)
}

// shortLived tells whether no life that is known outlasted what the probe allows from the start: killed by the clock, while starting.
func (k killed) shortLived(cause restart.Cause) bool {
	return k.probe != nil && k.longest > 0 && k.longest <= restart.BudgetOf(k.probe).Latest+k.grace(cause)+10*time.Second
}

// whileStarting tells whether the liveness probe killed the container before it was up: no known life was longer than a probe takes that
// never succeeds, or the pod has never been ready, and what was measured does not say that it is up long before.
func (k killed) whileStarting() bool {
	if k.probe == nil || k.container.StartupProbe != nil || len(k.asksWrongly()) > 0 ||
		!k.shortLived(restart.Liveness) && (k.longest > 0 || k.Latest == nil || !neverReady(k.Latest)) {
		return false
	}
	return k.starts.outlast(k.probe, k.has(kubeevent.Refused) || k.has(kubeevent.GRPCConnect))
}
