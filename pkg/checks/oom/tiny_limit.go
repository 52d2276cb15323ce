package oom

// This file finds memory limits in which no program can start, most often for a unit that was mistyped.

import (
	"cmp"
	"fmt"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"

	"github.com/kubectl-scars/kubectl-scars/pkg/analysis"
	"github.com/kubectl-scars/kubectl-scars/pkg/checks/deaths"
	"github.com/kubectl-scars/kubectl-scars/pkg/finding"
	"github.com/kubectl-scars/kubectl-scars/pkg/restart"
	"github.com/kubectl-scars/kubectl-scars/pkg/snapshot"
)

// TinyLimit is oom/tiny-limit.
var TinyLimit = &analysis.Check{
	ID: "oom/tiny-limit",
	Doc: analysis.Doc{
		Title:    "A memory limit is too small for any program to start",
		Symptom:  "The pod stays in ContainerCreating with FailedCreatePodSandBox or FailedMount, or its container ends with StartError, code 128, before its program began; no log says why.",
		Evidence: "A limit below 4 MiB, or with the suffix m for thousandths of a byte, of a container that has not run: the spec alone, proven below 1 MiB, strong above after two minutes. Or what runtime and kubelet say: \"memory limit too low\" by runc, strong, or by CRI-O, which has a minimum of its own, proven; a sandbox or volume that does not fit, strong; a sandbox that was gone before it was started, with a limit below 16 MiB, consistent.",
		Why:      "It will never start, however often it is tried.",
		Fix:      "Write the limit with the unit that was meant, Mi or Gi.",
		Limits:   "A container that runs is not spoken of, whatever its limit: some programs and runtimes need very little. Where files in a memory volume fill a larger limit, it is oom/limit-hit.",
		Sources: []string{
			"runc libcontainer/process_linux.go", "CRI-O internal/config/cgmgr/cgmgr_linux.go", "kubernetes v1.37.2 pkg/api/pod/warnings.go (fractional byte value)",
			"kubernetes v1.37.2 pkg/volume/emptydir/empty_dir.go",
		},
	},
	Inputs: deaths.Inputs(),
	Run:    tinyLimit,
}

const (
	// patience is how long a pod may take to start before a limit of some mebibytes is held against it: some runtimes manage.
	patience = 2 * time.Minute
	// hopeless is what no runtime manages with, in bytes.
	hopeless = 1 << 20
)

func tinyLimit(p *analysis.Pass) error {
	said := map[finding.ObjectRef]bool{}
	for _, c := range deaths.Gather(p, false, func(d *restart.Death) bool { return d.TooSmall }) {
		severity, ok := c.Severity(p.Now())
		if !ok {
			continue
		}
		last := c.Toll.Latest()
		what := fmt.Sprintf("too small for %s to start: %s%s", c.Who(), last.Detail, since(p, c, last))
		switch {
		case last.Reason == "OOMKilled":
			what = fmt.Sprintf("too small for any program: %s was OOM-killed, %s", c.Who(), c.Lately(p.Now()))
		case last.Confidence == finding.Consistent:
			what = "most likely " + what
		}
		look := c.Look()
		if last.Reason != "OOMKilled" && len(look) > 1 {
			look = look[1:] // without a start there is no log
		}
		said[c.Object()] = true
		p.Report(finding.Finding{
			Severity: severity, Confidence: c.Confidence, Object: c.Object(), Evidence: c.Evidence(),
			Message:   fmt.Sprintf("%s is %s%s%s", last.Limit, what, c.Tail(), unit(last.Limit.Bytes)),
			FirstSeen: c.FirstSeen(), LastSeen: c.LastSeen(), Fix: append(meant(c.Workload, c.Container, last.Limit), look...),
		})
	}
	for _, w := range p.Workloads() {
		for _, pod := range p.PodsOf(w) {
			if snapshot.Finished(pod) || pod.DeletionTimestamp != nil {
				continue
			}
			for _, l := range restart.Unstarted(restart.Facts{Namespace: pod.Namespace, Name: pod.Name, Pod: pod}) {
				object := analysis.Ref(w)
				object.Container = l.Container
				if young := p.Now().Sub(pod.CreationTimestamp.Time) < patience; !said[object] && (!young || l.Says != "" || l.Bytes.Value() < hopeless) {
					said[object] = true
					reportUnstarted(p, w, object, pod, l, young)
				}
			}
		}
	}
	return nil
}

// reportUnstarted reports a limit of which the spec alone says that it is too small.
func reportUnstarted(p *analysis.Pass, w snapshot.Ref, object finding.ObjectRef, pod *corev1.Pod, l restart.NamedLimit, young bool) {
	at := analysis.RefTo("Pod", pod)
	if l.Owner == restart.OwnLimit {
		at.Container = l.Container
	}
	f := finding.Finding{
		Severity: finding.Critical, Confidence: finding.Strong, Object: object, FirstSeen: finding.At(pod.CreationTimestamp.Time),
		Evidence: []finding.Evidence{
			{Object: at, Source: l.Source, Value: l.Bytes.String()},
			{Object: analysis.RefTo("Pod", pod), Source: "status.phase", Value: string(cmp.Or(pod.Status.Phase, corev1.PodPending)) + ": the container has not run yet"},
		},
		Message: fmt.Sprintf("%s is too small for %s %s, which has not started%s", l, l.Kind, l.Container, unit(l.Bytes)),
		Fix: append(meant(w, l.Container, l.Limit), finding.Fix{
			Text: "See what stops it now", Command: finding.Kubectl(pod.Namespace, "describe", "pod", pod.Name),
		}),
	}
	if l.Bytes.Value() < hopeless || l.Says != "" {
		f.Confidence = finding.Proven
	}
	if l.Says != "" {
		list := "containerStatuses"
		if l.Kind != restart.Regular {
			list = "initContainerStatuses"
		}
		f.Evidence[1].Source, f.Evidence[1].Value = fmt.Sprintf("status.%s[%s].state.waiting.message", list, l.Container), l.Says
	}
	if young || pod.Spec.NodeName == "" { // something else may still keep it waiting
		f.Severity = finding.Warning
	}
	p.Report(f)
}

// unit says how a limit was mistyped, where it looks like that.
func unit(q resource.Quantity) string {
	switch {
	case fractional(q) && strings.HasSuffix(q.String(), "m"):
		return fmt.Sprintf("; %s means thousandths of a byte, not mebibytes", q.String())
	case fractional(q):
		return fmt.Sprintf("; %s is a fraction of a byte", q.String())
	case bare(q):
		return fmt.Sprintf("; %s without a unit means bytes", q.String())
	default:
		return ""
	}
}

// fractional tells whether a quantity is not a whole number of bytes: "128m" was meant to be "128Mi".
func fractional(q resource.Quantity) bool { return !q.IsZero() && q.MilliValue()%1000 != 0 }

// bare tells whether a quantity is a plain number, of a size that people write before Mi.
func bare(q resource.Quantity) bool {
	return q.Value() < 1<<16 && strings.Trim(q.String(), "0123456789") == ""
}

// meant proposes a limit: the number with the unit that was forgotten or mistyped, else one in which most programs start.
func meant(w snapshot.Ref, container string, l restart.Limit) []finding.Fix {
	limit, text := resource.MustParse("64Mi"), "Give it a limit in which it can start; 64Mi is a first guess, watch what it needs"
	if q, err := resource.ParseQuantity(strings.TrimSuffix(l.Bytes.String(), "m") + "Mi"); err == nil && (fractional(l.Bytes) || bare(l.Bytes)) {
		limit, text = q, fmt.Sprintf("Write the unit that was meant: %s", q.String())
	}
	return set(w, container, l.Owner, limit, text)
}
