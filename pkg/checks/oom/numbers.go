package oom

// This file gathers the numbers about a container's memory: what the metrics API says of it, and its kubelet where it was asked.

import (
	"cmp"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/kubectl-scars/kubectl-scars/pkg/analysis"
	"github.com/kubectl-scars/kubectl-scars/pkg/finding"
	"github.com/kubectl-scars/kubectl-scars/pkg/headroom"
	"github.com/kubectl-scars/kubectl-scars/pkg/snapshot"
)

const (
	metricsAPI = "metrics API"

	// One sample is one moment. It says nothing of a container that is just starting, nor of now where it is old.
	settled = 2 * time.Minute
	stale   = 10 * time.Minute
)

// numberInputs are what the numbers come from.
func numberInputs() []analysis.Input {
	return []analysis.Input{analysis.Optional(snapshot.PodMetrics), analysis.AskedFor(analysis.Optional(snapshot.KubeletStats))}
}

// askKubelets wants the numbers of every node on which a pod runs.
func askKubelets(v *snapshot.View) []snapshot.Ask {
	var out []snapshot.Ask
	seen := map[string]bool{}
	for _, pod := range v.Pods("") {
		if node := pod.Spec.NodeName; node != "" && !seen[node] && !snapshot.Finished(pod) {
			seen[node] = true
			out = append(out, snapshot.Ask{Kind: snapshot.KubeletStats, Name: node})
		}
	}
	return out
}

// numbers are the samples of one container, or of a pod as a whole.
type numbers struct {
	own      []headroom.Sample // the kubelet's first
	pressure *headroom.Sample  // the one that tells of pressure
}

// numbersOf finds the samples of a container since a time; the empty name means the pod as a whole.
func numbersOf(p *analysis.Pass, pod *corev1.Pod, container string, since time.Time) numbers {
	var n numbers
	if stats := p.KubeletStats(pod.Spec.NodeName); stats != nil {
		for _, row := range stats.Of(pod.Namespace, pod.Name, container) {
			s := headroom.Sample(row.Memory)
			if s.Time.Before(since) {
				continue
			}
			n.own = append(n.own, s)
			if s.PSISome300 != nil {
				n.pressure = &s
			}
		}
	}
	if u := p.PodUsage(pod.Namespace, pod.Name); u != nil && container != "" && !u.Time.Before(since) {
		if bytes, ok := u.Container(container); ok {
			n.own = append(n.own, headroom.Sample{Source: metricsAPI, Time: u.Time, WorkingSet: &bytes})
		}
	}
	return n
}

// account is the sample that tells the parts best, split; false where there is none.
func (n numbers) account() (best headroom.Account, ok bool) {
	for _, s := range n.own {
		a, told := headroom.Split(s)
		if told && (!ok || !best.Parted && (a.Parted || len(a.Parts) > len(best.Parts))) {
			best, ok = a, true
		}
	}
	return best, ok
}

// measured is a container that runs, has settled, and has numbers that are of now.
type measured struct {
	pod       *corev1.Pod
	status    *corev1.ContainerStatus
	container string

	since   time.Time // samples before it are not of now
	working int64     // working set, bytes
	limit   headroom.Limit
}

func (m measured) numbers(p *analysis.Pass) numbers { return numbersOf(p, m.pod, m.container, m.since) }

// reading is what there is of such a container while nobody speaks of it: clusters have many.
type reading struct {
	pod     *corev1.Pod
	status  *corev1.ContainerStatus
	working int64 // working set, bytes
	limit   int64 // bytes, 0 without
}

var readings = snapshot.Derived[[]reading]{
	Kinds: []snapshot.Kind{snapshot.Pods, snapshot.PodMetrics, snapshot.KubeletStats}, Make: readingsOf,
}

// eachReading visits those of all such containers, by pod.
func eachReading(p *analysis.Pass, visit func(reading)) {
	for _, s := range readings.In(p.View) {
		visit(s)
	}
}

// readingsOf splits nothing, and since pods and their numbers are sorted alike, looks nothing up.
func readingsOf(v *snapshot.View) []reading {
	usages, asked := v.PodUsages(), len(v.AllKubeletStats()) > 0
	if len(usages) == 0 && !asked {
		return nil
	}
	pods := v.Pods("")
	out := make([]reading, 0, len(pods))
	for _, pod := range pods {
		for len(usages) > 0 && before(&usages[0].ObjectMeta, &pod.ObjectMeta) {
			usages = usages[1:]
		}
		var usage *snapshot.PodUsage
		if len(usages) > 0 && !before(&pod.ObjectMeta, &usages[0].ObjectMeta) {
			usage = usages[0]
		}
		var stats *snapshot.NodeStats
		if asked {
			stats = v.KubeletStats(pod.Spec.NodeName)
		}
		if usage == nil && stats == nil || pod.Status.Phase != corev1.PodRunning || pod.DeletionTimestamp != nil {
			continue
		}
		for _, list := range [][]corev1.ContainerStatus{pod.Status.ContainerStatuses, pod.Status.InitContainerStatuses} {
			for i := range list {
				st := &list[i]
				if st.State.Running == nil {
					continue
				}
				if working, ok := workingSet(freshSince(st, v.Now()), usage, stats, pod, st.Name); ok {
					out = append(out, reading{pod, st, working, headroom.ContainerLimit(pod, st.Name).Bytes})
				}
			}
		}
	}
	return out
}

// measured is the container with all that is spoken of.
func (s reading) measured(now time.Time) measured {
	return measured{s.pod, s.status, s.status.Name, freshSince(s.status, now), s.working, headroom.ContainerLimit(s.pod, s.status.Name)}
}

// freshSince is since when samples of a running container are of now.
func freshSince(st *corev1.ContainerStatus, now time.Time) time.Time {
	since := st.State.Running.StartedAt.Add(settled)
	if oldest := now.Add(-stale); since.Before(oldest) {
		return oldest
	}
	return since
}

func before(a, b *metav1.ObjectMeta) bool {
	return cmp.Or(strings.Compare(a.Namespace, b.Namespace), strings.Compare(a.Name, b.Name)) < 0
}

// workingSet is that of a container at any time since; the kubelet's own word goes first.
func workingSet(since time.Time, usage *snapshot.PodUsage, stats *snapshot.NodeStats, pod *corev1.Pod, container string) (int64, bool) {
	if stats != nil {
		for _, row := range stats.Of(pod.Namespace, pod.Name, container) {
			if row.Memory.WorkingSet != nil && !row.Memory.Time.Before(since) {
				return *row.Memory.WorkingSet, true
			}
		}
	}
	if usage != nil && !usage.Time.Before(since) {
		return usage.Container(container)
	}
	return 0, false
}

// ref names the container as evidence.
func (m measured) ref() finding.ObjectRef {
	ref := analysis.RefTo("Pod", m.pod)
	ref.Container = m.container
	return ref
}

// tally gathers the containers of which a check speaks, by workload: the worst, and how many pods.
type tally struct {
	order []finding.ObjectRef
	of    map[finding.ObjectRef]*tallied
}

type tallied struct {
	measured

	workload snapshot.Ref
	worst    float64
	pods     int
}

// add takes a container in; worst orders those of one workload, which it names.
func (t *tally) add(p *analysis.Pass, m measured, worst float64) finding.ObjectRef {
	workload := p.WorkloadOf(m.pod)
	object := analysis.Ref(workload)
	object.Container = m.container
	if t.of == nil {
		t.of = map[finding.ObjectRef]*tallied{}
	}
	known := t.of[object]
	if known == nil {
		t.order = append(t.order, object)
		t.of[object] = &tallied{m, workload, worst, 1}
		return object
	}
	known.pods++
	if worst > known.worst {
		known.measured, known.worst = m, worst
	}
	return object
}
