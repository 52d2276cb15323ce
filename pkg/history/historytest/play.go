package historytest

// A case is a shape with a seed. This file plays it: pods come and go, containers are killed at their limit, and what a scraper sees of
// it is told sample by sample.

import (
	"fmt"
	"math"
	"time"
)

const (
	tick = 5 * time.Second // the resolution of the truth

	// Scrape is how often a container is looked at.
	Scrape = 30 * time.Second

	// Week is how long a week is.
	Week = 7 * 24 * time.Hour
)

// Case is a shape with a seed: one container of one Deployment.
type Case struct {
	Shape
	ID    string // the name of the Deployment
	Base  float64
	seed  random
	Start time.Time // the beginning of the history
}

// Cases makes n cases: every shape once, then again with other seeds. The history begins on a Monday.
func Cases(n int) []Case {
	start := time.Date(2026, 10, 26, 0, 0, 0, 0, time.UTC)
	shapes := Shapes()
	cases := make([]Case, n)
	for i := range cases {
		seed := random(20261026 + uint64(i)*7919) //nolint:gosec // a small number
		cases[i] = Case{
			Shape: shapes[i%len(shapes)], ID: fmt.Sprintf("app-%03d", i), seed: seed, Start: start,
			Base: math.Round(mib * math.Exp(math.Log(64)+seed.at(0, 9999)*math.Log(32))), // 64 MiB to 2 GiB
		}
	}
	return cases
}

// LimitBytes is the limit that is set, 0 where there is none.
func (c Case) LimitBytes() int64 { return int64(c.Limit * c.Base) }

// Pod is one pod of a case, from its start to its end.
type Pod struct {
	Name, ReplicaSet string
	Replica, Version int
	From, To         time.Duration // since the beginning
}

// Pods lists the pods of a case until a time, which ends the last of them.
func (c Case) Pods(until time.Duration) []Pod {
	var out []Pod
	for replica := range c.Replicas {
		for from := time.Duration(0); from < until; {
			version, to := 1, until
			if c.Rollout > 0 && from >= c.Rollout {
				version = 2
			}
			if c.Lifetime > 0 { // replicas are not replaced at the same time of the day
				shift := time.Duration(replica) * 7 * time.Hour
				to = min(to, (from+shift).Truncate(c.Lifetime)+c.Lifetime-shift)
			}
			if c.Rollout > from {
				to = min(to, c.Rollout)
			}
			rs := fmt.Sprintf("%s-%s", c.ID, []string{"6d4cf56db6", "7f9c8d5b4f"}[version-1])
			out = append(out, Pod{Name: fmt.Sprintf("%s-%s", rs, suffix(c.seed, replica, from)), ReplicaSet: rs, Replica: replica, Version: version, From: from, To: to})
			from = to
		}
	}
	return out
}

// suffix is the end of a pod's name, of the alphabet that Kubernetes uses (kubernetes v1.37.2 apimachinery/pkg/util/rand).
func suffix(seed random, replica int, from time.Duration) string {
	const letters = "bcdfghjklmnpqrstvwxz2456789"
	out := make([]byte, 5)
	for i := range out {
		out[i] = letters[int(seed.at(int64(from/time.Minute), replica*10+i+5000)*float64(len(letters)))]
	}
	return string(out)
}

// Sample is what one scrape sees of a container, in bytes. All that cannot be reclaimed is RSS here.
type Sample struct {
	At                           time.Duration // since the beginning of the history
	LifeStart                    time.Duration
	Life                         int // how often it was restarted in its pod
	WorkingSet, Usage, Peak, RSS float64
	Killed                       bool // the last life in this pod was ended by the limit
}

// Outcome is what happened to a pod.
type Outcome struct {
	Deaths int
	Need   float64 // the highest need with the page cache that is in use, in bytes; above the limit where it was killed
	Lives  int
}

// Play plays one pod between two times of its life under a limit (bytes, 0: none) and tells what a scraper sees; see may be nil.
func (c Case) Play(p Pod, from, to time.Duration, limit float64, see func(Sample)) Outcome {
	out := Outcome{Lives: 1}
	from, to = max(from, p.From), min(to, p.To)
	if from >= to {
		return Outcome{}
	}
	start, life, peak, killed, quick := p.From, 0, 0.0, false, 0
	phase := time.Duration(c.seed.at(int64(p.Replica), 77)*float64(Scrape/tick)) * tick
	down := time.Duration(-1) // until when it waits to be started again
	for at := from; at < to; at += tick {
		if at < down {
			continue
		}
		need := c.Base * c.Need(Moment{Since: at, Age: at - start, Replica: p.Replica, Version: p.Version, rand: c.seed})
		out.Need = max(out.Need, need+c.Active*c.Cache*c.Base*min(1, (at-start).Hours()/12))
		if limit > 0 && need > limit {
			out.Deaths++
			out.Lives++
			if quick++; at-start > 10*time.Minute {
				quick = 1
			}
			down = at + min(10*time.Second<<min(quick-1, 10), 5*time.Minute)
			start, life, peak, killed = down, life+1, 0, true
			continue
		}
		usage := need + c.Cache*c.Base*min(1, (at-start).Hours()/12)
		working := need + c.Active*c.Cache*c.Base*min(1, (at-start).Hours()/12)
		if limit > 0 {
			usage, working = min(usage, limit), min(working, limit)
		}
		peak = max(peak, usage)
		if see != nil && at%Scrape == phase && !c.lost(at) {
			see(Sample{At: at, LifeStart: start, Life: life, WorkingSet: math.Round(working), Usage: math.Round(usage), Peak: math.Round(peak), RSS: math.Round(need), Killed: killed})
		}
	}
	return out
}

// lost tells whether the scraping failed at a time.
func (c Case) lost(at time.Duration) bool {
	return c.Gaps && c.seed.at(int64(at/(3*time.Hour)), 4242) < 0.3
}
