// Package historytest makes the memory histories that recommendations are judged on: containers whose need is known at every moment,
// because it is a function of the time. Shapes and seeds were fixed before the algorithm that is judged by them.
package historytest

import (
	"math"
	"time"
)

const mib = 1 << 20

// Shape is one way in which a container uses memory. Levels are in units of the case's own base level.
type Shape struct {
	Name string

	// Need is what cannot be reclaimed, Cache is page cache beyond it, of which Active counts to the working set.
	Need          func(m Moment) float64
	Cache, Active float64

	Limit    float64       // the limit that is set; 0: none
	Replicas int           // pods at the same time
	Lifetime time.Duration // pods are replaced after this time; 0: only by a rollout
	Rollout  time.Duration // from the beginning to the rollout of version 2; 0: one version
	Leak     bool          // no limit would hold for ever
	Twice    bool          // two servers scrape it
	Gaps     bool          // the scraping fails for hours
}

// Moment is when and where the need is asked for.
type Moment struct {
	Since   time.Duration // since the beginning of the history, which is a Monday, 00:00 UTC
	Age     time.Duration // since the start of this life of the container
	Replica int
	Version int // 1, or 2 after the rollout
	rand    random
}

// hour is the time of day, 0 to 24; day counts from Monday, 0 to 6.
func (m Moment) hour() float64 { return math.Mod(m.Since.Hours(), 24) }
func (m Moment) day() int      { return int(m.Since.Hours()/24) % 7 }

// wave is 0 at 03:00 and 1 at 15:00.
func (m Moment) wave() float64 { return (1 - math.Cos(2*math.Pi*(m.hour()-3)/24)) / 2 }

// drift wanders between -1 and 1 within the given time.
func (m Moment) drift(span time.Duration) float64 {
	at := float64(m.Since) / float64(span)
	i, rest := math.Floor(at), at-math.Floor(at)
	a, b := m.rand.at(int64(i), m.Replica), m.rand.at(int64(i)+1, m.Replica)
	return 2*(a+(b-a)*rest) - 1
}

// burst tells whether a burst of the given length is under way; there is one, at any time, in each span, in half of the spans.
func (m Moment) burst(span, length time.Duration) bool {
	slot := int64(m.Since / span)
	if m.rand.at(slot, m.Replica+100) < 0.5 {
		return false
	}
	start := time.Duration(m.rand.at(slot, m.Replica+200) * float64(span-length))
	in := m.Since - time.Duration(slot)*span
	return in >= start && in < start+length
}

// Shapes are the twenty shapes.
func Shapes() []Shape {
	const day = 24 * time.Hour
	flat := func(m Moment) float64 { return 1 + 0.02*m.drift(10*time.Minute) }
	daily := func(m Moment) float64 { return 0.7 + 0.3*m.wave() + 0.03*m.drift(10*time.Minute) }
	bursts := func(length time.Duration) func(Moment) float64 {
		return func(m Moment) float64 {
			if m.burst(2*time.Hour, length) {
				return 1.6
			}
			return flat(m)
		}
	}
	versions := func(second float64) func(Moment) float64 {
		return func(m Moment) float64 {
			if m.Version == 2 {
				return second * daily(m)
			}
			return daily(m)
		}
	}
	return []Shape{
		{Name: "steady", Need: flat, Limit: 3, Replicas: 2},
		{Name: "noisy", Need: func(m Moment) float64 { return 1 + 0.1*m.drift(7*time.Minute) }, Limit: 2, Replicas: 2},
		{Name: "daily wave", Need: daily, Limit: 2, Replicas: 2},
		{Name: "quiet weekend", Need: func(m Moment) float64 {
			if m.day() >= 5 {
				return 0.5 + 0.1*m.wave()
			}
			return daily(m)
		}, Limit: 2, Replicas: 2},
		{Name: "peak on Mondays", Need: func(m Moment) float64 {
			if m.day() == 0 && m.hour() >= 9 && m.hour() < 11 {
				return 2 + 0.05*m.drift(5*time.Minute)
			}
			return daily(m)
		}, Limit: 1.9, Replicas: 2},
		{Name: "start-up peak", Need: func(m Moment) float64 {
			if m.Age > time.Minute && m.Age < 4*time.Minute {
				return 1.8 + 0.05*m.drift(time.Minute)
			}
			return flat(m)
		}, Limit: 1.82, Replicas: 2, Lifetime: 2 * day},
		{Name: "leak to the limit", Need: func(m Moment) float64 { return 0.5 + 0.025*m.Age.Hours() + 0.01*m.drift(10*time.Minute) },
			Limit: 1.5, Replicas: 2, Leak: true},
		{Name: "slow leak", Need: func(m Moment) float64 { return 0.5 + 0.004*m.Age.Hours() + 0.05*m.wave() }, Limit: 2, Replicas: 2, Lifetime: 7 * day, Leak: true},
		{Name: "second version needs more", Need: versions(1.6), Limit: 1.55, Replicas: 2, Rollout: 14 * day},
		{Name: "second version needs less", Need: versions(0.5), Limit: 2, Replicas: 2, Rollout: 16 * day},
		{Name: "bursts of 5 s", Need: bursts(5 * time.Second), Limit: 1.55, Replicas: 2, Lifetime: 4 * day},
		{Name: "bursts of 20 s", Need: bursts(20 * time.Second), Limit: 2, Replicas: 2, Lifetime: 7 * day},
		{Name: "bursts of 60 s", Need: bursts(60 * time.Second), Limit: 1.55, Replicas: 2},
		{Name: "killed at the limit", Need: func(m Moment) float64 {
			top := 0.2 * m.rand.at(int64(m.Since/day), m.Replica+300) // the height of the day
			return 0.6 + (0.3+top)*m.wave() + 0.02*m.drift(10*time.Minute)
		}, Limit: 1, Replicas: 2},
		{Name: "replaced daily", Need: daily, Limit: 1.5, Replicas: 2, Lifetime: day},
		{Name: "scraped twice", Need: daily, Limit: 2, Replicas: 2, Twice: true},
		{Name: "gaps", Need: daily, Limit: 2, Replicas: 2, Gaps: true},
		{Name: "cache up to the limit", Need: func(m Moment) float64 { return 0.4 * flat(m) }, Cache: 1.6, Active: 0.5, Limit: 1.5, Replicas: 2},
		{Name: "one replica needs more", Need: func(m Moment) float64 {
			if m.Replica == 2 {
				return 1.5 * daily(m)
			}
			return daily(m)
		}, Limit: 1.49, Replicas: 3},
		{Name: "long warm-up", Need: func(m Moment) float64 { return 1 - 0.6*math.Exp(-m.Age.Hours()/8) + 0.02*m.drift(10*time.Minute) },
			Limit: 2, Replicas: 2, Lifetime: 7 * day},
	}
}

// random is a seed; its numbers depend on nothing but it and what they are asked for.
type random uint64

// at is a number from 0 to 1 (splitmix64).
func (r random) at(slot int64, stream int) float64 {
	z := uint64(r) + uint64(slot)*0x9e3779b97f4a7c15 + uint64(stream)*0xd1342543de82ef95 //nolint:gosec // a hash
	z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
	z = (z ^ z>>27) * 0x94d049bb133111eb
	return float64((z^z>>31)>>11) / (1 << 53)
}
