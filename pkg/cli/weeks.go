package cli

// How weeks of metrics get into a view: read namespace by namespace from the store, in what form the view's engine takes them.

import (
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

// complete reads the history of what the view is about, and completes it, or has it made again.
func (p *past) complete(ctx context.Context, v finding.View, again func(past func(finding.ObjectRef) any) (finding.View, error)) (finding.View, error) {
	if len(v.Objects()) == 0 {
		return v, nil
	}
	switch view := v.(type) {
	case *finding.OOMRecommend:
		records, coverage, err := readWeeks(ctx, p, v, (*prometheus.Client).Read)
		if err != nil {
			return nil, err
		}
		p.fill(view, records)
		view.Coverage = append(view.Coverage, coverage...)
		return view, nil
	case *finding.ProbesRecommend:
		records, coverage, err := readWeeks(ctx, p, v, (*prometheus.Client).ReadStarts)
		if err != nil {
			view.WithoutHistory = "weeks of metrics would add starts, and time-outs by how long answers took; " + err.Error()
			if !errors.As(err, new(noStoreError)) {
				view.Coverage = append(view.Coverage, p.covers(finding.CoverageFailed, "", err.Error()))
			}
			return view, nil
		}
		made, err := again(func(o finding.ObjectRef) any {
			if r := records[prometheus.Key{Workload: workloadOf(o), Container: o.Container}]; r != nil {
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

// covers is a line of coverage about history.
func (p *past) covers(state finding.CoverageState, namespace, reason string) finding.Coverage {
	return finding.Coverage{Resource: "history", Namespace: namespace, State: state, Reason: reason, Checks: []string{p.o.view.ID}}
}

// readWeeks asks the store about the workloads of a view.
func readWeeks[T any](ctx context.Context, p *past, v finding.View,
	ask func(*prometheus.Client, context.Context, prometheus.Question) (*prometheus.History[T], error),
) (records map[prometheus.Key]*T, coverage []finding.Coverage, err error) {
	byNamespace, order := byNamespace(v)
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
	for i, namespace := range order {
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
func byNamespace(v finding.View) (workloads map[string][]prometheus.Workload, order []string) {
	workloads = map[string][]prometheus.Workload{}
	for _, o := range v.Objects() {
		w := workloadOf(o)
		if !slices.Contains(order, w.Namespace) {
			order = append(order, w.Namespace)
		}
		if !slices.Contains(workloads[w.Namespace], w) {
			workloads[w.Namespace] = append(workloads[w.Namespace], w)
		}
	}
	return workloads, order
}

// fill completes the view by the records.
func (p *past) fill(view *finding.OOMRecommend, records map[prometheus.Key]*history.Record) {
	history.Complete(view, func(o finding.ObjectRef) *history.Record {
		k := prometheus.Key{Workload: workloadOf(o), Container: o.Container}
		r := records[k]
		delete(records, k)
		return r
	}, p.quantile)
	gone := map[finding.ObjectRef]*history.Record{}
	for k, r := range records { // what no container of today took
		gone[finding.ObjectRef{Kind: k.Kind, Namespace: k.Namespace, Name: k.Name, Container: k.Container}] = r
	}
	history.Renamed(view, gone)
}

func workloadOf(o finding.ObjectRef) prometheus.Workload {
	return prometheus.Workload{Kind: o.Kind, Namespace: o.Namespace, Name: o.Name}
}
