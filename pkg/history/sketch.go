package history

// Quantiles of millions of values in a few kilobytes: values are counted in buckets each 1 % wider than the one before, so that an
// answer is within 0.5 % of the exact one.

import (
	"math"
	"slices"
)

const growth = 1.01

// sketch counts values. The zero value is empty.
type sketch struct {
	counts []uint32
	first  int // the bucket of counts[0]
	n      int
	max    float64
}

func bucketOf(v float64) int { return int(math.Floor(math.Log(max(v, 1)) / math.Log(growth))) }

func (s *sketch) add(v float64) {
	b := bucketOf(v)
	switch {
	case s.n == 0 && len(s.counts) == 0:
		s.first, s.counts = b, make([]uint32, 1, 64)
	case b < s.first:
		s.counts = append(make([]uint32, s.first-b, s.first-b+len(s.counts)), s.counts...)
		s.first = b
	case b >= s.first+len(s.counts):
		s.counts = append(s.counts, make([]uint32, b-s.first-len(s.counts)+1)...)
	}
	s.counts[b-s.first]++
	s.n++
	s.max = max(s.max, v)
}

func (s *sketch) merge(o *sketch) {
	highest := max(s.max, o.max)
	for i, c := range o.counts {
		if c == 0 {
			continue
		}
		v := math.Pow(growth, float64(o.first+i)+0.5)
		s.add(v)
		s.counts[bucketOf(v)-s.first] += c - 1
		s.n += int(c) - 1
	}
	s.max = highest // not the middle of its bucket
}

// quantile is the value that a share q of all values does not exceed; 0 where there is none.
func (s *sketch) quantile(q float64) float64 {
	rank := rankOf(q, s.n)
	for i, seen := 0, 0; i < len(s.counts); i++ {
		if seen += int(s.counts[i]); seen > rank {
			return min(math.Pow(growth, float64(s.first+i)+0.5), s.max)
		}
	}
	return s.max
}

// rankOf is the index, among n sorted values, of the smallest that a share q does not exceed (nearest rank).
func rankOf(q float64, n int) int { return max(min(int(math.Ceil(q*float64(n)))-1, n-1), 0) }

// quantile of a few values, exactly; 0 where there is none.
func quantile(values []float64, q float64) float64 {
	if len(values) == 0 {
		return 0
	}
	sorted := slices.Sorted(slices.Values(values))
	return sorted[rankOf(q, len(sorted))]
}
