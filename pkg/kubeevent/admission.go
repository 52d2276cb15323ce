package kubeevent

// This file reads why the kubelet turned a pod away for want of room, from the pod's status.message or its event OutOfmemory.

import (
	"regexp"
	"strconv"
)

// Shortage is what a node had left for a pod that it turned away, in units of the resource: bytes for memory.
type Shortage struct {
	Resource                  string // memory, cpu, pods …
	Requested, Used, Capacity int64
}

var shortage = regexp.MustCompile(`Node didn't have enough resource: (\S+), requested: (\d+), used: (\d+), capacity: (\d+)`)

// ParseShortage reads the text (kubernetes v1.37.2 pkg/kubelet/lifecycle/predicate.go, InsufficientResourceError).
func ParseShortage(message string) (Shortage, bool) {
	text, _ := uncombine(message)
	m := shortage.FindStringSubmatch(text)
	if m == nil {
		return Shortage{}, false
	}
	s := Shortage{Resource: m[1]}
	for i, n := range []*int64{&s.Requested, &s.Used, &s.Capacity} {
		var err error
		if *n, err = strconv.ParseInt(m[i+2], 10, 64); err != nil {
			return Shortage{}, false
		}
	}
	return s, true
}
