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
	now        func(fallback time.Time) time.Time // the server's clock
	namespaces []string
	w          io.Writer
	opts       render.Options

	wake, stop chan struct{}
	ended      chan struct{}

	mu   sync.Mutex
	read map[snapshot.Kind]bool
	left int // kinds that are still being read

	ran []*analysis.Check // by run alone, as what follows
	at  time.Time         // of the first look; what is judged later is judged by the same time
	n   int               // findings that were said
}

// early starts to say what is certain while that many kinds are read; finish must follow. Nobody but a terminal wants it, and where subjects
// or labels were asked for, only the whole tells what concerns them; neither do commands that show no findings.
func (o *analyseOptions) early(b *snapshot.Builder, now func(time.Time) time.Time, namespaces []string, kinds int, w io.Writer) *early {
	if o.env.ErrTTY == nil || len(o.args) > 0 || o.selector != "" || o.severity == "" {
		return nil
	}
	e := &early{
		o: o, builder: b, now: now, namespaces: namespaces, w: w, read: map[snapshot.Kind]bool{}, left: kinds,
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
	e.left--
	e.mu.Unlock()
	select {
	case e.wake <- struct{}{}:
	default: // it is awake
	}
}

// finish waits for what is being said, and says no more. It returns the time by which it was judged, zero where nothing was.
func (e *early) finish() time.Time {
	if e == nil {
		return time.Time{}
	}
	close(e.stop)
	<-e.ended
	return e.at
}

func (e *early) run() {
	defer close(e.ended)
	soonest := time.After(earlyAfter)
	for waited := false; ; {
		wake := e.wake
		if !waited {
			wake = nil
		}
		select {
		case <-e.stop:
			return
		case <-soonest:
			waited = true
		case <-wake:
		}
		e.look()
	}
}

// look runs the checks that have become ready, unless the report is about to do it. What they find now they find again at the end: their
// inputs are complete, a check sees nothing else, and the time is the same.
func (e *early) look() {
	e.mu.Lock()
	read, left := maps.Clone(e.read), e.left
	e.mu.Unlock()
	if left == 0 || len(e.namespaces) > 0 && !e.builder.Has(e.namespaces[0]) { // which may not exist
		return
	}
	var ready []*analysis.Check
	for _, c := range e.o.checks {
		unread := func(in analysis.Input) bool { // what is asked for by name comes later, or never
			return e.o.mayRead(in.Kind) && (in.ByName || !read[in.Kind])
		}
		if !slices.ContainsFunc(c.Inputs, unread) && !slices.Contains(e.ran, c) {
			ready = append(ready, c)
		}
	}
	if e.at.IsZero() {
		e.at = e.now(time.Time{})
	}
	if len(ready) == 0 || e.at.IsZero() {
		return
	}
	e.ran = append(e.ran, ready...)
	s := e.builder.Build(e.at)
	report := analysis.Assemble(s, analysis.Run(s, ready, e.namespaces), finding.Metadata{})
	analysis.Keep(report, s, e.o.filter(e.namespaces))
	for _, f := range report.Findings {
		// A finding that names another check may be said better by it; of a namespace that turns out to be on its way out, only what lasts stays.
		if f.SaidBy == "" && (f.Object.Namespace == "" || lasting(ready, f.Check)) {
			e.say(f)
		}
	}
}

func lasting(checks []*analysis.Check, id string) bool {
	return slices.ContainsFunc(checks, func(c *analysis.Check) bool { return c.ID == id && analysis.Lasting(c) })
}

// say ignores errors of the writer, as progress does.
func (e *early) say(f finding.Finding) {
	if e.n == earlyLines {
		return
	}
	if e.n == 0 {
		_, _ = fmt.Fprintln(e.w, "found so far:")
	}
	_, _ = fmt.Fprintln(e.w, render.Line(e.w, f, e.opts))
	e.n++
}
