package cli

// Where the snapshot comes from: a live cluster, or files.

import (
	"context"
	"fmt"
	"time"

	"github.com/spf13/pflag"

	"github.com/kubectl-scars/kubectl-scars/pkg/analysis"
	"github.com/kubectl-scars/kubectl-scars/pkg/collect"
	"github.com/kubectl-scars/kubectl-scars/pkg/finding"
	"github.com/kubectl-scars/kubectl-scars/pkg/snapshot"
	"github.com/kubectl-scars/kubectl-scars/pkg/term"
)

// loaded is a snapshot with what is known about where it comes from.
type loaded struct {
	snapshot *snapshot.Snapshot
	context  string
	scope    finding.Scope // only the namespaces are set
	gaps     []finding.Coverage
	version  string          // the tool's, for recordings
	said     map[string]bool // the fingerprints of findings that were shown early
}

func (o *analyseOptions) load(ctx context.Context) (*loaded, error) {
	if o.offline() {
		return o.loadFiles()
	}
	if o.timeout > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeoutCause(ctx, o.timeout, collect.ErrDeadline)
		defer cancel()
	}
	return o.loadCluster(ctx)
}

// addTimeout adds the flag that bounds the whole run: what was read until then is judged and shown. An endless server ends here.
func (o *analyseOptions) addTimeout(f *pflag.FlagSet) {
	f.DurationVar(&o.timeout, "timeout", 5*time.Minute, "How long to read the cluster before judging by what was read until then; 0 is no limit")
}

// loadCluster reads the cluster in two rounds: listings, then what the checks ask for by name.
func (o *analyseOptions) loadCluster(ctx context.Context) (*loaded, error) {
	in := &loaded{version: o.env.Version}
	config, err := o.restConfig()
	if err != nil {
		return nil, err
	}
	var namespace string
	if in.context, namespace, err = o.place(); err != nil {
		return nil, err
	}
	in.scope.AllNamespaces = o.allNamespaces
	if !o.allNamespaces {
		in.scope.Namespaces = []string{namespace}
	}
	if err := o.resolve(ctx, namespace); err != nil {
		return nil, err
	}
	client, err := collect.NewClient(config)
	if err != nil {
		return nil, err
	}
	b := snapshot.NewBuilder()
	progress := o.progress()
	defer progress.Stop()
	defer o.stderr.through(progress)()
	progress.Phase("reading the cluster")
	now := func() time.Time { return client.Now(o.env.Now()) }
	early := o.early(b, now, in.scope.Namespaces, progress)
	plan := collect.Plan{
		Kinds: analysis.Wanted(o.checks), Namespaces: in.scope.Namespaces, Read: early.have,
		Progress: func(k snapshot.Kind, n int) { progress.Count(string(k), n, 0) },
	}
	err = client.Listings(ctx, plan, b)
	in.said = early.finish()
	if err != nil {
		return nil, err
	}
	if len(in.scope.Namespaces) > 0 && ctx.Err() == nil && !b.Has(namespace) && client.NamespaceMissing(ctx, namespace) {
		return nil, fmt.Errorf("namespace %q not found", namespace)
	}
	at := now()
	client.Asked(ctx, o.asks(b.Build(at)), b)
	in.snapshot = b.Build(at)
	return in, nil
}

func (o *analyseOptions) progress() *term.Progress {
	return term.NewProgress(o.env.Err, term.ProgressOptions{
		Enabled: o.env.ErrTTY != nil && term.Smart(o.env.Getenv), UTF8: term.UTF8(o.env.Getenv),
	})
}
