package term

// Progress on stderr: one line that says what is being waited for, shown only when the wait is long enough to notice.

import (
	"fmt"
	"io"
	"strings"
	"sync"
	"time"
)

// The line is redrawn every 100 ms and first shown with the third tick, so that what takes less than 300 ms shows nothing.
const (
	tick       = 100 * time.Millisecond
	quietTicks = 3
	eraseLine  = "\r\x1b[K"
)

// ProgressOptions say where and how progress is shown.
type ProgressOptions struct {
	Enabled bool // stderr is a terminal, and a smart one
	Width   int  // columns of it; 0 means 80
	UTF8    bool // it can show a spinner beyond ASCII
}

// Progress shows phases and counts while work goes on. It is safe for concurrent use, and it is an io.Writer: what is written to it
// (log lines, API warnings) appears above the line. Where it is not enabled, only what is written appears.
type Progress struct {
	mu      sync.Mutex
	w       io.Writer
	opts    ProgressOptions
	phase   string
	counts  []count // in order of first mention
	frame   int
	shown   bool // the line is on the screen
	midLine bool // what was written last did not end its line
	stop    chan struct{}
	done    chan struct{}
}

type count struct {
	what        string
	done, total int
}

// NewProgress starts to wait; Stop must follow.
func NewProgress(w io.Writer, o ProgressOptions) *Progress {
	if o.Width <= 0 {
		o.Width = DefaultWidth
	}
	p := &Progress{w: w, opts: o}
	if o.Enabled {
		p.stop, p.done = make(chan struct{}), make(chan struct{})
		go p.run(p.stop)
	}
	return p
}

func (p *Progress) run(stop <-chan struct{}) {
	defer close(p.done)
	ticker := time.NewTicker(tick)
	defer ticker.Stop()
	for n := 1; ; n++ {
		select {
		case <-stop:
			return
		case <-ticker.C:
			if n >= quietTicks {
				p.draw()
			}
		}
	}
}

// Phase begins a new phase ("reading the cluster") and forgets the counts of the last.
func (p *Progress) Phase(name string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.phase, p.counts = name, nil
}

// Count sets how many of something are done ("pods", 3200), out of total where that is known and otherwise 0.
func (p *Progress) Count(what string, done, total int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for i := range p.counts {
		if p.counts[i].what == what {
			p.counts[i].done, p.counts[i].total = done, total
			return
		}
	}
	p.counts = append(p.counts, count{what, done, total})
}

// Write puts a log line in the place of the progress line, which returns below it with the next tick.
func (p *Progress) Write(b []byte) (int, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.erase()
	if len(b) > 0 {
		p.midLine = b[len(b)-1] != '\n'
	}
	return p.w.Write(b)
}

// Stop erases the line and shows no more. It may be called twice.
func (p *Progress) Stop() {
	p.mu.Lock()
	stop := p.stop
	p.stop = nil
	p.mu.Unlock()
	if stop != nil {
		close(stop)
		<-p.done
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.erase()
}

// erase and draw ignore errors of the writer: progress that cannot be shown must not stop the work.
func (p *Progress) erase() {
	if p.shown {
		_, _ = io.WriteString(p.w, eraseLine)
		p.shown = false
	}
}

func (p *Progress) draw() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.midLine || p.phase == "" {
		return
	}
	frames := []string{"⠋", "⠙", "⠹", "⠸", "⠼", "⠴", "⠦", "⠧", "⠇", "⠏"}
	sep, tail := " · ", "…"
	if !p.opts.UTF8 {
		frames, sep, tail = []string{"|", "/", "-", `\`}, " - ", "..."
	}
	parts := []string{p.phase}
	for _, c := range p.counts {
		if c.total > 0 {
			parts = append(parts, fmt.Sprintf("%d/%d %s", c.done, c.total, c.what))
		} else {
			parts = append(parts, fmt.Sprintf("%d %s", c.done, c.what))
		}
	}
	text := Sanitize(strings.Join(parts, sep))
	if !p.opts.UTF8 {
		text = ASCII(text)
	}
	// One column stays free: a terminal that wraps in the last one would leave a line behind.
	line := Clip(frames[p.frame%len(frames)]+" "+text, p.opts.Width-1, tail)
	p.frame++
	_, _ = io.WriteString(p.w, eraseLine+line)
	p.shown = true
}
