package cli

// What the commands that look, and their views, have in common: where the snapshot comes from, in what form the answer goes out, and how
// the run is described.

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"k8s.io/apimachinery/pkg/labels"

	"github.com/kubectl-scars/kubectl-scars/pkg/finding"
	"github.com/kubectl-scars/kubectl-scars/pkg/render"
)

// addInput adds the flags of input and output.
func (o *analyseOptions) addInput(cmd *cobra.Command) {
	f := cmd.Flags()
	f.BoolVarP(&o.allNamespaces, "all-namespaces", "A", false, "Look at every namespace. Namespace in current context is ignored even if specified with --namespace.")
	f.StringArrayVar(&o.from, "from", nil, "Look at a recording or at Kubernetes objects instead of a cluster: a file, a directory, or - for standard input; given several times, all are read as one")
	f.BoolVar(&o.demo, "demo", false, "Look at a recorded real incident instead of a cluster")
	f.StringVar(&o.now, "now", "", "With --from: the time to judge by (RFC 3339), instead of the input's own")
	f.StringVarP(&o.output, "output", "o", "table", "Output format: table, wide, json, yaml, name, markdown, jsonpath=..., go-template=...")
	o.addTimeout(f)
	f.StringVar(&o.save, "save", "", "Also save what this run saw to a file, for --from")
	formats := render.Formats()
	if o.patches() {
		formats = append(formats, render.Patch)
		f.Lookup("output").Usage = strings.Replace(f.Lookup("output").Usage, "markdown,", "markdown, patch (for kubectl patch --patch-file),", 1)
	}
	_ = cmd.RegisterFlagCompletionFunc("output", cobra.FixedCompletions(formats, cobra.ShellCompDirectiveNoFileComp))
}

// patches tells whether what is shown may hold patches.
func (o *analyseOptions) patches() bool { return o.view != nil && o.view.Patches }

// validateInput refuses what cannot be meant by these flags.
func (o *analyseOptions) validateInput() error {
	if err := render.Validate(o.output); err != nil && !(o.patches() && o.output == render.Patch) {
		return err
	}
	if _, err := labels.Parse(o.selector); err != nil {
		return fmt.Errorf("--selector: %w", err)
	}
	if o.now != "" {
		if _, err := time.Parse(time.RFC3339, o.now); err != nil {
			return fmt.Errorf("--now: %q is no time like 2026-11-23T18:00:00Z", o.now)
		}
	}
	if err := writable("--save", o.save); err != nil {
		return err
	}
	switch {
	case o.demo && len(o.from) > 0:
		return fmt.Errorf("--demo and --from exclude each other")
	case o.now != "" && !o.offline():
		return fmt.Errorf("--now needs --from: a live cluster has its own clock")
	case slices.Contains(o.from, ""):
		return fmt.Errorf("--from: an empty name")
	case o.allNamespaces && len(o.args) > 0 && !o.offline() && o.takesNamespaced():
		return fmt.Errorf("a resource cannot be retrieved by name across all namespaces")
	case o.timeout < 0:
		return fmt.Errorf("--timeout: %s is negative", o.timeout)
	}
	return nil
}

func (o *analyseOptions) offline() bool { return o.demo || len(o.from) > 0 }

// input loads the snapshot and finds the subjects in it. What was read until an interrupt counts.
func (o *analyseOptions) input(ctx context.Context) (*loaded, []finding.ObjectRef, error) {
	in, err := o.load(ctx)
	if err != nil {
		return nil, nil, err
	}
	in.interrupted = ctx.Err() != nil
	subjects, err := o.subjects(in)
	return in, subjects, err
}

// deliver keeps what was asked for, which is all of it or nothing, and shows the answer.
func (o *analyseOptions) deliver(in *loaded, show func(io.Writer, render.Options) error) error {
	if o.save != "" && !in.interrupted {
		if err := in.save(o.save); err != nil {
			return err
		}
	}
	in.snapshot = nil // what is shown holds what it needs, and to write thousands of findings takes the memory of many objects
	if err := show(o.env.Out, o.outputOptions()); err != nil {
		return err
	}
	if in.interrupted {
		return exitStatus(exitInterrupted)
	}
	return nil
}

// metadata says of a report or view when, where and by what it was made.
func (o *analyseOptions) metadata(in *loaded) finding.Metadata {
	meta := finding.Metadata{Time: in.snapshot.Now(), ToolVersion: o.env.Version, Context: in.context, Scope: in.scope}
	meta.Scope.Command, meta.Scope.Subjects, meta.Scope.Selector = o.command, o.args, o.selector
	if o.view != nil {
		meta.Scope.Command += " " + o.view.Word()
	}
	return meta
}
