package cli

// Where the snapshot comes from: a live cluster, or files.

import (
	"context"
	"fmt"
	"slices"
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
	version  string // the tool's, for recordings

	// Weeks of memory, as a recording keeps them, and how reading them went.
	histories []finding.MemoryHistory
	history   []finding.Coverage

	interrupted bool // so that it is less than there was to read
}

func (o *analyseOptions) load(ctx context.Context) (*loaded, error) {
	if o.offline() {
		return o.loadFiles()
	}
	ctx, cancel := o.deadline(ctx)
	defer cancel()
	return o.loadCluster(ctx)
}

// deadline bounds the reading of one source.
func (o *analyseOptions) deadline(ctx context.Context) (context.Context, context.CancelFunc) {
	if o.timeout <= 0 {
		return context.WithCancel(ctx)
	}
	return context.WithTimeoutCause(ctx, o.timeout, collect.ErrDeadline)
}

// addTimeout adds the flag that bounds the whole run: what was read until then is judged and shown. An endless server ends here.
func (o *analyseOptions) addTimeout(f *pflag.FlagSet) {
	f.DurationVar(&o.timeout, "timeout", 5*time.Minute, "How long to read the cluster before judging by what was read until then; 0 is no limit")
}

// loadCluster reads the cluster in two rounds: listings, then what the checks ask for by name. Namespaces come after all else: they tell of
// which ones the rest was read while they were being deleted.
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
	kinds, namespaces := o.kinds()
	early := o.early(b, client.Now, in.scope.Namespaces, len(kinds), progress)
	plan := collect.Plan{
		Kinds: kinds, Namespaces: in.scope.Namespaces, Read: early.have,
		Progress: func(k snapshot.Kind, read, left int) {
			total := 0
			if left > 0 {
				total = read + left
			}
			progress.Count(string(k), read, total)
			if k == snapshot.Pods && o.env.Pods != nil {
				o.env.Pods(read + left)
			}
		},
	}
	err = client.Listings(ctx, plan, b)
	at := early.finish()
	if at.IsZero() {
		at = client.Now(o.env.Now())
	}
	if err != nil {
		return nil, err
	}
	client.Asked(ctx, o.asks(b.Build(at)), b)
	if len(namespaces) > 0 {
		_ = client.Listings(ctx, collect.Plan{Kinds: namespaces}, b) // how it went is sealed
	}
	if !o.allNamespaces && (o.view == nil || !b.Has(namespace)) {
		client.Asked(ctx, []snapshot.Ask{{Kind: snapshot.Namespaces, Name: namespace}}, b)
		if s := b.Build(at); !b.Has(namespace) && analysis.Gone(s, namespace) {
			return nil, fmt.Errorf("namespace %q not found", namespace)
		}
	}
	in.snapshot = b.Build(at)
	return in, nil
}

// kinds are what is to be listed first, and in the end namespaces where they are to be listed: for checks that look at them, and for every
// judgement of the whole cluster.
func (o *analyseOptions) kinds() (first, last []snapshot.Info) {
	first = analysis.Wanted(o.checks)
	isNamespaces := func(i snapshot.Info) bool { return i.Kind == snapshot.Namespaces }
	if info, _ := snapshot.InfoOf(snapshot.Namespaces); slices.ContainsFunc(first, isNamespaces) || o.allNamespaces && o.view == nil {
		last = []snapshot.Info{info}
	}
	return slices.DeleteFunc(first, isNamespaces), last
}

func (o *analyseOptions) progress() *term.Progress {
	return term.NewProgress(o.env.Err, term.ProgressOptions{
		Enabled: o.env.ErrTTY != nil && term.Smart(o.env.Getenv), UTF8: term.UTF8(o.env.Getenv),
	})
}
