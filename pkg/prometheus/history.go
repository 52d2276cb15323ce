package prometheus

// This file reads the history of containers' memory: which metrics are asked for, and where what they say goes.

import (
	"context"
	"fmt"
	"regexp"
	"strings"
	"time"

	"github.com/kubectl-scars/kubectl-scars/pkg/history"
)

// Key names one container of a workload.
type Key struct {
	Workload
	Container string
}

// Question is what history is wanted.
type Question struct {
	From, To  time.Time
	Namespace string

	// Live tells that To is now. Where the store's clock shows another time, the history ends then.
	Live bool

	Workloads []Workload // all of that namespace

	// Match are further label matchers, for stores that hold several clusters: cluster → prod.
	Match map[string]string

	// Progress is told the share that was read, 0 to 1; may be nil.
	Progress func(share float64)
}

// History is what a store told of containers.
type History[T any] struct {
	Records map[Key]*T
	Notes   []string // what the store does not know, one sentence each
}

// AmbiguousError is a store that holds several clusters, of which none was chosen.
type AmbiguousError struct {
	Label  string
	Values []string
}

func (e AmbiguousError) Error() string {
	return fmt.Sprintf("the store holds several clusters: choose one of %s=%s", e.Label, strings.Join(e.Values, ", "))
}

// NoMetricsError is a store that knows nothing of the containers of a namespace.
type NoMetricsError struct {
	Host, Namespace string
	Lacks, Ask      string // the metrics, and what there is to look at
}

func (e NoMetricsError) Error() string {
	return fmt.Sprintf("%s has no %s of namespace %q: %s?", e.Host, e.Lacks, e.Namespace, e.Ask)
}

const (
	workingSet = "container_memory_working_set_bytes"

	peakStep = time.Minute     // each step's peak is of all raw samples in it
	lifeStep = 5 * time.Minute // of starts and ends

	mostSkew = 2 * time.Minute // of clocks, that nobody need hear of
)

// scheme is how a metric names namespace, pod and container.
type scheme struct{ namespace, pod, container string }

func plain() scheme { return scheme{"namespace", "pod", "container"} }

// old is that of kubelets before 1.16.
func old() scheme { return scheme{"namespace", "pod_name", "container_name"} }

// exported is what a scrape without honorLabels makes of the labels of an exporter that runs in a pod.
func exported() scheme { return scheme{"exported_namespace", "exported_pod", "exported_container"} }

// reader is what all that reads a history has in common: the pods that there were, whose they were, and in which groups they are asked about.
type reader struct {
	Question
	client    *Client
	namespace string
	workloads []Workload
	patterns  []*regexp.Regexp
	ksm       scheme

	names       map[string]bool  // all pods of the namespace
	pods        map[string]owned // those that are wanted
	named       map[Workload]bool
	ownersKnown bool
	eras        map[string]eras     // of pods whose names do not tell their versions
	unknown     map[Workload]string // why versions are not known
	notes       []string
	groups      []string // the names of workloads, as parts of selectors
	groupOf     map[Workload]int
	part, parts int
}

func (c *Client) reader(q Question) reader {
	return reader{
		Question: q, client: c, namespace: q.Namespace, workloads: q.Workloads, patterns: make([]*regexp.Regexp, len(q.Workloads)),
		names: map[string]bool{}, pods: map[string]owned{}, named: map[Workload]bool{}, groupOf: map[Workload]int{}, ksm: plain(),
		eras: map[string]eras{}, unknown: map[Workload]string{},
	}
}

// memory reads what containers used.
type memory struct {
	reader
	cadvisor scheme
	records  map[Key]*history.Record
	starts   map[podContainer][]int64 // seconds
}

// podContainer names one container of one pod.
type podContainer struct{ pod, container string }

// Read reads the memory of the workloads of one namespace. Where it fails on the way it gives what was read until then, the newest, with
// the error.
func (c *Client) Read(ctx context.Context, q Question) (*History[history.Record], error) {
	r := &memory{reader: c.reader(q), records: map[Key]*history.Record{}, starts: map[podContainer][]int64{}}
	found, err := r.look(ctx, workingSet, &r.cadvisor, plain(), old())
	switch {
	case err != nil:
		return nil, err
	case !found:
		return nil, NoMetricsError{c.Host(), r.namespace, workingSet, "does it scrape the kubelets' cAdvisor"}
	}
	if err := r.owners(ctx); err != nil {
		return nil, err
	}
	if !r.ownersKnown {
		r.notes = append(r.notes, "no kube-state-metrics: which containers were killed is not known, and pods that are gone are told by their names")
	}
	if len(r.pods) > 0 {
		if err := r.readAll(ctx); err != nil && r.samples() == 0 {
			return nil, err
		} else if err != nil {
			return &History[history.Record]{Records: r.records, Notes: r.notes}, err
		}
	}
	return &History[history.Record]{Records: r.records, Notes: r.notes}, nil
}

func (r *memory) samples() (n int) {
	for _, record := range r.records {
		n += record.Samples()
	}
	return n
}

// look finds out which pods a metric tells of, and by which of the schemes it names them; false where it tells of none.
func (r *reader) look(ctx context.Context, metric string, as *scheme, schemes ...scheme) (bool, error) {
	for _, s := range schemes {
		*as = s
		match := r.match(metric, s)
		found := false
		if err := r.client.LabelValues(ctx, s.pod, match, r.From, r.To, func(pod string) { r.names[pod], found = true, true }); err != nil {
			return false, err
		}
		if !found {
			continue
		}
		r.believeClock()
		for _, label := range []string{"cluster", "cluster_id", "k8s_cluster"} {
			var values []string
			err := r.client.LabelValues(ctx, label, match, r.From, r.To, func(v string) { values = append(values, v) })
			if err != nil {
				return false, err
			}
			if len(values) > 1 && r.Match[label] == "" {
				return false, AmbiguousError{label, values}
			}
		}
		return true, nil
	}
	return false, nil
}

// believeClock ends the history at the store's now: its samples carry its own times.
func (r *reader) believeClock() {
	now, known := r.client.Now()
	if off := now.Sub(r.To).Round(time.Second); known && r.Live && off.Abs() > mostSkew {
		r.From, r.To = r.From.Add(off), now
		way := "behind"
		if off > 0 {
			way = "ahead of"
		}
		r.notes = append(r.notes, fmt.Sprintf("the store's clock is %s %s the cluster's; times are by the store's", off.Abs(), way))
	}
}

// match is a series selector for the namespace.
func (r *reader) match(metric string, s scheme, more ...string) string {
	terms := append([]string{quoted(s.namespace, "=", r.namespace)}, more...)
	for _, label := range sortedKeys(r.Match) {
		terms = append(terms, quoted(label, "=", r.Match[label]))
	}
	return metric + "{" + strings.Join(terms, ",") + "}"
}

func (r *memory) readAll(ctx context.Context) error {
	r.divide(mostNames)
	r.reckonParts()
	for _, step := range []func(context.Context) error{r.readVersions, r.readStarts, r.readHours, r.readKills, r.readPeaks, r.readInterval} {
		if err := step(ctx); err != nil {
			return err
		}
	}
	return nil
}

// each asks a question about all pods that are wanted: expr is made for each selector. What is told of a step in which pods of two versions
// had one name is told of neither.
func (r *memory) each(ctx context.Context, s scheme, step time.Duration, expr func(match ...string) string, take func(p *history.Pod, at time.Time, v float64)) (int, error) {
	return r.ask(ctx, s, step, expr, func(o owned, k podContainer, _ Labels, points []Point) {
		record, eras := r.record(o, k.container), r.eras[k.pod]
		var pod *history.Pod
		last := ""
		for _, p := range points {
			version, one := o.version, true
			if len(eras) > 0 {
				version, one = eras.during(p.At/1000-int64(step/time.Second), p.At/1000)
			}
			if !one {
				continue
			}
			if pod == nil || version != last {
				pod, last = record.Pod(k.pod, version), version
			}
			take(pod, time.UnixMilli(p.At).UTC(), p.Value)
		}
	})
}

// moments asks a question whose answers tell times themselves.
func (r *memory) moments(ctx context.Context, s scheme, expr func(match ...string) string, take func(k podContainer, at int64, v float64)) (int, error) {
	return r.ask(ctx, s, lifeStep, expr, func(_ owned, k podContainer, _ Labels, points []Point) {
		for _, p := range points {
			take(k, p.At/1000, p.Value)
		}
	})
}

// ask asks a question about all pods that are wanted, expr being made for each selector, and tells how many points the answer had.
func (r *reader) ask(ctx context.Context, s scheme, step time.Duration, expr func(match ...string) string, take func(o owned, k podContainer, l Labels, points []Point)) (int, error) {
	n := 0
	for i := range r.groups {
		q := Range{From: r.From, To: r.To, Step: step, Expr: expr(r.group(i, s)...)}
		err := r.client.Range(ctx, q, func(l Labels, points []Point) {
			if o, wanted := r.pods[l[s.pod]]; wanted && r.groupOf[o.workload] == i {
				n += len(points)
				take(o, podContainer{l[s.pod], l[s.container]}, l, points)
			}
		}, r.progress)
		if err != nil {
			return n, err
		}
		r.part++
	}
	return n, nil
}

func (r *reader) progress(share float64) {
	if r.Progress != nil {
		r.Progress((float64(r.part) + share) / float64(r.parts))
	}
}
