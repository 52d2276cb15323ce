package oom

// This file finds containers whose memory looks full and is cache.

import (
	"fmt"

	corev1 "k8s.io/api/core/v1"

	"github.com/kubectl-scars/kubectl-scars/pkg/analysis"
	"github.com/kubectl-scars/kubectl-scars/pkg/finding"
	"github.com/kubectl-scars/kubectl-scars/pkg/headroom"
)

// CacheNotLeak is oom/cache-not-leak.
var CacheNotLeak = &analysis.Check{
	ID: "oom/cache-not-leak",
	Doc: analysis.Doc{
		Title:    "A container's memory looks full, but it is file cache",
		Symptom:  "Dashboards and kubectl top show a working set near the limit, or one that only ever grows; no kill follows.",
		Evidence: "What the kubelet says (--kubelet-stats): a working set of 85 % of the limit or more, of which cache of files that were read lately is 30 % of the limit or more, and what cannot give way 60 % at most; no kill for memory is known. It is one moment, so consistent.",
		Why:      "Taken for a leak, it costs a search for one, or a higher limit, which the cache fills too.",
		Fix:      "Leave the limit. Watch what does not give way: RSS, files in memory, the kernel's part. The kubelet counts this cache when its node runs low: ask for enough.",
		Limits:   "Without --kubelet-stats it is silent, because the metrics API does not tell cache apart. Whether the program's own part grows, one moment does not show. Cache that was not used lately is no part of the working set and looks full nowhere.",
		Sources:  []string{"kubernetes#43916", "Linux Documentation/admin-guide/cgroup-v2.rst (memory.stat)"},
	},
	Inputs: analysis.PodInputs(numberInputs()...),
	Asks:   askKubelets,
	Run:    cacheNotLeak,
}

func cacheNotLeak(p *analysis.Pass) error {
	var found tally
	eachReading(p, func(s reading) {
		limit := float64(s.limit)
		if limit <= 0 || float64(s.working) < 0.85*limit || oomKilled(s.status) {
			return
		}
		m := s.measured(p.Now())
		n := m.numbers(p)
		a, _ := n.account()
		if !a.Parted || n.pressure != nil && *n.pressure.PSISome300 >= pressured {
			return
		}
		if active := float64(*a.ActiveFile); active >= 0.3*limit && float64(a.Needed()) <= 0.6*limit {
			found.add(p, m, active)
		}
	})
	for _, object := range found.order {
		t := found.of[object]
		a, _ := t.numbers(p).account()
		tail, _ := replicas(p, t)
		f := finding.Finding{
			Severity: finding.Info, Confidence: finding.Consistent, Object: object,
			Message: fmt.Sprintf("container %s looks full with a working set of %s of its memory limit of %s, but %s in use is file cache that gives way: it needs %s",
				t.container, percent(t.working, t.limit.Bytes), finding.Bytes(t.limit.Bytes), finding.Bytes(a.FileCache), finding.Bytes(a.Needed())) + tail,
			Evidence: []finding.Evidence{sampled(t.ref(), a), written(t.ref(), t.limit)},
			Memory:   a.Picture(t.ref(), t.limit, headroom.ContainerRequest(t.pod, t.container).Bytes),
			Fix:      []finding.Fix{{Text: "Leave the limit as it is: a higher one would be filled with cache too. Watch RSS and files in memory instead of the working set"}},
		}
		p.Report(f)
	}
	return nil
}

// oomKilled tells whether the status knows of a kill for memory.
func oomKilled(st *corev1.ContainerStatus) bool {
	for _, s := range []corev1.ContainerState{st.State, st.LastTerminationState} {
		if s.Terminated != nil && s.Terminated.Reason == "OOMKilled" {
			return true
		}
	}
	return false
}
