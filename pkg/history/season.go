package history

// Weekly patterns. Two weeks are the least that can show one.

import (
	"math"
	"slices"
	"time"
)

const (
	leastWeeks = 2
	aboveUsual = 0.1 // how far a day of the week must lie above the usual
)

// busyDay finds a day of the week whose highest peak lies above that of all usual days in every week: "on Mondays 2 GiB, otherwise
// 1.1 GiB". Days that were not seen in whole, as the first and the last mostly are, do not count: their peak may have been at another hour.
func busyDay(pods []*Pod) (weekday time.Weekday, high, usual float64, found bool) {
	days := map[int]float64{} // highest peak by day since the epoch
	first, last := math.MaxInt, math.MinInt
	for _, p := range pods {
		if len(p.hours) > 0 {
			first, last = min(first, p.firstHour), max(last, p.firstHour+len(p.hours))
		}
		for i, h := range p.hours {
			d := (p.firstHour + i) / 24
			days[d] = max(days[d], float64(h.peak))
		}
	}
	var by [7][]float64
	for d, peak := range days {
		if peak > 0 && d*24 >= first && (d+1)*24 <= last {
			w := time.Unix(int64(d)*int64(day/time.Second), 0).UTC().Weekday()
			by[w] = append(by[w], peak)
		}
	}
	for w := range by {
		var others []float64
		for o := range by {
			if o != w {
				others = append(others, by[o]...)
			}
		}
		if len(by[w]) < leastWeeks || len(others) < leastWeeks*5 {
			continue
		}
		// Nine in ten of the other days stay below even the lowest of these: the rest are one-off events.
		if low, most := slices.Min(by[w]), quantile(others, 0.9); low > most*(1+aboveUsual) && low > high {
			weekday, high, usual, found = time.Weekday(w), low, quantile(others, 0.5), true //nolint:gosec // 0 to 6
		}
	}
	return weekday, high, usual, found
}
