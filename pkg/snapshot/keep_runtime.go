package snapshot

// The keep table for what tells a language runtime how much memory it may use. Environment and arguments may hold secrets, so of both only
// what stands on a short list survives, and of that only values that are numbers: a word that is not wholly of one of these forms is cut.

import (
	"regexp"
	"strings"

	corev1 "k8s.io/api/core/v1"
)

// RuntimeVariables are the environment variables of which something is kept: of those that hold options, the RuntimeOptions among them; of
// the others the value, where it is a number.
func RuntimeVariables() []string {
	return []string{
		"JAVA_TOOL_OPTIONS", "JDK_JAVA_OPTIONS", "_JAVA_OPTIONS", "JAVA_OPTS", "NODE_OPTIONS", "GOMEMLIMIT", "WEB_CONCURRENCY",
		"DOTNET_GCHeapHardLimit", "DOTNET_GCHeapHardLimitPercent", "COMPlus_GCHeapHardLimit", "COMPlus_GCHeapHardLimitPercent",
	}
}

// RuntimeOptions are the options that are kept, of command lines and of variables that hold options.
func RuntimeOptions() []string {
	return []string{"-Xmx", "-XX:MaxRAMPercentage=", "--max-old-space-size=", "--workers="}
}

var (
	javaOption  = regexp.MustCompile(`^(?:-Xmx[0-9]{1,13}[kKmMgGtT]?|-XX:MaxRAMPercentage=[0-9]{1,3}(?:\.[0-9]{1,4})?)$`)
	nodeOption  = regexp.MustCompile(`^--max[-_]old[-_]space[-_]size(?:=([0-9]{1,7}))?$`)
	workers     = regexp.MustCompile(`^(?:--workers|-w)(?:=([0-9]{1,4}))?$`)
	shortNumber = regexp.MustCompile(`^[0-9]{1,7}$`)
	goLimit     = regexp.MustCompile(`^[0-9]{1,19}(?:[KMGT]iB|B)?$`)
	hexLimit    = regexp.MustCompile(`^(?:0[xX])?[0-9a-fA-F]{1,16}$`)
	hexPercent  = regexp.MustCompile(`^(?:0[xX])?[0-9a-fA-F]{1,2}$`)

	// hints are what a text must hold to be worth taking apart; most hold none.
	hints = []string{"-Xmx", "MaxRAMPercentage", "space", "--workers", "-w ", "-w="}
)

// runtimeVariables keeps of the environment what RuntimeVariables names.
func runtimeVariables(env []corev1.EnvVar) []corev1.EnvVar {
	var kept []corev1.EnvVar
	for i := range env {
		if value := runtimeValue(env[i].Name, env[i].Value); value != "" {
			kept = append(kept, corev1.EnvVar{Name: env[i].Name, Value: value})
		}
	}
	return kept
}

// runtimeValue is what is kept of a variable's value.
func runtimeValue(name, value string) string {
	if value == "" {
		return ""
	}
	number := shortNumber
	switch name {
	case "JAVA_TOOL_OPTIONS", "JDK_JAVA_OPTIONS", "_JAVA_OPTIONS", "JAVA_OPTS":
		return strings.Join(runtimeOptions([]string{value}, true, false), " ")
	case "NODE_OPTIONS":
		return strings.Join(runtimeOptions([]string{value}, false, true), " ")
	case "WEB_CONCURRENCY":
	case "GOMEMLIMIT":
		number = goLimit
	case "DOTNET_GCHeapHardLimit", "COMPlus_GCHeapHardLimit":
		number = hexLimit
	case "DOTNET_GCHeapHardLimitPercent", "COMPlus_GCHeapHardLimitPercent":
		number = hexPercent
	default:
		return ""
	}
	if !number.MatchString(value) {
		return ""
	}
	return value
}

// runtimeArguments keeps of a command line what RuntimeOptions names, each as one word.
func runtimeArguments(command, args []string) []string {
	if !hinted(command) && !hinted(args) {
		return nil
	}
	return runtimeOptions(append(append([]string{}, command...), args...), true, true)
}

func hinted(texts []string) bool {
	for _, t := range texts {
		if t == "-w" {
			return true
		}
		for _, h := range hints {
			if strings.Contains(t, h) {
				return true
			}
		}
	}
	return false
}

// runtimeOptions finds the options of Java, or those of programs, in texts that are words of a command line or hold several ("sh -c").
// A worker count that is called -w is one only behind a server that calls it so; what stands behind -jar is not for Java.
func runtimeOptions(texts []string, java, programs bool) []string {
	var words, kept []string
	for _, t := range texts {
		words = append(words, strings.Fields(t)...)
	}
	server := false
	for i, w := range words {
		next := ""
		if i+1 < len(words) && shortNumber.MatchString(words[i+1]) {
			next = words[i+1]
		}
		switch {
		case w == "-jar":
			java = false
		case java && javaOption.MatchString(w):
			kept = append(kept, w)
		case !programs:
		case preforks(w):
			server = true
		default:
			if m := nodeOption.FindStringSubmatch(w); m != nil {
				kept = number(kept, "--max-old-space-size=", m[1], next)
			}
			if m := workers.FindStringSubmatch(w); m != nil && (server || strings.HasPrefix(w, "--")) && len(next) <= 4 {
				kept = number(kept, "--workers=", m[1], next)
			}
		}
	}
	return kept
}

// number adds an option with its value, written behind it or as the next word.
func number(kept []string, option, value, next string) []string {
	if value == "" {
		value = next
	}
	if value == "" {
		return kept
	}
	return append(kept, option+value)
}

// preforks tells whether a word is a server that takes -w for its number of workers.
func preforks(word string) bool {
	switch word[strings.LastIndexByte(word, '/')+1:] {
	case "gunicorn", "puma":
		return true
	default:
		return false
	}
}
