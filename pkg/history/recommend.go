package history

// This file makes the recommendation: which numbers, why, and how sure.

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"time"

	"github.com/kubectl-scars/kubectl-scars/pkg/finding"
)

// Options are what is set now, and what is asked for.
type Options struct {
	Quantile float64 // of peaks; 0 means 0.99

	Limit, Request float64 // bytes that are set now; 0: none
	Guaranteed     bool    // the pod is of that QoS class, and stays so

	// Uses is what a living pod uses at most now, by another source than the history; 0 where nothing tells.
	Uses float64
}

// The rule for confidence.
const (
	strongSpan     = 2 * week
	strongLives    = 10
	strongInterval = 30 * time.Second

	leastLimit = 16 << 20 // what a runtime needs to start anything, with room
	chartSize  = 60
)

// Recommend judges what was seen of a container. Of the result it fills all but the object, its replicas, QoS class, cost, patch and
// owner.
func Recommend(r *Record, o Options) finding.Recommendation {
	if o.Quantile == 0 {
		o.Quantile = 0.99
	}
	a := advice{record: r, o: o, all: r.versions()}
	a.out.Limit.Now, a.out.Request.Now = int64(o.Limit), int64(o.Request)
	a.out.Basis.Quantile = strconv.FormatFloat(o.Quantile, 'g', -1, 64)
	if r.Interval > 0 {
		a.out.Basis.Interval = r.Interval.String()
	}
	if len(a.all) == 0 {
		a.out.CannotSay = fmt.Sprintf("there is no sample of it since %s", r.From.Format("2006-01-02"))
		return a.out
	}
	a.segment = pick(a.all)
	a.needs = a.segment.needs(o.Quantile)
	a.steady = a.segment.steady()
	a.basis()
	a.out.Chart = r.chart()
	a.judge()
	return a.out
}

// advice is a recommendation in the making.
type advice struct {
	record  *Record
	o       Options
	all     []*version
	segment segment
	needs   needs
	steady  *sketch
	out     finding.Recommendation
}

func (a *advice) basis() {
	b := &a.out.Basis
	from, to := a.segment.span()
	b.From, b.To = finding.At(from), finding.At(to)
	b.Lives, b.Kills = a.needs.lives, a.needs.kills
	b.Peaks, b.StartUp, b.Worst = whole(a.steady.quantile(a.o.Quantile)), whole(a.needs.starting), whole(max(a.needs.highest, a.needs.worst))
	names := map[string]bool{}
	for _, p := range a.segment.pods() {
		names[p.name] = true
		b.Samples += p.samples
	}
	b.Pods = len(names)
	for _, v := range a.segment.used {
		if v.name != "" {
			b.Used = append(b.Used, v.name)
			b.Version = v.name
		}
	}
}

func (a *advice) judge() {
	from, to := a.segment.span()
	span := to.Sub(from)
	a.note(a.segment.told())
	a.note(a.record.VersionsUnknown)
	if a.needs.unknown > 0 && a.needs.failed == 0 && a.o.Limit > 0 {
		a.needs.failed = a.o.Limit
		a.note("nobody recorded the limit under which it was killed; the present one is taken for it")
	}
	if span < leastSpan {
		a.out.CannotSay = fmt.Sprintf("%s of history; %s are the least", words(span), words(leastSpan))
		if a.needs.failed > 0 {
			a.note(fmt.Sprintf("it was killed at %s: it needs more than that", Quantity(a.needs.failed)))
		}
		return
	}
	a.out.Confidence = a.confidence(span)
	a.out.Request.Reason = fmt.Sprintf("%s of the time no pod needed more than %s", percent(a.o.Quantile), Quantity(float64(a.out.Basis.Peaks)))
	request := max(a.steady.quantile(a.o.Quantile), leastLimit)
	if a.steady.n == 0 { // jobs and init containers are done before others have started
		request = max(a.needs.starting, leastLimit)
		a.out.Basis.Peaks = whole(a.needs.starting)
		a.out.Request.Reason = fmt.Sprintf("it never ran longer than %s, and took %s at most", words(StartUp), Quantity(a.needs.starting))
	}

	if leak, leaks := leakOf(a.segment.pods()); leaks {
		a.leak(leak)
		a.set(&a.out.Request, request)
		return
	}
	limit, reason := a.limit(span)
	limit = max(limit, request)
	if now := max(a.usesNow(), a.o.Uses); limit < now {
		a.out.Confidence = ""
		a.out.Request.Reason = ""
		a.out.CannotSay = fmt.Sprintf("refused: a pod uses %s now, more than the %s that the history asks for", Quantity(now), Quantity(limit))
		return
	}
	a.out.Limit.Reason = reason
	a.set(&a.out.Limit, limit)
	if a.o.Guaranteed {
		request, a.out.Request.Reason = limit, "equal to the limit: the pod is Guaranteed and stays so"
	}
	a.set(&a.out.Request, request)
	a.season(span)
}

// limit is the highest of what different facts ask for.
func (a *advice) limit(span time.Duration) (float64, string) {
	n := a.needs
	room := n.margin(span)
	value, reason := n.worst*(1+room), fmt.Sprintf("the worst moment of a pod took %s; %s more", Quantity(n.worst), percent(room))
	if n.unseen > 0 {
		reason = fmt.Sprintf("the kernel saw %s between two scrapes, which saw %s at most; %s more", Quantity(n.worst), Quantity(n.worst-n.unseen), percent(room))
	}
	if now := a.o.Limit; now > 0 && value > now && n.firm*(1+room) < now && n.unseen == 0 && n.kills == 0 && a.record.KillsKnown {
		value = now
		reason = fmt.Sprintf("it has held: of the %s in use at least %s are page cache, which is given back when it is wanted", Quantity(n.worst), Quantity(n.worst-n.firm))
	}
	switch v := n.starting * (1 + room); {
	case n.worst == 0:
		room = max(room, mostMargin) // there is nothing by which days could be compared
		value, reason = n.starting*(1+room), fmt.Sprintf("it took %s at most; %s more", Quantity(n.starting), percent(room))
	case n.starting > n.worst && v > value:
		value, reason = v, fmt.Sprintf("starting takes %s, running %s; %s more", Quantity(n.starting), Quantity(n.worst), percent(room))
	}
	if young := a.segment.young; young != nil {
		y := segment{used: []*version{young}}.needs(1)
		if v := max(y.worst, y.starting) * (1 + shortMargin); v > value {
			value, reason = v, fmt.Sprintf("the newest version took %s within %s; %s more", Quantity(max(y.worst, y.starting)), words(young.span()), percent(shortMargin))
		}
		if y.failed > n.failed {
			n.failed, n.kills = y.failed, y.kills
		}
	}
	if v := n.failed * afterKill; v > value {
		value = v
		reason = fmt.Sprintf("it was killed %s under %s; a quarter more, and what it needs above that is unknown", times(n.kills), Quantity(n.failed))
	}
	return max(value, leastLimit), reason
}

func (a *advice) confidence(span time.Duration) finding.Confidence {
	r, n := a.record, a.needs
	seen := n.lives >= strongLives || n.kernel > 0 && n.kernel == n.lives
	switch {
	case span >= strongSpan && seen && r.Interval > 0 && r.Interval <= strongInterval && n.kills == 0 && r.KillsKnown && r.LivesKnown && r.OwnersKnown && r.VersionsUnknown == "" && a.segment.young == nil:
		return finding.Strong
	default:
		return finding.Consistent
	}
}

func (a *advice) leak(l Leak) {
	a.out.Leak = &finding.Leak{BytesPerHour: whole(l.PerHour)}
	a.out.Limit.Reason = fmt.Sprintf("no limit would hold: it grows by %s an hour in %d of %d lives until it is started again", Quantity(l.PerHour), l.Lives, l.Of)
	if l.ToLimit > 0 {
		a.out.Leak.AtLimit = finding.At(a.record.To.Add(l.ToLimit))
		a.out.Limit.Reason += fmt.Sprintf("; the first pod is at its limit in %s", words(l.ToLimit))
	}
	if a.o.Limit > 0 {
		a.note(fmt.Sprintf("twice the limit would delay the end by %s", words(hours(a.o.Limit/l.PerHour))))
	}
	if !l.RSS {
		a.out.Confidence = finding.Consistent
		a.note("RSS was not recorded: what grows may be page cache")
	}
}

func (a *advice) season(span time.Duration) {
	if span < strongSpan {
		a.note(fmt.Sprintf("%s of history show no weekly peak", words(span)))
		return
	}
	if weekday, high, usual, found := busyDay(a.segment.pods()); found {
		a.note(fmt.Sprintf("on %ss it takes %s at least, on other days %s", weekday, Quantity(high), Quantity(usual)))
	}
}

// usesNow is what a living pod used in its last interval.
func (a *advice) usesNow() float64 {
	now := 0.0
	for _, v := range a.all {
		for _, p := range v.pods {
			if a.record.To.Sub(p.last) < StartUp {
				now = max(now, p.now)
			}
		}
	}
	return now
}

func (a *advice) note(text string) {
	if text != "" {
		a.out.Notes = append(a.out.Notes, text)
	}
}

func (a *advice) set(to *finding.Amount, bytes float64) {
	to.Recommended = RoundUp(bytes)
	to.Quantity = Quantity(float64(to.Recommended))
}

// told says which versions a recommendation rests on, where it is not all.
func (s segment) told() string {
	newest := s.used[len(s.used)-1]
	switch {
	case s.young != nil:
		return fmt.Sprintf("the newest version has run for %s only; this rests on the one before", words(s.young.span()))
	case s.older != nil:
		change := "more"
		if newest.level() < s.older.level() {
			change = "less"
		}
		return fmt.Sprintf("since %s it needs %s than before (%s, before %s); what was before is left out", s.used[0].first.Format("2006-01-02 15:04"),
			change, Quantity(newest.level()), Quantity(s.older.level()))
	}
	return ""
}

// chart is the highest peak of any pod over time.
func (r *Record) chart() []finding.Point {
	width := max(int(r.To.Sub(r.From).Hours())/chartSize, 1)
	first := hourOf(r.From.Add(time.Second))
	n := (hourOf(r.To)-first)/width + 1
	out := make([]finding.Point, n)
	for i := range out {
		out[i].Time = time.Unix(int64(first+(i+1)*width)*3600, 0).UTC()
		if out[i].Time.After(r.To) {
			out[i].Time = r.To
		}
	}
	at := func(h int) *finding.Point { return &out[max(min((h-first)/width, n-1), 0)] }
	for _, p := range r.pods {
		for i, h := range p.hours {
			if p.firstHour+i >= first {
				point := at(p.firstHour + i)
				point.Peak = max(point.Peak, int64(h.peak))
				point.Limit = max(point.Limit, int64(h.limit))
			}
		}
		for _, k := range p.kills {
			at(hourOf(k.At)).Kills++
		}
	}
	empty := func(p finding.Point) bool { return p.Peak == 0 && p.Kills == 0 }
	if i := slices.IndexFunc(out, func(p finding.Point) bool { return !empty(p) }); i > 0 {
		out = out[i:]
	}
	return out
}

func whole(v float64) int64 { return int64(math.Round(v)) }
