package kubeevent

// This file reads why the kubelet evicted a pod, from the pod's status.message or the message of its event Evicted.

import (
	"regexp"
	"strings"
)

// Eviction is what the kubelet says about an eviction (kubernetes v1.37.2 pkg/kubelet/eviction/helpers.go).
type Eviction struct {
	Resource  string // what the node was low on: memory, ephemeral-storage, inodes, pids; empty where the node was not low on anything
	Threshold string // a quantity, as printed; empty where not told
	Available string

	Consumers []Consumer // those that used more than they had asked for

	// Admission is the node condition for which the pod was turned away before it ran: "MemoryPressure".
	Admission string

	// OwnLimit tells that the pod went over a limit of its own for local storage; the node was not low on anything.
	OwnLimit bool
	// Volume is the emptyDir of which that was the sizeLimit, VolumeLimit; empty for any other limit.
	Volume, VolumeLimit string
}

// Consumer is a container, or the pod as a whole, that used more than it had asked for. Quantities are as printed.
type Consumer struct {
	Container string // empty for the pod as a whole
	Using     string
	Request   string
	Resource  string
}

var (
	nodeLow   = regexp.MustCompile(`The node was low on resource: (\S+)\. ?`)
	threshold = regexp.MustCompile(`Threshold quantity: (\S+), available: (\S+)\. ?`)
	consumer  = regexp.MustCompile(`(Container|Pod) (\S+) was using (\S+?), (?:request is (\S+?), has larger consumption of (\S+?)|which exceeds its request of (\S+?))\. ?`)
	condition = regexp.MustCompile(`The node had condition: \[?([^\].]+)\]?\. ?`)
	emptyDir  = regexp.MustCompile(`^Usage of EmptyDir volume "([^"]+)" exceeds the limit "([^"]+)"`)
	ownLimit  = regexp.MustCompile(`^(?:Usage of EmptyDir volume|Pod ephemeral local storage usage exceeds|Container \S+ exceeded its local ephemeral storage limit)`)
)

// ParseEviction reads the text of an eviction. Up to 1.26 the text has no threshold, and consumers "which exceeds its request of".
func ParseEviction(message string) (Eviction, bool) {
	text, _ := uncombine(message)
	var ev Eviction
	known := false
	if m := nodeLow.FindStringSubmatch(text); m != nil {
		ev.Resource, known = m[1], true
	}
	if m := threshold.FindStringSubmatch(text); m != nil {
		ev.Threshold, ev.Available = m[1], m[2]
	}
	for _, m := range consumer.FindAllStringSubmatch(text, -1) {
		c := Consumer{Using: m[3], Request: m[4] + m[6], Resource: m[5]}
		if c.Resource == "" {
			c.Resource = ev.Resource
		}
		if m[1] == "Container" {
			c.Container = m[2]
		}
		ev.Consumers = append(ev.Consumers, c)
	}
	if m := condition.FindStringSubmatch(text); m != nil {
		ev.Admission, known = strings.TrimSpace(m[1]), true
	}
	if ownLimit.MatchString(text) {
		ev.OwnLimit, known = true, true
	}
	if m := emptyDir.FindStringSubmatch(text); m != nil {
		ev.Volume, ev.VolumeLimit = m[1], m[2]
	}
	return ev, known
}
