package cli

// First results early: on a terminal, what is certain already is said while the slower inputs are still being read. These lines go to
// standard error; the report, sorted and whole, follows on standard output, and has every one of them again.

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/kubectl-scars/kubectl-scars/pkg/analysis"
	"github.com/kubectl-scars/kubectl-scars/pkg/finding"
	"github.com/kubectl-scars/kubectl-scars/pkg/render"
	"github.com/kubectl-scars/kubectl-scars/pkg/snapshot"
	"github.com/kubectl-scars/kubectl-scars/pkg/term"
)

const (
	earlyAfter = 300 * time.Millisecond // who has the report sooner needs no early lines
	earlyLines = 10                     // at most; the report has the rest
)

// early runs each check as soon as all that it looks at has been read. A nil early does nothing.
type early struct {
	o          *analyseOptions
	builder    *snapshot.Builder
	now        func() time.Time
	namespaces []string
	w          io.Writer
	opts       render.Options

	wake, stop chan struct{}
	ended      chan struct{}

	mu   sync.Mutex
	read map[snapshot.Kind]bool

	ran  []*analysis.Check // by run alone, as what follows
	said map[string]bool   // by fingerprint
}

// early starts to say what is certain; finish must follow. Nobody but a terminal wants it, and where subjects or labels were asked for,
// only the whole tells what concerns them.
func (o *analyseOptions) early(b *snapshot.Builder, now func() time.Time, namespaces []string, w io.Writer) *early {
	if o.env.ErrTTY == nil || len(o.args) > 0 || o.selector != "" {
		return nil
	}
	e := &early{
		o: o, builder: b, now: now, namespaces: namespaces, w: w, read: map[snapshot.Kind]bool{}, said: map[string]bool{},
		wake: make(chan struct{}, 1), stop: make(chan struct{}), ended: make(chan struct{}),
		opts: render.Options{
			UTF8: term.UTF8(o.env.Getenv), Now: o.env.Now(), Terminal: true, Width: o.env.ErrTTY.Width,
			Colour: term.ResolveColour(o.color, true, o.env.Getenv),
		},
	}
	go e.run()
	return e
}

// have tells that all of a kind has been read.
func (e *early) have(kind snapshot.Kind) {
	if e == nil {
		return
	}
	e.mu.Lock()
	e.read[kind] = true
	e.mu.Unlock()
	select {
	case e.wake <- struct{}{}:
	default: // it is awake
	}
}

// finish waits for what is being said, and says no more. It returns the fingerprints of all that was said.
func (e *early) finish() map[string]bool {
	if e == nil {
		return nil
	}
	close(e.stop)
	<-e.ended
	return e.said
}

func (e *early) run() {
	defer close(e.ended)
	select {
	case <-time.After(earlyAfter):
	case <-e.stop:
		return
	}
	for {
		e.look()
		select {
		case <-e.wake:
		case <-e.stop:
			return
		}
	}
}

// look runs the checks that have become ready. What they find now they find again at the end: their inputs are complete, and a check sees
// nothing else.
func (e *early) look() {
	e.mu.Lock()
	read := maps.Clone(e.read)
	e.mu.Unlock()
	for _, info := range snapshot.Kinds() { // never listed; unasked tells what of it will be read yet
		read[info.Kind] = read[info.Kind] || info.OptIn
	}
	complete := func(c *analysis.Check) bool {
		return !slices.ContainsFunc(c.Kinds(), func(k snapshot.Kind) bool { return !read[k] })
	}
	if !slices.ContainsFunc(e.o.checks, func(c *analysis.Check) bool { return complete(c) && !slices.Contains(e.ran, c) }) {
		return
	}
	s := e.builder.Build(e.now())
	for _, kind := range e.unasked(s, complete) {
		read[kind] = false
	}
	var ready []*analysis.Check
	for _, c := range e.o.checks {
		if complete(c) && !slices.Contains(e.ran, c) {
			ready = append(ready, c)
		}
	}
	e.ran = append(e.ran, ready...)
	report := analysis.Assemble(s, analysis.Run(s, ready, e.namespaces), finding.Metadata{})
	filter := e.o.filter(e.namespaces)
	if e.o.since > 0 { // by the end of the run, some of it may have been too long ago
		filter.Since = max(1, e.o.since-e.o.timeout)
	}
	analysis.Keep(report, s, filter)
	for _, f := range report.Findings {
		if f.SaidBy == "" { // otherwise another check may say it better
			e.say(f)
		}
	}
}

// unasked lists the kinds of which single objects may yet be read by name.
func (e *early) unasked(s *snapshot.Snapshot, complete func(*analysis.Check) bool) []snapshot.Kind {
	var out []snapshot.Kind
	for _, c := range e.o.checks {
		for _, in := range c.Inputs {
			if in.ByName && e.o.mayAsk(in.Kind) && (!complete(c) || len(analysis.Asks(s, []*analysis.Check{c}, e.o.optIn()...)) > 0) {
				out = append(out, in.Kind)
			}
		}
	}
	return out
}

// say ignores errors of the writer, as progress does.
func (e *early) say(f finding.Finding) {
	if len(e.said) == earlyLines {
		return
	}
	if len(e.said) == 0 {
		_, _ = fmt.Fprintln(e.w, "found so far:")
	}
	_, _ = fmt.Fprintln(e.w, render.Line(e.w, f, e.opts))
	e.said[f.Fingerprint] = true
}
