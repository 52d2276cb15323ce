package oom

// This file finds containers that a signal ended, 137 or 143, which was not for memory, and says what it was.

import (
	"fmt"
	"strings"
	"time"

	"github.com/kubectl-scars/kubectl-scars/pkg/analysis"
	"github.com/kubectl-scars/kubectl-scars/pkg/checks/deaths"
	"github.com/kubectl-scars/kubectl-scars/pkg/finding"
	"github.com/kubectl-scars/kubectl-scars/pkg/restart"
	"github.com/kubectl-scars/kubectl-scars/pkg/snapshot"
)

// KilledNotMemory is oom/killed-not-memory.
var KilledNotMemory = &analysis.Check{
	ID: "oom/killed-not-memory",
	Doc: analysis.Doc{
		Title:    "A container ended with 137 or 143, and it was not memory",
		Symptom:  "Exit code 137 or 143 with reason Error, or ContainerStatusUnknown. 137 is SIGKILL, 143 SIGTERM: neither says who sent it.",
		Evidence: "What the API states about this end: an event Killing within this life, the pod's reason (preempted, node shutdown, deadline, evicted for disk), or a code that the kubelet invented. Where all events are at hand and none speaks of it, something that the kubelet knows nothing of is consistent.",
		Why:      "Taken for a lack of memory, it leads to higher limits that change nothing while the cause goes on.",
		Fix:      "Follow the cause that is named; its own check, such as probes/liveness-kill, says more.",
		Limits:   "A container whose child was killed for memory before is oom/child-killed, a pod that never ran oom/turned-away. Pods that were deleted, drained or rolled over are silent, and so are sidecars that were stopped when their pod had done its work, and ephemeral containers. Some runtimes lose the race and report a kill for memory as Error 137 (containerd#8180): without other evidence that looks like a signal from outside. Events live 1 h by default; older ends are listed as cannot say, for a day.",
		Sources:  []string{"kubernetes v1.37.2 pkg/kubelet/kubelet_pods.go (ContainerStatusUnknown)", "kubernetes#122256", "containerd#8180"},
	},
	Inputs:    deaths.Inputs(analysis.Optional(snapshot.Nodes)),
	BySilence: true,
	Run:       killedNotMemory,
}

func killedNotMemory(p *analysis.Pass) error {
	for _, c := range deaths.Gather(p, true, bySignal) {
		severity, ok := c.Severity(p.Now())
		if !ok {
			continue
		}
		last := c.Toll.Latest()
		if last.Cause == restart.Unknown {
			if age := p.Now().Sub(last.Finished); age <= 24*time.Hour || c.Down {
				p.CannotSay(c.Object(), c.CannotTell(p))
			}
			continue
		}
		what, most := meaning(last)
		f := finding.Finding{
			Severity: worseOf(severity, most), Confidence: last.Confidence, Object: c.Object(), Evidence: c.Evidence(),
			Message:   fmt.Sprintf("%s ended with %s, and %s: %s", c.Who(), deaths.Code(last), notMemory(last), what),
			FirstSeen: c.FirstSeen(), LastSeen: c.LastSeen(),
		}
		if lately := c.Lately(p.Now()); lately != "" {
			f.Message += "; " + lately
		}
		f.Message += c.Tail()
		f.SaidBy = map[restart.Cause]string{restart.Liveness: "probes/liveness-kill", restart.Startup: "probes/startup-kill"}[last.Cause]
		f.Fix = c.Look()
		if last.Cause == restart.OutsideKill && c.Latest != nil {
			f.Fix = append(f.Fix, finding.Fix{
				Text: fmt.Sprintf("Look on node %s for who sent it at %s: its kernel log, the container runtime's log, and programs that kill processes",
					c.Latest.Spec.NodeName, last.Finished.Format(time.RFC3339)),
			})
		}
		p.Report(f)
	}
	return nil
}

// bySignal picks the ends with 137 or 143 that are no work of memory and no wish of anybody. An ephemeral container ends with its
// debugging session, however that may be.
func bySignal(d *restart.Death) bool {
	if d.Kind == restart.Ephemeral {
		return false
	}
	if d.Cause == restart.OtherEvicted {
		return d.Pod.Container == "" // once for the pod
	}
	if !d.FromStatus || d.ExitCode != 137 && d.ExitCode != 143 || d.EarlierOOM { // of which oom/child-killed speaks
		return false
	}
	_, severity := meaning(*d)
	return severity != "" || d.Cause == restart.Unknown
}

// meaning says what it was and how bad that can be at most; no severity for what is no trouble, or another check's.
func meaning(d restart.Death) (what string, most finding.Severity) {
	how := ""
	if d.Detail != "" {
		how = " (" + d.Detail + ")"
	}
	switch d.Cause {
	case restart.Liveness:
		return "its liveness probe failed" + how, finding.Info
	case restart.Startup:
		return "its startup probe failed" + how, finding.Info
	case restart.PostStart:
		return "its postStart hook failed" + how, finding.Warning
	case restart.OtherEvicted:
		return "the pod was evicted" + how, finding.Warning
	case restart.Preempted:
		return "its pod was preempted" + how, finding.Warning
	case restart.NodeShutdown:
		return "its node was shut down in good order", finding.Info
	case restart.Deadline:
		return "its pod ran longer than activeDeadlineSeconds allows", finding.Info
	case restart.Invented:
		return "the code is invented, because " + d.Detail, finding.Info
	case restart.OutsideKill:
		if d.Detail != "" {
			return "no event Killing, but " + d.Detail, finding.Info
		}
		return "neither OOMKilled nor an event Killing, so the signal came from outside the kubelet or a child's code was passed on", finding.Warning
	default:
		return "", ""
	}
}

// notMemory says how sure it is that it was not memory: a runtime may have missed a kill for memory, of which SIGKILL alone is left.
func notMemory(d restart.Death) string {
	switch {
	case d.Cause == restart.OutsideKill && d.ExitCode == 137:
		return "nothing says that it was memory"
	case strings.HasPrefix(d.Detail, "its memory volume"):
		return "its node did not lack memory"
	}
	return "it was not memory"
}
