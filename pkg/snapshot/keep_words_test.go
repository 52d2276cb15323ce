package snapshot

// What a program's last words may and may not keep.

import (
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
)

func TestLastWords(t *testing.T) {
	for name, tc := range map[string]struct{ text, want string }{
		"JVM":                       {"2026-11-23 18:00:00 ERROR token=hunter2 java.lang.OutOfMemoryError: Java heap space\n\tat shop.Cart.add(Cart.java:17)", "java.lang.OutOfMemoryError: Java heap space"},
		"JVM, told to exit":         {"Terminating due to java.lang.OutOfMemoryError: Metaspace", "java.lang.OutOfMemoryError: Metaspace"},
		"JVM, in a text of its own": {"java.lang.OutOfMemoryError: hunter2 said so", "java.lang.OutOfMemoryError"},
		"JVM, threads":              {"java.lang.OutOfMemoryError: unable to create native thread: possibly out of memory", "java.lang.OutOfMemoryError: unable to create native thread"},
		"the last of several":       {"java.lang.OutOfMemoryError: GC overhead limit exceeded\njava.lang.OutOfMemoryError: Java heap space", "java.lang.OutOfMemoryError: Java heap space"},
		"Node.js":                   {"[1:0x5f] 9000 ms: Mark-Compact 31.9 (34.2)\nFATAL ERROR: Reached heap limit Allocation failed - JavaScript heap out of memory\n----- Native stack trace -----\n 1: 0xb8", "Reached heap limit Allocation failed - JavaScript heap out of memory"},
		"Go":                        {"runtime: out of memory: cannot allocate 4194304-byte block (67108864 in use)\nfatal error: out of memory", "fatal error: out of memory"},
		"Go, arenas":                {"fatal error: runtime: cannot allocate memory", "fatal error: runtime: cannot allocate memory"},
		"Python":                    {"Traceback (most recent call last):\n  File \"/app/x.py\", line 3, in <module>\nMemoryError", "MemoryError"},
		"NumPy":                     {"numpy.core._exceptions._ArrayMemoryError: Unable to allocate 8.00 GiB for an array", "_ArrayMemoryError"},
		".NET":                      {"Unhandled exception. System.OutOfMemoryException: Exception of type 'System.OutOfMemoryException' was thrown.", "System.OutOfMemoryException"},
		"Ruby":                      {"[FATAL] failed to allocate memory (NoMemoryError)", "failed to allocate memory (NoMemoryError)"},
		"Erlang":                    {`eheap_alloc: Cannot allocate 1318267840 bytes of memory (of type "heap").`, "eheap_alloc: Cannot allocate 1318267840 bytes of memory"},
		"PHP":                       {"PHP Fatal error:  Allowed memory size of 134217728 bytes exhausted (tried to allocate 20480 bytes) in /app/hunter2.php", "Allowed memory size of 134217728 bytes exhausted"},
		"runc":                      {"container init was OOM-killed (memory limit too low?): unknown", ""}, // kept whole where the reason tells that it is the runtime's
		"a GPU's memory":            {"torch.cuda.OutOfMemoryError: CUDA out of memory. Tried to allocate 2.00 GiB", ""},
		"a class of that name":      {"com.shop.NotAMemoryErrorAtAll: hunter2", ""},
		"PostgreSQL lives on":       {"ERROR:  out of memory\nDETAIL:  Failed on request of size 1048576.", ""},
		"anything else":             {"panic: password=hunter2", ""},
		"a key":                     {"-----BEGIN PRIVATE KEY-----\nhunter2\n", ""},
		"nothing":                   {"", ""},
	} {
		got := keepLastWords(tc.text)
		if got != tc.want {
			t.Errorf("%s: kept %q, want %q", name, got, tc.want)
		}
		if again := keepLastWords(got); again != got {
			t.Errorf("%s: not idempotent: %q, then %q", name, got, again)
		}
	}
}

func TestTerminatedKeepsNoTextOfAProgram(t *testing.T) {
	for reason, want := range map[string]string{
		"Error": "", "Completed": "", "OOMKilled": "", "": "",
		"StartError": `exec: "x": not found, token=` + redactedTag, "ContainerStatusUnknown": `exec: "x": not found, token=` + redactedTag,
	} {
		st := &corev1.ContainerStateTerminated{Reason: reason, ExitCode: 128, Message: `exec: "x": not found, token=hunter2hunter2`, ContainerID: "containerd://1"}
		keepTerminated(st)
		if st.Message != want || st.ContainerID != "" {
			t.Errorf("reason %q: kept %q and %q, want %q", reason, st.Message, st.ContainerID, want)
		}
	}
}

// FuzzLastWords: whatever a program writes, what is kept is one of the known texts from one end to the other.
func FuzzLastWords(f *testing.F) {
	for _, s := range []string{
		"java.lang.OutOfMemoryError: Java heap space", "MemoryError: secret", "eheap_alloc: Cannot allocate 12 bytes of memory", "JavaScript heap out of memory",
		"java.lang.OutOfMemoryError: Cannot reserve 9 bytes of direct buffer memory (allocated: 1, limit: 2)", "password", "\xff",
	} {
		f.Add(s, s)
	}
	f.Fuzz(func(t *testing.T, before, after string) {
		kept := keepLastWords(before + " hunter2 " + after)
		if kept == "" {
			return
		}
		if at := lastWords.FindStringIndex(kept); at == nil || at[0] != 0 || at[1] != len(kept) || strings.Contains(kept, "hunter2") {
			t.Errorf("kept %q", kept)
		}
		if again := keepLastWords(kept); again != kept {
			t.Errorf("not idempotent: %q, then %q", kept, again)
		}
	})
}
