// Package headroom says where a container's memory stands: the parts that add up to what the kernel holds against the limit, what of it gives
// way before the kernel kills, and why a container died although dashboards showed room.
//
// The kernel compares all that a cgroup holds (usage, memory.current) with the limit, takes file cache back first, and kills where that does
// not suffice. Dashboards show other sums: the working set has cache in it that gives way, RSS lacks files in memory and the kernel's part.
package headroom

import (
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/kubectl-scars/kubectl-scars/pkg/finding"
)

// Sample is what one source says of one container or pod at one time, in bytes unless said otherwise; nil is unknown, which is not zero.
// The fields are those of snapshot.Memory.
type Sample struct {
	Source string
	Time   time.Time

	Usage        *int64 // memory.current
	WorkingSet   *int64 // usage - inactive file
	RSS          *int64 // anonymous memory, without tmpfs
	Cache        *int64 // file cache, with tmpfs
	ActiveFile   *int64
	InactiveFile *int64
	Peak         *int64 // since the cgroup was made, cache included

	OOMKills   *int64
	PSISome300 *float64 // percent of the last five minutes in which some process waited for memory
}

// Account is a sample split into parts.
type Account struct {
	Sample

	Parts []finding.MemoryPart
	Total int64 // their sum

	// Parted: the parts are told apart, so that Program, Tmpfs, Kernel and FileCache are known; otherwise they are zero.
	Parted                            bool
	Program, Tmpfs, Kernel, FileCache int64
}

// Needed is what reclaim cannot take back, at most: of the kernel's part some caches may give way. It is known where the parts are.
func (a Account) Needed() int64 { return a.Program + a.Tmpfs + a.Kernel }

// skew is the share of the usage by which parts may disagree with it: the kernel counts them at slightly different moments.
const skew = 0.1

// Split splits a sample. It tells what it can: parts that are not told apart stay one, and numbers that contradict each other are not
// believed. False means that the sample tells no size at all.
func Split(s Sample) (Account, bool) {
	a := Account{Sample: s}
	add := func(name finding.MemoryKind, bytes int64, givesWay bool) {
		if bytes > 0 {
			a.Parts = append(a.Parts, finding.MemoryPart{Name: name, Bytes: bytes, GivesWay: givesWay})
			a.Total += bytes
		}
	}
	switch {
	case s.Usage != nil && a.part():
		add(finding.MemoryProgram, a.Program, false)
		add(finding.MemoryFiles, a.Tmpfs, false)
		add(finding.MemoryKernel, a.Kernel, false)
		old := min(*s.InactiveFile, a.FileCache)
		add(finding.MemoryActive, a.FileCache-old, true)
		add(finding.MemoryOld, old, true)
	case s.Usage != nil && s.WorkingSet != nil && s.RSS != nil && *s.RSS <= *s.WorkingSet && *s.WorkingSet <= *s.Usage:
		add(finding.MemoryProgram, *s.RSS, false)
		add(finding.MemoryRest, *s.WorkingSet-*s.RSS, false)
		add(finding.MemoryOld, *s.Usage-*s.WorkingSet, true)
	case s.WorkingSet != nil:
		add(finding.MemoryWorking, *s.WorkingSet, false)
	case s.Usage != nil:
		add(finding.MemoryUsage, *s.Usage, false)
	default:
		return a, false
	}
	return a, true
}

// part tells the parts apart: shmem = cache - active file - inactive file, because tmpfs lies on the lists of anonymous memory (Linux
// Documentation/admin-guide/cgroup-v2.rst, memory.stat), and kernel = usage - rss - cache, for which there is no metric of its own on v2.
func (a *Account) part() bool {
	s := a.Sample
	if s.RSS == nil || s.Cache == nil || s.ActiveFile == nil || s.InactiveFile == nil {
		return false
	}
	excess := *s.RSS + *s.Cache - *s.Usage
	if float64(excess) > skew*float64(*s.Usage) {
		return false
	}
	files := min(*s.ActiveFile+*s.InactiveFile, *s.Cache)
	a.Program, a.Tmpfs, a.Kernel, a.FileCache = *s.RSS, *s.Cache-files, max(-excess, 0), files
	if excess > 0 { // what is counted twice is what moves most
		a.FileCache = max(files-excess, 0)
		a.Program = *s.Usage - a.Tmpfs - a.FileCache
	}
	a.Parted = a.Program >= 0
	return a.Parted
}

// Limit is a limit, or a request, and where it is written.
type Limit struct {
	Bytes   int64  // 0: none
	Of      string // "container" or "pod"
	Enacted bool   // read from what is in force, not from what was asked for

	list, container, what string // of its field path
}

// Source is its field path.
func (l Limit) Source() string {
	switch {
	case l.Of == "pod" && l.Enacted:
		return "status.resources." + l.what + ".memory"
	case l.Of == "pod":
		return "spec.resources." + l.what + ".memory"
	case l.Bytes == 0:
		return ""
	}
	return l.list + "[" + l.container + "].resources." + l.what + ".memory"
}

// ContainerLimit is the limit that a container's cgroup has: its own, in force before asked for (KEP-1287); otherwise the pod's, which the
// kubelet then gives to the container too (KEP-2837; kubernetes v1.37.2 pkg/kubelet/kuberuntime/kuberuntime_container_linux.go, getMemoryLimit).
func ContainerLimit(pod *corev1.Pod, container string) Limit {
	if l := written(pod, container, "limits"); l.Bytes > 0 {
		return l
	}
	return PodLimit(pod)
}

// ContainerRequest is what a container asked for.
func ContainerRequest(pod *corev1.Pod, container string) Limit {
	return written(pod, container, "requests")
}

// PodLimit is the limit that is written on the pod itself. status.resources holds sums too where none is written (1.34 and later).
func PodLimit(pod *corev1.Pod) Limit {
	if pod.Spec.Resources == nil {
		return Limit{}
	}
	asked, ok := pod.Spec.Resources.Limits[corev1.ResourceMemory]
	if !ok {
		return Limit{}
	}
	l := Limit{Bytes: asked.Value(), Of: "pod", what: "limits"}
	if r := pod.Status.Resources; r != nil {
		if now, ok := r.Limits[corev1.ResourceMemory]; ok {
			l.Bytes, l.Enacted = now.Value(), true
		}
	}
	return l
}

// written finds the memory that a container has as its limits or requests, in force before asked for.
func written(pod *corev1.Pod, container, what string) Limit {
	l := Limit{Of: "container", container: container, what: what}
	amount := func(r *corev1.ResourceRequirements) bool {
		list := r.Limits
		if what == "requests" {
			list = r.Requests
		}
		q, ok := list[corev1.ResourceMemory]
		l.Bytes = q.Value()
		return ok
	}
	for n, statuses := range [...][]corev1.ContainerStatus{pod.Status.ContainerStatuses, pod.Status.InitContainerStatuses} {
		l.list = [...]string{"status.containerStatuses", "status.initContainerStatuses"}[n]
		for i := range statuses {
			if r := statuses[i].Resources; r != nil && statuses[i].Name == container && amount(r) {
				l.Enacted = true
				return l
			}
		}
	}
	for n, list := range [...][]corev1.Container{pod.Spec.Containers, pod.Spec.InitContainers} {
		l.list = [...]string{"spec.containers", "spec.initContainers"}[n]
		for i := range list {
			if list[i].Name == container && amount(&list[i].Resources) {
				return l
			}
		}
	}
	return Limit{}
}

// EffectivePodLimit is the limit of the pod's cgroup: its own, or the sum of its containers' where each has one (kubernetes v1.37.2
// pkg/kubelet/cm/helpers_linux.go, ResourceConfigForPod). Files in memory that outlive a container count there.
func EffectivePodLimit(pod *corev1.Pod) int64 {
	if l := PodLimit(pod); l.Bytes > 0 {
		return l.Bytes
	}
	var sum, initial int64
	for i := range pod.Spec.Containers {
		l := ContainerLimit(pod, pod.Spec.Containers[i].Name).Bytes
		if l == 0 {
			return 0
		}
		sum += l
	}
	for i := range pod.Spec.InitContainers {
		c := &pod.Spec.InitContainers[i]
		l := ContainerLimit(pod, c.Name).Bytes
		switch {
		case l == 0:
			return 0
		case c.RestartPolicy != nil && *c.RestartPolicy == corev1.ContainerRestartPolicyAlways:
			sum += l
		default:
			initial = max(initial, l)
		}
	}
	return max(sum, initial)
}
