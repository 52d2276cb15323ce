package history

// What kube-state-metrics and the kubelets would have told of services, written as one block.

import (
	"context"
	"log/slog"
	"math"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/storage"
	"github.com/prometheus/prometheus/tsdb"
)

const (
	scrapeState = time.Minute     // of kube-state-metrics
	scrapeProbe = 5 * time.Minute // of the kubelets' /metrics/probes: Prometheus holds no sample for valid longer
)

// exporters write what exporters tell, but for metrics whose names begin so.
type exporters struct {
	t        *testing.T
	without  []string
	appender storage.Appender
	refs     map[string]storage.SeriesRef
	n        int
}

// writeServices writes weeks of the services, and gives the number of samples.
func writeServices(t *testing.T, dir string, services []*service, without ...string) int {
	t.Helper()
	// A head takes samples of half its range, whatever their order among series.
	blocks, err := tsdb.NewBlockWriter(slog.New(slog.DiscardHandler), dir, int64(10*7*24*time.Hour/time.Millisecond))
	if err != nil {
		t.Fatal(err)
	}
	w := &exporters{t: t, without: without}
	for _, s := range services {
		w.appender, w.refs = blocks.Appender(context.Background()), map[string]storage.SeriesRef{}
		w.rollouts(s)
		if err := w.appender.Commit(); err != nil {
			t.Fatal(err)
		}
		for _, p := range s.play() {
			w.appender, w.refs = blocks.Appender(context.Background()), map[string]storage.SeriesRef{}
			w.pod(p)
			if err := w.appender.Commit(); err != nil {
				t.Fatal(err)
			}
		}
	}
	if _, err := blocks.Flush(context.Background()); err != nil {
		t.Fatal(err)
	}
	if err := blocks.Close(); err != nil {
		t.Fatal(err)
	}
	return w.n
}

func (w *exporters) add(name string, at time.Time, value float64, pairs ...string) {
	if slices.ContainsFunc(w.without, func(prefix string) bool { return strings.HasPrefix(name, prefix) }) {
		return
	}
	key := name + strings.Join(pairs, "\x00")
	ref, err := w.appender.Append(w.refs[key], labels.FromStrings(append([]string{"__name__", name, "namespace", namespace}, pairs...)...), at.UnixMilli(), value)
	if err != nil {
		w.t.Fatal(err)
	}
	w.refs[key] = ref
	w.n++
}

// rollouts writes what kube-state-metrics tells of a StatefulSet or a DaemonSet: which revision its new pods get, and how many have it.
func (w *exporters) rollouts(s *service) {
	if s.kind == "Deployment" {
		return
	}
	pods := s.play()
	for at := s.begin().Add(time.Minute); at.Before(now); at = at.Add(4 * scrapeState) {
		n, newest := 0, 0
		for i, v := range s.versions {
			if !s.begin().Add(v.since).After(at) {
				newest = i
			}
		}
		updated := 0
		for _, p := range pods {
			if !p.from.After(at) && p.to.After(at) {
				n++
				if p.version.name == s.versions[newest].name {
					updated++
				}
			}
		}
		switch of := []string{strings.ToLower(s.kind), s.name}; s.kind {
		case "StatefulSet":
			w.add("kube_statefulset_status_replicas", at, float64(n), of...)
			w.add("kube_statefulset_status_replicas_updated", at, float64(updated), of...)
			w.add("kube_statefulset_status_update_revision", at, 1, append(of, "revision", s.versions[newest].name)...)
		case "DaemonSet":
			w.add("kube_daemonset_status_current_number_scheduled", at, float64(n), of...)
			w.add("kube_daemonset_status_updated_number_scheduled", at, float64(updated), of...)
			w.add("kube_daemonset_status_observed_generation", at, float64(newest+1), of...)
			w.add("kube_daemonset_metadata_generation", at, float64(newest+1), of...)
		}
	}
}

// pod writes what was seen of one pod.
func (w *exporters) pod(p pod) {
	owner, kind := p.service.name, p.service.kind
	if kind == "Deployment" {
		owner, kind = p.version.name, "ReplicaSet"
	}
	of := []string{"pod", p.name, "uid", p.uid, "job", "ksm"}
	container := append(slices.Clone(of), "container", "app")
	for at := p.from.Add(7 * time.Second); at.Before(p.to) && !at.After(now); at = at.Add(scrapeState) {
		if at.Sub(p.from)%time.Hour < scrapeState {
			w.add("kube_pod_created", at, float64(p.from.Unix()), of...)
			if p.service.labels {
				w.add("kube_pod_labels", at, 1, append(slices.Clone(of), "label_controller_revision_hash", p.version.name)...)
			}
			w.add("kube_pod_owner", at, 1, append(slices.Clone(of), "owner_kind", kind, "owner_name", owner)...)
			if p.sidecar != nil {
				w.add("kube_pod_init_container_info", at, 1, append(slices.Clone(of), "container", "proxy")...)
			}
			if kind == "ReplicaSet" {
				w.add("kube_replicaset_owner", at, 1, "replicaset", owner, "owner_kind", "Deployment", "owner_name", p.service.name, "pod_seen", p.name)
			}
		}
		w.state(p, at, of, container)
		if p.sidecar != nil && !p.sidecar.began.After(at) {
			w.add("container_start_time_seconds", at, float64(p.sidecar.began.UnixMilli())/1000, "pod", p.name, "container", "proxy", "job", "cadvisor")
			if !p.sidecar.ready.After(at) {
				w.add("kube_pod_status_initialized_time", at, float64(p.sidecar.ready.Unix()), of...)
			}
		}
	}
	for at := p.from.Add(time.Minute); at.Before(p.to) && !at.After(now); at = at.Add(scrapeProbe) {
		w.probe(p, at)
	}
}

// state is what kube-state-metrics tells at a time: of the run of now, and of the end of the one before.
func (w *exporters) state(p pod, at time.Time, of, container []string) {
	var last *run
	for i := range p.containers {
		r := &p.containers[i]
		if r.began.After(at) {
			break
		}
		if !r.ended.IsZero() && !r.ended.After(at) {
			last = r
			continue
		}
		w.add("kube_pod_container_state_started", at, float64(r.began.Unix()), container...)
		if !r.ready.IsZero() && !r.ready.After(at) {
			w.add("kube_pod_status_container_ready_time", at, float64(r.ready.Unix()), of...)
		}
	}
	if last != nil {
		w.add("kube_pod_container_status_last_terminated_timestamp", at, float64(last.ended.Unix()), container...)
		w.add("kube_pod_container_status_last_terminated_exitcode", at, last.exit, container...)
		reason := "Error"
		if last.oom {
			reason = "OOMKilled"
		}
		w.add("kube_pod_container_status_last_terminated_reason", at, 1, append(slices.Clone(container), "reason", reason)...)
	}
}

// counted is how many attempts of liveness there were in a pod until a time: the answers of its runs that listened, and the failures of
// those that did not. Where answers are slow, what took longer than a second failed as well.
func (p pod) counted(at time.Time) (asked, refused float64) {
	period := time.Duration(p.version.probes.period) * time.Second
	for _, r := range p.containers {
		until := at
		if !r.ended.IsZero() && r.ended.Before(at) {
			until = r.ended
		}
		switch {
		case !r.listens.IsZero() && until.After(r.listens):
			asked += math.Floor(float64(until.Sub(r.listens)) / float64(period))
		case !r.decided.IsZero() && !at.Before(r.decided):
			refused += float64(p.version.probes.failures)
		}
	}
	return asked, refused
}

// buckets are the bounds of prober_probe_duration_seconds: the client library's defaults.
var buckets = []float64{0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, math.Inf(1)}

func (w *exporters) probe(p pod, at time.Time) {
	if p.service.quiet && now.Sub(at) > 2*time.Hour {
		return
	}
	asked, failed := p.counted(at)
	if p.service.quiet {
		asked, failed = 100, 0
	}
	of := []string{"pod", p.name, "container", "app", "probe_type", "Liveness", "job", "kubelet"}
	share := func(le float64) (out float64) {
		for _, a := range p.service.answers {
			if a.le <= le {
				out = a.share
			}
		}
		return out
	}
	for _, le := range buckets {
		n := math.Floor(asked * share(le))
		w.add("prober_probe_duration_seconds_bucket", at, n, append(slices.Clone(of), "le", strconv.FormatFloat(le, 'g', -1, 64))...)
	}
	succeeded := math.Floor(asked * share(math.Inf(1)))
	w.add("prober_probe_total", at, succeeded, append(slices.Clone(of), "result", "successful", "pod_uid", p.uid)...)
	w.add("prober_probe_total", at, failed+asked-succeeded, append(slices.Clone(of), "result", "failed", "pod_uid", p.uid)...)
}
