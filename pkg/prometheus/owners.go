package prometheus

// Which pods were a workload's, weeks back. kube-state-metrics recorded each pod's owner; where it did not, names tell, a grade less sure.

import (
	"context"
	"regexp"
	"strings"

	"github.com/kubectl-scars/kubectl-scars/pkg/history"
)

// Workload is one whose history is wanted.
type Workload struct{ Kind, Namespace, Name string }

// owned is whose a pod was, and of which version.
type owned struct {
	workload Workload
	version  string
}

// owners finds the pods of the workloads among all pods of the namespace.
func (r *reader) owners(ctx context.Context) error {
	pods, sets, jobs := map[string]Workload{}, map[string]string{}, map[string]string{}
	ksm := r.ksm
	for _, try := range []scheme{plain(), exported()} {
		// A scrape without honorLabels leaves kube-state-metrics' own pod in "pod", and what it speaks of in "exported_pod".
		err := r.client.Series(ctx, r.match("kube_pod_owner", try), r.From, r.To, func(l Labels) {
			if l[try.pod] != "" {
				pods[l[try.pod]] = Workload{l["owner_kind"], r.namespace, l["owner_name"]}
			}
		})
		if err != nil {
			return err
		}
		if ksm = try; len(pods) > 0 {
			break
		}
	}
	if len(pods) > 0 {
		r.ksm, r.ownersKnown = ksm, true
		for _, owner := range []struct {
			metric, label, kind string
			into                map[string]string
		}{{"kube_replicaset_owner", "replicaset", "Deployment", sets}, {"kube_job_owner", "job_name", "CronJob", jobs}} {
			err := r.client.Series(ctx, r.match(owner.metric, ksm), r.From, r.To, func(l Labels) {
				if l["owner_kind"] == owner.kind {
					owner.into[l[owner.label]] = l["owner_name"]
				}
			})
			if err != nil {
				return err
			}
		}
	}
	wanted := map[Workload]bool{}
	for _, w := range r.workloads {
		wanted[w] = true
	}
	for pod := range r.names {
		w, known := pods[pod]
		o := owned{workload: w}
		switch {
		case !known:
			o, known = r.byName(pod)
			if known {
				r.named[o.workload] = true
			}
		case w.Kind == "ReplicaSet" && sets[w.Name] != "":
			o = owned{Workload{"Deployment", r.namespace, sets[w.Name]}, w.Name}
		case w.Kind == "Job" && jobs[w.Name] != "":
			o.workload = Workload{"CronJob", r.namespace, jobs[w.Name]}
		case w.Kind == "ReplicaSet": // of a ReplicaSet that is gone, only its pods may be recorded
			if byName, ok := r.byName(pod); ok {
				o = byName
			} else {
				o.version = w.Name
			}
		case w.Kind == "" || w.Kind == "<none>":
			o.workload = Workload{"Pod", r.namespace, pod}
		}
		if known && wanted[o.workload] {
			r.pods[pod] = o
		}
	}
	return nil
}

// named are the names that pods of a workload have, by its kind: group 1 is the version, where it is part of the name. The suffixes are
// made of letters and digits that make no words (kubernetes v1.37.2 apimachinery/pkg/util/rand), the hash of a template is a number in
// those letters, and a CronJob's are minutes since the epoch.
func podNames(w Workload) *regexp.Regexp {
	name := regexp.QuoteMeta(w.Name)
	const suffix = `-[bcdfghjklmnpqrstvwxz2456789]{5}`
	switch w.Kind {
	case "Deployment":
		return regexp.MustCompile(`^(` + name + `-[bcdfghjklmnpqrstvwxz2456789]{1,10})` + suffix + `$`)
	case "StatefulSet":
		return regexp.MustCompile(`^` + name + `-\d+()$`)
	case "ReplicaSet", "DaemonSet", "Job", "ReplicationController":
		return regexp.MustCompile(`^` + name + `()` + suffix + `$`)
	case "CronJob":
		return regexp.MustCompile(`^` + name + `-\d{8,10}()(?:-\d+)?` + suffix + `$`)
	}
	return regexp.MustCompile(`^` + name + `()$`)
}

// byName finds the workload whose pods have such names: that with the longest name where several fit.
func (r *reader) byName(pod string) (out owned, found bool) {
	for i, w := range r.workloads {
		if r.patterns[i] == nil {
			r.patterns[i] = podNames(w)
		}
		m := r.patterns[i].FindStringSubmatch(pod)
		if m != nil && len(w.Name) >= len(out.workload.Name) {
			out, found = owned{w, m[1]}, true
		}
	}
	return out, found
}

// anyPod follows the name of a workload in a selector of its pods. No name has a star in it.
const anyPod = "-.*"

// mostNames is how many characters of names fit into a question that tells them twice.
const mostNames = 3000

// divide puts the workloads into groups whose names have at most so many characters; a pod belongs to the group of its workload alone,
// whatever other group's names it matches.
func (r *reader) divide(most int) {
	names := make([]string, len(r.workloads))
	for i, w := range r.workloads {
		// In a string of PromQL a backslash is written twice.
		names[i] = strings.ReplaceAll(regexp.QuoteMeta(w.Name), `\`, `\\`)
		if w.Kind != "Pod" {
			names[i] += anyPod
		}
	}
	groups, of := alternatives(names, most)
	r.groups, r.groupOf = groups, map[Workload]int{}
	for i, w := range r.workloads {
		r.groupOf[w] = of[i]
	}
}

// alternatives joins names with bars, at most so many characters together, and tells in which text each is; one longer name is alone.
func alternatives(names []string, most int) (texts []string, of []int) {
	length := most
	for _, name := range names {
		if length += len(name) + 1; length > most {
			texts, length = append(texts, name), len(name)
		} else {
			texts[len(texts)-1] += "|" + name
		}
		of = append(of, len(texts)-1)
	}
	return texts, of
}

// group is the label matchers that find the pods of a group, and others, which are dropped.
func (r *reader) group(i int, s scheme) []string {
	return []string{s.pod + `=~"` + r.groups[i] + `"`, s.container + `!=""`, s.container + `!="POD"`}
}

// record is the history of a container, made where it is new.
func (r *memory) record(o owned, container string) *history.Record {
	k := Key{o.workload, container}
	record := r.records[k]
	if record == nil {
		record = history.NewRecord(r.From, r.To)
		record.KillsKnown = r.ownersKnown // both are kube-state-metrics'
		record.OwnersKnown = r.ownersKnown && !r.named[o.workload]
		record.VersionsUnknown = r.unknown[o.workload]
		r.records[k] = record
	}
	return record
}
