package prometheus_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/kubectl-scars/kubectl-scars/pkg/finding"
	"github.com/kubectl-scars/kubectl-scars/pkg/history"
	"github.com/kubectl-scars/kubectl-scars/pkg/prometheus"
	"github.com/kubectl-scars/kubectl-scars/pkg/prometheus/promtest"
)

// born is one pod: what it is called, which revision it is of, when it was there, in hours before now, and how many MiB it uses.
type born struct {
	name, revision string
	from, to       float64
	level          float64
}

func hoursAgo(h float64) time.Time { return now.Add(-time.Duration(h * float64(time.Hour))) }

// grid are samples each minute of the time between two moments, as a scrape at whole minutes takes them.
func grid(from, to time.Time, value float64) []promtest.Sample {
	var out []promtest.Sample
	for at := from.Truncate(time.Minute).Add(time.Minute); !at.After(to); at = at.Add(time.Minute) {
		out = append(out, promtest.Sample{At: at.Unix(), Value: value})
	}
	return out
}

// pods are the series of what cAdvisor and kube-state-metrics tell of the pods of a workload. Their UIDs are their numbers.
func pods(kind, name string, all []born) []promtest.Series {
	var out []promtest.Series
	for i, b := range all {
		from, to, uid := hoursAgo(b.from), hoursAgo(b.to), string(rune('a'+i))
		add := func(metric string, value float64, pairs ...string) {
			out = append(out, promtest.Series{Labels: labels(metric, append(pairs, "pod", b.name)...), Samples: grid(from, to, value)})
		}
		add("container_memory_working_set_bytes", b.level*mi, "container", "app", "id", uid)
		add("container_memory_usage_bytes", b.level*mi, "container", "app", "id", uid)
		add("container_memory_max_usage_bytes", b.level*mi, "container", "app", "id", uid)
		add("container_start_time_seconds", float64(from.Unix()+2), "container", "app", "id", uid)
		add("kube_pod_container_resource_limits", 1024*mi, "container", "app", "resource", "memory", "uid", uid)
		add("kube_pod_owner", 1, "owner_kind", kind, "owner_name", name, "uid", uid)
		add("kube_pod_created", float64(from.Unix()), "uid", uid)
		add("kube_pod_labels", 1, "uid", uid, "label_controller_revision_hash", b.revision)
	}
	return out
}

// status is a value of a workload's metric between two moments, in hours before now.
func status(metric, label, name string, from, to, value float64, more ...string) promtest.Series {
	return promtest.Series{Labels: labels(metric, append(more, label, name)...), Samples: grid(hoursAgo(from), hoursAgo(to), value)}
}

const rolled = 145.53 // hours before now that the rollout began; it took a quarter of an hour for each pod

// database is StatefulSet db before and after a rollout, after which it needs so many MiB instead of 800.
func database(after float64) []born {
	return []born{
		{"db-0", "db-a", 400, rolled - 0.25, 800}, {"db-1", "db-a", 400, rolled, 800},
		{"db-1", "db-b", rolled - 0.01, 0, after}, {"db-0", "db-b", rolled - 0.26, 0, after},
	}
}

func databaseStatus() []promtest.Series {
	const set, done = "statefulset", rolled - 0.27
	return []promtest.Series{
		status("kube_statefulset_status_update_revision", set, "db", 400, rolled, 1, "revision", "db-a"),
		status("kube_statefulset_status_update_revision", set, "db", rolled, 0, 1, "revision", "db-b"),
		status("kube_statefulset_status_replicas", set, "db", 400, 0, 2),
		status("kube_statefulset_status_replicas_updated", set, "db", 400, rolled, 2),
		status("kube_statefulset_status_replicas_updated", set, "db", rolled, rolled-0.01, 0),
		status("kube_statefulset_status_replicas_updated", set, "db", rolled-0.01, done, 1),
		status("kube_statefulset_status_replicas_updated", set, "db", done, 0, 2),
	}
}

func agents() ([]born, []promtest.Series) {
	const set = "daemonset"
	all := []born{
		{"agent-bbbbb", "a", 400, rolled - 0.25, 800}, {"agent-ccccc", "a", 400, rolled, 800},
		{"agent-ddddd", "b", rolled - 0.01, 0, 300}, {"agent-fffff", "b", rolled - 0.26, 0, 300},
	}
	return all, []promtest.Series{
		status("kube_daemonset_metadata_generation", set, "agent", 400, rolled, 3), status("kube_daemonset_metadata_generation", set, "agent", rolled, 0, 4),
		status("kube_daemonset_status_observed_generation", set, "agent", 400, rolled, 3), status("kube_daemonset_status_observed_generation", set, "agent", rolled, 0, 4),
		status("kube_daemonset_status_current_number_scheduled", set, "agent", 400, 0, 2),
		status("kube_daemonset_status_updated_number_scheduled", set, "agent", 400, rolled, 2),
		status("kube_daemonset_status_updated_number_scheduled", set, "agent", rolled, rolled-0.27, 1),
		status("kube_daemonset_status_updated_number_scheduled", set, "agent", rolled-0.27, 0, 2),
	}
}

func without(all []promtest.Series, metrics ...string) []promtest.Series {
	return slices.DeleteFunc(slices.Clone(all), func(s promtest.Series) bool {
		return slices.ContainsFunc(metrics, func(m string) bool { return strings.HasPrefix(s.Labels["__name__"], m) })
	})
}

func stripped(all []promtest.Series, label string) []promtest.Series {
	for _, s := range all {
		delete(s.Labels, label)
	}
	return all
}

func TestVersionsOfPodsWhoseNamesDoNotTell(t *testing.T) {
	const less, one, some = "needs less than before (300Mi, before 800Mi)", "old and new ones count as one", "which version 1 of its 3 pods ran is not known"
	const refused = "a pod uses 800Mi now" // of the other version, which still runs
	db := func() []promtest.Series { return append(pods("StatefulSet", "db", database(300)), databaseStatus()...) }
	all, daemons := agents()
	agent := func() []promtest.Series { return append(pods("DaemonSet", "agent", all), daemons...) }
	// A canary: one of two pods stays updated.
	canary := append(pods("StatefulSet", "db", database(300)[1:3]), pods("StatefulSet", "db", []born{{"db-0", "db-a", 400, 0, 800}})...)
	canary = append(canary, without(databaseStatus(), "kube_statefulset_status_replicas_updated")...)
	canary = append(canary, status("kube_statefulset_status_replicas_updated", "statefulset", "db", 400, rolled, 2), status("kube_statefulset_status_replicas_updated", "statefulset", "db", rolled, 0, 1))
	for name, test := range map[string]struct {
		series      []promtest.Series
		limit       string
		says, never []string
		versions    []string
	}{
		"by the status of the StatefulSet":       {without(db(), "kube_pod_labels"), "360Mi", []string{less}, []string{one, some}, []string{"db-b"}},
		"by labels":                              {without(db(), "kube_statefulset"), "360Mi", []string{less}, []string{one, some}, []string{"db-b"}},
		"by both":                                {db(), "360Mi", []string{less}, []string{one, some}, []string{"db-b"}},
		"by labels without UIDs":                 {stripped(without(db(), "kube_statefulset"), "uid"), "840Mi", []string{one}, []string{less}, nil},
		"by the status, without UIDs":            {stripped(without(db(), "kube_pod_labels"), "uid"), "360Mi", []string{less}, []string{one, some}, []string{"db-b"}},
		"same level":                             {append(pods("StatefulSet", "db", database(790)), databaseStatus()...), "840Mi", nil, []string{"before", one, some}, []string{"db-a", "db-b"}},
		"neither labels nor status":              {without(db(), "kube_statefulset", "kube_pod_labels"), "840Mi", []string{one, "controller-revision-hash or kube_statefulset_status_update_revision"}, []string{less}, nil},
		"no creation":                            {without(db(), "kube_pod_created"), "840Mi", []string{one, "without kube_pod_created"}, []string{less}, nil},
		"no kube-state-metrics":                  {without(db(), "kube_"), "840Mi", []string{one, "without kube-state-metrics"}, []string{less}, nil},
		"how many are updated is not told":       {without(db(), "kube_pod_labels", "kube_statefulset_status_replicas_updated"), "840Mi", []string{"which version 4 of its 4 pods"}, []string{less}, nil},
		"a canary by the status":                 {without(canary, "kube_pod_labels"), "", []string{some, refused}, nil, nil},
		"a canary by labels":                     {canary, "", []string{less, refused}, []string{one, some}, []string{"db-b"}},
		"by the status of the DaemonSet":         {without(agent(), "kube_pod_labels"), "360Mi", []string{less}, []string{one, some}, []string{"generation 4"}},
		"by labels of a DaemonSet":               {without(agent(), "kube_daemonset"), "360Mi", []string{less}, []string{one, some}, []string{"b"}},
		"neither labels nor status, a DaemonSet": {without(agent(), "kube_daemonset", "kube_pod_labels"), "840Mi", []string{one, "kube_daemonset_status_observed_generation"}, []string{less}, nil},
	} {
		w := prometheus.Workload{Kind: "StatefulSet", Namespace: "shop", Name: "db"}
		if strings.Contains(name, "DaemonSet") {
			w = prometheus.Workload{Kind: "DaemonSet", Namespace: "shop", Name: "agent"}
		}
		q := question()
		q.Workloads = []prometheus.Workload{web, w}
		h, err := client(t, promtest.Start(promtest.Options{Series: test.series, Now: now})).Read(t.Context(), q)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		record := h.Records[prometheus.Key{Workload: w, Container: "app"}]
		got := history.Recommend(record, history.Options{Limit: 1024 * mi})
		text := strings.Join(append(got.Notes, got.CannotSay), "\n")
		if got.Limit.Quantity != test.limit || !slices.Equal(got.Basis.Used, test.versions) {
			t.Errorf("%s: %s of %v, want %s of %v; %s", name, got.Limit.Quantity, got.Basis.Used, test.limit, test.versions, text)
		}
		for _, want := range test.says {
			if !strings.Contains(text, want) {
				t.Errorf("%s: nothing says %q: %s", name, want, text)
			}
		}
		for _, never := range test.never {
			if strings.Contains(text, never) {
				t.Errorf("%s: says %q: %s", name, never, text)
			}
		}
		if unknown := strings.Contains(text, "which version"); unknown != (record.VersionsUnknown != "") || unknown && got.Confidence == finding.Strong {
			t.Errorf("%s: %q, %s", name, record.VersionsUnknown, got.Confidence)
		}
	}
}

// TestKillsOfAnOldVersion are no kills of the new one that has the pod's name.
func TestKillsOfAnOldVersion(t *testing.T) {
	w := prometheus.Workload{Kind: "StatefulSet", Namespace: "shop", Name: "db"}
	for name, test := range map[string]struct {
		at    float64 // hours before now that db-0 was killed
		kills int
		pods  int
		limit string
	}{"before the rollout": {rolled + 50, 0, 2, "360Mi"}, "after it": {50, 1, 2, "1280Mi"}} {
		series := append(pods("StatefulSet", "db", database(300)), databaseStatus()...)
		until := 0.0 // the reason is told until the pod is gone
		if test.at > rolled {
			until = rolled - 0.25
		}
		container := []string{"pod", "db-0", "container", "app"}
		series = append(series,
			promtest.Series{Labels: labels("container_start_time_seconds", container...), Samples: grid(hoursAgo(test.at), hoursAgo(until), float64(hoursAgo(test.at).Unix()+5))},
			promtest.Series{Labels: labels("kube_pod_container_status_last_terminated_reason", append(container, "reason", "OOMKilled")...), Samples: grid(hoursAgo(test.at), hoursAgo(until), 1)})
		q := question()
		q.Workloads = []prometheus.Workload{w}
		h, err := client(t, promtest.Start(promtest.Options{Series: series, Now: now})).Read(t.Context(), q)
		if err != nil {
			t.Fatal(err)
		}
		got := history.Recommend(h.Records[prometheus.Key{Workload: w, Container: "app"}], history.Options{Limit: 1024 * mi})
		if got.Basis.Kills != test.kills || got.Basis.Pods != test.pods || got.Limit.Quantity != test.limit {
			t.Errorf("%s: %d kills of %d pods, %s: %s", name, got.Basis.Kills, got.Basis.Pods, got.Limit.Quantity, got.Limit.Reason)
		}
	}
}
