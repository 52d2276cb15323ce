package history

// What a limit must hold: the worst that was seen, the start, and what a kill has shown.

import (
	"math"
	"time"
)

// The margins on what was seen.
const (
	leastMargin = 0.05 // where one day is like the other
	mostMargin  = 0.15
	shortMargin = 0.20 // under two weeks: a weekly peak may not have been among them
	afterKill   = 1.25 // times the highest limit that failed: the need above a limit that kills was never seen
)

// needs is what the lives of a segment needed.
type needs struct {
	worst    float64 // the quantile of the worst moments of each pod and day, and of each life
	unseen   float64 // of worst: what came and went between two scrapes
	highest  float64 // of all that was seen
	firm     float64 // the highest without the page cache that would be given back
	starting float64
	failed   float64 // the highest limit under which a container was killed; 0: none that is known
	kills    int
	unknown  int // kills of which the limit is not known
	lives    int
	kernel   int     // lives of which the kernel told its peak
	spread   float64 // how far the worst day lies above the middle one, as a share
}

func (s segment) needs(q float64) needs {
	var n needs
	var days, lives []float64
	for _, p := range s.pods() {
		n.starting = max(n.starting, p.starting)
		byDay := map[int]float64{}
		for i, h := range p.hours {
			if h.peak > 0 {
				d := (p.firstHour + i) / 24
				byDay[d] = max(byDay[d], float64(h.peak))
				n.firm = max(n.firm, float64(h.peak-h.cache))
			}
		}
		for _, peak := range byDay {
			days = append(days, peak)
		}
		for _, l := range p.lives() {
			n.lives++
			need := l.need()
			if need == 0 {
				continue
			}
			lives = append(lives, need)
			for _, h := range l.hours {
				if h.kernel > 0 {
					n.kernel++
					break
				}
			}
		}
		for _, k := range p.kills {
			n.kills++
			n.failed = max(n.failed, k.Limit)
			if k.Limit == 0 {
				n.unknown++
			}
		}
	}
	sampled := quantile(days, q)
	n.worst = max(sampled, quantile(lives, q))
	if n.worst > sampled*1.01 {
		n.unseen = n.worst - sampled
	}
	if middle := quantile(days, 0.5); middle > 0 {
		n.spread = quantile(days, 1)/middle - 1
	}
	n.highest = max(quantile(days, 1), quantile(lives, 1), n.starting)
	return n
}

// margin is what a limit must have above the worst that was seen: as much as the worst day lies above the middle one, within bounds. What
// differed little from day to day for weeks will differ little next week.
func (n needs) margin(span time.Duration) float64 {
	if span < strongSpan {
		return shortMargin
	}
	return math.Round(100*min(max(n.spread, leastMargin), mostMargin)) / 100
}
