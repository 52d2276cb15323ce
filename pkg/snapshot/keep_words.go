package snapshot

// What a program wrote at its end (its termination message, or the tail of its log) may hold anything. Of it only words are kept that
// language runtimes say of memory; everything else goes, whatever it looks like.

import (
	"regexp"
	"strings"

	corev1 "k8s.io/api/core/v1"
)

// lastWords are these words, each a text of the runtime's own with numbers at most: OpenJDK, V8, the Go runtime, CPython and NumPy, .NET,
// Ruby, Erlang, PHP.
var lastWords = regexp.MustCompile(`java\.lang\.OutOfMemoryError(?:: (?:Java heap space|GC overhead limit exceeded|Metaspace|Compressed class space|Direct buffer memory|` +
	`Cannot reserve \d{1,20} bytes of direct buffer memory|Requested array size exceeds VM limit|unable to create (?:new )?native thread))?` +
	`|(?:(?:Reached heap limit|Ineffective mark-compacts near heap limit|CALL_AND_RETRY_LAST|invalid array length|invalid table size) )?Allocation failed - JavaScript heap out of memory` +
	`|fatal error: (?:runtime: )?(?:out of memory|cannot allocate memory)` +
	`|(?:\b|_Array)MemoryError\b` +
	`|System\.OutOfMemoryException` +
	`|failed to allocate memory \(NoMemoryError\)` +
	`|eheap_alloc: Cannot (?:re)?allocate \d{1,20} bytes of memory` +
	`|Allowed memory size of \d{1,20} bytes exhausted`)

// keepLastWords is the last of these words in a message, or nothing.
func keepLastWords(message string) string {
	if !strings.Contains(message, "emory") && !strings.Contains(message, "eheap") { // hardly any does
		return ""
	}
	said := lastWords.FindAllString(message, -1)
	if len(said) == 0 {
		return ""
	}
	return strings.Clone(said[len(said)-1])
}

// keepTerminated trims how a container ended. Why it could not be started, or was lost, kubelet and runtime write themselves; any other
// message is the program's.
func keepTerminated(t *corev1.ContainerStateTerminated) {
	t.ContainerID = ""
	switch t.Reason {
	case "StartError", "ContainerCannotRun", "ContainerStatusUnknown", "RestartingAllContainers":
		t.Message = redact(t.Message)
	default:
		t.Message = keepLastWords(t.Message)
	}
}
