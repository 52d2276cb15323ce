package term

import (
	"bytes"
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
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

// play runs a test in a bubble of its own time. When ticks returns, that many ticks have passed and all of them are dealt with.
func play(t *testing.T, o ProgressOptions, test func(t *testing.T, p *Progress, s *screen, ticks func(int))) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		s := &screen{}
		p := NewProgress(s, o)
		test(t, p, s, func(n int) {
			time.Sleep(time.Duration(n) * tick)
			synctest.Wait()
		})
	})
}

func TestProgressIsQuietAtFirst(t *testing.T) {
	play(t, ProgressOptions{Enabled: true, UTF8: true}, func(t *testing.T, p *Progress, s *screen, ticks func(int)) {
		p.Phase("reading the cluster")
		ticks(2)
		p.Stop()
		if out := s.take(); out != "" {
			t.Errorf("shown before 300 ms: %q", out)
		}
	})
}

func TestProgressShowsPhaseAndCounts(t *testing.T) {
	play(t, ProgressOptions{Enabled: true, UTF8: true}, func(t *testing.T, p *Progress, s *screen, ticks func(int)) {
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
	})
}

func TestLogLinesInterruptProgress(t *testing.T) {
	play(t, ProgressOptions{Enabled: true}, func(t *testing.T, p *Progress, s *screen, ticks func(int)) {
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
	})
}

func TestProgressNeverWrapsNorObeys(t *testing.T) {
	play(t, ProgressOptions{Enabled: true, Width: 20}, func(t *testing.T, p *Progress, s *screen, ticks func(int)) {
		p.Phase("reading \x1b[2J" + strings.Repeat("x", 100))
		ticks(4)
		p.Stop()
		for _, line := range strings.Split(s.take(), eraseLine) {
			if Cells(line) >= 20 || strings.Contains(line, "\x1b") {
				t.Errorf("%d cells: %q", Cells(line), line)
			}
		}
	})
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
	play(t, ProgressOptions{Enabled: true}, func(_ *testing.T, p *Progress, _ *screen, ticks func(int)) {
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
	})
}
