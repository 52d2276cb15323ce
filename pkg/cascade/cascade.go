// Package cascade judges whether a liveness probe takes a whole workload down: each kill moves load to the replicas that are left, which
// then fail the same probe. It measures five quantities (how many at once, where, what margin, which race, what coupling) and gives a
// verdict with its inequality. There is no score: a number from 0 to 100 says nothing that can be checked.
package cascade

import (
	"fmt"
	"math"
	"time"

	"github.com/kubectl-scars/kubectl-scars/pkg/order"
)

// Partition says what those that fail have in common.
type Partition string

// The partitions, in the order in which they are tried.
const (
	ByRollout  Partition = "rollout"                     // they are of the newest revision, and began right after it or spare the others
	ByNode     Partition = "node"                        // they are on at most a fifth of the nodes of their workload
	Saturation Partition = "saturation"                  // they use nine tenths of their CPU limit or more
	Dependency Partition = "shared dependency candidate" // other workloads fail alike at the same time, or the path names one
	Shared     Partition = "shared cause"                // spread over nodes
)

// Window is how near in time failures must be to belong together.
const Window = 10 * time.Minute

// Remembered is how long failures matter that have ended: as long as events live.
const Remembered = time.Hour

// Replica is one replica that should run.
type Replica struct {
	Name, Node string
	Kills      []time.Time // by its liveness probe; of many that one event counts, the first and the last
	Failures   []time.Time // of the liveness probe that counted, kills or not, the same way
	Ready      bool
	Restarts   int32         // in its whole life
	Died       time.Time     // when its container last ended, by whatever cause; zero where it never did
	Lived      time.Duration // how long the life lasted that ended then; zero where unknown
	Newest     bool          // of the newest revision
}

// Facts is what is known of a workload.
type Facts struct {
	Now        time.Time
	Replicas   []Replica
	EventsRead bool
	StartUp    time.Duration // the slowest start that was seen, from the start of the container to ready; zero where none was
	KillTime   time.Duration // L: (failureThreshold-1) attempts of the liveness probe, as far apart as they are; zero where the first failure kills; negative without one
	Coupled    bool          // readiness asks the same handler, and liveness acts no later
	Hidden     bool          // whether it asks the same cannot be told: what the probes ask for is not kept in full
	Use        float64       // CPU used / CPU limit, mean of those measured; zero where unknown
	Elsewhere  int           // other workloads whose replicas failed alike within the window
	Asked      bool          // by its path the liveness probe asks for a dependency, and it fails as such a one makes it fail
	Scaler     *Scaler       // nil where nothing scales it, or that is not known
	RolledOut  time.Time     // when the newest of several revisions was made; zero where there is one only
}

// Scaler is what a HorizontalPodAutoscaler says of a workload.
type Scaler struct {
	Name string
	Max  int32
	// Short: it wants more replicas than its maximum, so that each has more load than it aims at. Below its maximum it holds the load at its
	// target, which says nothing of a margin.
	Short bool
}

// Assessment is the verdict with its quantities.
type Assessment struct {
	Verdict   Verdict
	Replicas  int
	Hit       []string // most replicas that failed within one window, lower bound: events under-report
	Killed    []string // those of them that were killed
	From, To  time.Time
	Partition Partition

	// Breaks is k*: with so many replicas gone the others are beyond their CPU limit, if load is CPU and evenly spread. Zero: not known.
	// ByScaler: where no use of a limit is known, the autoscaler says that already those that are there are too few.
	Breaks   int
	ByScaler bool

	Dies    time.Duration // L
	Returns time.Duration // R: start-up and back-off; where StartUpKnown is false only the back-off, so a lower bound
	// StartUpKnown tells that some replica's start was seen.
	StartUpKnown bool
	Coupled      bool

	// Missing names the quantities without which nobody can say whether it spreads, each with what is lacking. Only where NotAssessable.
	Missing []string
}

// Assess measures and judges.
func Assess(f Facts) Assessment {
	a := Assessment{Verdict: None, Replicas: len(f.Replicas), Dies: f.KillTime, Coupled: f.Coupled}
	if len(f.Replicas) < 2 || !f.EventsRead {
		a.Verdict = NotAssessable
		return a
	}
	a.peak(f)
	a.race(f)
	if f.Use > 0 && f.Use < 1 {
		a.Breaks = max(int(math.Ceil(float64(a.Replicas)*(1-f.Use)-1e-9)), 1)
	} else if f.Use >= 1 {
		a.Breaks = 1
	} else if f.Scaler != nil && f.Scaler.Short {
		a.Breaks, a.ByScaler = 1, true
	}
	a.Partition = partition(f, a)
	a.judge(f)
	return a
}

// Inequality prints the race, and the margin where it is known.
func (a Assessment) Inequality() string {
	sign := map[bool]string{true: ">", false: "≤"}[a.Outruns()]
	least := ""
	if !a.StartUpKnown {
		least = "at least "
	}
	s := fmt.Sprintf("R = %s%s %s L = %s", least, a.Returns, sign, a.Dies)
	switch {
	case a.StartUpKnown || a.Outruns():
	case a.Returns > 0:
		s = fmt.Sprintf("R = %s%s, L = %s", least, a.Returns, a.Dies)
	default:
		s = fmt.Sprintf("L = %s, R not known yet", a.Dies)
	}
	if a.Breaks > 0 {
		s += fmt.Sprintf("; k* = %d of %d", a.Breaks, a.Replicas)
	}
	return s
}

// blow is one failure or kill of a replica.
type blow struct {
	at      time.Time
	replica int // its place among the replicas
	kill    bool
}

// peak finds the window in which most replicas were killed, and of those the one in which most failed, the latest one. It slides one window
// over all that happened: a workload may have a thousand replicas, each with many failures.
func (a *Assessment) peak(f Facts) {
	var all []blow
	for i, r := range f.Replicas {
		for _, t := range r.Kills {
			all = append(all, blow{t, i, true})
		}
		for _, t := range r.Failures {
			all = append(all, blow{t, i, false})
		}
	}
	order.By(all, func(x, y blow) int { return x.at.Compare(y.at) })
	blows, kills := make([]int, len(f.Replicas)), make([]int, len(f.Replicas)) // of each replica, within the window
	hit, killed, first, next := 0, 0, 0, 0
	move := func(b blow, by int) {
		hit += crossed(&blows[b.replica], by)
		if b.kill {
			killed += crossed(&kills[b.replica], by)
		}
	}
	var best []blow
	mostHit, mostKilled := 0, 0
	for next < len(all) {
		to := all[next].at
		for ; next < len(all) && all[next].at.Equal(to); next++ {
			move(all[next], 1)
		}
		for ; all[first].at.Before(to.Add(-Window)); first++ {
			move(all[first], -1)
		}
		if f.Now.Sub(to) > Remembered || to.After(f.Now.Add(time.Minute)) {
			continue
		}
		if killed > mostKilled || killed == mostKilled && hit >= mostHit {
			best, mostHit, mostKilled = all[first:next], hit, killed
		}
	}
	if len(best) == 0 {
		return
	}
	a.From, a.To = best[0].at, best[len(best)-1].at
	clear(blows)
	clear(kills)
	for _, b := range best {
		move(b, 1)
	}
	for i, r := range f.Replicas {
		if blows[i] > 0 {
			a.Hit = append(a.Hit, r.Name)
		}
		if kills[i] > 0 {
			a.Killed = append(a.Killed, r.Name)
		}
	}
}

// crossed changes a counter and tells whether one more counts now, 1, or one less, -1.
func crossed(n *int, by int) int {
	before := *n > 0
	*n += by
	switch after := *n > 0; {
	case after && !before:
		return 1
	case before && !after:
		return -1
	default:
		return 0
	}
}

// race measures R: the slowest start that was seen (with few replicas the p95 is that) and the back-off that the next restart waits for.
func (a *Assessment) race(f Facts) {
	var backoff time.Duration
	for _, r := range f.Replicas {
		backoff = max(backoff, BackOff(r.inARow(f.Now)))
	}
	a.StartUpKnown = f.StartUp > 0
	a.Returns = f.StartUp + backoff
}

// Forgotten is how long a container has to run until the kubelet's back-off begins anew (client-go v0.37.2 util/flowcontrol/backoff.go,
// hasExpired: twice the longest, 5 min).
const Forgotten = 10 * time.Minute

// inARow is how many of the restarts the kubelet's back-off may still count.
func (r Replica) inARow(now time.Time) int32 {
	switch {
	case r.Died.IsZero() || now.Sub(r.Died) >= Forgotten:
		return 0
	case r.Lived >= Forgotten:
		return min(r.Restarts, 1)
	default:
		return r.Restarts
	}
}

// BackOff is how long the kubelet waits before it starts a container again that has been restarted so often in a row: not at all the first time,
// then 10 s, doubled up to 5 min (kubernetes v1.37.2 pkg/kubelet/kubelet.go, kuberuntime/kuberuntime_manager.go doBackOff).
func BackOff(restarts int32) time.Duration {
	if restarts < 1 {
		return 0
	}
	const first, most = 10 * time.Second, 5 * time.Minute
	if restarts > 6 {
		return most
	}
	return min(first<<(restarts-1), most)
}

// atOnce is how soon after a rollout failures are put down to it.
const atOnce = 10 * time.Minute

// OfFewNodes tells whether what failed is on so few of the nodes of its workload that these have failed: one, or a fifth of them.
func OfFewNodes(hit, nodes map[string]bool) bool {
	few := max(1, len(nodes)/5)
	return len(hit) <= few && len(nodes) > few
}

func partition(f Facts, a Assessment) Partition {
	if len(a.Hit) == 0 {
		return ""
	}
	hitNodes, nodes, isHit := map[string]bool{}, map[string]bool{}, map[string]bool{}
	for _, name := range a.Hit {
		isHit[name] = true
	}
	newest, spared := true, false
	for _, r := range f.Replicas {
		hit := isHit[r.Name]
		nodes[r.Node] = true
		if hit {
			hitNodes[r.Node] = true
		}
		newest = newest && (!hit || r.Newest)
		spared = spared || !hit && !r.Newest
	}
	switch {
	case !f.RolledOut.IsZero() && newest && (spared || a.From.Sub(f.RolledOut) <= atOnce && !a.From.Before(f.RolledOut)):
		return ByRollout
	case OfFewNodes(hitNodes, nodes) && len(a.Hit) >= 2:
		return ByNode
	case f.Use >= 0.9:
		return Saturation
	case f.Elsewhere > 0 || f.Asked:
		return Dependency
	default:
		return Shared
	}
}
