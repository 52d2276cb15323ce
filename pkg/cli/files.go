package cli

// Input that is no cluster: recordings, objects in files, the incident that ships in the binary. And how a run is saved.

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/kubectl-scars/kubectl-scars/pkg/demo"
	"github.com/kubectl-scars/kubectl-scars/pkg/finding"
	"github.com/kubectl-scars/kubectl-scars/pkg/order"
	"github.com/kubectl-scars/kubectl-scars/pkg/recording"
	"github.com/kubectl-scars/kubectl-scars/pkg/snapshot"
)

// loadFiles reads what --from or --demo names. The scope is the recording's own, or, for plain objects, everything; -n narrows it.
func (o *analyseOptions) loadFiles() (*loaded, error) {
	file, err := o.read()
	if err != nil {
		return nil, err
	}
	in := &loaded{histories: file.Histories, gaps: file.Gaps, version: o.env.Version, scope: finding.Scope{AllNamespaces: true}}
	if file.Header != nil {
		in.context, in.scope, in.history = file.Header.Context, file.Header.Scope, file.Header.History
	}
	known := true // that there is anything of the namespace in the input
	if ns := *o.kube.Namespace; ns != "" && !o.allNamespaces {
		known = slices.Contains(in.scope.Namespaces, ns) || file.Builder.Has(ns)
		in.scope = finding.Scope{Namespaces: []string{ns}}
	}
	if ignored := countIgnored(file.Ignored); ignored != "" {
		in.gaps = append(in.gaps, finding.Coverage{Resource: "other objects", State: finding.CoverageOK, Reason: "not looked at: " + ignored})
	}
	now := file.Now
	if o.now != "" {
		now, _ = time.Parse(time.RFC3339, o.now) // validate has parsed it before
	}
	if now.IsZero() { // manifests that no server has seen
		now = o.env.Now().Truncate(time.Second)
	}
	in.snapshot = file.Builder.Build(now)
	if _, exists := in.snapshot.Find(snapshot.Namespaces, "", *o.kube.Namespace); !known && !exists {
		return nil, fmt.Errorf("namespace %q is not in the input", *o.kube.Namespace)
	}
	return in, nil
}

// read reads the files, or the incident that ships in the binary.
func (o *analyseOptions) read() (*recording.Input, error) {
	if o.demo {
		return demo.Read(o.command)
	}
	limits := recording.DefaultLimits()
	limits.Latest = o.env.Now().Add(24 * time.Hour) // no dump comes from the future; clocks differ by hours at most
	return recording.Read(o.from, o.env.In, limits)
}

// countIgnored lists what was left aside, most first.
func countIgnored(ignored map[string]int) string {
	names := slices.Collect(maps.Keys(ignored))
	order.By(names, func(a, b string) int {
		return cmp.Or(cmp.Compare(ignored[b], ignored[a]), cmp.Compare(a, b))
	})
	words := make([]string, len(names))
	for i, name := range names {
		words[i] = fmt.Sprintf("%d %s", ignored[name], name)
	}
	return strings.Join(words, ", ")
}

// writable refuses the name that means standard output elsewhere: there, findings go.
func writable(flag, path string) error {
	if path == "-" {
		return fmt.Errorf("%s: - is no file: name one", flag)
	}
	return nil
}

// save writes what this run saw to a file: the whole of it, or nothing.
func (in *loaded) save(path string) error {
	return recording.Save(path, recording.Header{
		Time: in.snapshot.Now(), ToolVersion: in.version, Context: in.context, Scope: in.scope, Sealed: in.snapshot.Sealed(), History: in.history,
	}, in.snapshot, in.histories...)
}
