package prometheus

// This file reads when containers were started, became ready and ended, from kube-state-metrics (v2.13.0 internal/store/pod.go). A time
// stays told until the next one, so that a look each few minutes misses none that lasted; of three that begin within one look the second is
// not seen.

import (
	"cmp"
	"context"
	"maps"
	"math"
	"slices"
	"time"

	"github.com/kubectl-scars/kubectl-scars/pkg/order"
	"github.com/kubectl-scars/kubectl-scars/pkg/startup"
)

const (
	stateStarted   = "kube_pod_container_state_started"
	startTime      = "container_start_time_seconds"         // cAdvisor's, where kube-state-metrics is not there
	containersTime = "kube_pod_status_container_ready_time" // told only while the condition is True
	podReadyTime   = "kube_pod_status_ready_time"           // waits for readiness gates as well
	initTime       = "kube_pod_status_initialized_time"
	initInfo       = "kube_pod_init_container_info"
	endedTime      = "kube_pod_container_status_last_terminated_timestamp"
	endedCode      = "kube_pod_container_status_last_terminated_exitcode"
	endedReason    = "kube_pod_container_status_last_terminated_reason"
)

// watched is how soon after its start a life must have been seen first, for what was seen of it to begin with its beginning.
const watched = lifeStep + 2*time.Minute

// starts reads them.
type starts struct {
	reader
	kubelet, cadvisor scheme
	has               struct{ state, start, prober bool } // which metrics the store has of the namespace

	records  map[Key]*startup.Past
	began    map[podContainer]map[int64]int64 // seconds, and when that was seen first
	ready    map[string]map[int64]bool        // of a pod
	podReady bool                             // ready times are those of pods
	init     map[string]bool                  // the containers that are init containers in some pod
	initial  map[string]map[int64]bool        // when a pod was initialized
	noted    bool                             // that not all of those starts are known
	ended    map[podContainer]map[int64]*end
	counts   map[probeOf]map[int64]map[float64]float64
}

// ReadStarts reads the starts of the workloads of one namespace, and how long their probes took to be answered. Where it fails on the way it
// gives what was read until then with the error.
func (c *Client) ReadStarts(ctx context.Context, q Question) (*History[startup.Past], error) {
	r := &starts{
		reader: c.reader(q), records: map[Key]*startup.Past{}, began: map[podContainer]map[int64]int64{}, ready: map[string]map[int64]bool{},
		init: map[string]bool{}, initial: map[string]map[int64]bool{},
		ended: map[podContainer]map[int64]*end{}, counts: map[probeOf]map[int64]map[float64]float64{},
	}
	if err := r.lookAll(ctx); err != nil {
		return nil, err
	}
	if err := r.owners(ctx); err != nil {
		return nil, err
	}
	if !r.ownersKnown {
		r.notes = append(r.notes, "no kube_pod_owner: pods that are gone are told by their names")
	}
	var err error
	if len(r.pods) > 0 {
		r.divide(mostNames)
		r.parts = len(r.groups) * 13
		for _, step := range []func(context.Context) error{r.readVersions, r.readBegan, r.readSidecars, r.readReady, r.readEnds, r.readProbes} {
			if err = step(ctx); err != nil {
				break
			}
		}
	}
	r.noteSidecars()
	r.lives()
	r.fold()
	if err != nil && len(r.records) == 0 {
		return nil, err
	}
	return &History[startup.Past]{Records: r.records, Notes: r.notes}, err
}

// lookAll finds the pods, and which of the metrics there are.
func (r *starts) lookAll(ctx context.Context) (err error) {
	if r.has.state, err = r.look(ctx, stateStarted, &r.ksm, plain(), exported()); err != nil {
		return err
	}
	if !r.has.state {
		if r.has.start, err = r.look(ctx, startTime, &r.cadvisor, plain(), old()); err != nil {
			return err
		}
	}
	for _, metric := range []string{probeTotal, probeSeconds + "_bucket"} {
		if !r.has.prober {
			// Of a kubelet, which is no pod, a scrape without honorLabels may move the namespace alone.
			r.has.prober, err = r.look(ctx, metric, &r.kubelet, plain(), exported(), scheme{"exported_namespace", "pod", "container"})
			if err != nil {
				return err
			}
		}
	}
	if len(r.names) == 0 {
		return NoMetricsError{r.client.Host(), r.namespace, stateStarted + ", " + startTime + " and " + probeTotal, "does it scrape kube-state-metrics and the kubelets' /metrics/probes"}
	}
	return nil
}

// readBegan takes the first and the last time that is told in each look: a start that is cut short is soon followed by the next.
func (r *starts) readBegan(ctx context.Context) error {
	metric, s := stateStarted, r.ksm
	switch {
	case r.has.state:
	case r.has.start:
		metric, s = startTime, r.cadvisor
	default:
		r.notes = append(r.notes, "neither "+stateStarted+" nor "+startTime+": starts are not known")
		return nil
	}
	return r.askStarts(ctx, metric, s, func(podContainer) bool { return true })
}

// askStarts takes in when those containers began that are wanted.
func (r *starts) askStarts(ctx context.Context, metric string, s scheme, wanted func(podContainer) bool, more ...string) error {
	for _, told := range []telling{r.lasts, r.firsts} {
		expr := told([]string{s.pod, s.container}, metric, s)
		_, err := r.ask(ctx, s, lifeStep, func(match ...string) string { return expr(append(match, more...)...) }, func(_ owned, k podContainer, _ Labels, points []Point) {
			for _, p := range points {
				if wanted(k) {
					r.start(k, seconds(p.Value), p.At/1000)
				}
			}
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// telling makes the question what a metric tells in each look.
type telling func(by []string, metric string, s scheme) func(match ...string) string

// lasts asks for the last time that is told in a look, times being the higher the later.
func (r *starts) lasts(by []string, metric string, s scheme) func(match ...string) string {
	return func(match ...string) string { return r.by(by, "max_over_time", metric, s, lifeStep, match...) }
}

// firsts asks for the first, in the few looks alone in which it is not the last.
func (r *starts) firsts(by []string, metric string, s scheme) func(match ...string) string {
	return func(match ...string) string {
		return r.by(by, "min_over_time", metric, s, lifeStep, match...) + " < " + r.by(by, "max_over_time", metric, s, lifeStep, match...)
	}
}

// start takes in that a container was seen to have begun.
func (r *starts) start(k podContainer, at, seen int64) {
	if at <= 0 || at > seen+60 { // a second of skew is usual; a start in the future is none
		return
	}
	if r.began[k] == nil {
		r.began[k] = map[int64]int64{}
	}
	r.began[k][at] = min(cmp.Or(r.began[k][at], seen), seen)
}

// lives puts together what belongs to one life.
func (r *starts) lives() {
	containers := map[string][]podContainer{} // by pod
	for k := range r.began {
		containers[k.pod] = append(containers[k.pod], k)
	}
	for k, began := range r.began {
		past := r.record(k)
		past.PodReady = r.podReady
		times := slices.Sorted(maps.Keys(began))
		ready, ended := slices.Sorted(maps.Keys(r.ready[k.pod])), slices.Sorted(maps.Keys(r.ended[k]))
		var initialized []int64
		if r.init[k.container] {
			initialized = slices.Sorted(maps.Keys(r.initial[k.pod]))
		}
		var beside []time.Time
		for _, other := range containers[k.pod] {
			if other != k {
				for at := range r.began[other] {
					beside = append(beside, time.Unix(at, 0).UTC())
				}
			}
		}
		for i, at := range times {
			until := int64(math.MaxInt64)
			if i+1 < len(times) {
				until = times[i+1]
			}
			within := func(list []int64) (time.Time, bool) {
				j, _ := slices.BinarySearch(list, at)
				if j == len(list) || list[j] >= until {
					return time.Time{}, false
				}
				return time.Unix(list[j], 0).UTC(), true
			}
			l := startup.Life{Pod: k.pod, Version: r.versionFrom(k.pod, at), Began: time.Unix(at, 0).UTC(), Watched: began[at]-at <= int64(watched/time.Second), Beside: beside}
			l.Ready, _ = within(ready)
			l.Initialized, _ = within(initialized)
			if at, ok := within(ended); ok {
				e := r.ended[k][at.Unix()]
				l.Ended, l.Exit, l.OOM = at, e.code, e.killed()
			}
			past.Lives = append(past.Lives, l)
		}
	}
	for _, past := range r.records {
		order.By(past.Lives, func(a, b startup.Life) int { return cmp.Or(a.Began.Compare(b.Began), cmp.Compare(a.Pod, b.Pod)) })
	}
}

// record is what is known of a container, made where it is new.
func (r *starts) record(k podContainer) *startup.Past {
	key := Key{r.pods[k.pod].workload, k.container}
	if r.records[key] == nil {
		r.records[key] = &startup.Past{From: r.From, To: r.To, VersionsUnknown: r.unknown[key.Workload]}
	}
	return r.records[key]
}

// seconds is a time that is told as a number; 0 where it is none.
func seconds(v float64) int64 {
	if !(math.Abs(v) < 1e12) {
		return 0
	}
	return int64(math.Round(v))
}
