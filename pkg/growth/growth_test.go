package growth

import (
	"fmt"
	"maps"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"
)

const mi = 1 << 20

// at makes points of pairs: hours, MiB.
func at(pairs ...float64) []Point {
	var out []Point
	for i := 0; i < len(pairs); i += 2 {
		out = append(out, Point{time.Duration(pairs[i] * float64(time.Hour)), int64(pairs[i+1] * mi)})
	}
	return out
}

func TestOf(t *testing.T) {
	for name, test := range map[string]struct {
		points []Point
		want   float64 // MiB an hour; 0: no trend
	}{
		"leak":                                 {at(2, 140, 8, 261, 14, 380, 20, 499), 20},
		"leak, six replicas, some noise":       {at(2, 150, 5, 190, 9, 285, 13, 350, 18, 470, 24, 575), 19.8},
		"leak, two began together":             {at(2, 140, 2, 138, 8, 260, 14, 381, 20, 500, 20, 502), 20},
		"three replicas":                       {at(2, 140, 8, 260, 14, 380), 0},
		"four, of two ages":                    {at(2, 140, 2.1, 142, 20, 500, 20.2, 502), 0},
		"all began together":                   {at(5, 140, 5, 260, 5, 380, 5, 500), 0},
		"the same at different ages":           {at(2, 400, 8, 402, 14, 399, 20, 401), 0},
		"one young one":                        {at(1, 100, 200, 500, 201, 498, 203, 503, 206, 500), 0},
		"one old one":                          {at(1, 100, 2, 101, 3, 99, 4, 100, 60, 700), 0},
		"a cache that flattens":                {at(2, 200, 6, 340, 10, 390, 16, 405, 24, 410), 0},
		"a warm-up of which the end is near":   {at(2, 156, 4, 238, 6, 309, 8, 370, 10, 422, 12, 468, 14, 507, 16, 540), 0},
		"flat, and full at once in the end":    {at(2, 100, 6, 101, 12, 102, 23, 512, 24, 512, 25, 512), 0},
		"little":                               {at(2, 1000, 8, 1030, 14, 1060, 20, 1090), 0},
		"next to nothing":                      {at(2, 4, 8, 6, 14, 8, 20, 10), 0},
		"falls":                                {at(2, 500, 8, 380, 14, 260, 20, 140), 0},
		"load that happens to be in order":     {at(2, 140, 8, 300, 14, 310, 20, 500), 0},
		"with lives that ended, all on a line": {at(5, 120, 14, 300, 23.5, 500, 24.6, 512, 24.9, 512), 19.9},
	} {
		ages := LeastAges
		if len(name) > 10 && name[:10] == "with lives" {
			ages = 3
		}
		got, ok := Of(test.points, ages)
		if ok != (test.want > 0) || ok && math.Abs(got.PerHour/mi-test.want) > 0.5 {
			t.Errorf("%s: %.1f ± %.1f MiB an hour (%v), want %.1f", name, got.PerHour/mi, got.Bound/mi, ok, test.want)
		}
		if ok && (got.Bound <= 0 || math.Abs(got.At(10*time.Hour)/mi-300) > 30 && test.want > 19.9) {
			t.Errorf("%s: ± %.1f, %.0f MiB after 10 h", name, got.Bound/mi, got.At(10*time.Hour)/mi)
		}
	}
	if _, ok := Of(nil, 0); ok {
		t.Error("nothing has a trend")
	}
}

// TestChance: how often what does not leak is called a leak, and how often a leak is. Ages are spread over three days, as in a Deployment
// whose pods come and go with load.
func TestChance(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	shapes := map[string]struct {
		use   func(age float64) float64 // MiB
		least float64                   // share of trials to be called
		most  float64
	}{
		"load without relation to age":   {func(float64) float64 { return 200 + 300*r.Float64() }, 0, 0.0005},
		"load that differs much":         {func(float64) float64 { return 200 * math.Exp(r.NormFloat64()) }, 0, 0.0005},
		"steady":                         {func(float64) float64 { return 400 + 10*r.NormFloat64() }, 0, 0},
		"start-up burst, then flat":      {func(age float64) float64 { return 300 + 200*math.Exp(-age) + 5*r.NormFloat64() }, 0, 0},
		"warm-up of some hours":          {func(age float64) float64 { return 100 + 400*(1-math.Exp(-age/8)) + 5*r.NormFloat64() }, 0, 0.001},
		"warm-up of a day":               {func(age float64) float64 { return 100 + 400*(1-math.Exp(-age/24)) + 5*r.NormFloat64() }, 0, 0.02},
		"a heap that grows to its end":   {func(age float64) float64 { return 100 + min(age*20, 400) + 10*r.NormFloat64() }, 0, 0.005},
		"leak":                           {func(age float64) float64 { return 100 + 10*age + 5*r.NormFloat64() }, 0.75, 1},
		"leak by requests, which differ": {func(age float64) float64 { return 100 + 10*age*(1+0.03*r.NormFloat64()) }, 0.6, 1},
	}
	for _, name := range slices.Sorted(maps.Keys(shapes)) { // in order: all draw from one source
		shape := shapes[name]
		for _, n := range []int{4, 6, 12, 40} {
			const trials = 4000
			called := 0
			for range trials {
				points := make([]Point, n)
				for i := range points {
					age := 1 + 71*r.Float64()
					points[i] = Point{time.Duration(age * float64(time.Hour)), int64(shape.use(age) * mi)}
				}
				if _, ok := Of(points, LeastAges); ok {
					called++
				}
			}
			share := float64(called) / trials
			least := shape.least
			if n < 12 {
				least = 0 // few, by chance near each other in age: silence is right
			}
			if share < least || share > shape.most {
				t.Errorf("%s, %d replicas: %.2f%% called a leak, want %.2f%% to %.2f%%", name, n, 100*share, 100*least, 100*shape.most)
			}
			t.Logf("%s, %d replicas: %.2f%%", name, n, 100*share)
		}
	}
}

func TestAgree(t *testing.T) {
	day := time.Date(2026, 11, 20, 0, 0, 0, 0, time.UTC)
	life := func(end string, hours float64) Life {
		var d, h, m int
		if _, err := fmt.Sscanf(end, "%d %d:%d", &d, &h, &m); err != nil {
			t.Fatal(err)
		}
		to := day.AddDate(0, 0, d).Add(time.Duration(h)*time.Hour + time.Duration(m)*time.Minute)
		return Life{to.Add(-time.Duration(hours * float64(time.Hour))), to}
	}
	for name, test := range map[string]struct {
		lives   []Life
		moments int // 0: they do not agree
	}{
		"at an age":                {[]Life{life("0 3:00", 9), life("0 8:00", 9.5), life("1 1:00", 9.2)}, 3},
		"at any age":               {[]Life{life("0 3:00", 2), life("0 8:00", 9), life("1 1:00", 5)}, 0},
		"begun and ended together": {[]Life{life("0 3:00", 9), life("0 3:20", 9.3), life("0 3:40", 9.6)}, 1},
		"at noon":                  {[]Life{life("0 12:00", 24), life("1 12:10", 24.1), life("2 11:50", 23.7)}, 1},
		"around midnight":          {[]Life{life("0 23:30", 24), life("2 0:40", 25)}, 1},
		"a day and a half":         {[]Life{life("0 3:00", 36), life("1 15:10", 36.1), life("2 9:00", 35)}, 3},
		"of no length":             {[]Life{life("0 3:00", 0), life("0 8:00", 0)}, 0},
		"one":                      {[]Life{life("0 3:00", 9)}, 0},
	} {
		if got, ok := Agree(test.lives); ok != (test.moments > 0) || got.Moments != test.moments {
			t.Errorf("%s: %+v (%v), want %d moments", name, got, ok, test.moments)
		}
	}
}

// FuzzOf: whatever ages and numbers are, a trend is a number.
func FuzzOf(f *testing.F) {
	f.Add(int64(1), int64(2), int64(3), int64(4), int64(5), int64(6), int64(7), int64(8))
	f.Add(int64(1)<<62, int64(1)<<62, int64(0), int64(-1), int64(1)<<61, int64(5), int64(1), int64(0))
	f.Fuzz(func(t *testing.T, a, b, c, d, w, x, y, z int64) {
		points := []Point{{time.Duration(a), w}, {time.Duration(b), x}, {time.Duration(c), y}, {time.Duration(d), z}}
		if trend, ok := Of(points, 3); ok && !(trend.PerHour > 0 && trend.Bound >= 0 && trend.Bound <= trend.PerHour && !math.IsInf(trend.PerHour, 0)) {
			t.Errorf("%v: %+v", points, trend)
		}
	})
}
