package restart

// This file ties a first death to the revision that brought it.

import (
	"fmt"
	"time"
)

// Rollout is the newest revision of a workload and when it was rolled out.
type Rollout struct {
	Number int64
	Since  time.Time
}

// Windows in which a rollout explains a first death.
const (
	explainsFirst = time.Hour     // the first death came within this of the rollout
	explainsAll   = 6 * time.Hour // nothing is known of the first, yet all happened in a revision this young
)

// Onset says how a first death follows a rollout, as half a sentence, and nothing where the rollout does not explain it. exact tells
// that the first death is known, and not only the last of several. Only deaths in pods of the newest revision are to be given.
func (r Rollout) Onset(first, now time.Time, exact bool) string {
	if r.Number < 2 || r.Since.IsZero() || first.Before(r.Since) {
		return ""
	}
	switch after := first.Sub(r.Since); {
	case exact && after <= explainsFirst:
		return fmt.Sprintf("first %s after revision %d rolled out", brief(after), r.Number)
	case !exact && !r.Since.After(now) && now.Sub(r.Since) <= explainsAll: // a clock that is behind says nothing of how old a revision is
		return fmt.Sprintf("all since revision %d rolled out %s ago", r.Number, brief(now.Sub(r.Since)))
	default:
		return ""
	}
}

func brief(d time.Duration) string {
	if d < 2*time.Minute {
		return d.Truncate(time.Second).String()
	}
	if d < 2*time.Hour {
		return fmt.Sprintf("%dm", int(d.Minutes()))
	}
	return fmt.Sprintf("%dh", int(d.Hours()))
}
