package main

// This file keeps the process small. Each object is decoded whole and then mostly dropped: 20 KB of garbage for a pod of which 2.6 KB stay.
// Go's collector would let garbage grow to as much as is alive, which on a cluster of 20,000 pods takes 260 MB in all; to collect more often
// from the start would cost every run time. So it is left alone while the heap is small, and may hold 20 % more than is alive, or will be when
// all pods have been read, when it is not. Without knowing what comes, a cluster of 100,000 pods would be collected 250 times on the way to
// what it needs in the end. What all this costs and saves: docs/performance.md.

import (
	"runtime"
	"runtime/debug"
	"runtime/metrics"
	"sync/atomic"
)

const (
	small = 152 << 20 // bytes: up to here the heap grows as Go has it
	spare = 8 << 20   // bytes beside the fifth
	each  = 5300      // bytes: what a pod takes with all that belongs to it: half of it is its own
)

// boundHeap bounds the heap by what is alive, anew after each collection, or by what so many pods will need as the function that it returns is
// told; nil where the user has asked for other bounds.
func boundHeap(getenv func(string) string) (pods func(int)) {
	for _, name := range []string{"GOGC", "GOMEMLIMIT"} {
		if getenv(name) != "" {
			return nil
		}
	}
	var expected atomic.Int64 // bytes
	bound := func() {
		live := []metrics.Sample{{Name: "/gc/heap/live:bytes"}}
		metrics.Read(live)
		debug.SetMemoryLimit(max(small, max(int64(live[0].Value.Uint64()), expected.Load())*6/5+spare))
	}
	debug.SetMemoryLimit(small)
	afterCollection(bound)
	return func(n int) {
		if now := int64(n) * each; expected.Swap(now) != now {
			bound()
		}
	}
}

// afterCollection calls do after each garbage collection.
func afterCollection(do func()) {
	type marker struct{ _ *byte } // not so small that it shares memory with others
	runtime.AddCleanup(&marker{}, func(do func()) {
		do()
		afterCollection(do)
	}, do)
}
