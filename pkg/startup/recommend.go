package startup

// This file computes the probes that measured starts ask for.

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/kubectl-scars/kubectl-scars/pkg/finding"
	"github.com/kubectl-scars/kubectl-scars/pkg/restart"
)

// TimeOuts is how many attempts of each probe counted as failures because no answer came in time.
type TimeOuts struct{ Startup, Liveness, Readiness int32 }

// Replies are the answers to each probe over weeks, nil where none are known.
type Replies struct{ Startup, Liveness, Readiness *Answers }

// Advice is the probes that a container should have.
type Advice struct {
	Numbers   []finding.ProbeNumber
	CannotSay string
	Notes     []string
	AddsProbe bool // a startupProbe that is not there yet, with the liveness probe's handler
}

// The fields of probes, as the API spells them.
const (
	startupProbe, livenessProbe, readinessProbe                   = "startupProbe", "livenessProbe", "readinessProbe"
	initialDelay, periodSeconds, timeoutSeconds, failureThreshold = "initialDelaySeconds", "periodSeconds", "timeoutSeconds", "failureThreshold"
)

// Recommend computes probes for a container that starts so, and whose probes timed out so often and are answered so.
func Recommend(c *corev1.Container, s Sum, t TimeOuts, r Replies) Advice {
	var a Advice
	if c.StartupProbe == nil && c.LivenessProbe == nil && c.ReadinessProbe == nil {
		a.CannotSay = "it has no probes, so nothing tells when it is up"
		return a
	}
	if s.N() == 0 {
		switch {
		case len(s.AtMost) > 0:
			a.CannotSay = "no start can be measured: " + s.AtMost[0].Why
		case c.StartupProbe == nil && c.ReadinessProbe == nil:
			a.CannotSay = "no start can be measured: it has neither a startupProbe nor a readinessProbe, so it counts as ready at once"
		default:
			a.CannotSay = "no start can be measured: no pod of it is ready, and none was killed while starting"
		}
		return a
	}
	waits := a.startup(c, s, t, r)
	last := a.readiness(c, waits, t, r)
	a.liveness(c, waits, last, t, r)
	a.tooFew(r)
	if c.ReadinessProbe == nil {
		a.Notes = append(a.Notes, "it has no readinessProbe: requests are sent to it as soon as it has started")
	}
	return a
}

// startup adds or widens the startup probe where the start has less than it needs, and tells whether the container has one then.
func (a *Advice) startup(c *corev1.Container, s Sum, t TimeOuts, r Replies) bool {
	p, name := Governing(c)
	if p == nil {
		a.Notes = append(a.Notes, "neither a startupProbe nor a livenessProbe can kill it while it starts")
		return false
	}
	b := restart.BudgetOf(p)
	times, why := 2, ""
	if s.N() < 3 || len(s.Ready) == 0 {
		times, why = 3, fmt.Sprintf(", as only %d could be measured", s.N())
		if len(s.Ready) == 0 {
			why = ", as none has succeeded yet"
		}
	}
	has := c.StartupProbe != nil
	need, what := time.Duration(times)*s.Slowest, fmt.Sprintf("%d × %s, the slowest start", times, seconds(s.Slowest))
	if len(s.Ready) == 0 && need < UnseenStart {
		need, what = UnseenStart, fmt.Sprintf("%s, more than %d × %s, for which it was let start", UnseenStart, times, seconds(s.Slowest))
	}
	if b.Guaranteed >= need && (has || !delayed(c, s)) {
		if has {
			a.add(startupProbe, failureThreshold, &b.Failures, b.Failures, fmt.Sprintf("%s is at least %s", b.Guaranteed, what))
			a.timeout(startupProbe, b, t.Startup, r.Startup)
		} else {
			a.Notes = append(a.Notes, fmt.Sprintf("it needs no startupProbe: the %s probe guarantees %s, at least %s", strings.ToLower(string(name)), b.Guaranteed, what))
		}
		return has
	}
	a.AddsProbe = !has
	var now restart.Budget
	answers, floor, waits := r.Liveness, b.Timeout, "what asks the same waits so long" // a new one asks what liveness asks
	switch {
	case has:
		now, answers, waits = b, r.Startup, "as long as now: no time-out is lowered"
	case Alike(p, c.ReadinessProbe):
		floor = max(floor, restart.BudgetOf(c.ReadinessProbe).Timeout)
	}
	typical := s.quantile(0.95)
	period, tenth := min(10, max(1, up(typical, 10*time.Second))), fmt.Sprintf("a tenth of %s, which 95 %% of the starts do not exceed, 1 to 10 s", seconds(typical))
	if least := up(floor, time.Second); least > period {
		period, tenth = least, "as long as the time-out: the next attempt is not made before that one has ended"
	}
	failures := up(need, time.Duration(period)*time.Second) + 1
	a.add(startupProbe, periodSeconds, optional(has, int32(now.Period/time.Second)), period, tenth)
	a.add(startupProbe, failureThreshold, optional(has, now.Failures), failures,
		fmt.Sprintf("guarantees %ds, %s (%s)%s", int64(failures-1)*int64(period), what, s, why))
	timeout, reason := startTimeout(floor, period, answers, waits)
	a.add(startupProbe, timeoutSeconds, optional(has, int32(now.Timeout/time.Second)), timeout, reason)
	if has && p.InitialDelaySeconds > 0 {
		a.add(startupProbe, initialDelay, &p.InitialDelaySeconds, 0, "its failures wait as well, and it succeeds sooner")
	}
	return true
}

// UnseenStart is the least that is given to a start of which is only known that it takes longer than it was allowed.
const UnseenStart = 5 * time.Minute

// startTimeout is the time-out of a startup probe whose handler is waited for so long already.
func startTimeout(floor time.Duration, period int32, answers *Answers, waits string) (timeout int32, reason string) {
	timeout, reason = int32(floor/time.Second), waits
	if timeout < shortestStartTimeout {
		timeout, reason = shortestStartTimeout, fmt.Sprintf("up to %d s, as a start is the busiest time; never more than the period", shortestStartTimeout)
	}
	if asked, why := answers.timeout(timeout); asked > timeout {
		timeout, reason = asked, why+"; never more than the period"
	}
	return min(period, timeout), reason // the period is no shorter than what it waits already
}

// shortestStartTimeout is the least for which a startup probe waits, in seconds, where its period is as long.
const shortestStartTimeout = 3

// delayed tells whether a liveness probe without startupProbe sleeps for far longer than the start takes.
func delayed(c *corev1.Container, s Sum) bool {
	d := time.Duration(c.LivenessProbe.InitialDelaySeconds) * time.Second
	return d >= LongDelay && s.Slowest < d/3
}

// LongDelay is from when on a delay in place of a startup probe is worth a word.
const LongDelay = 30 * time.Second

// readiness returns when readiness acts at the latest.
func (a *Advice) readiness(c *corev1.Container, waits bool, t TimeOuts, r Replies) time.Duration {
	p := c.ReadinessProbe
	if p == nil {
		return 0
	}
	b := restart.BudgetOf(p)
	if waits && p.InitialDelaySeconds > 0 {
		a.add(readinessProbe, initialDelay, &p.InitialDelaySeconds, 0, "the startupProbe waits; a delay only keeps a container that is up from serving")
	}
	b.Timeout = a.timeout(readinessProbe, b, t.Readiness, r.Readiness)
	return b.Longest(b.Failures)
}

// liveness gives readiness the time to act first, which takes until last, and computes minReadySeconds.
func (a *Advice) liveness(c *corev1.Container, waits bool, last time.Duration, t TimeOuts, r Replies) {
	p := c.LivenessProbe
	if p == nil {
		return
	}
	b := restart.BudgetOf(p)
	if waits && p.InitialDelaySeconds > 0 {
		a.add(livenessProbe, initialDelay, &p.InitialDelaySeconds, 0, "the startupProbe waits; a delay only makes the first hang last longer")
	}
	b.Timeout = a.timeout(livenessProbe, b, t.Liveness, r.Liveness)
	failures := b.Failures
	switch first := b.Attempts(b.Failures - 1); {
	case last == 0:
		a.add(livenessProbe, failureThreshold, &b.Failures, failures, "there is no readinessProbe that should act first")
	case first >= last:
		a.add(livenessProbe, failureThreshold, &b.Failures, failures, fmt.Sprintf("kills after %s at the soonest, when readiness has acted (%s at the latest)", first, last))
	default:
		failures = up(2*last, b.Period) + 1
		a.add(livenessProbe, failureThreshold, &b.Failures, failures, fmt.Sprintf("readiness takes up to %s to stop requests; twice that, so that load can fall before anything is killed", last))
	}
	kill := up(b.Longest(failures), time.Second)
	a.add("", "minReadySeconds", nil, kill, fmt.Sprintf("liveness kills a hung replica within %ds, which a rollout then sees before it goes on; it takes that much longer for each step", kill))
}

func (a *Advice) add(probe, field string, now *int32, better int32, reason string) {
	a.Numbers = append(a.Numbers, finding.ProbeNumber{Probe: probe, Field: field, Now: now, Recommended: better, Reason: reason})
}

// quantile is the start that so many starts do not exceed, those that were cut short among them.
func (s Sum) quantile(q float64) time.Duration {
	var all []time.Duration
	for _, t := range slices.Concat(s.Ready, s.Killed) {
		all = append(all, t.Took)
	}
	slices.Sort(all)
	return all[max(0, min(len(all)-1, int(q*float64(len(all))+0.999999)-1))]
}

func optional(has bool, n int32) *int32 {
	if !has {
		return nil
	}
	return &n
}

// up divides and rounds up, within what a field may hold.
func up(d, by time.Duration) int32 { return int32(min(math.MaxInt32-1, max(0, (d+by-1)/by))) }
