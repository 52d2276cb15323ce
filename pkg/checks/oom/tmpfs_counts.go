package oom

// This file finds volumes in memory whose files fill the memory limit of the containers that mount them.

import (
	"fmt"
	"slices"

	corev1 "k8s.io/api/core/v1"

	"github.com/kubectl-scars/kubectl-scars/pkg/analysis"
	"github.com/kubectl-scars/kubectl-scars/pkg/finding"
	"github.com/kubectl-scars/kubectl-scars/pkg/headroom"
	"github.com/kubectl-scars/kubectl-scars/pkg/snapshot"
)

// TmpfsCounts is oom/tmpfs-counts.
var TmpfsCounts = &analysis.Check{
	ID: "oom/tmpfs-counts",
	Doc: analysis.Doc{
		Title:    "Files in a memory volume use up a container's memory limit",
		Symptom:  "A container is OOMKilled though its program is small, and again at once after the restart.",
		Evidence: "An emptyDir of medium Memory that the container mounts. Where the kubelet says (--kubelet-stats) that files in memory take a quarter of the limit or more, it is strong. Without numbers it is consistent, where its sizeLimit is the limit or more: a warning if the container was killed for memory, otherwise info.",
		Why:      "Files in memory count as memory of whoever writes them, show in no RSS, and outlive the restart of the container.",
		Fix:      "Give the volume a sizeLimit, and the container a limit that holds both; or use a volume on disk.",
		Limits:   "Without numbers a volume without sizeLimit is silent, because nobody can tell how much it will hold; where the container was killed for memory, that cannot be said. Files in /dev/shm count the same way and are no volume.",
		Sources:  []string{"kubernetes#128339", "kubernetes v1.37.2 pkg/volume/emptydir/empty_dir.go", "Linux Documentation/admin-guide/cgroup-v2.rst (shmem)"},
	},
	Inputs: analysis.PodInputs(numberInputs()...),
	Asks:   askKubelets,
	Run:    tmpfsCounts,
}

// share is the part of a limit from which on files in memory are named.
const share = 0.25

// mounted is a container with a memory volume.
type mounted struct {
	measured

	volume *corev1.Volume
	files  int64 // bytes in memory; 0: not known, or none
	whole  int64 // the limit that these count against
	ofPod  bool  // it is the pod's: some life before this one wrote them
	known  bool  // what files in memory it has
	killed bool
}

func tmpfsCounts(p *analysis.Pass) error {
	var found tally
	worst := map[finding.ObjectRef]mounted{}
	for _, pod := range p.Pods("") {
		if len(pod.Spec.Volumes) == 0 || snapshot.Finished(pod) || pod.DeletionTimestamp != nil {
			continue
		}
		said := false // what counts for the pod is said once
		for i := range pod.Spec.Containers {
			m, ok := mountedBy(pod, &pod.Spec.Containers[i])
			if !ok {
				continue
			}
			bad := m.judge(p)
			if m.ofPod && said {
				continue
			}
			said = said || m.ofPod
			if bad > 0 {
				if object := found.add(p, m.measured, bad); found.of[object].pod == pod {
					worst[object] = m
				}
			} else if m.killed && !m.known && sizeLimit(m.volume) == endless {
				object := analysis.Ref(p.WorkloadOf(pod))
				object.Container = m.container
				p.CannotSay(object, "whether files in volume "+m.volume.Name+", which lies in memory without a sizeLimit, led to the kill for memory: "+untold(p, pod.Spec.NodeName))
			}
		}
	}
	for _, object := range found.order {
		reportTmpfs(p, object, found.of[object], worst[object])
	}
	return nil
}

// mountedBy finds the volume in memory that a container with a limit mounts to write to: the one that may grow most.
func mountedBy(pod *corev1.Pod, c *corev1.Container) (mounted, bool) {
	var m mounted
	if len(c.VolumeMounts) == 0 { // most: no others are kept
		return m, false
	}
	m.pod, m.container = pod, c.Name
	for _, mount := range c.VolumeMounts {
		i := slices.IndexFunc(pod.Spec.Volumes, func(v corev1.Volume) bool { return v.Name == mount.Name })
		if i < 0 || mount.ReadOnly || !inMemory(pod.Spec.Volumes[i]) {
			continue
		}
		if v := &pod.Spec.Volumes[i]; m.volume == nil || sizeLimit(v) > sizeLimit(m.volume) {
			m.volume = v
		}
	}
	if m.volume == nil {
		return m, false
	}
	m.limit = headroom.ContainerLimit(pod, c.Name)
	i := slices.IndexFunc(pod.Status.ContainerStatuses, func(s corev1.ContainerStatus) bool { return s.Name == c.Name })
	m.killed = i >= 0 && oomKilled(&pod.Status.ContainerStatuses[i])
	return m, m.limit.Bytes > 0
}

const endless = 1 << 60

// sizeLimit is how much a volume may hold; without a limit of its own, as much as any other.
func sizeLimit(v *corev1.Volume) int64 {
	if v.EmptyDir.SizeLimit == nil || v.EmptyDir.SizeLimit.IsZero() {
		return endless
	}
	return v.EmptyDir.SizeLimit.Value()
}

// judge says how bad it is: the measured share of the limit and more, or a little where it only may come to that; 0 is not at all.
func (m *mounted) judge(p *analysis.Pass) float64 {
	m.since = p.Now().Add(-stale)
	for _, look := range []struct {
		container string
		limit     int64
	}{{m.container, m.limit.Bytes}, {"", headroom.EffectivePodLimit(m.pod)}} { // files of an earlier life count for the pod alone
		a, _ := numbersOf(p, m.pod, look.container, m.since).account()
		m.known = m.known || a.Parted
		if look.limit > 0 && float64(a.Tmpfs) >= share*float64(look.limit) && a.Tmpfs > m.files {
			m.files, m.whole, m.ofPod = a.Tmpfs, look.limit, look.container == ""
		}
	}
	size := sizeLimit(m.volume)
	switch {
	case m.files > 0:
		return 1 + float64(m.files)/float64(m.whole)
	case size == endless || size < m.limit.Bytes:
		return 0
	case m.killed && !m.known:
		return 0.2
	default:
		return 0.1
	}
}

func reportTmpfs(p *analysis.Pass, object finding.ObjectRef, t *tallied, m mounted) {
	pod := analysis.RefTo("Pod", m.pod)
	size := "no sizeLimit"
	if s := sizeLimit(m.volume); s < endless {
		size = "a sizeLimit of " + finding.Bytes(s)
	}
	f := finding.Finding{Severity: finding.Warning, Confidence: finding.Consistent, Object: object}
	f.Evidence = []finding.Evidence{
		{Object: pod, Source: fmt.Sprintf("spec.volumes[%s].emptyDir", m.volume.Name), Value: "medium Memory, " + size}, written(m.ref(), m.limit),
	}
	switch {
	case m.files > 0:
		f.Confidence = finding.Strong
		f.Message = fmt.Sprintf("files in memory take %s of the memory limit of %s: volume %s lies in memory with %s, its files count as used and outlive a restart of container %s",
			finding.Bytes(m.files), finding.Bytes(m.whole), m.volume.Name, size, m.container)
		tmpfsPicture(p, &f, m)
	case m.killed && !m.known:
		f.Message = fmt.Sprintf("volume %s lies in memory and may fill the memory limit of %s with %s: container %s was OOM-killed, and what lies there outlives the restart",
			m.volume.Name, finding.Bytes(m.limit.Bytes), size, m.container)
	default:
		f.Severity = finding.Info
		f.Message = fmt.Sprintf("volume %s lies in memory with %s, no less than the memory limit of %s of container %s that it counts against",
			m.volume.Name, size, finding.Bytes(m.limit.Bytes), m.container)
	}
	if m.killed {
		f.Evidence = append(f.Evidence, killedEvidence(m.pod, m.container)...)
	}
	tail, _ := replicas(p, t)
	f.Message += tail
	f.Fix = []finding.Fix{
		{Text: fmt.Sprintf("Give volume %s a sizeLimit that leaves room for the program, or raise the limit by it; files that need not be in memory belong on disk", m.volume.Name)},
	}
	p.Report(f)
}

// tmpfsPicture adds the numbers of whichever the files count against: the container, or the pod as a whole.
func tmpfsPicture(p *analysis.Pass, f *finding.Finding, m mounted) {
	ref, limit := m.ref(), m.limit
	a, _ := numbersOf(p, m.pod, m.container, m.since).account()
	if m.ofPod {
		ref.Container, limit = "", headroom.Limit{Bytes: m.whole, Of: "pod"}
		a, _ = numbersOf(p, m.pod, "", m.since).account()
	}
	f.Evidence = append(f.Evidence, sampled(ref, a))
	f.Memory = a.Picture(ref, limit, 0)
}

// killedEvidence quotes the status about kills for memory, the earlier first.
func killedEvidence(pod *corev1.Pod, container string) []finding.Evidence {
	var out []finding.Evidence
	for _, st := range pod.Status.ContainerStatuses {
		if st.Name != container {
			continue
		}
		for i, s := range []corev1.ContainerState{st.LastTerminationState, st.State} {
			if s.Terminated == nil || s.Terminated.Reason != "OOMKilled" {
				continue
			}
			ref := analysis.RefTo("Pod", pod)
			ref.Container = container
			out = append(out, finding.Evidence{
				Object: ref, Source: fmt.Sprintf("status.containerStatuses[%s].%s.terminated", container, []string{"lastState", "state"}[i]),
				Value: fmt.Sprintf("OOMKilled, exit code %d", s.Terminated.ExitCode), Time: finding.At(s.Terminated.FinishedAt.Time),
			})
		}
	}
	return out
}
