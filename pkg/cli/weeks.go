package cli

// Weeks of metrics: from a store, namespace by namespace, or out of a recording, into a view, and into a recording.

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/kubectl-scars/kubectl-scars/pkg/finding"
	"github.com/kubectl-scars/kubectl-scars/pkg/history"
	"github.com/kubectl-scars/kubectl-scars/pkg/order"
	"github.com/kubectl-scars/kubectl-scars/pkg/prometheus"
)

// complete completes a view by the history of what it is about, that of the input or what a store tells now, or has it made again.
func (p *past) complete(ctx context.Context, v finding.View, in *loaded, again func(past func(finding.ObjectRef) any) (finding.View, error)) (finding.View, error) {
	switch view := v.(type) {
	case *finding.OOMRecommend:
		records, err := p.memory(ctx, view, in)
		if err != nil {
			return nil, err
		}
		for _, c := range in.history {
			if c.Namespace == "" || len(in.scope.Namespaces) == 0 || slices.Contains(in.scope.Namespaces, c.Namespace) {
				view.Coverage = append(view.Coverage, c)
			}
		}
		p.fill(view, records)
		return view, nil
	case *finding.ProbesRecommend:
		in.history, in.histories = nil, nil // of memory
		if len(view.Objects()) == 0 {
			return view, nil
		}
		records, coverage, err := readWeeks(ctx, p, v, (*prometheus.Client).ReadStarts)
		if err != nil {
			view.WithoutHistory = "weeks of metrics would add starts, and time-outs by how long answers took; " + err.Error()
			if !errors.As(err, new(noStoreError)) {
				view.Coverage = append(view.Coverage, p.covers(finding.CoverageFailed, "", err.Error()))
			}
			return view, nil
		}
		made, err := again(func(o finding.ObjectRef) any {
			if r := records[keyOf(o)]; r != nil {
				return r
			}
			return nil
		})
		if err != nil {
			return nil, err
		}
		made.Head().Coverage = append(made.Head().Coverage, coverage...)
		return made, nil
	}
	return nil, fmt.Errorf("view %T takes no history", v)
}

// memory are the histories of memory, those of the input or a store's, and these are kept where the input is to be saved.
func (p *past) memory(ctx context.Context, view *finding.OOMRecommend, in *loaded) (map[prometheus.Key]*history.Record, error) {
	if p.url == "" && p.o.offline() {
		return restored(view, in)
	}
	in.history, in.histories = nil, nil
	if len(view.Items) == 0 {
		return nil, nil
	}
	records, coverage, err := readWeeks(ctx, p, view, (*prometheus.Client).Read)
	if err != nil {
		return nil, err
	}
	in.history = coverage
	if p.o.save != "" {
		in.histories = saved(records)
	}
	return records, nil
}

func restored(view *finding.OOMRecommend, in *loaded) (map[prometheus.Key]*history.Record, error) {
	if len(in.histories) == 0 && len(view.Items) > 0 {
		return nil, errors.New("the input holds no weeks of memory: say with --prometheus where a store of metrics is")
	}
	kept, err := history.Restore(in.histories)
	if err != nil {
		return nil, fmt.Errorf("read the input: %w", err)
	}
	records := map[prometheus.Key]*history.Record{}
	for o, r := range kept {
		records[keyOf(o)] = r
	}
	return records, nil
}

// covers is a line of coverage about history.
func (p *past) covers(state finding.CoverageState, namespace, reason string) finding.Coverage {
	return finding.Coverage{Resource: "history", Namespace: namespace, State: state, Reason: reason, Checks: []string{p.o.view.ID}}
}

// readWeeks asks the store about the workloads of a view.
func readWeeks[T any](ctx context.Context, p *past, v finding.View,
	ask func(*prometheus.Client, context.Context, prometheus.Question) (*prometheus.History[T], error),
) (records map[prometheus.Key]*T, coverage []finding.Coverage, err error) {
	byNamespace, namespaces := byNamespace(v)
	progress := p.o.progress()
	defer progress.Stop()
	defer p.o.stderr.through(progress)()
	ctx, cancel := p.o.deadline(ctx)
	defer cancel()
	progress.Phase("looking for history")
	client, name, err := p.store(ctx)
	if err != nil {
		return nil, nil, err
	}
	records = map[prometheus.Key]*T{}
	read := 0
	var nothing error
	for i, namespace := range namespaces {
		progress.Phase("reading history of " + namespace)
		h, err := ask(client, ctx, prometheus.Question{
			From: v.Head().Metadata.Time.Add(-p.span), To: v.Head().Metadata.Time, Live: !p.o.offline(), Namespace: namespace,
			Workloads: byNamespace[namespace], Match: p.matchers,
			Progress: func(share float64) { progress.Count("%", int(100*share), 0) },
		})
		var none prometheus.NoMetricsError
		var ambiguous prometheus.AmbiguousError
		switch {
		case h != nil:
			read++
			maps.Copy(records, h.Records)
			if err != nil { // a part of it, the newest
				h.Notes = append([]string{err.Error()}, h.Notes...)
			}
			if len(h.Notes) > 0 {
				coverage = append(coverage, p.covers(finding.CoveragePartial, namespace, strings.Join(h.Notes, "; ")))
			}
		case errors.As(err, &ambiguous):
			return nil, nil, fmt.Errorf("%w (--match %s=%s)", err, ambiguous.Label, ambiguous.Values[0])
		case errors.As(err, &none) || i > 0 && ctx.Err() == nil:
			nothing = err
			coverage = append(coverage, p.covers(finding.CoverageFailed, namespace, err.Error()))
		default:
			return nil, nil, fmt.Errorf("read history: %w", err)
		}
	}
	if read > 0 {
		coverage = append(coverage, p.covers(finding.CoverageOK, "", "from "+name))
	} else if nothing != nil && !p.needed() {
		return nil, nil, nothing
	}
	return records, coverage, nil
}

// byNamespace are the workloads of a view by their namespaces, and these in the view's order.
func byNamespace(v finding.View) (workloads map[string][]prometheus.Workload, namespaces []string) {
	workloads = map[string][]prometheus.Workload{}
	for _, o := range v.Objects() {
		w := workloadOf(o)
		if !slices.Contains(namespaces, w.Namespace) {
			namespaces = append(namespaces, w.Namespace)
		}
		if !slices.Contains(workloads[w.Namespace], w) {
			workloads[w.Namespace] = append(workloads[w.Namespace], w)
		}
	}
	return workloads, namespaces
}

// saved are the records as a recording keeps them, in order.
func saved(records map[prometheus.Key]*history.Record) []finding.MemoryHistory {
	var out []finding.MemoryHistory
	for k, r := range records {
		out = append(out, r.Saved(object(k))...)
	}
	order.By(out, func(a, b finding.MemoryHistory) int {
		return cmp.Or(finding.CompareObjects(a.Object, b.Object), cmp.Compare(a.Pod, b.Pod), cmp.Compare(a.Version, b.Version))
	})
	return out
}

// fill completes the view by the records.
func (p *past) fill(view *finding.OOMRecommend, records map[prometheus.Key]*history.Record) {
	history.Complete(view, func(o finding.ObjectRef) *history.Record {
		k := keyOf(o)
		r := records[k]
		delete(records, k)
		return r
	}, p.quantile)
	gone := map[finding.ObjectRef]*history.Record{}
	for k, r := range records { // what no container of today took
		gone[object(k)] = r
	}
	history.Renamed(view, gone)
}

func keyOf(o finding.ObjectRef) prometheus.Key {
	return prometheus.Key{Workload: workloadOf(o), Container: o.Container}
}

func object(k prometheus.Key) finding.ObjectRef {
	return finding.ObjectRef{Kind: k.Kind, Namespace: k.Namespace, Name: k.Name, Container: k.Container}
}

func workloadOf(o finding.ObjectRef) prometheus.Workload {
	return prometheus.Workload{Kind: o.Kind, Namespace: o.Namespace, Name: o.Name}
}
