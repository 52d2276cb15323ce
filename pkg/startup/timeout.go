package startup

// This file computes time-outs: from attempts that were seen to get no answer in time, and from how long answers took over weeks. It never
// lowers one. What weeks showed was mostly calm, and a time-out that is enough only in calm times kills when load is high.

import (
	"fmt"
	"math"
	"time"

	"github.com/kubectl-scars/kubectl-scars/pkg/restart"
)

// What a time-out rests on at the least: of fewer answers the slowest hundredth is a matter of chance, and a day has quiet and busy hours.
const (
	fewestAnswers = 300
	shortestSpan  = 24 * time.Hour
)

// timeout raises a time-out that was exceeded, or nearly, up to the period, and returns it.
func (a *Advice) timeout(probe string, b restart.Budget, exceeded int32, answers *Answers) time.Duration {
	now, period := int32(b.Timeout/time.Second), int32(b.Period/time.Second)
	better, why := answers.timeout(now)
	if doubled := max(2*now, 3); exceeded > 0 && doubled >= better {
		better, why = doubled, fmt.Sprintf("%d attempts got no answer within %ds", exceeded, now)
		if min(better, period) <= now {
			return b.Timeout
		}
	}
	if why == "" {
		return b.Timeout
	}
	if better = max(now, min(period, better)); better == period && better > now {
		why += "; never more than the period"
	}
	a.add(probe, timeoutSeconds, &now, better, why)
	return time.Duration(better) * time.Second
}

// timeout is the time-out that answers ask for, no less than the one of now, and why; no reason where they are too few. It has room for twice
// as long as all but the slowest hundredth took, and for the slowest. Where that took as long as the time-out allows, and others failed, how
// long they would have taken is not known: then it is doubled.
func (a *Answers) timeout(now int32) (int32, string) {
	if !a.enough() {
		return now, ""
	}
	_, usual := a.Within(0.99)
	above, slowest := a.Within(1)
	why := fmt.Sprintf("of %d answers in %s 99 %% took %s, the slowest %s", a.N(), days(a.To.Sub(a.From)), took(a.Within(0.99)), took(above, slowest))
	better := max(now, whole(2*usual), whole(slowest))
	if above < float64(now) && float64(now) <= slowest && a.Failed >= 1 {
		return max(better, 2*now, 3), why + fmt.Sprintf(", up to the time-out, and %d attempts failed", int(a.Failed))
	}
	return better, why
}

// enough tells whether there are answers enough for a time-out to rest on.
func (a *Answers) enough() bool {
	return a != nil && a.N() >= fewestAnswers && a.To.Sub(a.From) >= shortestSpan
}

// tooFew notes that answers are known that are too few.
func (a *Advice) tooFew(r Replies) {
	for _, answers := range []*Answers{r.Startup, r.Liveness, r.Readiness} {
		if answers != nil && answers.N() > 0 && answers.enough() {
			return
		}
	}
	for _, answers := range []*Answers{r.Liveness, r.Readiness, r.Startup} {
		if answers != nil && answers.N() > 0 {
			a.Notes = append(a.Notes, fmt.Sprintf("how long answers take is known of %d in %s: no time-out rests on fewer than %d over %s", answers.N(), days(answers.To.Sub(answers.From)), fewestAnswers, days(shortestSpan)))
			return
		}
	}
}

// whole rounds seconds up; what is above the highest bound is as much as a field holds.
func whole(seconds float64) int32 { return int32(min(math.Ceil(seconds), math.MaxInt32/4)) }

// took says between which bounds something took.
func took(above, atMost float64) string {
	if math.IsInf(atMost, 1) {
		return "more than " + brief(above)
	}
	return "at most " + brief(atMost)
}

func brief(seconds float64) string {
	return time.Duration(seconds * float64(time.Second)).Round(time.Millisecond).String()
}

// days says a time of days or hours.
func days(d time.Duration) string {
	if d >= 48*time.Hour {
		return fmt.Sprintf("%d days", int(d.Round(24*time.Hour)/(24*time.Hour)))
	}
	return fmt.Sprintf("%d h", int(d.Round(time.Hour)/time.Hour))
}
