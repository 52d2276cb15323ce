package snapshot

// Free text that programs wrote may hold secrets: probe output, termination messages, event messages. It is cut and redacted here.

import (
	"regexp"
	"strings"
	"unicode/utf8"
)

const (
	cutMark     = "…"
	maxText     = 1024 // bytes kept of a message; the kubelet itself caps probe output at 10 KB and events at 1 KB
	redactedTag = "[redacted]"
)

// The shapes of secrets in free text. Each keeps its first group and redacts the rest.
var (
	pemBlock    = regexp.MustCompile(`-----BEGIN [A-Z0-9 ]*(?:PRIVATE KEY|CERTIFICATE)-----[\s\S]*?(?:-----END [A-Z0-9 ]+-----|$)`)
	urlUserinfo = regexp.MustCompile(`(?i)\b([a-z][a-z0-9+.-]*://)[^\s/@]+@`)
	bearer      = regexp.MustCompile(`(?i)\b(bearer|basic|token)\s+[A-Za-z0-9._~+/=-]{8,}`)
	assignment  = regexp.MustCompile(`(?i)((?:pass(?:word|wd|phrase)?|secret|token|api[-_]?key|access[-_]?key|private[-_]?key|credential|authorization)[A-Za-z0-9_-]*["']?\s*[=:]\s*)("[^"]*"|'[^']*'|[^\s,;&"']+)`)
	jwt         = regexp.MustCompile(`\beyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}(?:\.[A-Za-z0-9_-]*)?`)
	cloudKey    = regexp.MustCompile(`\b(?:AKIA|ASIA)[A-Z0-9]{16}\b|\bgh[pousr]_[A-Za-z0-9]{20,}\b`)
)

// redact cuts a text to maxText and blanks what looks like a secret. It is idempotent.
func redact(s string) string {
	if s == "" {
		return s
	}
	if strings.Contains(s, "-----BEGIN") {
		s = pemBlock.ReplaceAllString(s, redactedTag)
	}
	s = urlUserinfo.ReplaceAllString(s, "${1}"+redactedTag+"@")
	s = bearer.ReplaceAllString(s, "$1 "+redactedTag)
	s = assignment.ReplaceAllString(s, "${1}"+redactedTag)
	s = jwt.ReplaceAllString(s, redactedTag)
	s = cloudKey.ReplaceAllString(s, redactedTag)
	return cut(s)
}

// cut shortens a text to maxText bytes at a rune's edge.
func cut(s string) string {
	if len(s) <= maxText {
		return s
	}
	end := maxText - len(cutMark)
	for end > 0 && !utf8.RuneStart(s[end]) {
		end--
	}
	return s[:end] + cutMark
}

// cutQuery drops the query of a path.
func cutQuery(path string) string {
	before, _, found := strings.Cut(path, "?")
	if found && path != before+"?"+cutMark {
		return before + "?" + cutMark
	}
	return path
}
