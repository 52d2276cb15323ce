package prometheus

// The queries. Each takes the highest (or lowest) of all raw samples of a step, so that none is skipped, and the highest over duplicates:
// two servers that scrape the same, a container that was started again a minute ago.

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/kubectl-scars/kubectl-scars/pkg/history"
	"github.com/kubectl-scars/kubectl-scars/pkg/order"
)

// over is max by (pod,container)(FUNC(METRIC{…}[STEP])).
func (r *reader) over(function, metric string, s scheme, step time.Duration, match ...string) string {
	return r.by([]string{s.pod, s.container}, function, metric, s, step, match...)
}

// by is max by (LABELS)(FUNC(METRIC{…}[STEP])).
func (r *reader) by(labels []string, function, metric string, s scheme, step time.Duration, match ...string) string {
	return r.grouped("max", labels, function, metric, s, step, match...)
}

// grouped is AGGREGATION by (LABELS)(FUNC(METRIC{…}[STEP])).
func (r *reader) grouped(aggregation string, labels []string, function, metric string, s scheme, step time.Duration, match ...string) string {
	return fmt.Sprintf("%s by (%s)(%s(%s[%ds]))", aggregation, strings.Join(labels, ","), function, r.match(metric, s, match...), int(step.Seconds()))
}

// hourly are the metrics of which an hour's highest or lowest is enough.
func hourly() []struct {
	metric, function string
	take             func(*history.Pod, time.Time, float64)
} {
	return []struct {
		metric, function string
		take             func(*history.Pod, time.Time, float64)
	}{
		{"container_memory_usage_bytes", "max_over_time", (*history.Pod).Usage},
		{"container_memory_max_usage_bytes", "max_over_time", (*history.Pod).Kernel},
		{"container_memory_rss", "min_over_time", (*history.Pod).Low},
		{"container_memory_total_active_file_bytes", "min_over_time", (*history.Pod).Cache},
	}
}

// reckonParts counts the questions, for progress.
func (r *memory) reckonParts() { r.parts = len(r.groups) * (len(hourly()) + 4) }

// readStarts learns when containers began to run, from cAdvisor or, where that is not kept, from how often they were restarted.
func (r *memory) readStarts(ctx context.Context) error {
	n, err := r.moments(ctx, r.cadvisor, func(match ...string) string {
		return r.over("max_over_time", startTime, r.cadvisor, lifeStep, match...)
	}, func(k podContainer, at int64, v float64) {
		if v > 0 && v <= float64(at+60) { // a second of skew is usual; a start in the future is none
			r.started(k, seconds(v))
		}
	})
	if err != nil || n > 0 {
		r.livesKnown(n > 0)
		return err
	}
	type counted struct {
		at    int64
		count float64
	}
	seen := map[podContainer][]counted{}
	n, err = r.moments(ctx, r.ksm, func(match ...string) string {
		return r.over("max_over_time", "kube_pod_container_status_restarts_total", r.ksm, lifeStep, match...)
	}, func(k podContainer, at int64, v float64) {
		if !math.IsNaN(v) {
			seen[k] = append(seen[k], counted{at, v})
		}
	})
	r.part -= len(r.groups)
	for k, counts := range seen {
		order.By(counts, func(a, b counted) int { return cmp.Compare(a.at, b.at) })
		for i := range counts {
			// A counter that falls is of a new pod with the old one's name.
			if i > 0 && counts[i].count != counts[i-1].count {
				r.started(k, counts[i].at)
			}
		}
	}
	r.livesKnown(n > 0)
	return err
}

// pod is the record of a container in the pod that had a name at a time.
func (r *memory) pod(k podContainer, at int64) *history.Pod {
	o := r.pods[k.pod]
	version := o.version
	if eras := r.eras[k.pod]; len(eras) > 0 {
		version, _ = eras.during(at, at)
	}
	return r.record(o, k.container).Pod(k.pod, version)
}

func (r *memory) started(k podContainer, at int64) {
	if i, found := slices.BinarySearch(r.starts[k], at); !found {
		r.starts[k] = slices.Insert(r.starts[k], i, at)
		r.pod(k, at).Started(time.Unix(at, 0))
	}
}

func (r *memory) livesKnown(known bool) {
	for _, record := range r.records {
		record.LivesKnown = known
	}
	if !known {
		r.notes = append(r.notes, "neither container_start_time_seconds nor restart counts: starts and restarts are not known")
	}
}

func (r *memory) readHours(ctx context.Context) error {
	for _, h := range hourly() {
		_, err := r.each(ctx, r.cadvisor, time.Hour, func(match ...string) string {
			return r.over(h.function, h.metric, r.cadvisor, time.Hour, match...)
		}, func(p *history.Pod, at time.Time, v float64) { h.take(p, at, v) })
		if err != nil {
			return err
		}
	}
	limit := func(p *history.Pod, at time.Time, v float64) {
		if v > 0 { // cAdvisor tells 0 where there is none
			p.Limit(at, v)
		}
	}
	n, err := r.each(ctx, r.ksm, time.Hour, func(match ...string) string {
		return r.over("max_over_time", "kube_pod_container_resource_limits", r.ksm, time.Hour, append(match, `resource="memory"`)...)
	}, limit)
	if err != nil || n > 0 {
		return err
	}
	_, err = r.each(ctx, r.cadvisor, time.Hour, func(match ...string) string {
		return r.over("max_over_time", "container_spec_memory_limit_bytes", r.cadvisor, time.Hour, match...)
	}, limit)
	r.part -= len(r.groups)
	return err
}

// readKills learns which ends were the memory killer's. The reason stays until the next end, and so counts once for each start before
// which it is told, or, in a pod that was not started again, once.
func (r *memory) readKills(ctx context.Context) error {
	told := map[podContainer][]int64{}
	_, err := r.moments(ctx, r.ksm, func(match ...string) string {
		match = append(match, `reason="OOMKilled"`)
		return r.over("max_over_time", endedReason, r.ksm, lifeStep, match...) + " or " +
			r.over("max_over_time", "kube_pod_container_status_terminated_reason", r.ksm, lifeStep, match...)
	}, func(k podContainer, at int64, v float64) {
		if v > 0 {
			told[k] = append(told[k], at)
		}
	})
	if err != nil {
		return err
	}
	killed := func(k podContainer, at int64) {
		pod, when := r.pod(k, at), time.Unix(at, 0)
		pod.Killed(when, pod.LimitAt(when))
	}
	for k, at := range told {
		slices.Sort(at)
		known := false
		for i, start := range r.starts[k] {
			// kube-state-metrics learns of it within moments, and is scraped within a minute; the step must not reach back before the start.
			const soon, late = int64(lifeStep/time.Second) + 60, 4 * int64(lifeStep/time.Second)
			first, _ := slices.BinarySearch(at, start+soon)
			if i > 0 && first < len(at) && at[first] <= start+late {
				killed(k, start)
				known = true
			}
		}
		if !known {
			killed(k, at[0])
		}
	}
	return nil
}

func (r *memory) readPeaks(ctx context.Context) error {
	_, err := r.each(ctx, r.cadvisor, peakStep, func(match ...string) string {
		return r.over("max_over_time", workingSet, r.cadvisor, peakStep, match...)
	}, func(p *history.Pod, at time.Time, v float64) { p.Peak(at, v) })
	return err
}

// readInterval learns how often containers were looked at in the last hour of the history.
func (r *memory) readInterval(ctx context.Context) error {
	s := r.cadvisor
	for i := range r.groups {
		expr := r.over("count_over_time", workingSet, s, time.Hour, r.group(i, s)...)
		err := r.client.Instant(ctx, expr, r.To, func(l Labels, n float64) {
			if o, wanted := r.pods[l[s.pod]]; wanted && n > 1 {
				record := r.record(o, l[s.container])
				interval := (time.Duration(float64(time.Hour) / n)).Round(time.Second)
				if record.Interval == 0 || interval < record.Interval {
					record.Interval = interval
				}
			}
		})
		if err != nil {
			return err
		}
	}
	return nil
}

func quoted(label, operator, value string) string { return label + operator + strconv.Quote(value) }

func sortedKeys[K cmp.Ordered, V any](m map[K]V) []K { return slices.Sorted(maps.Keys(m)) }
