package restart

// This file sums deaths up and says how much they hurt.

import (
	"slices"
	"time"

	"github.com/kubectl-scars/kubectl-scars/pkg/finding"
)

// Toll sums up deaths that belong together: of one container of one workload, by one cause.
type Toll struct {
	Deaths     []Death // oldest first
	Count      int32   // how many are known
	First      time.Time
	Last       time.Time // zero where no death has a time
	Pods       []string  // whose pods, sorted
	Confidence finding.Confidence
}

// Sum makes a toll; it is as sure as its surest death, since one death is enough for the trouble to be there.
func Sum(deaths []Death) Toll {
	t := Toll{Deaths: deaths, Confidence: finding.Consistent}
	known := map[string]bool{}
	for _, d := range deaths {
		t.Count += d.Count
		if !d.First.IsZero() && (t.First.IsZero() || d.First.Before(t.First)) {
			t.First = d.First
		}
		if d.Finished.After(t.Last) {
			t.Last = d.Finished
		}
		if !known[d.Pod.Name] {
			known[d.Pod.Name] = true
			t.Pods = append(t.Pods, d.Pod.Name)
		}
		if d.Confidence.Rank() < t.Confidence.Rank() {
			t.Confidence = d.Confidence
		}
	}
	slices.Sort(t.Pods)
	return t
}

// Latest is the last death.
func (t Toll) Latest() Death {
	if len(t.Deaths) == 0 {
		return Death{}
	}
	return slices.MaxFunc(t.Deaths, func(a, b Death) int { return a.Finished.Compare(b.Finished) })
}

// How long a death goes on to matter once the container runs again.
const (
	hurtsFor  = time.Hour          // it may well come again any minute
	warnsFor  = 24 * time.Hour     // it may come again at the same time of day
	tellsFor  = 7 * 24 * time.Hour // or week
	repeating = 2                  // so many deaths or restarts are more than chance
)

// Severity says how much the toll hurts now: critical where it was within the hour and repeats or keeps a container down; a warning for
// a day, or as long as it keeps one down; then worth knowing for a week; and nothing after that. restarts is what the pods' statuses
// count, by whatever cause; down tells that a container that should run does not.
func (t Toll) Severity(now time.Time, restarts int32, down bool) (finding.Severity, bool) {
	age := now.Sub(t.Last)
	switch {
	case t.Last.IsZero():
		return finding.Info, true
	case age <= hurtsFor && (t.Count >= repeating || restarts >= repeating || down):
		return finding.Critical, true
	case age <= warnsFor || down:
		return finding.Warning, true
	case age <= tellsFor:
		return finding.Info, true
	default:
		return "", false
	}
}
