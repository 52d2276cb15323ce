package oom

// This file finds containers that outlived a kill for memory: a child process died of it, and the container ended later, by something else.

import (
	"fmt"
	"strings"

	"github.com/kubectl-scars/kubectl-scars/pkg/analysis"
	"github.com/kubectl-scars/kubectl-scars/pkg/checks/deaths"
	"github.com/kubectl-scars/kubectl-scars/pkg/finding"
	"github.com/kubectl-scars/kubectl-scars/pkg/restart"
)

// ChildKilled is oom/child-killed.
var ChildKilled = &analysis.Check{
	ID: "oom/child-killed",
	Doc: analysis.Doc{
		Title:    "A process in a container was killed for memory, and the container lived on",
		Symptom:  "OOMKilled with another exit code than 137, even with 0: an init container that \"succeeded\", a worker that vanished; or OOMKilled 137 or 143 of a container that a drain or a probe ended.",
		Evidence: "OOMKilled says that some process was killed at some time of the container's life, and it sticks. Where the exit code is not 137, or an event or the pod's own end explains the exit, it was not that kill that ended it. Whose limit it was is graded as in oom/limit-hit; without any limit only the node's memory is left, consistent.",
		Why:      "Whatever the child did is lost without a restart to show for it; an init container or a job may pass for done with half its work.",
		Fix:      "See what the process was doing and give it room. Let the main process end when such a child dies, so that the loss shows.",
		Limits:   "When in the container's life it happened is not known. While the container still runs its status says nothing: only the kernel's counters do. On cgroup v2 the kubelet lets the kernel kill all processes of a container at once, unless singleProcessOOMKill is set. Silent a week after the end.",
		Sources: []string{
			"kubernetes#104454", "kubernetes#140716", "kubernetes v1.37.2 pkg/kubelet/kuberuntime/kuberuntime_container_linux.go (memory.oom.group)",
			"containerd pkg/oom/v2 (memory.events)",
		},
	},
	Inputs: deaths.Inputs(),
	Run:    childKilled,
}

func childKilled(p *analysis.Pass) error {
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
	}
	return nil
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
