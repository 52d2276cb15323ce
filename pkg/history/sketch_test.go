package history

import (
	"math"
	"math/rand/v2"
	"testing"
)

func TestSketchIsWithinHalfAPercent(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	var values []float64
	var one, two sketch
	for range 20000 {
		v := math.Exp(random.NormFloat64()) * 1e8
		values = append(values, v)
		if random.IntN(2) == 0 {
			one.add(v)
		} else {
			two.add(v)
		}
	}
	one.merge(&two)
	if one.n != len(values) {
		t.Fatalf("%d values, want %d", one.n, len(values))
	}
	for _, q := range []float64{0, 0.01, 0.5, 0.95, 0.99, 0.9999, 1} {
		want := quantile(values, q)
		if got := one.quantile(q); math.Abs(got/want-1) > 0.0051 {
			t.Errorf("%v: %v, want %v", q, got, want)
		}
	}
	if one.quantile(1) != quantile(values, 1) {
		t.Error("the highest is not exact")
	}
	if (&sketch{}).quantile(0.5) != 0 {
		t.Error("nothing has a quantile")
	}
}
