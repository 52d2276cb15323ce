package history

// What the tool takes: memory, and time beside what the store itself takes to answer the same questions.

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httputil"
	"net/url"
	"os"
	"strings"
	"sync"
	"testing"
	"time"
)

// watchMemory looks at the most memory that a process had, in KiB, until it ends and the function that it returns is called. What the
// kernel tells of a child that has ended includes its parent's memory from before the exec.
func watchMemory(pid int) func() int64 {
	stop, out := make(chan struct{}), make(chan int64)
	go func() {
		most := int64(0)
		for {
			select {
			case <-stop:
				out <- most
				return
			case <-time.After(20 * time.Millisecond):
				text, _ := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
				if _, rest, ok := strings.Cut(string(text), "VmHWM:"); ok {
					var n int64
					_, _ = fmt.Sscan(rest, &n)
					most = max(most, n)
				}
			}
		}
	}()
	return func() int64 {
		close(stop)
		return <-out
	}
}

// times are how long the tool took, and how long the store itself took to answer the same questions.
type times struct {
	questions   int
	tool, alone time.Duration
}

func (t times) ratio() float64 { return t.tool.Seconds() / t.alone.Seconds() }

func (t times) String() string {
	return fmt.Sprintf("%d questions: %s, the store alone %s: %.2f times", t.questions, t.tool.Round(time.Millisecond), t.alone.Round(time.Millisecond), t.ratio())
}

// rounds is how often both are measured, one after the other: the machine has other things to do, and what it does now it may not do then.
const rounds = 3

// compareTime asks again through a proxy that remembers what was asked, then has the store answer the same, two at a time. Of each the least
// counts: whatever else the machine does can only add to it.
func compareTime(t *testing.T, binary, objects, store string) times {
	t.Helper()
	to, err := url.Parse(store)
	if err != nil {
		t.Fatal(err)
	}
	var mu sync.Mutex
	var paths []string
	proxy := httputil.NewSingleHostReverseProxy(to)
	listener := newServer(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		paths = append(paths, r.URL.String())
		mu.Unlock()
		proxy.ServeHTTP(w, r)
	}))
	ask(t, binary, objects, listener)
	out := times{questions: len(paths)}
	for round := range rounds {
		tool, alone := ask(t, binary, objects, store).took, replay(t, store, paths)
		t.Logf("round %d: %s, the store alone %s", round+1, tool.Round(time.Millisecond), alone.Round(time.Millisecond))
		if round == 0 || tool < out.tool {
			out.tool = tool
		}
		if round == 0 || alone < out.alone {
			out.alone = alone
		}
	}
	return out
}

// replay has the store answer questions, two at a time, and tells how long that took.
func replay(t *testing.T, store string, paths []string) time.Duration {
	t.Helper()
	at := time.Now()
	queue := make(chan string)
	var workers sync.WaitGroup
	for range 2 {
		workers.Go(func() {
			for path := range queue {
				r, err := http.Get(store + path)
				if err != nil {
					t.Error(err)
					continue
				}
				_, _ = io.Copy(io.Discard, r.Body)
				_ = r.Body.Close()
			}
		})
	}
	for _, path := range paths {
		queue <- path
	}
	close(queue)
	workers.Wait()
	return time.Since(at)
}
