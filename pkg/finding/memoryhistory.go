package finding

// This file is the wire type of weeks of memory, as a recording keeps them beside the objects.

import "time"

// MemoryHistoryKind is the kind of weeks of memory in a recording.
const MemoryHistoryKind = "MemoryHistory"

// MemoryHistory is what a store of metrics told of one container in one pod: not the samples, but what of them a recommendation rests on,
// so that it can be made again without the store.
type MemoryHistory struct {
	APIVersion string    `json:"apiVersion"`
	Kind       string    `json:"kind"`
	Object     ObjectRef `json:"object"` // the workload and the container

	// What was asked of the store, and what it knows; the same for all pods of a container.
	From        time.Time `json:"from"`
	To          time.Time `json:"to"`
	Interval    string    `json:"interval,omitempty"` // how often the container was looked at, as a Go duration
	KillsKnown  bool      `json:"killsKnown,omitempty"`
	LivesKnown  bool      `json:"livesKnown,omitempty"`
	OwnersKnown bool      `json:"ownersKnown,omitempty"`

	VersionsUnknown string `json:"versionsUnknown,omitempty"` // why not all pods' versions are known, a sentence; absent where they are

	Pod     string      `json:"pod"`
	Version string      `json:"version,omitempty"`
	First   *time.Time  `json:"first,omitempty"` // of its samples
	Last    *time.Time  `json:"last,omitempty"`
	Samples int         `json:"samples"`             // intervals, each with its peak
	Now     float64     `json:"now,omitempty"`       // bytes: the peak of the last interval
	StartUp float64     `json:"startUp,omitempty"`   // bytes: the highest peak of a start
	Starts  []time.Time `json:"starts,omitempty"`    // of the container, in order
	Kills   []Kill      `json:"kills,omitempty"`     // by the memory killer
	Steady  Counts      `json:"steady"`              // the peaks of all intervals but those of starts
	Hours   Hours       `json:"hours"`               // what was seen of each hour
	Begin   *time.Time  `json:"hoursFrom,omitempty"` // when the first of the hours begins
}

// Kill is an end by the memory killer, and the limit that was in force, in bytes; 0: not known.
type Kill struct {
	Time  time.Time `json:"time"`
	Limit float64   `json:"limit,omitempty"`
}

// Counts are values in buckets, each 1 % wider than the one before: bucket i begins at 1.01^i bytes.
type Counts struct {
	First  int      `json:"first,omitempty"` // the bucket of the first count
	Counts []uint32 `json:"counts,omitempty"`
	Max    float64  `json:"max,omitempty"` // bytes: the highest value itself
}

// Hours are numbers of bytes by the hour, from the beginning of the first on. 0 is not seen; what was seen in no hour is left out.
type Hours struct {
	Peak   []float32 `json:"peak,omitempty"`   // the highest working set, without starts
	Usage  []float32 `json:"usage,omitempty"`  // the highest use with page cache
	Kernel []float32 `json:"kernel,omitempty"` // the peak that the kernel remembers
	Limit  []float32 `json:"limit,omitempty"`  // in force
	RSS    []float32 `json:"rss,omitempty"`    // the lowest
	Cache  []float32 `json:"cache,omitempty"`  // the lowest page cache in the working set
}
