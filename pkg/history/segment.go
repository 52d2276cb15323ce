package history

// Versions. A rollout may change how much memory a container needs; then what came before it says nothing of what comes now.

import (
	"cmp"
	"math"
	"slices"
	"time"

	"github.com/kubectl-scars/kubectl-scars/pkg/order"
)

const (
	leastSpan = 3 * day // below it a version says too little
	sameLevel = 0.1     // versions whose level differs by less count as one
)

// version is the pods of one version.
type version struct {
	name        string
	pods        []*Pod
	first, last time.Time
	steady      sketch
}

func (v *version) span() time.Duration { return v.last.Sub(v.first) }

// level is what the version needs nearly always.
func (v *version) level() float64 { return v.steady.quantile(0.99) }

// versions lists the versions, the newest last: that which was seen last, and of those the one that began last.
func (r *Record) versions() []*version {
	byName := map[string]*version{}
	var out []*version
	for _, p := range r.sorted() {
		if p.samples == 0 {
			continue
		}
		v := byName[p.version]
		if v == nil {
			v = &version{name: p.version, first: p.first}
			byName[p.version] = v
			out = append(out, v)
		}
		v.pods = append(v.pods, p)
		v.steady.merge(&p.steady)
		if p.first.Before(v.first) {
			v.first = p.first
		}
		if p.last.After(v.last) {
			v.last = p.last
		}
	}
	order.By(out, func(a, b *version) int {
		// Pods of one moment end within minutes of each other.
		return cmp.Or(cmp.Compare(a.last.Truncate(time.Hour).Unix(), b.last.Truncate(time.Hour).Unix()), a.first.Compare(b.first), cmp.Compare(a.name, b.name))
	})
	return out
}

// segment is the versions that a recommendation rests on.
type segment struct {
	used  []*version // oldest first
	young *version   // newer than they, and too young to rest on
	older *version   // the newest of those left out because their level was another
}

// pick takes the newest version that was seen for long enough, and those before it as long as they need the same.
func pick(all []*version) segment {
	var s segment
	for _, v := range slices.Backward(all) {
		switch {
		case len(s.used) == 0 && v.span() < leastSpan:
			if s.young == nil {
				s.young = v
			}
		case len(s.used) == 0:
			s.used = []*version{v}
		case math.Abs(v.level()/max(s.used[len(s.used)-1].level(), 1)-1) > sameLevel && v.steady.n > 0:
			s.older = v
			return s
		default:
			s.used = append([]*version{v}, s.used...)
		}
	}
	if len(s.used) == 0 && len(all) > 1 { // many short versions: together they may be long enough
		whole := &version{name: all[len(all)-1].name, first: all[0].first, last: all[len(all)-1].last}
		for _, v := range all {
			whole.pods = append(whole.pods, v.pods...)
			whole.steady.merge(&v.steady)
			if v.first.Before(whole.first) {
				whole.first = v.first
			}
		}
		if whole.span() >= leastSpan {
			return segment{used: []*version{whole}}
		}
	}
	if len(s.used) == 0 && len(all) > 0 { // too young, and all there is
		return segment{used: []*version{all[len(all)-1]}}
	}
	return s
}

func (s segment) pods() []*Pod {
	var out []*Pod
	for _, v := range s.used {
		out = append(out, v.pods...)
	}
	return out
}

// span is how long the versions were seen, from first to last.
func (s segment) span() (from, to time.Time) {
	for i, v := range s.used {
		if i == 0 || v.first.Before(from) {
			from = v.first
		}
		if v.last.After(to) {
			to = v.last
		}
	}
	return from, to
}

// steady is the peaks of all intervals but those of starts.
func (s segment) steady() *sketch {
	var out sketch
	for _, v := range s.used {
		out.merge(&v.steady)
	}
	return &out
}
