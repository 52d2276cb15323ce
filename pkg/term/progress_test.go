package term

import (
	"bytes"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"
)

// screen is a writer that can be read while others write.
type screen struct {
	mu  sync.Mutex
	all bytes.Buffer
}

func (s *screen) Write(b []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.all.Write(b)
}

func (s *screen) take() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	defer s.all.Reset()
	return s.all.String()
}

// started is a progress whose ticks the test gives. The channel has no buffer: a tick is taken only when the one before is dealt with,
// so after n+1 sends n have been drawn, and no clock is needed.
func started(o ProgressOptions) (p *Progress, s *screen, ticks func(int)) {
	c := make(chan time.Time)
	s = &screen{}
	o.Ticker = func(time.Duration) (<-chan time.Time, func()) { return c, func() {} }
	p = NewProgress(s, o)
	return p, s, func(n int) {
		for range n {
			c <- time.Time{}
		}
	}
}

func TestProgressIsQuietAtFirst(t *testing.T) {
	p, s, ticks := started(ProgressOptions{Enabled: true, UTF8: true})
	p.Phase("reading the cluster")
	ticks(2)
	p.Stop()
	if out := s.take(); out != "" {
		t.Errorf("shown before 300 ms: %q", out)
	}
}

func TestProgressShowsPhaseAndCounts(t *testing.T) {
	p, s, ticks := started(ProgressOptions{Enabled: true, UTF8: true})
	p.Phase("reading the cluster")
	p.Count("pods", 500, 0)
	p.Count("namespaces", 3, 40)
	p.Count("pods", 3200, 0)
	ticks(4)
	if out, want := s.take(), "\r\x1b[K⠋ reading the cluster · 3200 pods · 3/40 namespaces"; !strings.HasPrefix(out, want) {
		t.Errorf("got %q, want %q", out, want)
	}
	p.Phase("judging")
	ticks(2)
	if out := s.take(); !strings.HasSuffix(out, "judging") {
		t.Errorf("a new phase keeps old counts: %q", out)
	}
	p.Stop()
	if out := s.take(); !strings.HasSuffix(out, "\r\x1b[K") {
		t.Errorf("not erased: %q", out)
	}
	p.Stop()
	if out := s.take(); out != "" {
		t.Errorf("a second stop writes %q", out)
	}
}

func TestLogLinesInterruptProgress(t *testing.T) {
	p, s, ticks := started(ProgressOptions{Enabled: true})
	p.Phase("reading")
	ticks(4)
	s.take()
	if _, err := fmt.Fprint(p, "Warning: "); err != nil {
		t.Fatal(err)
	}
	ticks(2)
	if out := s.take(); out != "\r\x1b[KWarning: " {
		t.Errorf("drawn into the middle of a line: %q", out)
	}
	if _, err := fmt.Fprintln(p, "deprecated"); err != nil {
		t.Fatal(err)
	}
	ticks(2)
	p.Stop()
	if out := s.take(); !strings.HasPrefix(out, "deprecated\n\r\x1b[K") || !strings.HasSuffix(out, "\r\x1b[K") {
		t.Errorf("does not return after a whole line: %q", out)
	}
}

func TestProgressNeverWrapsNorObeys(t *testing.T) {
	p, s, ticks := started(ProgressOptions{Enabled: true, Width: 20})
	p.Phase("reading \x1b[2J" + strings.Repeat("x", 100))
	ticks(4)
	p.Stop()
	for _, line := range strings.Split(s.take(), eraseLine) {
		if Cells(line) >= 20 || strings.Contains(line, "\x1b") {
			t.Errorf("%d cells: %q", Cells(line), line)
		}
	}
}

func TestProgressOffTerminal(t *testing.T) {
	s := &screen{}
	p := NewProgress(s, ProgressOptions{})
	p.Phase("reading")
	p.Count("pods", 1, 2)
	if _, err := fmt.Fprintln(p, "a warning"); err != nil {
		t.Fatal(err)
	}
	p.Stop()
	if out := s.take(); out != "a warning\n" {
		t.Errorf("got %q", out)
	}
}

func TestProgressIsSafeForConcurrentUse(t *testing.T) {
	p, _, ticks := started(ProgressOptions{Enabled: true})
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Go(func() {
			for n := range 100 {
				p.Count("pods", n, 100)
				if i == 0 {
					p.Phase("reading")
				}
				_, _ = fmt.Fprintln(p, "line")
			}
		})
	}
	ticks(50)
	wg.Wait()
	p.Stop()
}
