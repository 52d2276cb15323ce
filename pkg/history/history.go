// Package history turns weeks of a container's memory into the request and the limit that it needs, with the reason for each. What was
// seen is fed into a Record in any order of time; Recommend judges it. It does no I/O and knows no clock, and equal histories give equal
// answers.
//
// Two things are taken apart that averages mix up. A request is for what a container needs nearly always: a high quantile over all
// intervals. A limit is for what it needs at worst: a high quantile over the worst moments of each pod and day, the kernel's own peak,
// the start, and what a kill has shown to be too little.
package history

import (
	"cmp"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/kubectl-scars/kubectl-scars/pkg/order"
)

// The clocks of the engine.
const (
	// StartUp is how long a container counts as starting.
	StartUp = 10 * time.Minute

	day  = 24 * time.Hour
	week = 7 * day
)

// Record is what was seen of one container of a workload, in all its pods.
type Record struct {
	// From and To bound the time that was asked for.
	From, To time.Time

	// Interval is how often the container was looked at; 0 where that is not known.
	Interval time.Duration

	// KillsKnown tells that somebody recorded how containers ended; LivesKnown, when they began; OwnersKnown, that the pods are the workload's
	// by their owner and not only by their name.
	KillsKnown, LivesKnown, OwnersKnown bool

	// VersionsUnknown says, in a sentence, why not all pods' versions are known, where they may differ. Empty where they are.
	VersionsUnknown string

	pods map[instance]*Pod
}

// instance tells pods apart: those of a StatefulSet have the same names in all versions.
type instance struct{ name, version string }

// NewRecord makes an empty record.
func NewRecord(from, to time.Time) *Record {
	return &Record{From: from.UTC(), To: to.UTC(), pods: map[instance]*Pod{}}
}

// Pod is the container in one pod. Starts must be told before peaks; everything else may come in any order.
type Pod struct {
	name, version string
	record        *Record
	starts        []time.Time // of its lives, sorted, each once
	first, last   time.Time   // of its samples
	now           float64     // the peak of its last interval

	firstHour int // of hours, since the epoch
	hours     []hour
	steady    sketch
	starting  float64 // the highest peak of any start
	samples   int

	kills []Kill
}

// hour is one hour of a pod. Zero means not seen.
type hour struct{ peak, usage, kernel, limit, low, cache float32 }

// Kill is an end by the memory killer, and the limit that was in force, 0 where that is not known.
type Kill struct {
	At    time.Time
	Limit float64
}

// Pod is the container in the pod of that name and version, made where it is new. version tells which pods are alike: the name of the
// ReplicaSet, the controller revision; empty where nothing tells.
func (r *Record) Pod(name, version string) *Pod {
	p := r.pods[instance{name, version}]
	if p == nil {
		p = &Pod{name: name, version: version, record: r}
		r.pods[instance{name, version}] = p
	}
	return p
}

// sorted lists the pods by name and version.
func (r *Record) sorted() []*Pod {
	out := make([]*Pod, 0, len(r.pods))
	for _, p := range r.pods {
		out = append(out, p)
	}
	order.By(out, func(a, b *Pod) int {
		return cmp.Or(strings.Compare(a.name, b.name), strings.Compare(a.version, b.version))
	})
	return out
}

// Started tells that the container began to run at a time.
func (p *Pod) Started(at time.Time) {
	i, found := slices.BinarySearchFunc(p.starts, at.UTC(), time.Time.Compare)
	if !found {
		p.starts = slices.Insert(p.starts, i, at.UTC())
	}
}

// Killed tells that the memory killer ended the container at a time, under a limit (0: not known).
func (p *Pod) Killed(at time.Time, limit float64) {
	if slices.ContainsFunc(p.kills, func(k Kill) bool { return k.At.Equal(at) }) {
		return
	}
	p.kills = append(p.kills, Kill{at.UTC(), limit})
}

// Peak tells the highest working set, in bytes, of the interval that ends at a time. What is no size (NaN, infinite, negative) is
// dropped.
func (p *Pod) Peak(at time.Time, bytes float64) {
	if !size(bytes) {
		return
	}
	p.samples++
	if p.first.IsZero() || at.Before(p.first) {
		p.first = at
	}
	if !at.Before(p.last) {
		p.last, p.now = at, bytes
	}
	if p.startingAt(at) {
		p.starting = max(p.starting, bytes)
		return
	}
	p.steady.add(bytes)
	h := p.hour(at)
	h.peak = max(h.peak, float32(bytes))
}

// Usage, Kernel, Low, Cache and Limit tell what was so in the hour that ends at a time: the highest use with page cache; the peak that the
// kernel itself remembers since the container's start; the lowest RSS; the lowest page cache in the working set; the highest limit in
// force.
func (p *Pod) Usage(at time.Time, bytes float64) {
	p.hourly(at, bytes, func(h *hour) *float32 { return &h.usage })
}
func (p *Pod) Kernel(at time.Time, bytes float64) {
	p.hourly(at, bytes, func(h *hour) *float32 { return &h.kernel })
}
func (p *Pod) Low(at time.Time, bytes float64) {
	p.hourly(at, bytes, func(h *hour) *float32 { return &h.low })
}
func (p *Pod) Cache(at time.Time, bytes float64) {
	p.hourly(at, bytes, func(h *hour) *float32 { return &h.cache })
}
func (p *Pod) Limit(at time.Time, bytes float64) {
	p.hourly(at, bytes, func(h *hour) *float32 { return &h.limit })
}

// LimitAt is the limit in force at a time, 0 where that is not known.
func (p *Pod) LimitAt(at time.Time) float64 {
	for _, back := range []time.Duration{0, time.Hour, -time.Hour, 2 * time.Hour} { // scrapes of another job are not at the same time
		i := hourOf(at.Add(-back)) - p.firstHour
		if i >= 0 && i < len(p.hours) && p.hours[i].limit > 0 {
			return float64(p.hours[i].limit)
		}
	}
	return 0
}

func (p *Pod) hourly(at time.Time, bytes float64, field func(*hour) *float32) {
	if size(bytes) {
		f := field(p.hour(at))
		*f = max(*f, float32(bytes))
	}
}

// size tells whether a number can be an amount of memory: an exbibyte is a typing error, and -1 means "no limit".
func size(bytes float64) bool { return bytes >= 0 && bytes < 1<<60 && !math.IsNaN(bytes) }

// startingAt tells whether an interval that ends at a time lies in a start.
func (p *Pod) startingAt(at time.Time) bool {
	i, found := slices.BinarySearchFunc(p.starts, at, time.Time.Compare)
	if !found {
		i--
	}
	return i >= 0 && at.Sub(p.starts[i]) <= StartUp
}

// hourOf is the hour that an interval ending at a time belongs to.
func hourOf(at time.Time) int { return int((at.Unix() - 1) / 3600) }

func (p *Pod) hour(at time.Time) *hour {
	i := hourOf(at)
	switch {
	case len(p.hours) == 0:
		p.firstHour, p.hours = i, make([]hour, 1)
	case i < p.firstHour:
		p.hours = append(make([]hour, p.firstHour-i, p.firstHour-i+len(p.hours)), p.hours...)
		p.firstHour = i
	case i >= p.firstHour+len(p.hours):
		p.hours = append(p.hours, make([]hour, i-p.firstHour-len(p.hours)+1)...)
	}
	return &p.hours[i-p.firstHour]
}

// Samples is the number of intervals of which a peak was told.
func (r *Record) Samples() int {
	n := 0
	for _, p := range r.pods {
		n += p.samples
	}
	return n
}

// last is the time of the last sample.
func (r *Record) last() time.Time {
	var out time.Time
	for _, p := range r.pods {
		if p.last.After(out) {
			out = p.last
		}
	}
	return out
}
