package snapshot

// Free text that programs wrote may hold secrets: probe output, termination messages, event messages. It is cut and redacted here.

import (
	"regexp"
	"strings"
	"unicode/utf8"
)

const (
	cutMark     = "…"
	maxText     = 1024     // bytes kept of a message; the kubelet itself caps probe output at 10 KB and events at 1 KB
	maxRead     = 16 << 10 // bytes of a message that are looked at
	redactedTag = "[redacted]"
	maxPasses   = 8
)

// A shape is one way in which secrets stand in free text. Expressions are slow, so each is tried only on texts that hold, in lower case,
// one of its hints; most messages hold none.
type shape struct {
	hints  []string
	redact func(string) string
}

// value is a quoted string, also one whose quotes are escaped or whose end was cut off, or a word.
const (
	value  = `("(?:[^"\\]|\\.)*"?|'(?:[^'\\]|\\.)*'?|\\+"[^"]*"?|\\+'[^']*'?|[^\s,;&"']+)`
	secret = `(?:pass(?:word|wd|phrase)?|secret|token|api[-_]?key|access[-_]?key|private[-_]?key|credential)[A-Za-z0-9_-]*`
)

var (
	secretHints = []string{"pass", "secret", "token", "key", "credential"}
	word        = regexp.MustCompile(`(?i)\b(basic|token)\s+([A-Za-z0-9._~+/=-]{8,})`)

	// The expressions keep their first group. A PEM block may have lost its beginning (termination messages are the tail of a log) or its
	// end (they are cut).
	shapes = []shape{
		{[]string{"command", "lifecycle hook"}, redactCommand},
		{[]string{"-----"}, keepFirst(`()-----BEGIN [^-]*-----[\s\S]*?(?:-----END [^-]*-----|$)`, redactedTag)},
		{[]string{"-----"}, keepFirst(`()[A-Za-z0-9+/=\s\\]*-----END [^-]*-----`, redactedTag)},
		{[]string{"@"}, keepFirst(`(?i)\b([a-z][a-z0-9+.-]*://)[^\s/@]+@`, redactedTag+"@")},
		{[]string{"?", "#"}, keepFirst(`(?i)\b(https?://[^\s"'?#]*)[?#][^\s"'<>)]*`, "?"+cutMark)},
		{[]string{"authorization"}, keepFirst(`(?i)(authorization\\*["']?\s*[=:]\s*)[^\r\n",;]+`, redactedTag)},
		{[]string{"bearer"}, keepFirst(`(?i)\b(bearer\s+)[A-Za-z0-9._~+/=-]{8,}`, redactedTag)},
		{[]string{"basic", "token"}, func(s string) string { return word.ReplaceAllStringFunc(s, redactWord) }},
		{secretHints, keepFirst(`(?i)(`+secret+`\\*["']?\s*[=:]\s*)`+value, redactedTag)},
		{secretHints, keepFirst(`(?i)(--?`+secret+`\s+)`+value, redactedTag)},
		{[]string{"eyj"}, keepFirst(`()\beyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}(?:\.[A-Za-z0-9_-]*)?`, redactedTag)},
		{[]string{"akia", "asia"}, keepFirst(`()\b(?:AKIA|ASIA)[A-Z0-9]{16}\b`, redactedTag)},
		{[]string{"ghp_", "gho_", "ghu_", "ghs_", "ghr_"}, keepFirst(`()\bgh[pousr]_[A-Za-z0-9]{20,}\b`, redactedTag)},
		{nil, func(s string) string { return redactBlobs(s, "+/") }},
		{nil, func(s string) string { return redactBlobs(s, "-_") }},
	}
)

// Where a runtime or the kubelet quotes a command with all its arguments (cri-client v0.37 pkg/remote_runtime.go execSync, kubernetes v1.37.2
// pkg/kubelet/lifecycle/handlers.go). The end of the quote may have been cut off.
var (
	commandQuoted = regexp.MustCompile(`(?is)(\bcommand (?:timed out: )?["']|exec lifecycle hook \().*(["'] (?:timed out|exited with)|\) for container)`)
	commandOpen   = regexp.MustCompile(`(?is)(\bcommand timed out: ["']|exec lifecycle hook \().*`)
)

func redactCommand(s string) string {
	if commandQuoted.MatchString(s) {
		return commandQuoted.ReplaceAllString(s, "${1}"+redactedTag+"${2}")
	}
	return commandOpen.ReplaceAllString(s, "${1}"+redactedTag)
}

func keepFirst(expression, tag string) func(string) string {
	re := regexp.MustCompile(expression)
	return func(s string) string { return re.ReplaceAllString(s, "${1}"+tag) }
}

// redact cuts a text to maxText bytes and blanks what looks like a secret. It is idempotent: it goes on until nothing changes.
func redact(s string) string {
	s = cutTo(strings.ToValidUTF8(s, string(utf8.RuneError)), maxRead)
	for range maxPasses {
		next := redactOnce(s)
		if next == s {
			return s
		}
		s = next
	}
	return redactedTag
}

func redactOnce(s string) string {
	lower := strings.ToLower(s)
	for _, sh := range shapes {
		hinted := sh.hints == nil
		for _, h := range sh.hints {
			hinted = hinted || strings.Contains(lower, h)
		}
		if hinted {
			s = sh.redact(s)
		}
	}
	return cut(s)
}

// redactWord spares prose such as "token authentication failed": a credential is hardly ever a word of small letters.
func redactWord(match string) string {
	m := word.FindStringSubmatch(match)
	if strings.Trim(m[2], "abcdefghijklmnopqrstuvwxyz.-") == "" {
		return match
	}
	return m[1] + " " + redactedTag
}

// redactBlobs blanks long runs of base64, with the two signs that it uses besides letters and digits. Digests, paths and names of
// objects are spared: base64 has capitals, small letters and digits.
func redactBlobs(s, signs string) string {
	const shortest = 60 // a line of PEM has 64
	var out strings.Builder
	start, done := 0, 0
	var capital, small, digit bool
	for i := 0; i <= len(s); i++ {
		if i < len(s) {
			c := s[i]
			switch {
			case c >= 'A' && c <= 'Z':
				capital = true
				continue
			case c >= 'a' && c <= 'z':
				small = true
				continue
			case c >= '0' && c <= '9':
				digit = true
				continue
			case strings.IndexByte(signs, c) >= 0:
				continue
			}
		}
		if i-start >= shortest && capital && small && digit {
			out.WriteString(s[done:start])
			out.WriteString(redactedTag)
			done = i
		}
		start, capital, small, digit = i+1, false, false, false
	}
	if done == 0 {
		return s
	}
	out.WriteString(s[done:])
	return out.String()
}

// cut shortens a text to maxText bytes at a rune's edge.
func cut(s string) string { return cutTo(s, maxText) }

func cutTo(s string, limit int) string {
	if len(s) <= limit {
		return s
	}
	end := limit - len(cutMark)
	for end > 0 && !utf8.RuneStart(s[end]) {
		end--
	}
	return s[:end] + cutMark
}

// cutQuery drops the query and the fragment of a path.
func cutQuery(path string) string {
	if i := strings.IndexAny(path, "?#"); i >= 0 {
		return path[:i] + "?" + cutMark
	}
	return path
}
