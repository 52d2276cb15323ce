package history

// The samples, as cAdvisor and kube-state-metrics would have told them, written as one block.

import (
	"context"
	"log/slog"
	"testing"
	"time"

	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/storage"
	"github.com/prometheus/prometheus/tsdb"

	"github.com/kubectl-scars/kubectl-scars/pkg/history/historytest"
)

const namespace = "cases"

// writer appends series of one pod at a time.
type writer struct {
	t        *testing.T
	blocks   *tsdb.BlockWriter
	appender storage.Appender
	refs     map[string]storage.SeriesRef
	n        int
}

// writeBlocks writes four weeks of the cases, and gives the number of samples.
func writeBlocks(t *testing.T, dir string, cases []historytest.Case) int {
	t.Helper()
	// A head takes samples of half its range, whatever their order among series.
	blocks, err := tsdb.NewBlockWriter(slog.New(slog.DiscardHandler), dir, int64(10*historytest.Week/time.Millisecond))
	if err != nil {
		t.Fatal(err)
	}
	w := &writer{t: t, blocks: blocks}
	for _, c := range cases {
		for _, p := range c.Pods(4 * historytest.Week) {
			w.pod(c, p)
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

func (w *writer) add(name string, at time.Time, value float64, pairs ...string) {
	key := name + pairs[len(pairs)-1]
	ref, err := w.appender.Append(w.refs[key], labels.FromStrings(append([]string{"__name__", name, "namespace", namespace}, pairs...)...), at.UnixMilli(), value)
	if err != nil {
		w.t.Fatal(err)
	}
	w.refs[key] = ref
	w.n++
}

// pod writes what was seen of one pod.
func (w *writer) pod(c historytest.Case, p historytest.Pod) {
	w.appender, w.refs = w.blocks.Appender(context.Background()), map[string]storage.SeriesRef{}
	servers := []string{"a"}
	if c.Twice {
		servers = append(servers, "b")
	}
	for at := p.From; at < p.To; at += time.Hour {
		now := c.Start.Add(at)
		w.add("kube_pod_owner", now, 1, "pod", p.Name, "owner_kind", "ReplicaSet", "owner_name", p.ReplicaSet, "job", "ksm")
		w.add("kube_replicaset_owner", now, 1, "replicaset", p.ReplicaSet, "owner_kind", "Deployment", "owner_name", c.ID, "pod_seen", p.Name)
	}
	c.Play(p, 0, 4*historytest.Week, float64(c.LimitBytes()), func(s historytest.Sample) {
		for i, server := range servers {
			at := c.Start.Add(s.At).Add(time.Duration(i) * 7 * time.Second)
			container := []string{"pod", p.Name, "container", "app", "job", "kubelet", "replica", server}
			w.add("container_memory_working_set_bytes", at, s.WorkingSet, container...)
			w.add("container_memory_usage_bytes", at, s.Usage, container...)
			w.add("container_memory_max_usage_bytes", at, s.Peak, container...)
			w.add("container_memory_rss", at, s.RSS, container...)
			w.add("container_memory_total_active_file_bytes", at, s.WorkingSet-s.RSS, container...)
			if s.At%(2*time.Minute) < historytest.Scrape {
				w.add("container_start_time_seconds", at, float64(c.Start.Add(s.LifeStart).Unix()), container...)
			}
		}
		if s.At%time.Minute < historytest.Scrape {
			at := c.Start.Add(s.At)
			w.add("kube_pod_container_resource_limits", at, float64(c.LimitBytes()), "pod", p.Name, "container", "app", "resource", "memory", "job", "ksm")
			if s.Killed {
				w.add("kube_pod_container_status_last_terminated_reason", at, 1, "pod", p.Name, "container", "app", "reason", "OOMKilled", "job", "ksm")
			}
		}
	})
	if err := w.appender.Commit(); err != nil {
		w.t.Fatal(err)
	}
}
