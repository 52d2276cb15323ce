package finding

// This file holds the memory of a container as a finding shows it, in parts that add up.

import (
	"fmt"
	"time"
)

// Memory is one look at the memory of a container, or of a pod as a whole: parts that add up, what they count against, and from where and
// when the numbers are. What is unknown is left out.
type Memory struct {
	Object ObjectRef    `json:"object"`         // the pod, and the container in it where one is meant
	Source string       `json:"source"`         // who told: "metrics API", or the path of a kubelet's answer
	Time   *time.Time   `json:"time,omitempty"` // when it was measured
	Parts  []MemoryPart `json:"parts"`          // from what never gives way to what does; they add up to total
	Total  int64        `json:"total"`          // bytes

	Limit   int64  `json:"limit,omitempty"`   // bytes; what the kernel holds the total against; absent where there is none
	LimitOf string `json:"limitOf,omitempty"` // whose limit it is: "container" or "pod"
	Request int64  `json:"request,omitempty"` // bytes; what the container asked for
	Peak    int64  `json:"peak,omitempty"`    // bytes; the most since this life began, cache included

	Says string `json:"says,omitempty"` // what follows, in one sentence
}

// MemoryPart is a part of the memory.
type MemoryPart struct {
	Name  MemoryKind `json:"name"`
	Bytes int64      `json:"bytes"`

	// GivesWay: the kernel takes it back before it kills.
	GivesWay bool `json:"givesWay,omitempty"`
}

// MemoryKind names a part of the memory.
type MemoryKind string

// The parts. Where a source does not tell parts apart, it tells their sum.
const (
	MemoryProgram MemoryKind = "program"              // anonymous memory: heaps, stacks (RSS as kubelets tell it)
	MemoryFiles   MemoryKind = "tmpfs"                // files that lie in memory and shared memory: no disk is behind them
	MemoryKernel  MemoryKind = "kernel"               // what the kernel holds for it: sockets, page tables, names of files
	MemoryActive  MemoryKind = "cache"                // cache of files on disk that was used lately
	MemoryOld     MemoryKind = "old cache"            // such cache that was not; dashboards leave it out of the working set
	MemoryRest    MemoryKind = "tmpfs, kernel, cache" // what is in the working set besides the program
	MemoryWorking MemoryKind = "working set"          // all but old cache
	MemoryUsage   MemoryKind = "usage"                // all of it
)

// Bytes is an amount of memory in the unit that gives two or three digits: "64Mi", "1.5Gi", "12Gi".
func Bytes(n int64) string {
	value, unit := float64(n), "B"
	for _, next := range []string{"Ki", "Mi", "Gi", "Ti"} {
		if value < 1024 {
			break
		}
		value, unit = value/1024, next
	}
	if (unit == "Gi" || unit == "Ti") && value < 10 && value != float64(int64(value)) {
		return fmt.Sprintf("%.1f%s", value, unit)
	}
	return fmt.Sprintf("%.0f%s", value, unit)
}
