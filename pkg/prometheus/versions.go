package prometheus

// Which version the pods of StatefulSets and DaemonSets ran, weeks back. Their names do not tell, and a StatefulSet gives the name of an
// old pod to a new one. kube-state-metrics (v2.17.0 docs/metrics/workload) tells of each pod when it was created, and by the label
// controller-revision-hash, where it is allowed to (--metric-labels-allowlist), of which revision. Without the label a pod's version is known
// from a time when all pods of its workload were of one: both controllers count how many pods are updated (kubernetes v1.37.2
// pkg/controller/statefulset/stateful_set_control.go, computeReplicaStatus; pkg/controller/daemon/daemon_controller.go,
// updateDaemonSetStatus). A pod that lived only while a rollout was under way is of no version that is known.

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/kubectl-scars/kubectl-scars/pkg/order"
)

// era is since when a pod of some name ran a version; that is empty where nothing tells.
type era struct {
	from    int64 // seconds
	version string
}

// eras are those of one name, in order.
type eras []era

// during is the version of what ran after one time and until another, and false where that was more than one.
func (e eras) during(after, until int64) (version string, one bool) {
	one = true
	for _, next := range e {
		switch {
		case next.from <= after:
			version = next.version
		case next.from <= until && next.version != version:
			one = false
		}
	}
	return version, one
}

// from is the version at a time, or of what ran first after it.
func (e eras) from(at int64) string {
	version, found := "", false
	for _, next := range e {
		if next.from <= at || !found {
			version, found = next.version, true
		}
	}
	return version
}

// versionFrom is the version of a pod at a time, or of the first of its name after it.
func (r *reader) versionFrom(pod string, at int64) string {
	if eras := r.eras[pod]; len(eras) > 0 {
		return eras.from(at)
	}
	return r.pods[pod].version
}

// life is one pod, from when it was created until it was seen last.
type life struct {
	pod, uid      string
	created, last int64 // seconds
	version       string
}

// revisions are the kinds whose pods' names tell no version, and how their versions are told of without the pods' labels.
func revisions() []revision {
	return []revision{
		{
			kind: "StatefulSet", label: "statefulset", pods: "kube_statefulset_status_replicas", updated: "kube_statefulset_status_replicas_updated",
			version: "kube_statefulset_status_update_revision",
		},
		{
			kind: "DaemonSet", label: "daemonset", pods: "kube_daemonset_status_current_number_scheduled",
			updated: "kube_daemonset_status_updated_number_scheduled", version: "kube_daemonset_status_observed_generation",
			newest: "kube_daemonset_metadata_generation",
		},
	}
}

// revision is one of them: the metrics of how many pods there are, how many of them are updated, and to what. That is a label of the metric,
// or, where newest is what the user wants, a number that the controller has seen.
type revision struct{ kind, label, pods, updated, version, newest string }

// readVersions learns them. Where it cannot it says why, of each workload.
func (r *reader) readVersions(ctx context.Context) error {
	for _, kind := range revisions() {
		own := r.only(kind.kind)
		if len(own.pods) == 0 {
			continue
		}
		if !r.ownersKnown {
			r.unversioned(own, "kube-state-metrics")
			continue
		}
		lives, err := own.readLives(ctx)
		if err != nil {
			return err
		}
		if len(lives) == 0 {
			r.unversioned(own, "kube_pod_created")
			continue
		}
		if err := own.readHashes(ctx, lives); err != nil {
			return err
		}
		if slices.ContainsFunc(lives, func(l *life) bool { return l.version == "" }) {
			courses, err := own.readCourses(ctx, kind)
			if err != nil {
				return err
			}
			if len(courses) == 0 && !slices.ContainsFunc(lives, func(l *life) bool { return l.version != "" }) {
				r.unversioned(own, "the pods' label controller-revision-hash or "+kind.version)
				continue
			}
			for _, l := range lives {
				if c := courses[own.pods[l.pod].workload.Name]; c != nil && l.version == "" {
					l.version = c.of(*l)
				}
			}
		}
		r.keep(own, lives)
	}
	return nil
}

// only is the reader of the workloads of a kind.
func (r *reader) only(kind string) *reader {
	own := *r
	own.workloads, own.pods, own.Progress = nil, map[string]owned{}, nil
	for _, w := range r.workloads {
		if w.Kind == kind {
			own.workloads = append(own.workloads, w)
		}
	}
	for pod, o := range r.pods {
		if o.workload.Kind == kind {
			own.pods[pod] = o
		}
	}
	own.divide(mostNames)
	return &own
}

// unversioned notes that versions are not known for want of a metric.
func (r *reader) unversioned(own *reader, lacking string) {
	for _, w := range own.workloads {
		r.unknown[w] = "which versions its pods ran is not known without " + lacking + ": old and new ones count as one"
	}
}

// readLives learns when pods were created and how long they were there.
func (r *reader) readLives(ctx context.Context) ([]*life, error) {
	type instance struct {
		pod, uid string
		created  int64
	}
	lives := map[instance]*life{}
	_, err := r.ask(ctx, r.ksm, lifeStep, func(match ...string) string {
		return r.by([]string{r.ksm.pod, "uid"}, "max_over_time", "kube_pod_created", r.ksm, lifeStep, match[0])
	}, func(_ owned, k podContainer, l Labels, points []Point) {
		for _, p := range points {
			i := instance{k.pod, l["uid"], seconds(p.Value)}
			if i.created <= 0 {
				continue
			}
			if lives[i] == nil {
				lives[i] = &life{pod: i.pod, uid: i.uid, created: i.created}
			}
			lives[i].last = max(lives[i].last, p.At/1000)
		}
	})
	out := make([]*life, 0, len(lives))
	for _, l := range lives {
		out = append(out, l)
	}
	order.By(out, func(a, b *life) int {
		return cmp.Or(strings.Compare(a.pod, b.pod), cmp.Compare(a.created, b.created), strings.Compare(a.uid, b.uid))
	})
	return out, err
}

// readHashes tells lives' versions by the label of their pods.
func (r *reader) readHashes(ctx context.Context, lives []*life) error {
	const label = "label_controller_revision_hash"
	type instance struct{ pod, uid string }
	hashes := map[instance][]string{}
	for i := range r.groups {
		match := r.match("kube_pod_labels", r.ksm, r.group(i, r.ksm)[0], label+`!=""`)
		err := r.client.Series(ctx, match, r.From, r.To, func(l Labels) {
			k := instance{l[r.ksm.pod], l["uid"]}
			if !slices.Contains(hashes[k], l[label]) {
				hashes[k] = append(hashes[k], l[label])
			}
		})
		if err != nil {
			return err
		}
	}
	for _, l := range lives {
		if told := hashes[instance{l.pod, l.uid}]; len(told) == 1 { // without UIDs, pods of one name may have had several
			l.version = told[0]
		}
	}
	return nil
}

// keep makes eras of lives, and counts those of which the version is not known.
func (r *reader) keep(own *reader, lives []*life) {
	const margin = 3600 // of what was seen of the first one before it was told of, by other clocks and in steps that began earlier
	all, unknown := map[Workload]int{}, map[Workload]int{}
	for _, l := range lives {
		w := own.pods[l.pod].workload
		from := l.created
		if len(r.eras[l.pod]) == 0 {
			from -= margin
		}
		r.eras[l.pod] = append(r.eras[l.pod], era{from, l.version})
		all[w]++
		if l.version == "" {
			unknown[w]++
		}
	}
	for pod, o := range own.pods {
		if len(r.eras[pod]) == 0 { // seen by cAdvisor alone
			all[o.workload]++
			unknown[o.workload]++
		}
	}
	for w, n := range unknown {
		r.unknown[w] = fmt.Sprintf("which version %d of its %d pods ran is not known: the store tells it only of pods that were there while all were of one", n, all[w])
	}
}
