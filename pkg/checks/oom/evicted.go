package oom

// This file finds pods that the kubelet evicted because their node ran low on memory.

import (
	"fmt"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"

	"github.com/kubectl-scars/kubectl-scars/pkg/analysis"
	"github.com/kubectl-scars/kubectl-scars/pkg/checks/deaths"
	"github.com/kubectl-scars/kubectl-scars/pkg/finding"
	"github.com/kubectl-scars/kubectl-scars/pkg/kubeevent"
	"github.com/kubectl-scars/kubectl-scars/pkg/restart"
	"github.com/kubectl-scars/kubectl-scars/pkg/snapshot"
)

// Evicted is oom/evicted.
var Evicted = &analysis.Check{
	ID: "oom/evicted",
	Doc: analysis.Doc{
		Title:    "A pod was evicted because its node ran low on memory",
		Symptom:  "Failed pods with reason Evicted pile up and new ones take their place; their containers show Error 137, not OOMKilled.",
		Evidence: "The pod's status, or for a removed pod its event Evicted: the kubelet states threshold, what was left, and who used more than it had asked for. That is proof.",
		Why:      "The kubelet ends such pods within a second and moves the load to another node, which may then run low in its turn.",
		Fix:      "Ask for as much memory as is used: the kubelet evicts first who uses most above its request, whatever the limit says.",
		Limits:   "Evictions for disk, inodes, PIDs or a pod's own storage limit are not this. A pod that a node under pressure turned away before it ran was not evicted. Removed pods are known for as long as their events are kept, 1 h by default.",
		Sources:  []string{"kubernetes v1.37.2 pkg/kubelet/eviction/helpers.go (message, rank)", "kubernetes v1.37.2 pkg/kubelet/eviction/eviction_manager.go"},
	},
	Inputs: deaths.Inputs(),
	Run:    evicted,
}

func evicted(p *analysis.Pass) error {
	pods := func(d *restart.Death) bool { return d.Cause == restart.MemoryEvicted && d.Pod.Container == "" }
	for _, c := range deaths.Gather(p, false, pods) {
		c.Down = c.Pods > 0 && !served(p.PodsOf(c.Workload)) // where no pod is meant to run, none is missing
		severity, ok := c.Severity(p.Now())
		if !ok {
			continue
		}
		ev := c.Toll.Latest().Eviction
		f := finding.Finding{
			Severity: severity, Confidence: c.Confidence, Object: c.Object(), Evidence: c.Evidence(),
			Message:   fmt.Sprintf("evicted because the node ran low on memory%s%s: %s", left(ev), users(ev), c.Counted(p.Now())) + c.Tail(),
			FirstSeen: c.FirstSeen(), LastSeen: c.LastSeen(),
		}
		if c.Count > 1 {
			f.Message = strings.Replace(f.Message, ": ", fmt.Sprintf(": %d pods, ", len(c.Toll.Pods)), 1)
		}
		f.Fix = append(c.Look(), request(c, ev)...)
		p.Report(f)
	}
	return nil
}

// served tells whether some pod of the workload is ready, or has done its work.
func served(pods []*corev1.Pod) bool {
	for _, pod := range pods {
		if pod.Status.Phase == corev1.PodSucceeded {
			return true
		}
		for _, c := range pod.Status.Conditions {
			if c.Type == corev1.PodReady && c.Status == corev1.ConditionTrue && !snapshot.Finished(pod) {
				return true
			}
		}
	}
	return false
}

func left(ev kubeevent.Eviction) string {
	if ev.Available == "" {
		return ""
	}
	return fmt.Sprintf(" (%s left, threshold %s)", mebibytes(ev.Available), mebibytes(ev.Threshold))
}

func users(ev kubeevent.Eviction) string {
	if len(ev.Consumers) == 0 {
		return ""
	}
	var parts []string
	for _, u := range ev.Consumers {
		who := "the pod"
		if u.Container != "" {
			who = "container " + u.Container
		}
		parts = append(parts, fmt.Sprintf("%s used %s and had asked for %s", who, mebibytes(u.Using), mebibytes(u.Request)))
	}
	return "; " + strings.Join(parts, ", ")
}

// mebibytes shortens a quantity as the kubelet prints it, "812340Ki", to what a reader takes in, "793Mi".
func mebibytes(s string) string {
	q, err := resource.ParseQuantity(s)
	if err != nil || q.Value() < 1<<20 {
		return s
	}
	return fmt.Sprintf("%dMi", q.Value()>>20)
}

// request proposes to ask for what was used.
func request(c deaths.Case, ev kubeevent.Eviction) []finding.Fix {
	for _, u := range ev.Consumers {
		q, err := resource.ParseQuantity(u.Using)
		if err != nil || u.Container == "" || q.Value() <= 0 {
			continue
		}
		text := fmt.Sprintf("Ask for what container %s uses, so that it is placed where there is room and not evicted first", u.Container)
		switch c.Workload.Kind {
		case "Deployment", "StatefulSet", "DaemonSet", "ReplicaSet", "CronJob":
			return []finding.Fix{{Text: text, Command: finding.Kubectl(c.Workload.Namespace, "set", "resources",
				strings.ToLower(c.Workload.Kind)+"/"+c.Workload.Name, "-c", u.Container, "--requests=memory="+mebibytes(u.Using))}}
		default:
			return []finding.Fix{{Text: text}}
		}
	}
	return []finding.Fix{{Text: "See who uses the node's memory", Command: finding.Kubectl("", "top", "pods", "-A", "--sort-by=memory")}}
}
