package oom

// This file finds containers that outlived a kill for memory: a child process died of it, and the container ended later, by something else.

import (
	"fmt"
	"strings"
	"time"

	"github.com/kubectl-scars/kubectl-scars/pkg/analysis"
	"github.com/kubectl-scars/kubectl-scars/pkg/checks/deaths"
	"github.com/kubectl-scars/kubectl-scars/pkg/finding"
	"github.com/kubectl-scars/kubectl-scars/pkg/headroom"
	"github.com/kubectl-scars/kubectl-scars/pkg/restart"
)

// ChildKilled is oom/child-killed.
var ChildKilled = &analysis.Check{
	ID: "oom/child-killed",
	Doc: analysis.Doc{
		Title:    "A process in a container was killed for memory, and the container lived on",
		Symptom:  "A worker that vanished from a container that goes on; OOMKilled with another exit code than 137, even with 0: an init container that \"succeeded\"; or OOMKilled 137 or 143 of a container that a drain or a probe ended.",
		Evidence: "OOMKilled says that some process was killed at some time of the container's life, and it sticks. Where the exit code is not 137, or an event or the pod's own end explains the exit, it was not that kill that ended it. Whose limit it was is graded as in oom/limit-hit; without any limit only the node's memory is left, consistent. Of a container that still runs its kubelet's count of kills in it tells (container_oom_events_total, with --kubelet-stats): it is that of this life's cgroup alone; where there is no limit, it was a cgroup above that was full, the node's share for pods.",
		Why:      "Whatever the child did is lost without a restart to show for it; an init container or a job may pass for done with half its work.",
		Fix:      "See what the process was doing and give it room. Let the main process end when such a child dies, so that the loss shows.",
		Limits:   "When in the container's life it happened is not known. While the container still runs its status says nothing: only the kubelet's count does, which a restart of the kubelet makes smaller by what the kernel's log no longer holds, and in which kills by a node out of memory are not: the kernel names no limit with them. That count stays for life: a warning in the container's first week, then info. On cgroup v2 the kubelet lets the kernel kill all processes of a container at once, unless singleProcessOOMKill is set; on cgroup v1 it kills one. Silent a week after the end.",
		Sources: []string{
			"kubernetes#104454", "kubernetes#140716", "kubernetes v1.37.2 pkg/kubelet/kuberuntime/kuberuntime_container_linux.go (memory.oom.group)",
			"containerd pkg/oom/v2 (memory.events)", "kubernetes v1.37.2 pkg/kubelet/oom/oom_counter.go",
			"kubernetes v1.37.2 third_party/forked/cadvisor/oomparser/oomparser_linux.go (oom_memcg=…,task_memcg=…)",
		},
	},
	Inputs: deaths.Inputs(numberInputs()...),
	Asks:   askKubelets,
	Run:    childKilled,
}

func childKilled(p *analysis.Pass) error {
	told := map[finding.ObjectRef]bool{}
	outlived := func(d *restart.Death) bool { return d.EarlierOOM && d.Cause != restart.MemoryEvicted } // that is one and the same shortage
	for _, c := range deaths.Gather(p, false, outlived) {
		severity, ok := c.Severity(p.Now())
		if !ok {
			continue
		}
		last := c.Toll.Latest()
		whose := last.Limit.String() + " the likeliest limit"
		if last.Limit.Owner == restart.NodeLimit {
			whose = "without any memory limit, so by its node"
		}
		f := finding.Finding{
			Severity: worseOf(severity, finding.Warning), Confidence: last.Limit.Confidence, Object: c.Object(), Evidence: c.Evidence(),
			Message:   fmt.Sprintf("a child process in %s was killed for memory, %s, and the container ended later %s: %s", c.Who(), whose, later(last), c.Lately(p.Now())),
			FirstSeen: c.FirstSeen(), LastSeen: c.LastSeen(),
		}
		f.Message = strings.TrimSuffix(f.Message, ": ") + c.Tail()
		f.Fix = append(c.Look(), raise(c, last.Limit)...)
		p.Report(f)
		told[f.Object] = true
	}
	childOfTheLiving(p, told)
	return nil
}

// childOfTheLiving finds containers that run and in whose present life a process was killed. Their status says nothing of it.
func childOfTheLiving(p *analysis.Pass, told map[finding.ObjectRef]bool) {
	if len(p.AllKubeletStats()) == 0 {
		return // nobody else counts
	}
	var found tally
	eachReading(p, func(r reading) {
		m := r.measured(p.Now())
		if s, ok := m.numbers(p).killed(); ok {
			worst := float64(*s.OOMKills)
			if !young(m, p.Now()) {
				worst = -1 / worst // after all that are young
			}
			found.add(p, m, worst)
		}
	})
	for _, object := range found.order {
		t := found.of[object]
		if told[object] {
			continue
		}
		s, _ := t.numbers(p).killed()
		f := finding.Finding{
			Severity: finding.Info, Confidence: finding.Strong, Object: object,
			Evidence: []finding.Evidence{{
				Object: t.ref(), Source: source(s.Source), Value: fmt.Sprintf("container_oom_events_total %d in this life", *s.OOMKills), Time: finding.At(s.Time),
			}},
			Fix: []finding.Fix{{Text: "See what the container says of the process that it lost", Command: finding.Kubectl(object.Namespace, "logs", t.pod.Name, "-c", t.container)}},
		}
		if young(t.measured, p.Now()) {
			f.Severity = finding.Warning
		}
		whose := "without any memory limit, so at the share of its node that pods may use"
		if t.limit.Bytes > 0 {
			whose = "its memory limit of " + finding.Bytes(t.limit.Bytes) + " the likeliest limit"
			f.Evidence = append(f.Evidence, written(t.ref(), t.limit))
		}
		if t.limit.Of == "pod" {
			whose = strings.Replace(whose, "its", "its pod's", 1)
		} else if t.limit.Bytes > 0 {
			f.Fix = append(f.Fix, setMemory(t.workload, t.container, "limits", 2*t.limit.Bytes, "How much it needs is not known: if the need is real, try twice as much and watch"))
		}
		often := "once"
		if *s.OOMKills > 1 {
			often = fmt.Sprintf("%d times", *s.OOMKills)
		}
		tail, _ := replicas(p, t)
		f.Message = fmt.Sprintf("a child process in container %s was killed for memory %s, %s, and the container, which started %s ago, lives on",
			t.container, often, whose, analysis.Ago(p.Now(), t.status.State.Running.StartedAt.Time)) + tail
		p.Report(f)
	}
}

// young tells whether a container that runs has started within the week: then whatever was killed in it was killed lately.
func young(m measured, now time.Time) bool {
	return now.Sub(m.status.State.Running.StartedAt.Time) <= killTold
}

// killed is the sample that tells of kills, and false where none does.
func (n numbers) killed() (headroom.Sample, bool) {
	for _, s := range n.own {
		if s.OOMKills != nil && *s.OOMKills > 0 {
			return s, true
		}
	}
	return headroom.Sample{}, false
}

// later says how a container ended that had outlived a kill for memory.
func later(d restart.Death) string {
	switch d.Cause {
	case restart.OwnExit, restart.RuntimeLimit:
		if d.ExitCode == 0 {
			return "with code 0, as if it had done its work"
		}
		return fmt.Sprintf("by itself with code %d", d.ExitCode)
	case restart.Liveness, restart.Startup:
		return fmt.Sprintf("because its %s probe failed", d.Cause)
	case restart.PodStopped:
		return "with its pod, which was stopped"
	default:
		return fmt.Sprintf("with code %d for another reason", d.ExitCode)
	}
}
