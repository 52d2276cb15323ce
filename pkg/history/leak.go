package history

// Leaks: memory that grows in every life until the container is started again. A bigger limit only delays their end.

import (
	"math"
	"slices"
	"time"
)

// The rule: lives of at least six hours, of which four in five grow by at least a tenth, steadily, and in their second half too, which
// a warm-up does not.
const (
	shortestLife   = 6 * time.Hour
	growingShare   = 0.8
	leastGrowth    = 0.1 // of the level that the life began with
	leastTau       = 0.6 // Kendall's: how nearly each hour is above all before it
	secondHalf     = 0.4 // of the slope of the whole life
	trustedSpan    = 48 * time.Hour
	mostSlopeHours = 200
)

// Leak is how fast the memory of a container grows.
type Leak struct {
	PerHour float64       // bytes, the median of its lives
	Lives   int           // that grow
	Of      int           // lives long enough to tell
	ToLimit time.Duration // until the first living pod is at its limit; 0 where there is no limit or no pod
	RSS     bool          // measured without page cache
}

// leakOf finds a leak in the lives of some pods.
func leakOf(pods []*Pod) (Leak, bool) {
	long, short := leaking{}, leaking{}
	for _, p := range pods {
		for _, l := range p.lives() {
			values, rss := l.lows()
			switch {
			case l.span() < shortestLife || len(values) < int(shortestLife/time.Hour)-2:
			case l.span() >= trustedSpan:
				long.add(p, l, values, rss)
			default:
				short.add(p, l, values, rss)
			}
		}
	}
	l := long
	if l.of == 0 {
		if l = short; !l.allDay() {
			return Leak{}, false
		}
	}
	if l.of == 0 || float64(len(l.slopes)) < growingShare*float64(l.of) {
		return Leak{}, false
	}
	out := Leak{PerHour: quantile(l.slopes, 0.5), Lives: len(l.slopes), Of: l.of, RSS: l.rss}
	for _, room := range l.rooms {
		left := hours(room / out.PerHour).Round(time.Minute)
		if out.ToLimit == 0 || left < out.ToLimit {
			out.ToLimit = left
		}
	}
	return out, true
}

// hours is that many hours, at most a hundred years: a limit of an exbibyte is a typing error.
func hours(n float64) time.Duration { return time.Duration(min(n, 24*365*100) * float64(time.Hour)) }

// leaking gathers lives of like length.
type leaking struct {
	of       int
	slopes   []float64  // of those that grow
	rooms    []float64  // bytes that living pods have left below their limits
	quarters [4]float64 // growth by time of day: a life of a few hours may be a morning and no leak
	seen     [4]bool
	rss      bool
}

func (g *leaking) add(p *Pod, l life, values []float64, rss bool) {
	g.of++
	if slope, grows := growing(values); grows {
		g.slopes = append(g.slopes, slope)
		g.rss = rss
	}
	l.byQuarter(&g.quarters, &g.seen)
	if limit := p.LimitAt(p.last); l.alive && limit > 0 {
		g.rooms = append(g.rooms, max(limit-p.now, 1))
	}
}

// allDay tells whether it grows at every time of the day.
func (g *leaking) allDay() bool {
	for i := range g.quarters {
		if !g.seen[i] || g.quarters[i] <= 0 {
			return false
		}
	}
	return true
}

// lows are the lowest values of each hour of a life after its first, NaN where nothing was seen: RSS where it is known, the working set's
// peaks otherwise.
func (l life) lows() (values []float64, rss bool) {
	for _, h := range l.hours {
		rss = rss || h.low > 0
	}
	for i, h := range l.hours {
		v := h.peak
		if rss {
			v = h.low
		}
		if v == 0 || i == 0 {
			values = append(values, math.NaN())
			continue
		}
		values = append(values, float64(v))
	}
	for len(values) > 0 && math.IsNaN(values[0]) {
		values = values[1:]
	}
	return values, rss
}

// growing is the slope of hourly values and whether they grow as a leak does.
func growing(values []float64) (slope float64, grows bool) {
	slope, tau := theilSen(values)
	level := values[0]
	if slope <= 0 || tau < leastTau || slope*float64(len(values)) < leastGrowth*level {
		return slope, false
	}
	late, _ := theilSen(values[len(values)/2:])
	return slope, late >= secondHalf*slope
}

// theilSen is the median of the slopes between all pairs of values, and Kendall's tau: the share of pairs that rise less those that
// fall. Beyond some days, pairs are made of the lowest values of several hours.
func theilSen(values []float64) (slope, tau float64) {
	width := (len(values) + mostSlopeHours - 1) / mostSlopeHours
	var at, low []float64
	for i := 0; i < len(values); i += width {
		least, where := math.NaN(), 0
		for j := i; j < min(i+width, len(values)); j++ {
			if !math.IsNaN(values[j]) && !(least <= values[j]) {
				least, where = values[j], j
			}
		}
		if !math.IsNaN(least) {
			at, low = append(at, float64(where)), append(low, least)
		}
	}
	var slopes []float64
	rises := 0
	for i := range low {
		for j := i + 1; j < len(low); j++ {
			slopes = append(slopes, (low[j]-low[i])/(at[j]-at[i]))
			switch {
			case low[j] > low[i]:
				rises++
			case low[j] < low[i]:
				rises--
			}
		}
	}
	if len(slopes) == 0 {
		return 0, 0
	}
	slices.Sort(slopes)
	return slopes[len(slopes)/2], float64(rises) / float64(len(slopes))
}

// byQuarter adds the growth of a life to the quarters of the day in which it grew.
func (l life) byQuarter(sum *[4]float64, seen *[4]bool) {
	last := float32(0)
	for i, h := range l.hours {
		v := h.low
		if v == 0 {
			v = h.peak
		}
		if i > 1 && last > 0 && v > 0 {
			q := (l.first + i) % 24 / 6
			sum[q] += float64(v - last)
			seen[q] = true
		}
		last = v
	}
}
