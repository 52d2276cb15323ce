package oom

// This file finds containers that the kernel killed at a memory limit, and speaks of those whose own limit it was.

import (
	"fmt"
	"strings"

	"github.com/kubectl-scars/kubectl-scars/pkg/analysis"
	"github.com/kubectl-scars/kubectl-scars/pkg/checks/deaths"
	"github.com/kubectl-scars/kubectl-scars/pkg/finding"
	"github.com/kubectl-scars/kubectl-scars/pkg/restart"
)

// LimitHit is oom/limit-hit.
var LimitHit = &analysis.Check{
	ID: "oom/limit-hit",
	Doc: analysis.Doc{
		Title:    "A container was killed at its memory limit",
		Symptom:  "The container restarts with reason OOMKilled and exit code 137, init containers and sidecars too; or it does not start any more because files in memory fill its limit.",
		Evidence: "OOMKilled in the container's status states the kill. Whose limit it was nothing states: the container's own, in force before asked for, is strong where it stands alone or below its pod's; a limit that was changed since, or that its neighbours could exhaust with it, is consistent. A memory emptyDir is named beside it, because its files count and survive the restart.",
		Why:      "Each kill loses what the container was doing, and with a steady need it comes back after every restart, ever more slowly because of the back-off.",
		Fix:      "See whether the need is real (traffic, a leak, a runtime that sizes its heap by the host, files in memory) and raise the limit above it, or lower the need.",
		Limits:   "How much it would have needed is not known: a life that ended by a kill shows only a lower bound. A kill that the runtime reported as Error is not seen here; oom/killed-not-memory speaks of it. A limit of the pod is oom/pod-limit-hit, one that no program fits into oom/tiny-limit, a container that outlived the kill oom/child-killed. Silent a week after the last kill.",
		Sources: []string{
			"KEP-1287", "kubernetes v1.37.2 pkg/kubelet/kuberuntime/kuberuntime_container_linux.go", "kubernetes#128339",
			"Linux Documentation/admin-guide/cgroup-v2.rst (memory.oom.group, memory.events)",
		},
	},
	Inputs: deaths.Inputs(append(templateInputs(), numberInputs()...)...),
	Asks:   askKubelets,
	Run:    func(p *analysis.Pass) error { return hits(p, restart.OwnLimit) },
}

// hits reports the kills at limits of one owner.
func hits(p *analysis.Pass, owner restart.Owner) error {
	hit := func(d *restart.Death) bool {
		return d.Cause == restart.MemoryLimit && !d.TooSmall && d.Limit.Owner == owner
	}
	for _, c := range deaths.Gather(p, false, hit) {
		severity, ok := c.Severity(p.Now())
		if !ok {
			continue
		}
		last := c.Toll.Latest()
		f := finding.Finding{
			Severity: severity, Confidence: c.Confidence, Object: c.Object(), Evidence: c.Evidence(),
			FirstSeen: c.FirstSeen(), LastSeen: c.LastSeen(),
		}
		limit := last.Limit.String()
		if owner == restart.PodLimit {
			limit += sharedBy(c)
		}
		if last.Reason == "OOMKilled" {
			files := ""
			if last.Detail != "" {
				files = "; " + last.Detail
			}
			f.Message = fmt.Sprintf("%s was OOM-killed, %s the likeliest cause%s%s: %s", c.Who(), limit, or(last.Limit.Other), files, c.Lately(p.Now()))
		} else {
			f.Message = fmt.Sprintf("%s is too small for %s to start: %s%s", limit, c.Who(), last.Detail, since(p, c, last))
		}
		f.Message = strings.TrimSuffix(f.Message, ": ") + c.Tail() // where no time is known
		f.Fix = append(c.Look(), raise(c, last.Limit)...)
		f.SaidBy = "oom/leak-suspected" // which then says when it comes again, and that a larger limit does not help
		if _, ok := injector(p, c); ok {
			f.SaidBy = "oom/injected-limit"
		}
		explain(p, c, last, &f)
		p.Report(f)
	}
	return nil
}

// worseOf caps a severity: nothing worse than the limit given.
func worseOf(s, most finding.Severity) finding.Severity {
	if s.AtLeast(most) {
		return most
	}
	return s
}

func or(other string) string {
	if other == "" {
		return ""
	}
	return " (" + other + ")"
}

// since says how long it has gone on, where that is known, and otherwise when it was seen last.
func since(p *analysis.Pass, c deaths.Case, last restart.Death) string {
	if c.First.IsZero() {
		return ""
	}
	if last.FromStatus {
		return ", " + c.Lately(p.Now())
	}
	return ", for " + analysis.Ago(p.Now(), c.First)
}
