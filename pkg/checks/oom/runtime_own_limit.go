package oom

// This file finds containers whose language runtime reached a memory limit of its own, below the container's.

import (
	"fmt"
	"strings"

	"k8s.io/apimachinery/pkg/api/resource"

	"github.com/kubectl-scars/kubectl-scars/pkg/analysis"
	"github.com/kubectl-scars/kubectl-scars/pkg/checks/deaths"
	"github.com/kubectl-scars/kubectl-scars/pkg/finding"
	"github.com/kubectl-scars/kubectl-scars/pkg/restart"
)

// RuntimeOwnLimit is oom/runtime-own-limit.
var RuntimeOwnLimit = &analysis.Check{
	ID: "oom/runtime-own-limit",
	Doc: analysis.Doc{
		Title:    "A language runtime reached a memory limit of its own",
		Symptom:  "The container ends with Error and a code such as 134, 139, 3, 2, 1 or 255, never OOMKilled, while its memory stays below its limit.",
		Evidence: "The runtime's own words in the container's termination message: of the JVM, Node.js, Go, Python, .NET, Ruby, Erlang and PHP. Strong where the exit code is one that the runtime gives itself then; else consistent, as for a child's words, or where something else ended the container after them.",
		Why:      "A higher memory limit for the container changes nothing where the runtime's own is a fixed number.",
		Fix:      "Raise the runtime's own limit towards the container's, about three quarters of it, or find what fills it.",
		Limits:   "The message holds a program's words only with terminationMessagePolicy FallbackToLogsOnError, and then the last 80 lines or 2 KiB of its log, out of which Go's own traces push them; where it is empty nothing is said. Of the message only the runtime's known words are kept. A JVM that could make no thread has reached a limit of processes, and is not meant; a program that coped and ended with 0 neither. Silent a week after the last end.",
		Sources: []string{
			"kubernetes v1.37.2 pkg/kubelet/container/runtime.go (MaxContainerTerminationMessageLogLines)", "OpenJDK src/hotspot/share/utilities/debug.cpp (report_java_out_of_memory)",
			"Node.js src/node_errors.cc (OOMErrorHandler)", "Go src/runtime/malloc.go",
		},
	},
	Inputs: deaths.Inputs(),
	Run:    runtimeOwnLimit,
}

func runtimeOwnLimit(p *analysis.Pass) error {
	for _, c := range deaths.Gather(p, false, outOfHeap) {
		severity, ok := c.Severity(p.Now())
		if !ok {
			continue
		}
		last := c.Toll.Latest()
		f := finding.Finding{
			Severity: severity, Confidence: last.Confidence, Object: c.Object(), Evidence: c.Evidence(),
			FirstSeen: c.FirstSeen(), LastSeen: c.LastSeen(),
		}
		if last.Cause != restart.RuntimeLimit { // the cause has its own finding; that the two belong together is only likely
			f.Severity, f.Confidence = worseOf(severity, finding.Warning), finding.Consistent
		}
		f.Message = fmt.Sprintf("%s in %s %s%s, and %s: %s", last.Heap.Runtime, c.Who(), reached(last.Heap), notTheContainers(last), ending(last), c.Lately(p.Now()))
		f.Message = strings.TrimSuffix(f.Message, ": ") + c.Tail()
		f.Fix = append(c.Look(), finding.Fix{Text: more(last.Heap, last.Limit.Bytes)})
		p.Report(f)
	}
	return nil
}

// outOfHeap picks ends after which the runtime's words matter: its own, and those by memory, probes and unknown senders of a signal.
func outOfHeap(d *restart.Death) bool {
	if d.Heap == (restart.Heap{}) {
		return false
	}
	switch d.Cause {
	case restart.RuntimeLimit, restart.MemoryLimit, restart.NodeMemory, restart.Liveness, restart.Startup:
		return true
	default:
		return false
	}
}

// reached says what was exhausted, in the runtime's words.
func reached(h restart.Heap) string {
	words := strings.TrimPrefix(h.Says, "java.lang.OutOfMemoryError: ")
	if _, after, ok := strings.Cut(words, "Allocation failed - "); ok {
		words = after
	}
	switch h.Runtime {
	case restart.GoLang, restart.Python, restart.Ruby, restart.Erlang: // have no limit of their own by default
		return fmt.Sprintf("was refused memory (%s)", words)
	default:
		return fmt.Sprintf("reached a limit of its own (%s)", words)
	}
}

// notTheContainers says that the container's limit has no part in it: at that the kernel kills, and refuses nothing.
func notTheContainers(d restart.Death) string {
	of := "the container's"
	if d.Limit.Owner == restart.PodLimit {
		of = "the pod's"
	}
	switch {
	case d.Cause == restart.MemoryLimit || d.Cause == restart.NodeMemory || d.EarlierOOM || d.Limit.Owner == restart.NodeLimit:
		return ""
	case strings.HasPrefix(reached(d.Heap), "was"):
		return ", not by " + of + " limit of " + d.Limit.Bytes.String()
	default:
		return ", not " + of + " of " + d.Limit.Bytes.String()
	}
}

// ending says how the container ended after its runtime's words.
func ending(d restart.Death) string {
	switch d.Cause {
	case restart.MemoryLimit, restart.NodeMemory:
		return "was OOM-killed"
	case restart.RuntimeLimit:
		return fmt.Sprintf("ended with code %d", d.ExitCode)
	default:
		return "ended " + later(d)
	}
}

// more says how to give the runtime more, in its own terms. There is no command for it: that would replace options which are set already.
func more(h restart.Heap, limit resource.Quantity) string {
	ofLimit, mebis := "", "MEBIBYTES"
	if !limit.IsZero() {
		ofLimit = fmt.Sprintf(" (three quarters of the limit of %s)", limit.String())
		mebis = fmt.Sprintf("%d", limit.Value()>>20*3/4)
	}
	switch {
	case h.Runtime == restart.JVM && strings.Contains(h.Says, "Metaspace"):
		return "Raise -XX:MaxMetaspaceSize, or find what keeps loading classes"
	case h.Runtime == restart.JVM && strings.Contains(h.Says, "irect buffer"):
		return "Raise -XX:MaxDirectMemorySize, or find what keeps buffers"
	case h.Runtime == restart.JVM && strings.Contains(h.Says, "array size"):
		return "Find what asks for such an array: no heap is large enough"
	case h.Runtime == restart.JVM:
		return "Give the heap more: -XX:MaxRAMPercentage=75 in JAVA_TOOL_OPTIONS in place of -Xmx and of the default, a quarter of the limit; or find what fills it"
	case h.Runtime == restart.NodeJS:
		return fmt.Sprintf("Give the heap more: --max-old-space-size=%s in NODE_OPTIONS%s; or find what fills it", mebis, ofLimit)
	case h.Runtime == restart.DotNET:
		return "Raise DOTNET_GCHeapHardLimit or DOTNET_GCHeapHardLimitPercent (75 by default), or find what fills the heap"
	case h.Runtime == restart.PHP:
		return fmt.Sprintf("Raise memory_limit in php.ini to at most %sM%s, or find what fills it", mebis, ofLimit)
	default:
		return "Look for a limit on its address space (ulimit -v), a single huge allocation, or a node that does not overcommit memory"
	}
}
