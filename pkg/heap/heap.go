// Package heap reads what a container's settings let its language runtime take: the heap of Java, Node.js and .NET, and the memory of Go.
// It knows the few settings that the snapshot keeps (its RuntimeVariables and RuntimeOptions), and takes the one that wins.
package heap

import (
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"

	corev1 "k8s.io/api/core/v1"
)

// Runtime is a language runtime.
type Runtime string

// The runtimes.
const (
	JVM    Runtime = "the JVM"
	NodeJS Runtime = "Node.js"
	Go     Runtime = "Go"
	DotNET Runtime = ".NET"
)

// Setting is what one runtime may take, and what says so.
type Setting struct {
	Runtime Runtime
	Field   string // where it stands, within the container: "env[JAVA_TOOL_OPTIONS]"
	Text    string // as it stands there
	Bytes   int64  // of the heap; for Go of all that the runtime manages

	// ByScript: the runtime does not read it, but start scripts by custom do.
	ByScript bool
}

// String is the setting as one would write it: an option, or a variable with its value.
func (s Setting) String() string {
	name, isVariable := strings.CutPrefix(s.Field, "env[")
	if !isVariable || strings.HasPrefix(s.Text, "-") {
		return s.Text
	}
	return strings.TrimSuffix(name, "]") + "=" + s.Text
}

// Of lists the settings of a container whose memory has that limit, in bytes, one for each runtime that has any. Where several contradict each
// other, the one that the runtime follows counts: for Java _JAVA_OPTIONS, the command line, JDK_JAVA_OPTIONS, JAVA_TOOL_OPTIONS, in
// that order (OpenJDK src/java.base/share/native/libjli/args.c, src/hotspot/share/runtime/arguments.cpp), of each the last.
func Of(c *corev1.Container, limit int64) []Setting {
	var out []Setting
	if s, ok := java(c, limit); ok {
		out = append(out, s)
	}
	for _, from := range []func(*corev1.Container, int64) (Setting, bool){node, golang, dotnet} {
		if s, ok := from(c, limit); ok {
			out = append(out, s)
		}
	}
	return out
}

// commandLine is the field of a setting that stands in command or args.
const commandLine = "args"

// source is where options may stand.
type source struct {
	field string
	words []string
}

func sources(c *corev1.Container, variables ...string) []source {
	var out []source
	for _, name := range variables {
		if name == commandLine {
			out = append(out, source{commandLine, c.Args})
		} else if value := variable(c, name); value != "" {
			out = append(out, source{"env[" + name + "]", strings.Fields(value)})
		}
	}
	return out
}

// variable is the value of an environment variable: of several, the last (kubernetes v1.37.2 pkg/kubelet/kubelet_pods.go,
// makeEnvironmentVariables).
func variable(c *corev1.Container, name string) string {
	value := ""
	for _, e := range c.Env {
		if e.Name == name {
			value = e.Value
		}
	}
	return value
}

// java is the heap of the JVM: -Xmx, or without one the share that it may take of the memory that it sees, which is the limit.
func java(c *corev1.Container, limit int64) (Setting, bool) {
	all := sources(c, "_JAVA_OPTIONS", commandLine, "JDK_JAVA_OPTIONS", "JAVA_TOOL_OPTIONS", "JAVA_OPTS")
	for _, read := range []func(string, int64) (int64, bool){maxHeap, maxShare} {
		for _, s := range all {
			for _, word := range slices.Backward(s.words) {
				if bytes, ok := read(word, limit); ok {
					return Setting{Runtime: JVM, Field: s.field, Text: word, Bytes: bytes, ByScript: s.field == "env[JAVA_OPTS]"}, true
				}
			}
		}
	}
	return Setting{}, false
}

var xmx = regexp.MustCompile(`^-Xmx([0-9]+)([kKmMgGtT]?)$`)

func maxHeap(word string, _ int64) (int64, bool) {
	m := xmx.FindStringSubmatch(word)
	if m == nil {
		return 0, false
	}
	return scaled(m[1], strings.ToLower(m[2]))
}

// scaled is a number with a unit of powers of 1024, and false where it is out of all bounds.
func scaled(number, unit string) (int64, bool) {
	n, err := strconv.ParseInt(number, 10, 64)
	shift := map[string]int{"": 0, "k": 10, "m": 20, "g": 30, "t": 40}[unit]
	if err != nil || n > 1<<62>>shift {
		return 0, false
	}
	return n << shift, true
}

func maxShare(word string, limit int64) (int64, bool) {
	value, ok := strings.CutPrefix(word, "-XX:MaxRAMPercentage=")
	if !ok {
		return 0, false
	}
	percent, err := strconv.ParseFloat(value, 64)
	if err != nil || math.IsNaN(percent) || percent <= 0 || percent > 100 {
		return 0, false
	}
	return int64(float64(limit) * percent / 100), true
}

// node is the old space of Node.js, in MiB; the command line wins over NODE_OPTIONS.
func node(c *corev1.Container, _ int64) (Setting, bool) {
	for _, s := range sources(c, commandLine, "NODE_OPTIONS") {
		for _, word := range slices.Backward(s.words) {
			value, ok := strings.CutPrefix(word, "--max-old-space-size=")
			if !ok {
				continue
			}
			if bytes, ok := scaled(value, "m"); ok {
				return Setting{Runtime: NodeJS, Field: s.field, Text: word, Bytes: bytes}, true
			}
		}
	}
	return Setting{}, false
}

var memLimit = regexp.MustCompile(`^([0-9]+)(?:([KMGT])iB|B)?$`)

// golang is the soft limit of Go (package runtime, GOMEMLIMIT).
func golang(c *corev1.Container, _ int64) (Setting, bool) {
	value := variable(c, "GOMEMLIMIT")
	m := memLimit.FindStringSubmatch(value)
	if m == nil {
		return Setting{}, false
	}
	bytes, ok := scaled(m[1], strings.ToLower(m[2]))
	return Setting{Runtime: Go, Field: "env[GOMEMLIMIT]", Text: value, Bytes: bytes}, ok
}

// dotnet is the hard limit of the .NET garbage collector. Values in the environment are hexadecimal; a limit in bytes wins over one in
// percent (Microsoft, "Runtime configuration options for garbage collection").
func dotnet(c *corev1.Container, limit int64) (Setting, bool) {
	for _, name := range []string{"DOTNET_GCHeapHardLimit", "COMPlus_GCHeapHardLimit", "DOTNET_GCHeapHardLimitPercent", "COMPlus_GCHeapHardLimitPercent"} {
		value := variable(c, name)
		n, err := strconv.ParseInt(strings.TrimPrefix(strings.ToLower(value), "0x"), 16, 64)
		if err != nil || n <= 0 {
			continue
		}
		if strings.HasSuffix(name, "Percent") {
			if n > 100 {
				continue
			}
			n = limit / 100 * n
		}
		return Setting{Runtime: DotNET, Field: "env[" + name + "]", Text: value, Bytes: n}, true
	}
	return Setting{}, false
}

// Workers is how many worker processes the settings of a container ask for, and false where they do not say.
func Workers(c *corev1.Container) (n int64, s Setting, ok bool) {
	for _, w := range c.Args {
		if value, found := strings.CutPrefix(w, "--workers="); found {
			n, _ = strconv.ParseInt(value, 10, 32)
			s = Setting{Field: commandLine, Text: w}
		}
	}
	if n == 0 {
		s = Setting{Field: "env[WEB_CONCURRENCY]", Text: variable(c, "WEB_CONCURRENCY")}
		n, _ = strconv.ParseInt(s.Text, 10, 32)
	}
	return n, s, n > 0
}
