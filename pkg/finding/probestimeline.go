package finding

// This file is the wire type of the view "probes timeline".

import "time"

// ProbesTimelineKind is the kind of the view "probes timeline".
const ProbesTimelineKind = "ProbesTimeline"

// ProbesTimeline shows, for each workload, what became of its replicas over time, as far as one look at the cluster tells.
type ProbesTimeline struct {
	ViewHead
	Workloads []Timeline `json:"workloads"` // by namespace, kind and name
}

// Timeline is one workload's.
type Timeline struct {
	Object ObjectRef `json:"object"`
	From   time.Time `json:"from"` // where the picture begins: what was before is counted, not drawn
	To     time.Time `json:"to"`   // now

	Rollouts []TimelineMark `json:"rollouts"` // oldest first
	Nodes    []TimelineRow  `json:"nodes"`    // those of its replicas that tell of trouble, by name
	Replicas []TimelineRow  `json:"replicas"` // those in trouble first
}

// TimelineRow is one replica or node.
type TimelineRow struct {
	Object ObjectRef      `json:"object"`
	Node   string         `json:"node,omitempty"` // where it runs or ran
	Gone   bool           `json:"gone,omitempty"` // it has been replaced, and only its events are left
	Since  *time.Time     `json:"since,omitempty"`
	Spans  []TimelineSpan `json:"spans"` // oldest first; a time that none covers is not known
	Marks  []TimelineMark `json:"marks"` // oldest first
}

// TimelineState is what a replica was for some time.
type TimelineState string

// The states.
const (
	TimelineStarting TimelineState = "starting" // never ready in this life, and within what its probes, or patience, allow
	TimelineReady    TimelineState = "ready"
	TimelineUnready  TimelineState = "unready"  // it should be ready and is not
	TimelineBackOff  TimelineState = "back-off" // it does not run: the kubelet waits before it starts it again
	TimelineRunning  TimelineState = "running"  // it ran; whether it was ready is not known
)

// TimelineSpan is one state and what it is known from.
type TimelineSpan struct {
	State  TimelineState `json:"state"`
	From   time.Time     `json:"from"`
	To     time.Time     `json:"to"`
	Source string        `json:"source"` // field path, as in evidence
}

// TimelineMarkKind is what happened at a moment.
type TimelineMarkKind string

// The kinds of marks.
const (
	MarkKilled      TimelineMarkKind = "killed"       // the kubelet ended a container because a probe failed
	MarkEnded       TimelineMarkKind = "ended"        // a container ended for another reason
	MarkProbeFailed TimelineMarkKind = "probe-failed" // a probe failed, which alone changes nothing
	MarkBackOff     TimelineMarkKind = "back-off"
	MarkRollout     TimelineMarkKind = "rollout" // a revision was made
	MarkNode        TimelineMarkKind = "node"    // the node reported trouble, or the end of it
)

// TimelineMark is one moment, or several of the same kind of which only the first and the last are known.
type TimelineMark struct {
	Mark   TimelineMarkKind `json:"mark"`
	First  time.Time        `json:"first"`
	Last   time.Time        `json:"last"`
	Count  int32            `json:"count"` // at least 1
	Text   string           `json:"text"`  // what happened, in a few words
	Object ObjectRef        `json:"object"`
	Source string           `json:"source"` // field path or event, as in evidence
}

// Objects lists the workloads.
func (v *ProbesTimeline) Objects() []ObjectRef {
	var out []ObjectRef
	for _, w := range v.Workloads {
		out = append(out, w.Object)
	}
	return out
}
