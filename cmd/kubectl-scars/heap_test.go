package main

import (
	"math"
	"runtime"
	"runtime/debug"
	"testing"
	"time"
)

// TestHeapIsBoundedByWhatIsAlive also holds that the bound goes down again, knows what comes, and that a user's own bounds are left alone.
func TestHeapIsBoundedByWhatIsAlive(t *testing.T) {
	t.Cleanup(func() { debug.SetMemoryLimit(math.MaxInt64) })
	limit := func() int64 { return debug.SetMemoryLimit(-1) }
	was := limit()
	if boundHeap(func(name string) string { return map[string]string{"GOMEMLIMIT": "1TiB"}[name] }); limit() != was {
		t.Errorf("changed the user's own bound to %d", limit())
	}
	pods := boundHeap(func(string) string { return "" })
	until := func(what string, holds func() bool) {
		t.Helper()
		for deadline := time.Now().Add(time.Minute); !holds(); runtime.GC() {
			if time.Now().After(deadline) {
				t.Fatalf("%s: the bound is %d", what, limit())
			}
		}
	}
	alive := make([]byte, 2*small)
	until("twice as much is alive", func() bool { return limit() > 2*small && limit() < 3*small })
	runtime.KeepAlive(alive)
	until("nothing is alive", func() bool { return limit() == small })
	if pods(100_000); limit() < 100_000*each || limit() > 100_000*each*5/4 {
		t.Errorf("the bound is %d where 100,000 pods come", limit())
	}
	until("they come", func() bool { return limit() > 100_000*each })
	pods(10)
	until("few pods are there", func() bool { return limit() == small })
}
