package oom

// This file finds containers that the kernel killed at a memory limit.

import (
	"fmt"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/api/resource"

	"github.com/kubectl-scars/kubectl-scars/pkg/analysis"
	"github.com/kubectl-scars/kubectl-scars/pkg/checks/deaths"
	"github.com/kubectl-scars/kubectl-scars/pkg/finding"
	"github.com/kubectl-scars/kubectl-scars/pkg/restart"
)

// LimitHit is oom/limit-hit.
var LimitHit = &analysis.Check{
	ID: "oom/limit-hit",
	Doc: analysis.Doc{
		Title:    "A container was killed at a memory limit",
		Symptom:  "The container restarts with reason OOMKilled and exit code 137, init containers and sidecars too; or its pod never comes to life because the limit does not even hold the runtime's first process.",
		Evidence: "OOMKilled in the container's status states the kill. Whose limit it was nothing states: the container's own, in force before asked for, is strong where it stands alone or below its pod's; a limit that was changed since is consistent. A memory emptyDir is named beside it, because its files count and survive the restart. OOMKilled with another exit code than 137 means that a child was killed earlier and the container ended by itself later.",
		Why:      "Each kill loses what the container was doing, and with a steady need it comes back after every restart, ever more slowly because of the back-off.",
		Fix:      "See whether the need is real (traffic, a leak, a runtime that sizes its heap by the host, files in memory) and raise the limit above it, or lower the need.",
		Limits:   "How much it would have needed is not known: a life that ended by a kill shows only a lower bound. A kill that the runtime reported as Error is not seen here; oom/killed-not-memory speaks of it. Silent a week after the last kill.",
		Sources: []string{
			"KEP-2837", "KEP-1287", "kubernetes v1.37.2 pkg/kubelet/kuberuntime/kuberuntime_container_linux.go",
			"Linux Documentation/admin-guide/cgroup-v2.rst (memory.oom.group, memory.events)",
		},
	},
	Inputs: deaths.Inputs(numberInputs()...),
	Asks:   askKubelets,
	Run:    limitHit,
}

func limitHit(p *analysis.Pass) error {
	hit := func(d restart.Death) bool {
		return d.Cause == restart.MemoryLimit || d.EarlierOOM && d.Limit.Owner != restart.NodeLimit
	}
	for _, c := range deaths.Gather(p, false, hit) {
		severity, ok := c.Severity(p.Now())
		if !ok {
			continue
		}
		last := worst(c)
		f := finding.Finding{
			Severity: severity, Confidence: c.Confidence, Object: c.Object(), Evidence: c.Evidence(),
			FirstSeen: c.FirstSeen(), LastSeen: c.LastSeen(),
		}
		switch {
		case last.Cause != restart.MemoryLimit:
			f.Severity, f.Confidence = worseOf(severity, finding.Warning), last.Limit.Confidence
			f.Message = fmt.Sprintf("a child process in %s was killed for memory, %s the likeliest limit, and the container ended later %s: %s",
				c.Who(), last.Limit, later(last), c.Lately(p.Now()))
		case last.FromStatus && last.Reason == "OOMKilled":
			f.Message = fmt.Sprintf("%s was OOM-killed, %s the likeliest cause%s: %s", c.Who(), last.Limit, or(last.Limit.Other), c.Lately(p.Now()))
		default:
			likely := ""
			if last.Confidence == finding.Consistent {
				likely = "most likely "
			}
			f.Message = fmt.Sprintf("%s is %stoo small for %s to start: %s%s", last.Limit, likely, c.Who(), last.Detail, since(p, c, last))
		}
		f.Message = strings.TrimSuffix(f.Message, ": ") + c.Tail() // where no time is known
		if fractional(last.Limit.Bytes) {
			f.Message += fmt.Sprintf("; %s means thousandths of a byte, not mebibytes", last.Limit.Bytes.String())
		}
		f.Fix = append(c.Look(), raise(c, last.Limit)...)
		explain(p, c, last, &f)
		p.Report(f)
	}
	return nil
}

// later says how a container ended that had outlived a kill for memory.
func later(d restart.Death) string {
	switch d.Cause {
	case restart.OwnExit:
		return fmt.Sprintf("by itself with code %d", d.ExitCode)
	case restart.Liveness, restart.Startup:
		return fmt.Sprintf("because its %s probe failed", d.Cause)
	case restart.PodStopped:
		return "with its pod, which was stopped"
	default:
		return fmt.Sprintf("with code %d for another reason", d.ExitCode)
	}
}

// worst is the death that the message speaks of: the last that the limit ended, or the last at all.
func worst(c deaths.Case) restart.Death {
	for _, d := range slices.Backward(c.Deaths) {
		if d.Cause == restart.MemoryLimit {
			return d
		}
	}
	return c.Toll.Latest()
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

// fractional tells whether a quantity is not a whole number of bytes: "128m" was meant to be "128Mi".
func fractional(q resource.Quantity) bool {
	return !q.IsZero() && q.MilliValue()%1000 != 0 && q.Value() < 1<<20
}
