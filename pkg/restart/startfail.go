package restart

// This file finds containers that a memory limit keeps from ever coming to life: the runtime's own first process, or the files that
// the kubelet writes for the pod, do not fit. No container status tells of it, only events.

import (
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"

	"github.com/kubectl-scars/kubectl-scars/pkg/finding"
	"github.com/kubectl-scars/kubectl-scars/pkg/kubeevent"
)

// smallest is the least memory with which a container can plausibly start. Below it, that the kubelet's tmpfs volumes do not fit is
// the limit's doing: their size is at most the pod's limit (kubernetes v1.37.2 pkg/volume/emptydir/empty_dir.go).
// Below small, a sandbox that dies while it is being made is most likely killed at it: runc and the shim's child need some megabytes.
var (
	smallest = resource.MustParse("4Mi")
	small    = resource.MustParse("16Mi")
)

// startFailures finds pods whose sandbox, volumes or containers could not be made because of a memory limit.
func startFailures(f Facts) []Death {
	telling := func(e *corev1.Event) bool { return e.Reason == "FailedCreatePodSandBox" || e.Reason == "FailedMount" }
	if f.Pod == nil || !slices.ContainsFunc(f.Events, telling) {
		return nil
	}
	culprit, ok := smallestLimit(f)
	if !ok {
		return nil
	}
	var d *Death
	for _, e := range f.Events {
		grade := outgrown(e, culprit.Bytes)
		if grade == "" {
			continue
		}
		first, last, count := kubeevent.Span(e)
		if d == nil {
			d = &Death{
				Pod: f.ref(culprit.Container), Kind: culprit.Kind, Cause: MemoryLimit, Confidence: grade,
				Detail: "its pod cannot even be set up", First: first, Finished: last, Limit: culprit.Limit, TooSmall: true,
				Evidence: []finding.Evidence{{Object: f.ref(culprit.Container), Source: culprit.Source, Value: culprit.Bytes.String()}},
			}
		}
		d.Count += count
		if first.Before(d.First) {
			d.First = first
		}
		if !last.Before(d.Finished) || len(d.Evidence) == 1 {
			d.Finished = last
			d.Evidence = append(d.Evidence[:1], finding.Evidence{
				Object: f.ref(""), Source: "event " + e.Reason, Value: e.Message, Time: finding.At(last), Count: count,
			})
		}
	}
	if d == nil || started(f.Pod) {
		return nil
	}
	return []Death{*d}
}

// outgrown grades that an event tells of too little memory to set a pod up: nothing where it does not. Of a limit that is tiny the texts of
// a full tmpfs and of a cgroup that cannot be made are enough; that the sandbox's own process was gone before it was started, which
// runtimes put into these words, is consistent with a limit that is small.
func outgrown(e *corev1.Event, limit resource.Quantity) finding.Confidence {
	holds := func(text string) bool { return strings.Contains(e.Message, text) }
	switch tiny, less := limit.Cmp(smallest) < 0, limit.Cmp(small) < 0; {
	case e.Reason == "FailedCreatePodSandBox" && (tooLow(e.Message) || tiny && holds("cannot allocate memory")):
		return finding.Strong
	case e.Reason == "FailedMount" && tiny && holds(" space left on device"): // of "/token: no space …" redaction leaves as much
		return finding.Strong
	case e.Reason == "FailedCreatePodSandBox" && less && (holds("cannot start a stopped process") || holds("cannot start a container that has stopped")):
		return finding.Consistent
	default:
		return ""
	}
}

// Unstarted lists the containers of a pod that has not come up yet which have not run themselves, and whose limits, or that of the pod,
// are too small for any program to start in. The spec alone tells, or the runtime that refuses it (CRI-O wants 12 MiB at least).
func Unstarted(f Facts) []NamedLimit {
	var out []NamedLimit
	p := f.Pod
	if p.Status.Phase != corev1.PodPending && p.Status.Phase != "" { // it is pending until each container has run once (kubelet_pods.go, getPhase)
		return nil
	}
	add := func(kind Kind, list string, containers []corev1.Container) {
		for i := range containers {
			c := container{kind: kind, spec: &containers[i], status: statusOf(p, containers[i].Name), list: list}
			if r := c.spec.RestartPolicy; kind == Init && r != nil && *r == corev1.ContainerRestartPolicyAlways {
				c.kind = Sidecar
			}
			if c.status == nil {
				c.status = &corev1.ContainerStatus{Name: containers[i].Name}
			}
			says := ""
			if w := c.status.State.Waiting; w != nil && tooLow(w.Message) {
				says = w.Message
			}
			if l := whose(f, c); (l.Tiny() || says != "" && l.Owner != NodeLimit) && !ran(c.status) {
				out = append(out, NamedLimit{c.status.Name, c.kind, l, says})
			}
		}
	}
	add(Init, "initContainerStatuses", p.Spec.InitContainers)
	add(Regular, "containerStatuses", p.Spec.Containers)
	return out
}

func statusOf(p *corev1.Pod, name string) *corev1.ContainerStatus {
	for _, list := range [][]corev1.ContainerStatus{p.Status.InitContainerStatuses, p.Status.ContainerStatuses} {
		for i := range list {
			if list[i].Name == name {
				return &list[i]
			}
		}
	}
	return nil
}

// NamedLimit is the limit of one container, and what its runtime says of that, if anything.
type NamedLimit struct {
	Container string
	Kind      Kind
	Limit
	Says string
}

// smallestLimit is the container with the smallest memory limit.
func smallestLimit(f Facts) (best NamedLimit, ok bool) {
	eachContainer(f.Pod, func(c container) {
		l := whose(f, c)
		if l.Owner != NodeLimit && (!ok || l.Bytes.Cmp(best.Bytes) < 0) {
			best, ok = NamedLimit{c.status.Name, c.kind, l, ""}, true
		}
	})
	return best, ok
}

// started tells whether any container of the pod ever ran.
func started(p *corev1.Pod) (yes bool) {
	eachContainer(p, func(c container) { yes = yes || ran(c.status) })
	return yes
}

func ran(s *corev1.ContainerStatus) bool {
	return s.State.Running != nil || s.State.Terminated != nil || s.LastTerminationState.Terminated != nil
}
