package cli

// Weeks of memory: from a store or out of a recording, into a view, and into a recording.

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
	"github.com/kubectl-scars/kubectl-scars/pkg/prometheus"
)

// complete completes the view by the history of what it is about: that of the input, or what a store tells now.
func (p *past) complete(ctx context.Context, v finding.View, in *loaded) error {
	view, ok := v.(*finding.OOMRecommend)
	if !ok {
		return fmt.Errorf("view %T takes no history", v)
	}
	records, err := p.records(ctx, view, in)
	if err != nil {
		return err
	}
	for _, c := range in.history {
		if c.Namespace == "" || len(in.scope.Namespaces) == 0 || slices.Contains(in.scope.Namespaces, c.Namespace) {
			view.Coverage = append(view.Coverage, c)
		}
	}
	p.fill(view, records)
	return nil
}

// records are the histories, those of the input or a store's.
func (p *past) records(ctx context.Context, view *finding.OOMRecommend, in *loaded) (map[prometheus.Key]*history.Record, error) {
	if p.url != "" || !p.o.offline() {
		return p.read(ctx, view, in)
	}
	if len(in.histories) == 0 && len(view.Items) > 0 {
		return nil, errors.New("the input holds no weeks of memory: say with --prometheus where a store of metrics is")
	}
	restored, err := history.Restore(in.histories)
	if err != nil {
		return nil, fmt.Errorf("read the input: %w", err)
	}
	records := map[prometheus.Key]*history.Record{}
	for o, r := range restored {
		records[keyOf(o)] = r
	}
	return records, nil
}

// read asks a store, and keeps what it tells where that is to be saved.
func (p *past) read(ctx context.Context, view *finding.OOMRecommend, in *loaded) (map[prometheus.Key]*history.Record, error) {
	byNamespace := map[string][]prometheus.Workload{}
	for _, item := range view.Items {
		w := workloadOf(item.Object)
		if !slices.Contains(byNamespace[w.Namespace], w) {
			byNamespace[w.Namespace] = append(byNamespace[w.Namespace], w)
		}
	}
	progress := p.o.progress()
	defer progress.Stop()
	defer p.o.stderr.through(progress)()
	ctx, cancel := p.o.deadline(ctx)
	defer cancel()
	in.history, in.histories = nil, nil
	if len(view.Items) == 0 {
		return nil, nil
	}
	progress.Phase("looking for history")
	client, name, err := p.store(ctx)
	if err != nil {
		return nil, err
	}
	records := map[prometheus.Key]*history.Record{}
	note := func(state finding.CoverageState, namespace, reason string) {
		in.history = append(in.history, finding.Coverage{Resource: "history", Namespace: namespace, State: state, Reason: reason, Checks: []string{p.o.view.ID}})
	}
	read := 0
	for i, namespace := range namespaces(view) {
		progress.Phase("reading history of " + namespace)
		h, err := client.Read(ctx, prometheus.Question{
			From: view.Metadata.Time.Add(-p.span), To: view.Metadata.Time, Live: !p.o.offline(), Namespace: namespace,
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
				note(finding.CoveragePartial, namespace, strings.Join(h.Notes, "; "))
			}
		case errors.As(err, &ambiguous):
			return nil, fmt.Errorf("%w (--match %s=%s)", err, ambiguous.Label, ambiguous.Values[0])
		case errors.As(err, &none) || i > 0 && ctx.Err() == nil:
			note(finding.CoverageFailed, namespace, err.Error())
		default:
			return nil, fmt.Errorf("read history: %w", err)
		}
	}
	if read > 0 {
		note(finding.CoverageOK, "", "from "+name)
	}
	if p.o.save != "" {
		in.histories = saved(records)
	}
	return records, nil
}

// saved are the records as a recording keeps them, in order.
func saved(records map[prometheus.Key]*history.Record) []finding.MemoryHistory {
	var out []finding.MemoryHistory
	for k, r := range records {
		out = append(out, r.Saved(object(k))...)
	}
	slices.SortStableFunc(out, func(a, b finding.MemoryHistory) int {
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

// namespaces lists those of the view, in its order.
func namespaces(v *finding.OOMRecommend) []string {
	var out []string
	for _, item := range v.Items {
		if !slices.Contains(out, item.Object.Namespace) {
			out = append(out, item.Object.Namespace)
		}
	}
	return out
}
