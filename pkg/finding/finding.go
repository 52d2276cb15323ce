// Package finding is the vocabulary in which kubectl scars speaks, and its one API promise: what a check found, how sure it is,
// on what evidence, and what to do. The types here are the wire types of scars.dev/v1alpha1; within a version, fields are only added.
package finding

import (
	"strings"
	"time"
)

// Severity says how much a finding hurts.
type Severity string

// The severities, worst first.
const (
	Critical Severity = "critical" // it hurts users now or loses data
	Warning  Severity = "warning"  // it will
	Info     Severity = "info"     // worth knowing
)

// Severities lists every severity, worst first.
func Severities() []Severity { return []Severity{Critical, Warning, Info} }

// Rank orders severities: 0 is the worst. An unknown severity ranks last.
func (s Severity) Rank() int {
	for i, known := range Severities() {
		if s == known {
			return i
		}
	}
	return len(Severities())
}

// AtLeast tells whether s is as bad as floor or worse.
func (s Severity) AtLeast(floor Severity) bool { return s.Rank() <= floor.Rank() }

// Confidence says what carries a claim.
type Confidence string

// The grades of confidence, surest first.
const (
	Proven     Confidence = "proven"     // the API states it
	Strong     Confidence = "strong"     // independent facts agree
	Consistent Confidence = "consistent" // nothing contradicts it
)

// Rank orders grades: 0 is the surest.
func (c Confidence) Rank() int {
	switch c {
	case Proven:
		return 0
	case Strong:
		return 1
	default:
		return 2
	}
}

// Weaker returns the less sure of two grades: a claim is as sure as its weakest part.
func (c Confidence) Weaker(other Confidence) Confidence {
	if other.Rank() > c.Rank() {
		return other
	}
	return c
}

// ObjectRef names an object of the cluster, and a container in it where one is meant.
type ObjectRef struct {
	APIVersion string `json:"apiVersion,omitempty"` // group/version; empty where only the kind is known
	Kind       string `json:"kind"`
	Namespace  string `json:"namespace,omitempty"` // empty for cluster-scoped objects
	Name       string `json:"name"`
	Container  string `json:"container,omitempty"`
}

// String is the form that kubectl takes: kind in lower case, slash, name.
func (o ObjectRef) String() string { return strings.ToLower(o.Kind) + "/" + o.Name }

// SameObject tells whether two references mean one object, whatever the container or API version.
func (o ObjectRef) SameObject(p ObjectRef) bool {
	return o.Kind == p.Kind && o.Namespace == p.Namespace && o.Name == p.Name
}

// Evidence is one line of proof: what a source object said, where and when.
type Evidence struct {
	Object ObjectRef  `json:"object"`
	Source string     `json:"source"`         // field path ("status.containerStatuses[app].lastState.terminated") or event ("event Killing")
	Value  string     `json:"value"`          // what it says, quoted or shortened, never a secret
	Time   *time.Time `json:"time,omitempty"` // when it was said, where the source tells
	Count  int32      `json:"count,omitempty"`
}

// MaxEvidence is how many lines of evidence a finding keeps.
const MaxEvidence = 50

// Fix is one thing to do.
type Fix struct {
	Text    string `json:"text"`              // a sentence
	Command string `json:"command,omitempty"` // a shell line that can be pasted; begins with "kubectl " where kubectl is called
	Patch   string `json:"patch,omitempty"`   // a strategic-merge patch or manifest, YAML
}

// Finding is one trouble of one object.
type Finding struct {
	Check      string     `json:"check"` // stable ID, area/slug
	Severity   Severity   `json:"severity"`
	Confidence Confidence `json:"confidence"`
	Object     ObjectRef  `json:"object"`  // pods are rolled up to the workload that owns them
	Message    string     `json:"message"` // one sentence: the cause first, numbers in it
	Evidence   []Evidence `json:"evidence"`
	// MoreEvidence counts the lines beyond MaxEvidence, which are not kept: a trouble of 10,000 replicas does not need 10,000 proofs.
	MoreEvidence int        `json:"moreEvidence,omitempty"`
	Fix          []Fix      `json:"fix"`
	Memory       *Memory    `json:"memory,omitempty"`    // where the memory stands that the finding speaks of, where numbers are at hand
	FirstSeen    *time.Time `json:"firstSeen,omitempty"` // when the trouble was first seen, where that is known
	LastSeen     *time.Time `json:"lastSeen,omitempty"`  // when it was last seen; absent while it lasts
	Fingerprint  string     `json:"fingerprint"`         // same trouble on the same object, same fingerprint, in every run
	// Covers are the fingerprints of findings that say less of the same trouble and were left out for this one, sorted. A run that could not
	// read what this finding needs may have one of them instead.
	Covers []string `json:"covers,omitempty"`

	// Key tells apart several findings of one check about one object ("ingress[0].from[1]"); part of the fingerprint.
	Key string `json:"-"`

	// SaidBy is the check that says more of the same trouble: where it reports on the same object from the same evidence, and nothing
	// milder, this finding is left out.
	SaidBy string `json:"-"`
}

// Area is the part of a check ID before the slash.
func Area(check string) string {
	area, _, _ := strings.Cut(check, "/")
	return area
}

// At makes an optional time: nil for the zero time and for one that RFC 3339 cannot write (years 0 to 9999), in UTC otherwise.
func At(t time.Time) *time.Time {
	t = t.UTC()
	if t.IsZero() || t.Year() < 0 || t.Year() > 9999 {
		return nil
	}
	return &t
}
