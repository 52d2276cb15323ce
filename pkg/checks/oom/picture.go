package oom

// This file puts numbers about memory into findings: the picture, the evidence, the sentence why there seemed to be room.

import (
	"fmt"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"

	"github.com/kubectl-scars/kubectl-scars/pkg/analysis"
	"github.com/kubectl-scars/kubectl-scars/pkg/checks/deaths"
	"github.com/kubectl-scars/kubectl-scars/pkg/finding"
	"github.com/kubectl-scars/kubectl-scars/pkg/headroom"
	"github.com/kubectl-scars/kubectl-scars/pkg/restart"
	"github.com/kubectl-scars/kubectl-scars/pkg/snapshot"
)

// explain adds to a finding about a death what numbers say of it: the picture, and why there seemed to be room. Where there are none that
// tell the parts and nobody asked the kubelet, it says how to get them.
func explain(p *analysis.Pass, c deaths.Case, d restart.Death, f *finding.Finding) {
	pod := c.Latest
	if pod == nil || c.Container == "" {
		return
	}
	a, ok := numbersOf(p, pod, c.Container, d.Started).account()
	whole, left := numbersOf(p, pod, "", d.Started).account()
	ref := analysis.RefTo("Pod", pod)
	switch {
	case ok:
		ref.Container = c.Container
		f.Memory = a.Picture(ref, headroom.ContainerLimit(pod, c.Container), headroom.ContainerRequest(pod, c.Container).Bytes)
		f.Evidence = append(f.Evidence, sampled(ref, a))
	case left: // the container is down: what its pod still holds
		f.Memory = whole.Picture(ref, headroom.Limit{Bytes: headroom.EffectivePodLimit(pod), Of: "pod"}, 0)
		f.Evidence = append(f.Evidence, sampled(ref, whole))
	}
	if f.Memory != nil {
		f.Memory.Says = headroom.Why(deathOf(p, pod, c.Container, d), a, whole)
		if d.Limit.Owner == restart.NodeLimit && ok {
			f.Memory.Says = overRequest(f.Memory)
		}
	}
	if a.Parted || whole.Parted || !tellable(pod, c.Container) || p.AskState(snapshot.KubeletStats, "", pod.Spec.NodeName).Status != "" {
		return
	}
	f.Fix = append(f.Fix, finding.Fix{
		Text:    "See what fills it: --kubelet-stats asks the kubelet, which takes nodes/proxy, a right close to root",
		Command: finding.Kubectl("", "scars", "oom", "pod/"+pod.Name, "-n", pod.Namespace, "--kubelet-stats"),
	})
}

// tellable tells whether the pod's kubelet would have something to tell: of a container that runs, or of files in memory that it left.
func tellable(pod *corev1.Pod, container string) bool {
	if pod.Spec.NodeName == "" || snapshot.Finished(pod) {
		return false
	}
	for _, list := range [][]corev1.ContainerStatus{pod.Status.ContainerStatuses, pod.Status.InitContainerStatuses} {
		for i := range list {
			if list[i].Name == container && list[i].State.Running != nil {
				return true
			}
		}
	}
	return slices.ContainsFunc(pod.Spec.Volumes, inMemory)
}

func inMemory(v corev1.Volume) bool {
	return v.EmptyDir != nil && v.EmptyDir.Medium == corev1.StorageMediumMemory
}

func deathOf(p *analysis.Pass, pod *corev1.Pod, container string, d restart.Death) headroom.Death {
	out := headroom.Death{
		Finished: d.Finished, Limit: d.Limit.Bytes.Value(), LimitOf: map[restart.Owner]string{restart.OwnLimit: "container", restart.PodLimit: "pod", restart.NodeLimit: "node"}[d.Limit.Owner],
		Survived: d.EarlierOOM && d.Cause != restart.MemoryLimit,
	}
	out.Lived, _ = d.Lifetime()
	if d.Limit.Owner != restart.PodLimit {
		return out
	}
	for _, other := range pod.Spec.Containers {
		if a, ok := numbersOf(p, pod, other.Name, d.Started).account(); ok && other.Name != container {
			out.Others = append(out.Others, headroom.Other{Name: other.Name, Bytes: a.Total})
		}
	}
	return out
}

// overRequest says how the kernel sees a container when its node has no memory left: it picks who is furthest above the request.
func overRequest(m *finding.Memory) string {
	if m.Request == 0 {
		return fmt.Sprintf("it uses %s, asked for none and has no limit: the kernel picks such first", finding.Bytes(m.Total))
	}
	if m.Total > m.Request {
		return fmt.Sprintf("it uses %s and asked for %s: the kernel picks first who is furthest above the request", finding.Bytes(m.Total), finding.Bytes(m.Request))
	}
	return ""
}

// sampled is a sample as evidence, in its source's own numbers.
func sampled(ref finding.ObjectRef, a headroom.Account) finding.Evidence {
	var told []string
	for _, number := range []struct {
		name  string
		bytes *int64
	}{
		{"usage", a.Usage}, {"working set", a.WorkingSet}, {"rss", a.RSS}, {"cache", a.Cache}, {"active file", a.ActiveFile},
		{"inactive file", a.InactiveFile}, {"peak", a.Peak},
	} {
		if number.bytes != nil {
			told = append(told, number.name+" "+finding.Bytes(*number.bytes))
		}
	}
	return finding.Evidence{Object: ref, Source: source(a.Source), Value: strings.Join(told, ", "), Time: finding.At(a.Time)}
}

// source names who told a number: the metrics API, or the path of a kubelet's answer.
func source(s string) string {
	if s == metricsAPI {
		return s
	}
	return "kubelet " + s
}

// written is a limit or a request as evidence.
func written(ref finding.ObjectRef, l headroom.Limit) finding.Evidence {
	value := finding.Bytes(l.Bytes)
	if l.Enacted {
		value += " (in force)"
	}
	if l.Of == "pod" {
		ref.Container = ""
	}
	return finding.Evidence{Object: ref, Source: l.Source(), Value: value}
}

// replicas says how many of a workload's running pods are meant, where there are several, and whether it is all of these.
func replicas(p *analysis.Pass, t *tallied) (tail string, all bool) {
	running := 0
	for _, pod := range p.PodsOf(t.workload) {
		if pod.Status.Phase == corev1.PodRunning && pod.DeletionTimestamp == nil {
			running++
		}
	}
	if running < 2 {
		return "", false
	}
	return fmt.Sprintf("; %d of %d replicas", t.pods, running), t.pods == running
}

// percent is a share in words.
func percent(part, of int64) string { return fmt.Sprintf("%.0f%%", float64(part)/float64(of)*100) }

// setMemory proposes an amount for a container's memory, as a command where the workload's template can be changed by one.
func setMemory(w snapshot.Ref, container, what string, bytes int64, text string) finding.Fix {
	const step = 16 << 20
	q := resource.NewQuantity((bytes+step-1)/step*step, resource.BinarySI)
	switch w.Kind {
	case "Deployment", "StatefulSet", "DaemonSet", "ReplicaSet", "CronJob":
		return finding.Fix{Text: text, Command: finding.Kubectl(w.Namespace,
			"set", "resources", strings.ToLower(w.Kind)+"/"+w.Name, "-c", container, "--"+what+"=memory="+q.String())}
	default:
		return finding.Fix{Text: fmt.Sprintf("%s: %s, where the %s is made", text, q, w.Kind)}
	}
}
