package analysis

// This file says what a view is: a question about a snapshot that is answered with data of its own instead of findings. It is declared
// as a check is, so that what is collected, what rbac prints and what coverage says follow from the value.

import (
	"fmt"
	"strings"

	"k8s.io/apimachinery/pkg/labels"

	"github.com/kubectl-scars/kubectl-scars/pkg/finding"
	"github.com/kubectl-scars/kubectl-scars/pkg/snapshot"
)

// View is one question. It is called as "kubectl scars AREA WORD".
type View struct {
	// ID is "area/word". It names the view in coverage, beside the IDs of checks.
	ID string

	Short   string // one line of help, without a full stop
	Long    string // what it shows and how to read it
	Args    string // as help shows them: "[NODE ...]"
	Example string // of cobra's form: a comment, a command, an empty line

	// Takes are the kinds that arguments may name; a bare NAME is one of the first. Without any, the view takes no arguments.
	Takes []snapshot.Kind

	// WholeCluster: the answer lies across namespaces, so that all are read where none is named.
	WholeCluster bool

	// Inputs are the kinds that Make and Asks may look at, and no others. Asks may be nil.
	Inputs []Input
	Asks   func(*snapshot.View) []snapshot.Ask

	// History: weeks of metrics complete the answer, which no snapshot holds; the view's command takes flags that say where they are.
	History History

	// Labels: -l chooses by labels what the answer is about; Make leaves out what the question does not want.
	Labels bool

	// Patches: the answer holds patches, which -o patch prints.
	Patches bool

	// Make answers. It is pure, fills in the payload and what it cannot say, and leaves metadata and coverage alone.
	Make func(*snapshot.View, Question) finding.View
}

// History is what a view has to do with weeks of metrics.
type History int

// The kinds of views.
const (
	NoHistory       History = iota
	NeedsHistory            // there is no answer without
	WelcomesHistory         // the answer stands without, and is better with
)

// Question is what was asked.
type Question struct {
	Subjects   []finding.ObjectRef // the arguments, which exist; empty: all
	Namespaces []string            // those that were read; empty: all
	Labels     labels.Selector     // nil: all

	// Past is what weeks of metrics tell of a container of a workload, of the type that the view's engine reads, nil where they tell nothing.
	// Past itself is nil where there are none.
	Past func(finding.ObjectRef) any
}

// Area is the subcommand that the view belongs to, Word the view's own below it.
func (v *View) Area() string { return finding.Area(v.ID) }

// Word is the view's own subcommand.
func (v *View) Word() string { return strings.TrimPrefix(v.ID, v.Area()+"/") }

// Reading is what collection, rbac and coverage know of a view: a check that judges nothing. It has no Run.
func (v *View) Reading() *Check { return &Check{ID: v.ID, Inputs: v.Inputs, Asks: v.Asks} }

// Answer makes the view of a snapshot. Where inputs could not be read it says less, and coverage says why.
func (v *View) Answer(s *snapshot.Snapshot, q Question, meta finding.Metadata) (out finding.View, err error) {
	defer func() {
		if r := recover(); r != nil {
			out, err = nil, fmt.Errorf("view %s: %w", v.ID, panicked(r))
		}
	}()
	reading := v.Reading()
	out = v.Make(s.View(reading.Kinds()...), q)
	r := finding.Report{CannotSay: out.Head().CannotSay, Coverage: coverage(s, []*Check{reading})}
	r.Sort()
	out.Head().Metadata, out.Head().CannotSay, out.Head().Coverage = meta, r.CannotSay, r.Coverage
	return out, nil
}
