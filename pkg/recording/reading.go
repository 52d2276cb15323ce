package recording

// This file holds the state of one reading: what was taken, counted and found broken.

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/kubectl-scars/kubectl-scars/pkg/finding"
	"github.com/kubectl-scars/kubectl-scars/pkg/snapshot"
)

// reading is the state of one reading.
type reading struct {
	limits Limits
	left   int64 // bytes that may still be read
	in     *Input
	kinds  map[schema.GroupVersionKind]snapshot.Info
	files  int
	named  []string // the inputs, as the user named them
	known  int      // documents and items that are Kubernetes objects or lists, of whatever kind
	broke  int
	extent extent
	newest time.Time // of what a server wrote
}

func newReading(limits Limits) *reading {
	r := &reading{
		limits: limits, left: limits.Bytes, kinds: map[schema.GroupVersionKind]snapshot.Info{}, extent: newExtent(),
		in: &Input{Builder: snapshot.NewBuilder(), Ignored: map[string]int{}},
	}
	for _, info := range snapshot.Kinds() {
		r.kinds[info.GVK] = info
	}
	return r
}

// The keys of Ignored that are no kinds.
const (
	ignoredFile     = "files of other types"
	ignoredDocument = "documents without Kubernetes objects"
	ignoredNameless = " without a name" // after the kind
)

// finish seals what was read.
func (r *reading) finish() (*Input, error) {
	in := r.in
	if r.known == 0 && in.Header == nil {
		if len(in.Gaps) > 0 {
			return nil, fmt.Errorf("read %s: %s", in.Gaps[0].Resource, in.Gaps[0].Reason)
		}
		return nil, fmt.Errorf("no Kubernetes objects in %s", strings.Join(r.named, ", "))
	}
	in.Now = r.newest
	if in.Header != nil {
		in.Now = in.Header.Time
		r.extent.replay(in.Builder, in.Header.Sealed)
	} else {
		r.extent.assume(in.Builder)
	}
	return in, nil
}

// position is a place in an input, for messages.
type position struct {
	file     string
	document int // from 1
	item     int // of a list, from 1; 0 outside of lists
	line     int // where it starts, from 1; 0 where that is not known
	flat     bool
	nested   int // lists around the document
}

func (p position) String() string {
	s := fmt.Sprintf("document %d", p.document)
	if p.item > 0 {
		s += fmt.Sprintf(", item %d", p.item)
	}
	if p.line > 0 {
		s += fmt.Sprintf(", from line %d on", p.line)
	}
	return s
}

// readError is an error of the file, not of what it holds.
type readError struct{ error }

func (e readError) Unwrap() error { return e.error }

// final tells whether an error ends the reading of the file.
func final(err error) bool {
	var e readError
	return refused(err) || errors.As(err, &e)
}

// broken notes a document or an item that could not be read. It returns an error where reading cannot go on.
func (r *reading) broken(at position, err error) error {
	if final(err) {
		return err
	}
	return r.gap(at.file, fmt.Sprintf("%s: %v", at, err))
}

// gap notes a part of the input that could not be read.
func (r *reading) gap(file, reason string) error {
	if r.broke++; r.broke > r.limits.Broken {
		return refuse("more than %d broken documents, the last in %s: %s", r.limits.Broken, file, reason)
	}
	r.extent.damaged = true
	r.in.Gaps = append(r.in.Gaps, finding.Coverage{Resource: file, State: finding.CoveragePartial, Reason: reason})
	return nil
}
