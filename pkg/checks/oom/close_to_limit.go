package oom

// This file finds containers that nearly fill their memory limit with what the kernel cannot take back.

import (
	"fmt"

	"github.com/kubectl-scars/kubectl-scars/pkg/analysis"
	"github.com/kubectl-scars/kubectl-scars/pkg/finding"
	"github.com/kubectl-scars/kubectl-scars/pkg/headroom"
	"github.com/kubectl-scars/kubectl-scars/pkg/snapshot"
)

// CloseToLimit is oom/close-to-limit.
var CloseToLimit = &analysis.Check{
	ID: "oom/close-to-limit",
	Doc: analysis.Doc{
		Title:    "A container nearly fills its memory limit",
		Symptom:  "None yet, or slowness while the kernel looks for memory to take back; the next rise ends in OOMKilled.",
		Evidence: "What the kubelet says of the container's memory (--kubelet-stats): program, files in memory and the kernel's part together, without file cache, against the limit in force. From 90 % of it on it is info, from 95 % a warning; it is one moment, so consistent at most. Pressure (PSI) is of five minutes: where processes waited for memory for 10 % of them, at 90 % of the limit, it is strong.",
		Why:      "The kernel takes file cache back before it kills. What it cannot take back, and only that, leads to a kill.",
		Fix:      "Raise the limit above the need, or lower the need; after a day of metrics a limit can be given by the peaks.",
		Limits:   "A moment is not a trend. Containers that have run for less than two minutes are silent. The metrics API tells a working set in which cache that gives way is counted: on that alone nothing is claimed, and from 95 % on it is said that it cannot be told. Nodes with Windows tell no parts. Of the kernel's part some may give way too, so it counts only beside what cannot.",
		Sources:  []string{"Linux Documentation/admin-guide/cgroup-v2.rst (memory.stat, memory.max)", "google/cadvisor v0.60.5 lib/container/libcontainer/handler.go", "KEP-4205"},
	},
	Inputs: analysis.PodInputs(numberInputs()...),
	Asks:   askKubelets,
	Run:    closeToLimit,
}

const (
	close90   = 0.90 // of the limit
	close95   = 0.95
	certain   = 0.80 // of the limit, that the kernel certainly cannot take back
	pressured = 10.0 // percent of five minutes

	waits = 1000 // added to how bad it is where processes waited
)

func closeToLimit(p *analysis.Pass) error {
	var full, unparted tally
	eachReading(p, func(s reading) {
		limit := float64(s.limit)
		if limit <= 0 || float64(s.working) < close90*limit { // what cannot be taken back is in the working set
			return
		}
		m := s.measured(p.Now())
		n := m.numbers(p)
		a, _ := n.account()
		needed, sure := float64(a.Needed())/limit, float64(a.Program+a.Tmpfs)/limit
		switch {
		case n.pressure != nil && *n.pressure.PSISome300 >= pressured:
			full.add(p, m, waits+float64(m.working)/limit)
		case a.Parted && needed >= close90 && sure >= certain:
			full.add(p, m, needed)
		case !a.Parted && float64(m.working) >= close95*limit:
			unparted.add(p, m, 0)
		}
	})
	for _, object := range full.order {
		reportClose(p, object, full.of[object])
	}
	for _, object := range unparted.order {
		if full.of[object] == nil {
			p.CannotSay(object, "whether what nearly fills the memory limit is cache that gives way: "+untold(p, unparted.of[object].pod.Spec.NodeName))
		}
	}
	return nil
}

func reportClose(p *analysis.Pass, object finding.ObjectRef, t *tallied) {
	n := t.numbers(p)
	tail, _ := replicas(p, t)
	a, _ := n.account()
	f := finding.Finding{Severity: finding.Info, Confidence: finding.Consistent, Object: object}
	limit := "its memory limit of " + finding.Bytes(t.limit.Bytes)
	if t.limit.Of == "pod" {
		limit = "its pod's memory limit of " + finding.Bytes(t.limit.Bytes)
	}
	switch {
	case t.worst >= waits:
		f.Severity, f.Confidence = finding.Warning, finding.Strong
		f.Message = fmt.Sprintf("container %s waits for memory: in %.0f%% of the last 5m some process of it stood still, at %s of %s",
			t.container, *n.pressure.PSISome300, percent(t.working, t.limit.Bytes), limit)
		f.Evidence = append(f.Evidence, finding.Evidence{
			Object: t.ref(), Source: source(n.pressure.Source), Value: fmt.Sprintf("psi some avg300 %.1f%%", *n.pressure.PSISome300), Time: finding.At(n.pressure.Time),
		})
	default:
		if t.worst >= close95 {
			f.Severity = finding.Warning
		}
		f.Message = fmt.Sprintf("container %s needs %s of %s (%s), cache not counted", t.container, finding.Bytes(a.Needed()), limit, percent(a.Needed(), t.limit.Bytes))
	}
	f.Message += tail
	f.Evidence = append(f.Evidence, sampled(t.ref(), a), written(t.ref(), t.limit))
	f.Memory = a.Picture(t.ref(), t.limit, headroom.ContainerRequest(t.pod, t.container).Bytes)
	f.Fix = []finding.Fix{
		setMemory(t.workload, t.container, "limits", t.limit.Bytes*3/2, "See whether the need is real; if it is, try half as much again and watch"),
	}
	p.Report(f)
}

// untold says why the parts of memory are not known. It names neither amounts nor nodes, so that it is said once for all containers.
func untold(p *analysis.Pass, node string) string {
	if p.KubeletStats(node) == nil && p.AskState(snapshot.KubeletStats, "", node).Status == "" {
		return "the API does not tell, --kubelet-stats would"
	}
	return "the kubelet did not tell the parts"
}
