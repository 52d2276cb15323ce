package certchain

// The clock of cert-manager: when it renews a certificate, and how often it will still try once that has failed.

import (
	"strconv"
	"time"
)

// Schedule says when cert-manager renews a certificate.
type Schedule struct {
	// Before is how long before the end it renews.
	Before time.Duration
	// Stated: it was said so; otherwise Before is cert-manager's default, and the Certificate may say another.
	Stated bool
}

// NewSchedule works out the schedule of a certificate with a lifetime, from the values of spec.renewBefore and
// spec.renewBeforePercentage, empty where they are not known. As in cert-manager, a value that is not positive or not below the lifetime
// is ignored, and the default is a third of the lifetime (cert-manager v1.21.1 pkg/util/pki/renewaltime.go).
func NewSchedule(lifetime time.Duration, renewBefore, renewBeforePercentage string) Schedule {
	if d, err := time.ParseDuration(renewBefore); err == nil && d > 0 && d < lifetime {
		return Schedule{d, true}
	}
	if p, err := strconv.Atoi(renewBeforePercentage); err == nil && p > 0 && p < 100 {
		return Schedule{time.Duration(float64(lifetime) * float64(p) / 100), true}
	}
	return Schedule{lifetime / 3, false}
}

// Due is when the renewal of a certificate that ends at end is due.
func (s Schedule) Due(end time.Time) time.Time { return end.Add(-s.Before) }

// grace is how long after it was due a renewal may take: 2 % of the lifetime, at least an hour, but at most half of what is left then.
func (s Schedule) grace(lifetime time.Duration) time.Duration {
	return min(max(time.Hour, lifetime/50), s.Before/2)
}

// Grade grades a certificate that cert-manager should have renewed. Until the renewal is overdue it is Calm, and Late when at most two
// tries are left. Between them it is Soon where the schedule was stated; where only the default is known, it is a Notice until less than
// a sixth of the lifetime is left, because many Certificates ask for a later renewal than the default.
func (s Schedule) Grade(lifetime time.Duration, end, now time.Time) Urgency {
	left, due := end.Sub(now), s.Due(end)
	switch {
	case now.Sub(due) <= s.grace(lifetime):
		return Calm
	case !s.Stated && left >= lifetime/6:
		return Notice
	case TriesLeft(due, end, now) <= 2:
		return Late
	default:
		return Soon
	}
}

// TriesLeft counts how often cert-manager will still try before the end, if every try since the renewal was due has failed: it waits
// 1 hour after the first failure and twice as long after each further one, at most 32 hours (defaults of cert-manager v1.21.1,
// pkg/controller/certificates/trigger/trigger_controller.go). The tries themselves are taken to need no time.
func TriesLeft(due, end, now time.Time) int {
	left, delay := 0, time.Hour
	for at := due; at.Before(end); at = at.Add(delay) {
		if !at.Equal(due) {
			delay = min(2*delay, 32*time.Hour)
		}
		if at.After(now) {
			left++
		}
	}
	return left
}
