// Package kubeevent reads what events say: when, how often, and what the kubelet's texts mean, of this version and of older ones.
// It judges nothing.
package kubeevent

import (
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
)

// combinedPrefix begins the message of an event that stands for ten or more different ones (client-go v0.37.2
// tools/record/events_cache.go). Such an event's container is unreliable: the key of the aggregation leaves fieldPath out.
const combinedPrefix = "(combined from similar events): "

// Span is when an event was said first and last, and how often, for both forms: count with first and last timestamp (the kubelet's), and
// eventTime with series (events.k8s.io/v1). A count that is missing or negative is 1, and none is more than mostTimes; times that are
// missing are filled from those that are there, and last is never before first.
func Span(e *corev1.Event) (first, last time.Time, count int32) {
	count = e.Count
	first, last = e.FirstTimestamp.Time, e.LastTimestamp.Time
	if first.IsZero() {
		first = e.EventTime.Time
	}
	if s := e.Series; s != nil {
		count = max(count, s.Count)
		if s.LastObservedTime.After(last) {
			last = s.LastObservedTime.Time
		}
	}
	if first.IsZero() {
		first = e.CreationTimestamp.Time
	}
	if first.IsZero() {
		first = last
	}
	if last.Before(first) {
		last = first
	}
	return first.UTC(), last.UTC(), min(max(count, 1), mostTimes)
}

// mostTimes bounds how often an event is believed to have happened, so that counts can be added up: an event lives an hour after its last
// count, and a million is more than the kubelet could say in years.
const mostTimes = 1_000_000

// Container is the container that an event speaks of, from involvedObject.fieldPath "spec.containers{app}" (kubernetes v1.37.2
// pkg/kubelet/container/ref.go); empty where it speaks of the whole pod or its container cannot be known.
func Container(e *corev1.Event) string {
	if strings.HasPrefix(e.Message, combinedPrefix) {
		return ""
	}
	list, name, _ := strings.Cut(e.InvolvedObject.FieldPath, "{")
	name, ok := strings.CutSuffix(name, "}")
	switch {
	case !ok, list != "spec.containers" && list != "spec.initContainers" && list != "spec.ephemeralContainers":
		return ""
	default:
		return name
	}
}

// uncombine drops the prefix of combined events.
func uncombine(message string) (text string, combined bool) {
	return strings.CutPrefix(message, combinedPrefix)
}
