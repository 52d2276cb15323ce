package history

import (
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/prometheus/storage"
	"github.com/prometheus/prometheus/tsdb"

	"github.com/kubectl-scars/kubectl-scars/pkg/history/historytest"
)

// TestVersionsOfAStatefulSet asks a real Prometheus about pods whose names tell no version: a rollout, five days before the end, halves what they
// need. Only kube-state-metrics' own metrics tell of it.
func TestVersionsOfAStatefulSet(t *testing.T) {
	const set, need = "db", 512 << 20
	begin := historytest.Cases(1)[0].Start.Add(2 * historytest.Week)
	end, rollout := begin.Add(2*historytest.Week), begin.Add(9*24*time.Hour+1234*time.Second)
	dir := t.TempDir()
	blocks, err := tsdb.NewBlockWriter(slog.New(slog.DiscardHandler), dir, int64(5*historytest.Week/time.Millisecond))
	if err != nil {
		t.Fatal(err)
	}
	w := &writer{t: t, blocks: blocks, appender: blocks.Appender(t.Context()), refs: map[string]storage.SeriesRef{}}
	for at := begin; !at.After(end); at = at.Add(30 * time.Second) {
		replaced, revision := 0, "db-a"
		for i := range 2 {
			// The higher one is replaced first, the other when it is ready.
			born, from, level := rollout.Add(time.Duration(2-i)*time.Minute), "db-b", need/2.0
			switch {
			case at.Before(born.Add(-30 * time.Second)):
				born, from, level = begin.Add(-time.Hour), "db-a", need
			case at.Before(born):
				continue
			default:
				replaced++
			}
			pod := fmt.Sprintf("%s-%d", set, i)
			container := []string{"pod", pod, "container", "app", "id", "/kubepods/" + pod + from}
			w.add("container_memory_working_set_bytes", at, level, container...)
			w.add("container_memory_usage_bytes", at, level, container...)
			w.add("container_memory_max_usage_bytes", at, level, container...)
			w.add("container_start_time_seconds", at, float64(born.Unix()+1), container...)
			w.add("kube_pod_created", at, float64(born.Unix()), "pod", pod, "uid", pod+from)
			w.add("kube_pod_owner", at, 1, "owner_kind", "StatefulSet", "owner_name", set, "pod", pod)
			w.add("kube_pod_container_resource_limits", at, need, "container", "app", "resource", "memory", "pod", pod)
		}
		updated := 2
		if !at.Before(rollout) {
			revision, updated = "db-b", replaced
		}
		w.add("kube_statefulset_status_replicas", at, 2, "statefulset", set)
		w.add("kube_statefulset_status_replicas_updated", at, float64(updated), "statefulset", set)
		w.add("kube_statefulset_status_update_revision", at, 1, "statefulset", set, "revision", revision)
	}
	if err := w.appender.Commit(); err != nil {
		t.Fatal(err)
	}
	if _, err := blocks.Flush(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := blocks.Close(); err != nil {
		t.Fatal(err)
	}
	objects := filepath.Join(t.TempDir(), "db.yaml")
	manifest := fmt.Sprintf("apiVersion: apps/v1\nkind: StatefulSet\nmetadata: {name: %s, namespace: %s}\nspec: {replicas: 2, selector: {}, template: {spec: {containers: [{name: app, resources: {limits: {memory: %d}}}]}}}\n", set, namespace, need)
	if err := os.WriteFile(objects, []byte(manifest), 0o600); err != nil {
		t.Fatal(err)
	}
	item := ask(t, build(t), objects, start(t, dir)).items[set]
	if notes := strings.Join(item.Notes, "\n"); item.Limit.Quantity != "308Mi" || item.Basis.Version != "db-b" || item.Basis.Pods != 2 ||
		!strings.Contains(notes, "needs less than before (256Mi, before 512Mi)") || strings.Contains(notes, "not known") {
		t.Errorf("got %+v, %+v: %s %s", item.Limit, item.Basis, item.CannotSay, notes)
	}
}
