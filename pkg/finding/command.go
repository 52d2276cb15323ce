package finding

// This file writes commands that can be pasted into a shell.

import "strings"

// Kubectl makes a command line that can be pasted into a shell: each argument is quoted where a shell would read it otherwise.
// The namespace comes first and is left out where it is empty.
func Kubectl(namespace string, args ...string) string {
	words := []string{"kubectl"}
	if namespace != "" {
		words = append(words, "-n", namespace)
	}
	return Quote(append(words, args...)...)
}

// Quote joins words to a line that a shell reads as these words.
func Quote(words ...string) string {
	quoted := make([]string, len(words))
	for i, w := range words {
		quoted[i] = shellQuote(w)
	}
	return strings.Join(quoted, " ")
}

// shellQuote leaves a plain word as it is and puts anything else in single quotes (POSIX shell, section 2.2.2).
func shellQuote(s string) string {
	if s != "" && strings.IndexFunc(s, func(r rune) bool {
		return !(r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune("-_./=:,@%+", r))
	}) < 0 {
		return s
	}
	return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'"
}
