package history

// Records on their way into a recording, and back. What comes back may come from anybody, so that each number is looked at.

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/kubectl-scars/kubectl-scars/pkg/finding"
)

const (
	mostHours   = 10 * 366 * 24
	mostBuckets = 4200 // up to an exbibyte
)

// Saved is the record of a container, a document for each pod, by name.
func (r *Record) Saved(object finding.ObjectRef) []finding.MemoryHistory {
	var out []finding.MemoryHistory
	for _, p := range r.sorted() {
		h := finding.MemoryHistory{
			APIVersion: finding.APIVersion, Kind: finding.MemoryHistoryKind, Object: object, From: r.From, To: r.To,
			KillsKnown: r.KillsKnown, LivesKnown: r.LivesKnown, OwnersKnown: r.OwnersKnown, VersionsUnknown: r.VersionsUnknown,
			Pod: p.name, Version: p.version, Samples: p.samples, Now: p.now, StartUp: p.starting, Starts: p.starts,
			Steady: finding.Counts{First: p.steady.first, Counts: p.steady.counts, Max: p.steady.max},
		}
		if r.Interval > 0 {
			h.Interval = r.Interval.String()
		}
		if p.samples > 0 {
			h.First, h.Last = finding.At(p.first.UTC()), finding.At(p.last.UTC())
		}
		for _, k := range p.kills {
			h.Kills = append(h.Kills, finding.Kill{Time: k.At, Limit: k.Limit})
		}
		if len(p.hours) > 0 {
			h.Begin = finding.At(time.Unix(int64(p.firstHour)*3600, 0).UTC())
		}
		for column, field := range columns(&h.Hours) {
			values := make([]float32, len(p.hours))
			for i := range p.hours {
				values[i] = *field(&p.hours[i])
			}
			if slices.ContainsFunc(values, func(v float32) bool { return v != 0 }) {
				*column = values
			}
		}
		out = append(out, h)
	}
	return out
}

// columns pairs what is written with what it is in an hour.
func columns(h *finding.Hours) map[*[]float32]func(*hour) *float32 {
	return map[*[]float32]func(*hour) *float32{
		&h.Peak:   func(h *hour) *float32 { return &h.peak },
		&h.Usage:  func(h *hour) *float32 { return &h.usage },
		&h.Kernel: func(h *hour) *float32 { return &h.kernel },
		&h.Limit:  func(h *hour) *float32 { return &h.limit },
		&h.RSS:    func(h *hour) *float32 { return &h.low },
		&h.Cache:  func(h *hour) *float32 { return &h.cache },
	}
}

// Restore makes the records again, by container.
func Restore(saved []finding.MemoryHistory) (map[finding.ObjectRef]*Record, error) {
	out := map[finding.ObjectRef]*Record{}
	for i := range saved {
		h := &saved[i]
		r := out[h.Object]
		if r == nil {
			r = NewRecord(h.From, h.To)
			r.KillsKnown, r.LivesKnown, r.OwnersKnown, r.VersionsUnknown = h.KillsKnown, h.LivesKnown, h.OwnersKnown, h.VersionsUnknown
			r.Interval, _ = time.ParseDuration(h.Interval)
			out[h.Object] = r
		}
		if err := r.restore(h); err != nil {
			return nil, fmt.Errorf("history of %s, pod %q: %w", h.Object, h.Pod, err)
		}
	}
	return out, nil
}

// restore takes one pod in.
func (r *Record) restore(h *finding.MemoryHistory) error {
	if !h.From.Before(h.To) || h.To.Sub(h.From) > mostHours*time.Hour {
		return errors.New("from and to are no time")
	}
	if h.Samples < 0 || (h.Samples > 0) != (h.First != nil && h.Last != nil && !h.Last.Before(*h.First)) {
		return errors.New("samples without a time, or the other way round")
	}
	p := r.Pod(h.Pod, h.Version)
	if p.samples > 0 || len(p.hours) > 0 {
		return errors.New("there twice")
	}
	p.samples, p.now, p.starting = h.Samples, h.Now, h.StartUp
	if h.Samples > 0 {
		p.first, p.last = *h.First, *h.Last
	}
	for _, at := range h.Starts {
		p.Started(at)
	}
	for _, k := range h.Kills {
		p.Killed(k.Time, k.Limit)
	}
	p.steady = sketch{first: h.Steady.First, counts: slices.Clone(h.Steady.Counts), max: h.Steady.Max}
	for _, n := range p.steady.counts {
		p.steady.n += int(n)
	}
	if p.steady.first < 0 || p.steady.first+len(p.steady.counts) > mostBuckets || p.steady.n > h.Samples {
		return errors.New("more counted than seen")
	}
	if h.Begin == nil {
		return p.plausible()
	}
	if at := h.Begin.Sub(h.From); at < -24*time.Hour || h.Begin.After(h.To) || h.Begin.Unix()%3600 != 0 {
		return errors.New("the hours begin at another time")
	}
	p.firstHour = int(h.Begin.Unix() / 3600)
	for column, field := range columns(&h.Hours) {
		if len(*column) > mostHours {
			return errors.New("too many hours")
		}
		if more := len(*column) - len(p.hours); more > 0 {
			p.hours = append(p.hours, make([]hour, more)...)
		}
		for i, v := range *column {
			*field(&p.hours[i]) = v
		}
	}
	return p.plausible()
}

// plausible refuses amounts that are none.
func (p *Pod) plausible() error {
	ok := size(p.now) && size(p.starting) && size(p.steady.max)
	for _, k := range p.kills {
		ok = ok && size(k.Limit)
	}
	for _, h := range p.hours {
		for _, v := range []float32{h.peak, h.usage, h.kernel, h.limit, h.low, h.cache} {
			ok = ok && size(float64(v))
		}
	}
	if !ok {
		return errors.New("an amount that is none")
	}
	return nil
}
