package oom

// This file finds containers that were nearly killed at their limit, between two samples that show nothing of it.

import (
	"fmt"
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/kubectl-scars/kubectl-scars/pkg/analysis"
	"github.com/kubectl-scars/kubectl-scars/pkg/finding"
	"github.com/kubectl-scars/kubectl-scars/pkg/headroom"
)

// Spiky is oom/spiky.
var Spiky = &analysis.Check{
	ID: "oom/spiky",
	Doc: analysis.Doc{
		Title:    "A container has nearly reached its memory limit unseen",
		Symptom:  "None: dashboards and kubectl top show half of the limit or less. One burst more, or one that is a little larger, ends in OOMKilled \"with headroom\".",
		Evidence: "The kernel's own peak (memory.peak, with --kubelet-stats) of 90 % of the limit or more, where all that is seen now, file cache included, is 60 % at most. Cache stays until it is wanted for something else, and hardly any is there: what came and went was the program's. Files that were deleted meanwhile look the same: consistent.",
		Why:      "Samples are taken every 15 to 60 s and a limit is enforced at every page. A limit or request that is sized by the samples is too small.",
		Fix:      "Keep the limit above the peak, and size by peaks, or make the burst smaller: read, sort or decode in parts.",
		Limits:   "When the peak was is not known: since the container was started. A peak at the limit itself is silent: there something gave way, or it had been killed, so it was cache. What was killed within a week is oom/limit-hit, which tells of a missed peak itself. Needs a kernel of 5.19 or later on cgroup v2.",
		Sources:  []string{"Linux Documentation/admin-guide/cgroup-v2.rst (memory.peak)", "opencontainers/cgroups v0.0.7 fs2/memory.go", "kubernetes v1.37.2 pkg/kubelet/cadvisor/cadvisor_linux.go (housekeeping)"},
	},
	Inputs: analysis.PodInputs(numberInputs()...),
	Asks:   askKubelets,
	Run:    spiky,
}

const (
	spikeAt     = 0.9                // of the limit, for the peak
	seenAt      = 0.6                // of the limit, for all that is seen
	littleCache = 0.05               // of the limit: file cache that could be left of a peak of cache
	killTold    = 7 * 24 * time.Hour // how long oom/limit-hit tells of a kill
)

func spiky(p *analysis.Pass) error {
	if len(p.AllKubeletStats()) == 0 {
		return nil // nobody else tells of peaks
	}
	var found tally
	eachReading(p, func(s reading) {
		limit := float64(s.limit)
		if limit <= 0 || float64(s.working) > seenAt*limit {
			return
		}
		m := s.measured(p.Now())
		a, _ := m.numbers(p).account()
		if !a.Parted || a.Peak == nil || float64(a.Total) > seenAt*limit || float64(a.FileCache) > littleCache*limit {
			return
		}
		if peak := float64(*a.Peak); peak >= spikeAt*limit && *a.Peak < m.limit.Bytes {
			found.add(p, m, peak/limit)
		}
	})
	for _, object := range found.order {
		t := found.of[object]
		if killedLately(p, t) {
			continue // oom/limit-hit says it, with the peak
		}
		a, _ := t.numbers(p).account()
		tail, _ := replicas(p, t)
		limit := "its memory limit of "
		if t.limit.Of == "pod" {
			limit = "its pod's memory limit of "
		}
		p.Report(finding.Finding{
			Severity: finding.Info, Confidence: finding.Consistent, Object: object,
			Message: fmt.Sprintf("container %s has been at %s, %s of %s%s, since it started %s ago, and %s are seen: samples miss such a peak, and a larger one is a kill",
				t.container, finding.Bytes(*a.Peak), percent(*a.Peak, t.limit.Bytes), limit, finding.Bytes(t.limit.Bytes),
				analysis.Ago(p.Now(), t.status.State.Running.StartedAt.Time), finding.Bytes(a.Total)) + tail,
			Evidence: []finding.Evidence{sampled(t.ref(), a), written(t.ref(), t.limit)},
			Memory:   a.Picture(t.ref(), t.limit, headroom.ContainerRequest(t.pod, t.container).Bytes),
			Fix: []finding.Fix{
				{Text: "Do not lower the limit by what dashboards show; size it by the peak"},
				setMemory(t.workload, t.container, "limits", *a.Peak*5/4, "If the burst is real, leave room above it: a quarter is a first step"),
			},
		})
	}
	return nil
}

// killedLately tells whether any replica is known to have been killed for memory within a week, or at a time that nobody noted.
func killedLately(p *analysis.Pass, t *tallied) bool {
	since := p.Now().Add(-killTold)
	for _, pod := range p.PodsOf(t.workload) {
		for _, list := range [...][]corev1.ContainerStatus{pod.Status.ContainerStatuses, pod.Status.InitContainerStatuses} {
			for i := range list {
				last := list[i].LastTerminationState.Terminated
				if list[i].Name == t.container && last != nil && last.Reason == "OOMKilled" && (last.FinishedAt.IsZero() || last.FinishedAt.After(since)) {
					return true
				}
			}
		}
	}
	return false
}
