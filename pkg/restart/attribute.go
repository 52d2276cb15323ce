package restart

// This file decides the cause of one end that the pod's status holds. The order is the argument: what the API states about this very
// end comes before what the pod's end says, that before what only the times suggest, and a bare signal comes last.

import (
	"fmt"

	corev1 "k8s.io/api/core/v1"

	"github.com/kubectl-scars/kubectl-scars/pkg/finding"
)

// Exit codes of a process that a signal ended: 128 plus its number.
const (
	exitKilled     = 137 // SIGKILL
	exitTerminated = 143 // SIGTERM
	exitNotStarted = 128 // the runtime could not start it, with reason StartError or ContainerCannotRun
)

// Reasons that the kubelet writes itself (kubernetes v1.37.2 pkg/kubelet/kubelet_pods.go, status/status_manager.go).
const (
	reasonOOM        = "OOMKilled"
	reasonUnknown    = "ContainerStatusUnknown"
	reasonRestartAll = "RestartingAllContainers"
)

func attribute(f Facts, c container, e end, kills []*kill) Death {
	started, finished := e.times()
	d := Death{
		Pod: f.ref(c.status.Name), Kind: c.kind, FromStatus: true, ExitCode: e.ExitCode, Reason: e.Reason,
		Started: started, Finished: finished, First: finished, Count: 1, Unheard: !f.heard(finished),
	}
	d.Evidence = append(d.Evidence, e.evidence(d.Pod))
	switch e.Reason {
	case reasonUnknown:
		if cause, detail, evidence, ok := podEnd(f, e, d); ok {
			d.Evidence = append(d.Evidence, evidence...)
			return d.because(cause, finding.Proven, detail)
		}
		return d.because(Invented, finding.Proven, "the kubelet lost sight of it")
	case reasonRestartAll:
		return d.because(RestartedAll, finding.Proven, "")
	case "Unknown": // containerd, after a restart of its own or of the machine, with code 255
		return d.because(Invented, finding.Proven, "the runtime lost sight of it, as after a restart of its node").nearNodeTrouble(f)
	}
	if e.Reason == "StartError" || e.Reason == "ContainerCannotRun" {
		return d.notStarted(f, c, e)
	}
	if h := heapOf(e); h != (Heap{}) {
		d.Heap, d.Limit = h, whose(f, c)
		d.Evidence = append(d.Evidence, finding.Evidence{Object: d.Pod, Source: e.path + ".message", Value: h.Says, Time: finding.At(finished)})
		d.Evidence = append(d.Evidence, d.Limit.evidence(f, d.Pod.Container)[0])
	}

	k, exact := killFor(kills, d)
	if e.Reason == reasonOOM {
		d.Limit = whose(f, c)
		if e.ExitCode == exitKilled && (k == nil || !d.graceRanOut(f, c, k)) && (!d.endedWithPod(f, e) || d.withinGrace(f)) {
			return d.oom(f)
		}
		d.EarlierOOM = true // it sticks: it says nothing about this exit
		d.Evidence = append(d.Evidence, d.Limit.evidence(f, d.Pod.Container)...)
	}
	if k != nil {
		k.left--
		d.Evidence = append(d.Evidence, k.evidence(f))
		if exact {
			return d.because(k.becomes(), finding.Proven, k.detail(f, d))
		}
		return d.because(k.becomes(), finding.Strong, k.detail(f, d))
	}
	if cause, detail, evidence, ok := podEnd(f, e, d); ok {
		d.Evidence = append(d.Evidence, evidence...)
		return d.because(cause, finding.Proven, detail)
	}
	if e.ExitCode != exitKilled && e.ExitCode != exitTerminated {
		return d.ownExit()
	}
	if phase := f.Pod.Status.Phase; c.kind == Sidecar && e.current && (phase == corev1.PodSucceeded || phase == corev1.PodFailed) {
		d.Evidence = append(d.Evidence, finding.Evidence{Object: f.ref(""), Source: "status.phase", Value: string(phase)})
		return d.because(PodStopped, finding.Strong, "sidecars are stopped when the containers that they serve have ended") // KEP-753
	}
	if cause, grade, evidence := byProbeFailures(f, c, d); cause != "" {
		d.Evidence = append(d.Evidence, evidence...)
		return d.because(cause, grade, "")
	}
	if d.Heap != (Heap{}) { // java -XX:OnOutOfMemoryError="kill -9 %p" looks like this
		return d.because(RuntimeLimit, finding.Consistent, "")
	}
	if e.ExitCode == exitKilled && !d.EarlierOOM {
		evidence, ok := systemOOM(f, d.Finished, raceWindow)
		d.Evidence = append(d.Evidence, evidence...)
		if ok {
			return d.because(NodeMemory, finding.Consistent, "its runtime did not see it: a lost race, or cgroup v1")
		}
	}
	return d.signalled(f)
}

// signalled is what remains of an end by a signal that nobody owns up to.
func (d Death) signalled(f Facts) Death {
	if ev, ok := nodeTrouble(f, d.Finished); ok {
		d.Evidence = append(d.Evidence, ev)
		return d.because(OutsideKill, finding.Consistent, "its node was in trouble at that time")
	}
	if d.Unheard {
		return d.because(Unknown, finding.Consistent, "")
	}
	d.Evidence = append(d.Evidence, finding.Evidence{
		Object: d.Pod, Source: "events", Value: fmt.Sprintf("no event Killing for container %s at that time, and events of that time are still kept", d.Pod.Container),
	})
	return d.because(OutsideKill, finding.Consistent, "")
}

// nearNodeTrouble adds what the node says of that time.
func (d Death) nearNodeTrouble(f Facts) Death {
	if ev, ok := nodeTrouble(f, d.Finished); ok {
		d.Evidence = append(d.Evidence, ev)
	}
	return d
}

func (d Death) because(cause Cause, grade finding.Confidence, detail string) Death {
	d.Cause, d.Confidence, d.Detail = cause, grade, detail
	return d
}

// notStarted tells a limit that is too small for the runtime's own first process from other reasons not to start.
func (d Death) notStarted(f Facts, c container, e end) Death {
	if tooLow(e.Message) {
		d.Limit = whose(f, c)
		d.Evidence = append(d.Evidence, d.Limit.evidence(f, d.Pod.Container)...)
		v := memoryVolume(f.Pod)
		d.TooSmall = d.Limit.Tiny() || v == nil && d.Limit.Bytes.Cmp(small) < 0
		if v != nil {
			return d.because(MemoryLimit, finding.Strong, "files in the memory volume "+v.Name+" count towards it and outlive the container")
		}
		return d.because(MemoryLimit, finding.Strong, "it died before its program began")
	}
	return d.because(NotStarted, finding.Proven, "")
}
