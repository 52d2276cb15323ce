package cascade

// This file turns the quantities into a verdict.

// Verdict is what the quantities amount to.
type Verdict string

// The verdicts.
const (
	Active        Verdict = "active"         // half of the replicas, and two, were killed within the window that has not passed yet, and it spreads
	Primed        Verdict = "primed"         // something was observed, and the numbers say that it can spread
	Latent        Verdict = "latent"         // only the structure is there: nothing was observed
	NotAssessable Verdict = "not-assessable" // events were not read, there is one replica, or a quantity is missing on which Active depends
	None          Verdict = "none"           // none of these
)

// Half is how many replicas make a cascade: half of them, and two.
func (a Assessment) Half() int { return Half(a.Replicas) }

// Half is the same of so many replicas.
func Half(replicas int) int { return max(2, (replicas+1)/2) }

// Outruns tells whether a replica dies faster than it returns, R > L: then the fleet shrinks until the load goes.
func (a Assessment) Outruns() bool { return a.Dies >= 0 && a.Returns > a.Dies }

// judge gives the verdict. That half of the replicas were killed at once is no cascade by itself: it takes a quantity that carries failures from
// one replica to the next, and where none is known to, each that is not known could.
func (a *Assessment) judge(f Facts) {
	local := a.Partition == ByNode || a.Partition == ByRollout
	switch spreads := a.Spreads(); {
	case len(a.Hit) == 0 && f.KillTime >= 0 && spreads:
		a.Verdict = Latent
	case len(a.Hit) == 0 || local:
	case len(a.Killed) >= a.Half() && f.Now.Sub(a.To) <= Window:
		// What others share has spread already, if not as load.
		if a.Missing = a.missing(f); spreads || a.Partition == Dependency {
			a.Verdict, a.Missing = Active, nil
		} else if len(a.Missing) > 0 {
			a.Verdict = NotAssessable
		}
	case spreads && (len(a.Killed) > 0 && (len(a.Hit) >= 2 || a.Breaks == 1) || len(a.Hit) >= a.Half()):
		a.Verdict = Primed
	}
}

// Spreads tells whether a quantity says that failures go from one replica to the next: the race is lost, the others are beyond their limit
// without those that were killed, or without one, or readiness goes with liveness.
func (a Assessment) Spreads() bool { return a.Outruns() || a.Overloads() || a.Coupled }

// Overloads tells whether the replicas that are left without those that were killed, or without any one, are beyond their CPU limit.
func (a Assessment) Overloads() bool { return a.Breaks > 0 && a.Breaks <= max(1, len(a.Killed)) }

// missing are the quantities that are not known.
func (a Assessment) missing(f Facts) (out []string) {
	if !a.StartUpKnown {
		out = append(out, "the race: no start was seen")
	}
	if a.Breaks == 0 {
		out = append(out, "the margin: no use of a CPU limit is known")
	}
	if f.Hidden {
		out = append(out, "the coupling: what the probes ask for is not kept in full")
	}
	return out
}
