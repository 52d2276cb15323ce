package history

// A pod's lives: from each start of the container to the next. What cannot be told apart by the hour is left out of them.

import "time"

// life is one run of a container: the hours that lie in it whole.
type life struct {
	from, to time.Time
	hours    []hour
	first    int // the hour of hours[0], since the epoch
	killed   bool
	alive    bool    // it runs at the end of the history
	start    float64 // the highest peak of any start in the pod
}

// span is how long it was seen.
func (l life) span() time.Duration { return l.to.Sub(l.from) }

// lives lists the runs of the container. Where nothing told of starts the pod counts as one life.
func (p *Pod) lives() []life {
	if p.samples == 0 {
		return nil
	}
	bounds := []time.Time{}
	for _, s := range p.starts {
		if s.After(p.first) && s.Before(p.last) {
			bounds = append(bounds, s)
		}
	}
	var out []life
	from := p.first
	for i, to := range append(bounds, p.last) {
		l := life{from: from, to: to, start: p.starting}
		// Hours that lie whole in it; at the ends of the pod there is no other life that part of an hour could belong to.
		begin, end := int((from.Unix()+3599)/3600), int(to.Unix()/3600)
		if i == 0 {
			begin = hourOf(from)
		}
		if i == len(bounds) {
			end = hourOf(to) + 1
		}
		begin, end = max(begin, p.firstHour), min(end, p.firstHour+len(p.hours))
		if l.first = begin; end > begin {
			l.hours = p.hours[begin-p.firstHour : end-p.firstHour]
		}
		for _, k := range p.kills {
			l.killed = l.killed || k.At.After(from.Add(-time.Minute)) && !k.At.After(to.Add(StartUp))
		}
		out = append(out, l)
		from = to
	}
	out[len(out)-1].alive = p.record.To.Sub(p.last) < StartUp
	return out
}

// need is what a life needed at least, by what was sampled and by the kernel's peak; 0 where nothing was seen of it.
//
// The kernel's peak counts page cache too, and so it alone says nothing. But cache stays until it is wanted for something else: what
// lies above the highest use that was sampled came and went between two scrapes, and that was no cache.
func (l life) need() float64 {
	var peak, usage, kernel float32
	for _, h := range l.hours {
		peak, usage, kernel = max(peak, h.peak), max(usage, h.usage), max(kernel, h.kernel)
	}
	if usage == 0 || peak == 0 {
		return float64(peak)
	}
	unseen := max(float64(kernel)-max(float64(usage), l.start), 0)
	return float64(peak) + unseen
}
