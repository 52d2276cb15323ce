package restart

// This file reads the last words of language runtimes that reached a memory limit of their own: the container's limit may be far away.

import (
	"slices"
	"strings"

	"github.com/kubectl-scars/kubectl-scars/pkg/finding"
)

// Heap is what a container's last words say of a memory limit of its runtime's own.
type Heap struct {
	Runtime Runtime // empty: nothing
	Says    string  // the runtime's own words
}

// Runtime is a language runtime.
type Runtime string

// The runtimes whose last words are known.
const (
	JVM    Runtime = "JVM"
	NodeJS Runtime = "Node.js"
	GoLang Runtime = "Go"
	Python Runtime = "Python"
	DotNET Runtime = ".NET"
	Ruby   Runtime = "Ruby"
	Erlang Runtime = "Erlang"
	PHP    Runtime = "PHP"
)

// runtimes lists, for each, words of its own and the exit codes that it gives itself then. An abort is 134; that of process 1, whom the
// kernel spares its own signals, is 139, as glibc's abort falls back to an instruction that faults, or 127 where that fault is caught too.
var runtimes = []struct {
	is    Runtime
	words string
	codes []int32
}{
	{JVM, "java.lang.OutOfMemoryError", []int32{1, 3, 127, 134}}, // uncaught in main, ExitOnOutOfMemoryError, CrashOnOutOfMemoryError
	{NodeJS, "JavaScript heap out of memory", []int32{134, 139}},
	{GoLang, "fatal error: ", []int32{2}}, // followed by kilobytes of traces, so that only a message of its own holds it
	{DotNET, "System.OutOfMemoryException", []int32{134, 139}},
	{Ruby, "NoMemoryError", []int32{1}},
	{Python, "MemoryError", []int32{1}},
	{Erlang, "eheap_alloc", []int32{1, 134, 139}},
	{PHP, "Allowed memory size", []int32{255}},
}

// heapOf reads an end's message, which holds a program's words only with a termination message of its own or with the policy
// FallbackToLogsOnError. A container that ended well had coped; that no thread could be made is a limit of processes, not of memory.
func heapOf(e end) Heap {
	if e.Message == "" || e.ExitCode == 0 || strings.Contains(e.Message, "native thread") {
		return Heap{}
	}
	for _, r := range runtimes {
		if strings.Contains(e.Message, r.words) {
			return Heap{r.is, e.Message}
		}
	}
	return Heap{}
}

// ownExit is an end that nobody else brought about: by the runtime's own limit where its last words say so, the surer where the exit code
// is the runtime's own too.
func (d Death) ownExit() Death {
	for _, r := range runtimes {
		if r.is == d.Heap.Runtime {
			if slices.Contains(r.codes, d.ExitCode) {
				return d.because(RuntimeLimit, finding.Strong, "")
			}
			return d.because(RuntimeLimit, finding.Consistent, "")
		}
	}
	return d.because(OwnExit, finding.Proven, "")
}
