// Package growth tells from one look at many replicas whether what each uses depends on how long it has lived, as it does where memory leaks:
// replicas of one template, seen at one moment, are one life seen at many ages, and no wave of load can look like growth.
//
// It claims nothing on what flattens, on what hangs on a single replica, nor on a relation that chance could make.
package growth

import (
	"math"
	"slices"
	"time"

	"github.com/kubectl-scars/kubectl-scars/pkg/order"
)

// Point is what one container used at an age.
type Point struct {
	Age   time.Duration
	Bytes int64
}

// Trend is a steady growth with age.
type Trend struct {
	PerHour float64 // bytes
	Bound   float64 // bytes: the rate is known to this much, with 95 % certainty

	from, level float64 // an age in hours, and what is used at it
}

// At is what is used at an age, in bytes.
func (t Trend) At(age time.Duration) float64 { return t.level + t.PerHour*(age.Hours()-t.from) }

// What makes a trend.
const (
	LeastAges = 4 // ages that are apart

	apart       = 0.05     // of the whole span: ages nearer to each other are one
	leastBytes  = 16 << 20 // growth below it is nobody's trouble
	leastShare  = 1.0 / 3  // of what the youngest use
	mostBound   = 0.2      // of the rate
	mostSway    = 0.3      // of the rate: what leaving out any one point may change
	flattens    = 0.75     // a late rate below this share of the early one is the beginning of a plateau
	accelerates = 1.6      // and one beyond this is a burst at the end
)

// Of finds the trend of points whose ages have at least so many different values; false where there is none.
func Of(points []Point, ages int) (Trend, bool) {
	if len(points) < max(ages, 3) {
		return Trend{}, false
	}
	sorted := slices.Clone(points)
	order.By(sorted, func(a, b Point) int { return int(min(max(a.Age-b.Age, -1), 1)) })
	span := (sorted[len(sorted)-1].Age - sorted[0].Age).Hours()
	if span <= 0 || different(sorted, span*apart) < ages {
		return Trend{}, false
	}
	l := fit(sorted)
	q := quantilesOf(len(sorted) - 2)
	t := Trend{PerHour: l.slope, Bound: q.two * l.slopeError, from: l.meanX, level: l.meanY}
	grown := l.slope * span
	switch {
	case l.slope <= 0 || l.slope < q.rare*l.slopeError || t.Bound > mostBound*l.slope:
		return Trend{}, false
	case grown < leastBytes || grown < leastShare*t.At(sorted[0].Age):
		return Trend{}, false
	case l.sway(sorted) > mostSway*l.slope || !straight(sorted, span):
		return Trend{}, false
	}
	return t, true
}

// different counts ages that are more than a gap apart, in hours.
func different(sorted []Point, gap float64) int {
	n, last := 1, sorted[0].Age.Hours()
	for _, p := range sorted[1:] {
		if x := p.Age.Hours(); x-last > gap {
			n, last = n+1, x
		}
	}
	return n
}

// line is a least-squares fit over ages in hours.
type line struct {
	meanX, meanY, sumXX float64
	slope, slopeError   float64 // bytes an hour, and its standard error
}

func fit(points []Point) line {
	var l line
	n := float64(len(points))
	for _, p := range points {
		l.meanX += p.Age.Hours() / n
		l.meanY += float64(p.Bytes) / n
	}
	sumXY := 0.0
	for _, p := range points {
		x := p.Age.Hours() - l.meanX
		l.sumXX += x * x
		sumXY += x * (float64(p.Bytes) - l.meanY)
	}
	l.slope = sumXY / l.sumXX
	left := 0.0
	for _, p := range points {
		r := l.residual(p)
		left += r * r
	}
	l.slopeError = math.Sqrt(left / (n - 2) / l.sumXX)
	return l
}

func (l line) residual(p Point) float64 {
	return float64(p.Bytes) - l.meanY - l.slope*(p.Age.Hours()-l.meanX)
}

// sway is the most by which leaving out a single point changes the slope (the closed form of leave-one-out for least squares).
func (l line) sway(points []Point) float64 {
	most := 0.0
	for _, p := range points {
		x := p.Age.Hours() - l.meanX
		weight := 1 - 1/float64(len(points)) - x*x/l.sumXX
		if weight <= 1e-9 { // nothing but this point says that it grows
			return math.Inf(1)
		}
		most = max(most, math.Abs(x*l.residual(p)/weight/l.sumXX))
	}
	return most
}

// straight tells whether the growth from the first third of the ages to the second is about that from the second to the last: what warms up
// or fills a cache flattens. Where a third has nobody, it cannot be told.
func straight(sorted []Point, span float64) bool {
	var n, x, y [3]float64
	for _, p := range sorted {
		i := min(int(3*(p.Age-sorted[0].Age).Hours()/span), 2)
		n[i]++
		x[i] += p.Age.Hours()
		y[i] += float64(p.Bytes)
	}
	for i := range n {
		if n[i] == 0 {
			return false
		}
		x[i], y[i] = x[i]/n[i], y[i]/n[i]
	}
	early, late := (y[1]-y[0])/(x[1]-x[0]), (y[2]-y[1])/(x[2]-x[1])
	return early > 0 && late >= flattens*early && late <= accelerates*early
}

// quantiles are those of Student's distribution with so many degrees of freedom: what a true slope stays within 95 times in 100, and what
// chance reaches 5 times in 10,000. In a large cluster a thousand workloads are looked at.
type quantiles struct {
	freedom   int
	two, rare float64
}

func quantilesOf(freedom int) (q quantiles) {
	for _, q = range [...]quantiles{
		{30, 2.042, 3.646}, {20, 2.086, 3.850}, {15, 2.131, 4.073}, {10, 2.228, 4.587}, {8, 2.306, 5.041}, {6, 2.447, 5.959},
		{5, 2.571, 6.869}, {4, 2.776, 8.610}, {3, 3.182, 12.92}, {2, 4.303, 31.60}, {1, 12.71, 636.6},
	} {
		if q.freedom <= freedom {
			return q
		}
	}
	return q
}
