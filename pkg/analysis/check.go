// Package analysis says what a check is and runs checks over a snapshot. A check is a documented struct value, as an analyzer is in
// golang.org/x/tools/go/analysis; everything else about it (collection, RBAC, coverage, help, docs page) follows from the value.
package analysis

import (
	"slices"

	"github.com/kubectl-scars/kubectl-scars/pkg/finding"
	"github.com/kubectl-scars/kubectl-scars/pkg/snapshot"
)

// Check is one diagnosis.
type Check struct {
	// ID is "area/slug". It is never reused and never derived from a title.
	ID string

	// Doc is all the documentation there is: help, docs page and explain come from it.
	Doc Doc

	// Inputs are the kinds that Run and Asks may look at, and no others. From them follow what is collected, what rbac prints and what
	// coverage says.
	Inputs []Input

	// BySilence tells that what the check finds rests on events that are not there, which a namespace that is being deleted loses too.
	BySilence bool

	// Asks names single objects that are wanted besides the listings, decided from these. It may be nil.
	Asks func(*snapshot.View) []snapshot.Ask

	// Run reports findings through the pass. An error means that the check failed, never that it found something.
	Run func(*Pass) error
}

// Area is the subcommand that the check belongs to.
func (c *Check) Area() string { return finding.Area(c.ID) }

// Doc documents a check. Each part is plain text of one or a few sentences.
type Doc struct {
	Title    string   // what is wrong, in a few words
	Symptom  string   // what an engineer sees
	Evidence string   // what the check looks at, and what grades its confidence
	Why      string   // why it hurts
	Fix      string   // what to do
	Limits   string   // what it cannot know, and when it stays silent
	Sources  []string // KEPs, files of Kubernetes with version, RFCs
}

// Input is a kind that a check looks at.
type Input struct {
	Kind     snapshot.Kind
	Optional bool // the check still runs, and says less, where it could not be read
	ByName   bool // Asks may name single objects of it
}

// Need makes a required input: where nothing of it could be read, the check does not run, and coverage says so.
func Need(kind snapshot.Kind) Input { return Input{Kind: kind} }

// Optional makes an input without which the check says less.
func Optional(kind snapshot.Kind) Input { return Input{Kind: kind, Optional: true} }

// AskedFor makes an input of which single objects may be asked for by name, besides the listing.
func AskedFor(in Input) Input { in.ByName = true; return in }

// PodInputs are what looking at pods takes: the pods, and what their owners are read from.
func PodInputs(more ...Input) []Input {
	return append([]Input{Need(snapshot.Pods), Optional(snapshot.ReplicaSets), Optional(snapshot.Jobs)}, more...)
}

// OptionalPodInputs are the same for a check that judges without pods, and says more with them: who is hurt.
func OptionalPodInputs(more ...Input) []Input {
	inputs := PodInputs(more...)
	inputs[0].Optional = true
	return inputs
}

// Kinds lists the kinds that a check looks at.
func (c *Check) Kinds() []snapshot.Kind {
	kinds := make([]snapshot.Kind, 0, len(c.Inputs))
	for _, in := range c.Inputs {
		kinds = append(kinds, in.Kind)
	}
	return kinds
}

// Wanted lists the kinds that any of the checks looks at, in the order of snapshot.Kinds: what there is to collect, less what is read only
// where the user asks for it.
func Wanted(checks []*Check) []snapshot.Info {
	var out []snapshot.Info
	for _, info := range snapshot.Kinds() {
		if !info.OptIn && slices.ContainsFunc(checks, func(c *Check) bool { return slices.Contains(c.Kinds(), info.Kind) }) {
			out = append(out, info)
		}
	}
	return out
}

// WantedBy lists the IDs of the checks that look at a kind.
func WantedBy(checks []*Check, kind snapshot.Kind) []string {
	var out []string
	for _, c := range checks {
		if slices.Contains(c.Kinds(), kind) {
			out = append(out, c.ID)
		}
	}
	return out
}

// Asks collects what the checks ask for besides the listings, each object once, in a fixed order; of the kinds that are read only where the
// user asks for it, those given. A check that panics asks for nothing: what it then cannot know, it says when it runs. It panics where a
// check asks for a kind that it does not declare with AskedFor.
func Asks(s *snapshot.Snapshot, checks []*Check, optIn ...snapshot.Kind) []snapshot.Ask {
	var out []snapshot.Ask
	seen := map[snapshot.Ask]bool{}
	for _, c := range checks {
		if !slices.ContainsFunc(c.Inputs, func(in Input) bool { return in.ByName && askable(in.Kind, optIn) }) {
			continue
		}
		for _, a := range asksOf(s, c) {
			if !asked([]*Check{c}, a.Kind) {
				panic(snapshot.UndeclaredError{Kind: a.Kind})
			}
			if !seen[a] && askable(a.Kind, optIn) {
				seen[a] = true
				out = append(out, a)
			}
		}
	}
	return out
}

func askable(kind snapshot.Kind, optIn []snapshot.Kind) bool {
	info, _ := snapshot.InfoOf(kind)
	return !info.OptIn || slices.Contains(optIn, kind)
}

func asksOf(s *snapshot.Snapshot, c *Check) (out []snapshot.Ask) {
	if c.Asks == nil {
		return nil
	}
	defer func() {
		if r := recover(); r != nil {
			if undeclared, ok := r.(snapshot.UndeclaredError); ok {
				panic(undeclared)
			}
			out = nil
		}
	}()
	return c.Asks(s.View(c.Kinds()...))
}
