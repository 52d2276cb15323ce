package prometheus

// This file reads how long probes took to be answered, and how many were, from the kubelet's /metrics/probes (kubernetes v1.37.2
// pkg/kubelet/prober/prober_manager.go). Only attempts that succeeded have a duration (worker.go), the failed are only counted. The counters
// die with their pod, and begin again with the kubelet.

import (
	"context"
	"maps"
	"math"
	"slices"
	"strconv"
	"time"
)

const (
	probeTotal   = "prober_probe_total"
	probeSeconds = "prober_probe_duration_seconds"

	probeStep = 6 * time.Hour // they are counters: what was counted within a step is still there at its end
)

// probeOf names one probe of one container of one pod, and what of it is counted: the bounds of durations, or results.
type probeOf struct {
	podContainer
	probe   string // as the kubelet spells it: Liveness
	results bool
}

// The results, as keys beside bounds.
const (
	successful = 0
	failed     = 1
)

func (r *starts) readProbes(ctx context.Context) error {
	if !r.has.prober {
		r.notes = append(r.notes, "no "+probeSeconds+": how long probes take to be answered is not known (the kubelets tell at /metrics/probes)")
		return nil
	}
	durations, err := r.readCounter(ctx, probeSeconds+"_bucket", "le", false, func(value string) (float64, bool) {
		le, err := strconv.ParseFloat(value, 64)
		return le, err == nil && !math.IsNaN(le)
	})
	if err != nil {
		return err
	}
	if durations == 0 {
		r.notes = append(r.notes, "no "+probeSeconds+": how long probes take to be answered is not known")
	}
	_, err = r.readCounter(ctx, probeTotal, "result", true, func(value string) (float64, bool) {
		return map[string]float64{"successful": successful, "failed": failed}[value], value == "successful" || value == "failed"
	})
	return err
}

// readCounter reads the counters of all probes, which differ by one label more.
func (r *starts) readCounter(ctx context.Context, metric, label string, results bool, number func(value string) (float64, bool)) (int, error) {
	s := r.kubelet
	expr := func(match ...string) string {
		return r.by([]string{s.pod, s.container, "probe_type", label}, "max_over_time", metric, s, probeStep, match...)
	}
	take := func(k podContainer, l Labels, points []Point) {
		key, ok := number(l[label])
		if !ok {
			return
		}
		of := probeOf{k, l["probe_type"], results}
		if r.counts[of] == nil {
			r.counts[of] = map[int64]map[float64]float64{}
		}
		for _, p := range points {
			if math.IsNaN(p.Value) {
				continue
			}
			if r.counts[of][p.At] == nil {
				r.counts[of][p.At] = map[float64]float64{}
			}
			r.counts[of][p.At][key] = p.Value
		}
	}
	n, err := r.ask(ctx, s, probeStep, expr, func(_ owned, k podContainer, l Labels, points []Point) { take(k, l, points) })
	if err != nil {
		return n, err
	}
	for i := range r.groups { // steps end at whole multiples, and the last of them before now
		err := r.client.Instant(ctx, expr(r.group(i, s)...), r.To, func(l Labels, v float64) {
			if o, wanted := r.pods[l[s.pod]]; wanted && r.groupOf[o.workload] == i {
				n++
				take(podContainer{l[s.pod], l[s.container]}, l, []Point{{r.To.UnixMilli(), v}})
			}
		})
		if err != nil {
			return n, err
		}
	}
	return n, nil
}

// fold adds up what was counted in all pods of a version. What a step adds is of the pod that was there when it began: of two of one name that
// counted more.
func (r *starts) fold() {
	for of, counts := range r.counts {
		past := r.record(of.podContainer)
		before := map[float64]float64{}
		for _, at := range slices.Sorted(maps.Keys(counts)) {
			a := past.Of(r.versionFrom(of.pod, at/1000-int64(probeStep/time.Second)), of.probe)
			a.Seen(time.UnixMilli(at).UTC(), time.UnixMilli(at).UTC())
			now := counts[at]
			for key, v := range now {
				if v < before[key] { // all of them begin again together
					clear(before)
					break
				}
			}
			for key, v := range now {
				added := v - before[key]
				switch {
				case !of.results:
					a.Add(key, added)
				case key == failed:
					a.Failed += added
				default:
					a.Succeeded += added
				}
				before[key] = v
			}
		}
	}
}
