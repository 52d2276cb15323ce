package cli

// Views that need history: which store it comes from, and how it gets into the view.

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/kubectl-scars/kubectl-scars/pkg/finding"
	"github.com/kubectl-scars/kubectl-scars/pkg/history"
	"github.com/kubectl-scars/kubectl-scars/pkg/prometheus"
)

// past is what the user says about history.
type past struct {
	o        *analyseOptions
	url      string
	access   access
	history  string
	quantile float64
	match    []string

	span     time.Duration
	matchers map[string]string
	base     *url.URL
}

// pastFlags are repeated where a command is proposed to be run again.
var pastFlags = append([]string{"prometheus", "history", "quantile", "match"}, accessFlags...)

// accessFlags only name files and people; secrets are not flags.
var accessFlags = []string{
	"prometheus-token-file", "prometheus-user", "prometheus-password-file", "prometheus-header",
	"prometheus-ca", "prometheus-cert", "prometheus-key", "prometheus-insecure",
}

func newPast(o *analyseOptions) *past { return &past{o: o, access: access{root: o.root}} }

func (p *past) addFlags(cmd *cobra.Command) {
	f := cmd.Flags()
	f.StringVar(&p.url, "prometheus", "", "The store of metrics: the URL below which /api/v1 lies (Prometheus, Thanos, Mimir with /prometheus, VictoriaMetrics); default: one that runs in the cluster, through the API server")
	f.StringVar(&p.history, "history", "4w", "How far back to look, like 4w or 10d; what there is counts")
	f.Float64Var(&p.quantile, "quantile", 0.99, "The share of the time for which the request must be enough, and of pods and days for which the limit must, 0.5 to 1")
	f.StringSliceVar(&p.match, "match", nil, "Labels that tell this cluster apart in a store of several, like cluster=prod")
	p.access.addFlags(f)
}

// validate refuses what cannot be meant, before anything is read.
func (p *past) validate() (err error) {
	if p == nil {
		return nil
	}
	switch {
	case p.o.demo:
		return errors.New("--demo holds no history of memory")
	case p.url == "" && p.o.offline():
		return errors.New("weeks of history are needed, which no file holds: say with --prometheus where a store of metrics is")
	case !(p.quantile >= 0.5 && p.quantile <= 1):
		return fmt.Errorf("--quantile: %v is not between 0.5 and 1", p.quantile)
	}
	if p.url == "" { // it is looked for
		if names := p.o.given(accessFlags...); len(names) > 0 {
			return fmt.Errorf("%s needs --prometheus", names[0])
		}
	} else if err := p.parseURL(); err != nil {
		return err
	}
	if p.span, err = longTime(p.history); err != nil {
		return fmt.Errorf("--history: %w", err)
	}
	p.matchers = map[string]string{}
	for _, m := range p.match {
		label, value, ok := strings.Cut(m, "=")
		if !ok || label == "" {
			return fmt.Errorf("--match: %q is not LABEL=VALUE", m)
		}
		p.matchers[label] = strings.Trim(value, `"`)
	}
	return p.access.validate()
}

func (p *past) parseURL() (err error) {
	if p.base, err = url.Parse(p.url); err != nil || p.base.Scheme != "http" && p.base.Scheme != "https" || p.base.Host == "" {
		return errors.New("--prometheus: not a URL like https://prometheus.example") // which is not repeated: it may hold a password
	}
	if p.base.User != nil {
		return errors.New("--prometheus: a password does not belong on a command line: use --prometheus-user and SCARS_PROMETHEUS_PASSWORD")
	}
	if p.base.RawQuery != "" || p.base.Fragment != "" {
		return errors.New("--prometheus: a URL without query and fragment is wanted")
	}
	p.base.Path = strings.TrimSuffix(strings.TrimSuffix(p.base.Path, "/"), "/api/v1")
	return nil
}

// longTime parses a time of weeks or days, or what Go parses.
func longTime(s string) (time.Duration, error) {
	const day = 24 * time.Hour
	for unit, length := range map[string]time.Duration{"w": 7 * day, "d": day} {
		if number, ok := strings.CutSuffix(s, unit); ok {
			n, err := strconv.ParseFloat(number, 64)
			if err != nil || !(n > 0 && n <= 520) {
				return 0, fmt.Errorf("%q is no time like 4w or 10d", s)
			}
			return time.Duration(math.Round(n * float64(length))), nil
		}
	}
	d, err := time.ParseDuration(s)
	if err != nil || d < time.Hour {
		return 0, fmt.Errorf("%q is no time like 4w or 10d", s)
	}
	return d, nil
}

// complete reads the history of what the view is about, and completes it.
func (p *past) complete(ctx context.Context, v finding.View) error {
	view, ok := v.(*finding.OOMRecommend)
	if !ok {
		return fmt.Errorf("view %T takes no history", v)
	}
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
	if len(view.Items) == 0 {
		return nil
	}
	progress.Phase("looking for history")
	client, name, err := p.store(ctx)
	if err != nil {
		return err
	}
	records := map[prometheus.Key]*history.Record{}
	head := v.Head()
	note := func(state finding.CoverageState, namespace, reason string) {
		head.Coverage = append(head.Coverage, finding.Coverage{Resource: "history", Namespace: namespace, State: state, Reason: reason, Checks: []string{p.o.view.ID}})
	}
	read := 0
	for i, namespace := range namespaces(view) {
		progress.Phase("reading history of " + namespace)
		h, err := client.Read(ctx, prometheus.Question{
			From: head.Metadata.Time.Add(-p.span), To: head.Metadata.Time, Live: !p.o.offline(), Namespace: namespace,
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
			return fmt.Errorf("%w (--match %s=%s)", err, ambiguous.Label, ambiguous.Values[0])
		case errors.As(err, &none) || i > 0 && ctx.Err() == nil:
			note(finding.CoverageFailed, namespace, err.Error())
		default:
			return fmt.Errorf("read history: %w", err)
		}
	}
	if read > 0 {
		note(finding.CoverageOK, "", "from "+name)
	}
	p.fill(view, records)
	return nil
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
