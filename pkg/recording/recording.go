// Package recording turns files into a snapshot and a snapshot into a file. It reads its own recordings and any YAML or JSON of
// Kubernetes objects: several documents, Lists, what kubectl get -o and kubectl cluster-info dump write, directories, gzip and tar of
// those. Objects go only through snapshot.Builder, which trims and redacts them, so that live and offline cannot drift apart.
//
// A recording is a stream of two JSON documents: a header (clock, scope, how completely each kind was read) and an ordinary List with one
// object a line, so that kubectl, jq, yq and grep read it too. Weeks of memory that a store of metrics told follow in that list.
//
// What cannot be read at all is an error. What can be read in part is read, and each gap is named with file, document and line.
package recording

import (
	"fmt"
	"io"
	"time"

	"github.com/kubectl-scars/kubectl-scars/pkg/finding"
	"github.com/kubectl-scars/kubectl-scars/pkg/snapshot"
)

// The type of a recording's header, and the newest format this package writes and reads.
const (
	APIVersion = finding.APIVersion
	Kind       = "Recording"
	Format     = 1
)

// Header opens a recording.
type Header struct {
	APIVersion  string            `json:"apiVersion"`
	Kind        string            `json:"kind"`
	Format      int               `json:"format"`
	Time        time.Time         `json:"time"` // "now" of the snapshot: the API server's clock
	ToolVersion string            `json:"toolVersion"`
	Context     string            `json:"context,omitempty"` // of the kubeconfig
	Scope       finding.Scope     `json:"scope"`
	Sealed      []snapshot.Sealed `json:"sealed"` // how reading went, by kind and namespace, and by asked-for object

	// History says how reading weeks of memory went; empty where none were read.
	History []finding.Coverage `json:"history,omitempty"`
}

// Input is what was read.
type Input struct {
	Builder *snapshot.Builder
	Header  *Header // nil for plain objects

	// Now is the time to build the snapshot at: the recording's own, or the newest timestamp that a server wrote into plain objects
	// (see clock.go). It is zero where there is none, as in manifests.
	Now time.Time

	// Gaps are the documents and files that could not be read, among others that could.
	Gaps []finding.Coverage

	// Ignored counts what was understood and left aside: objects of other kinds and versions by "Kind" or "Kind.group/version",
	// documents that are no Kubernetes objects, and files of other types.
	Ignored map[string]int

	Objects int // taken into the builder, an object that was there twice counting twice

	// Histories are weeks of memory, a document for each container of each pod.
	Histories []finding.MemoryHistory
}

// Snapshot builds the snapshot as of Now.
func (in *Input) Snapshot() *snapshot.Snapshot { return in.Builder.Build(in.Now) }

// stdinName is what standard input is called in messages.
const stdinName = "standard input"

// Read reads files, directories (recursively) and, for the path "-", stdin, as one input.
func Read(paths []string, stdin io.Reader, limits Limits) (*Input, error) {
	r := newReading(limits)
	for _, path := range paths {
		var err error
		if path == "-" {
			r.named = append(r.named, stdinName)
			err = r.stream(source{name: stdinName, named: true}, stdin)
		} else {
			r.named = append(r.named, path)
			err = r.path(path)
		}
		if err != nil {
			return nil, fmt.Errorf("read %w", err)
		}
	}
	return r.finish()
}

// ReadFrom reads one stream, of any form that a file may have. The name is for messages.
func ReadFrom(name string, from io.Reader, limits Limits) (*Input, error) {
	r := newReading(limits)
	r.named = []string{name}
	if err := r.stream(source{name: name, named: true}, from); err != nil {
		return nil, fmt.Errorf("read %w", err)
	}
	return r.finish()
}
