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

// The shapes of secrets in free text. Each keeps its first group and redacts the rest.
var (
	// A PEM block may have lost its beginning (termination messages are the tail of a log) or its end (they are cut).
	pemBlock = regexp.MustCompile(`-----BEGIN [^-]*-----[\s\S]*?(?:-----END [^-]*-----|$)`)
	pemTail  = regexp.MustCompile(`[A-Za-z0-9+/=\s\\]*-----END [^-]*-----`)

	urlUserinfo = regexp.MustCompile(`(?i)\b([a-z][a-z0-9+.-]*://)[^\s/@]+@`)
	urlQuery    = regexp.MustCompile(`(?i)\b(https?://[^\s"'?#]*)[?#][^\s"'<>)]*`)
	authHeader  = regexp.MustCompile(`(?i)((?:proxy-)?authorization\\*["']?\s*[=:]\s*)[^\r\n",;]+`)
	bearer      = regexp.MustCompile(`(?i)\b(bearer)\s+[A-Za-z0-9._~+/=-]{8,}`)
	scheme      = regexp.MustCompile(`(?i)\b(basic|token)\s+([A-Za-z0-9._~+/=-]{8,})`)
	assignment  = regexp.MustCompile(`(?i)((?:pass(?:word|wd|phrase)?|secret|token|api[-_]?key|access[-_]?key|private[-_]?key|credential)[A-Za-z0-9_-]*\\*["']?\s*[=:]\s*)` + value)
	option      = regexp.MustCompile(`(?i)(--?(?:pass(?:word|wd|phrase)?|secret|token|api[-_]?key|access[-_]?key|private[-_]?key|credential)[A-Za-z0-9_-]*\s+)` + value)
	jwt         = regexp.MustCompile(`\beyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}(?:\.[A-Za-z0-9_-]*)?`)
	cloudKey    = regexp.MustCompile(`\b(?:AKIA|ASIA)[A-Z0-9]{16}\b|\bgh[pousr]_[A-Za-z0-9]{20,}\b`)
	blob        = regexp.MustCompile(`[A-Za-z0-9+/]{60,}={0,2}|[A-Za-z0-9_-]{60,}`)
)

// value is a quoted string, also one whose quotes are escaped or whose end was cut off, or a word.
const value = `("(?:[^"\\]|\\.)*"?|'(?:[^'\\]|\\.)*'?|\\+"[^"]*"?|\\+'[^']*'?|[^\s,;&"']+)`

// hints are what a text must hold, in lower case, before any of the expressions can match; most messages hold none.
var hints = []string{
	"pass", "secret", "token", "key", "credential", "authorization", "bearer", "basic", "://", "eyj", "akia", "asia", "gh", "-----",
}

// redact cuts a text to maxText bytes and blanks what looks like a secret. It is idempotent: it goes on until nothing changes.
func redact(s string) string {
	s = cutTo(strings.ToValidUTF8(s, string(utf8.RuneError)), maxRead)
	if !suspicious(s) {
		return cut(s)
	}
	for range maxPasses {
		next := redactOnce(s)
		if next == s {
			return s
		}
		s = next
	}
	return redactedTag
}

func suspicious(s string) bool {
	if len(s) >= 60 && blob.MatchString(s) {
		return true
	}
	lower := strings.ToLower(s)
	for _, h := range hints {
		if strings.Contains(lower, h) {
			return true
		}
	}
	return false
}

func redactOnce(s string) string {
	if strings.Contains(s, "-----") {
		s = pemBlock.ReplaceAllString(s, redactedTag)
		s = pemTail.ReplaceAllString(s, redactedTag)
	}
	s = urlUserinfo.ReplaceAllString(s, "${1}"+redactedTag+"@")
	s = urlQuery.ReplaceAllString(s, "${1}?"+cutMark)
	s = authHeader.ReplaceAllString(s, "${1}"+redactedTag)
	s = bearer.ReplaceAllString(s, "$1 "+redactedTag)
	s = scheme.ReplaceAllStringFunc(s, redactScheme)
	s = assignment.ReplaceAllString(s, "${1}"+redactedTag)
	s = option.ReplaceAllString(s, "${1}"+redactedTag)
	s = jwt.ReplaceAllString(s, redactedTag)
	s = cloudKey.ReplaceAllString(s, redactedTag)
	return cut(blob.ReplaceAllStringFunc(s, redactBlob))
}

// redactScheme spares prose such as "token authentication failed": a credential is hardly ever a word of small letters.
func redactScheme(match string) string {
	m := scheme.FindStringSubmatch(match)
	if strings.Trim(m[2], "abcdefghijklmnopqrstuvwxyz.-") == "" {
		return match
	}
	return m[1] + " " + redactedTag
}

// redactBlob spares digests, paths and names of objects: base64 has capitals, small letters and digits.
func redactBlob(match string) string {
	if strings.ContainsAny(match, "ABCDEFGHIJKLMNOPQRSTUVWXYZ") && strings.ContainsAny(match, "abcdefghijklmnopqrstuvwxyz") &&
		strings.ContainsAny(match, "0123456789") {
		return redactedTag
	}
	return match
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
