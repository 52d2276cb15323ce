package render

// Follow-up commands with the caller's context: a command that silently went to another cluster would be worse than none.

import "strings"

// command puts the caller's kubectl (with --context and the like) in place of each kubectl that the command line calls.
// Plugins take flags only after their name (kubectl refuses "kubectl --context x scars"), so there the flags follow it.
func (p *page) command(line string) string {
	program, flags := cutWord(p.Kubectl)
	var b strings.Builder
	quote, start := rune(0), true // start: a shell expects a command here
	for i := 0; i < len(line); i++ {
		rest := line[i:]
		if start && quote == 0 && (rest == "kubectl" || strings.HasPrefix(rest, "kubectl ")) {
			b.WriteString(program)
			i += len("kubectl")
			if word, _, _ := strings.Cut(strings.TrimPrefix(rest, "kubectl "), " "); word == "scars" {
				b.WriteString(" scars")
				i += len(" scars")
			}
			b.WriteString(flags)
			if i < len(line) {
				b.WriteByte(line[i])
			}
			start = false
			continue
		}
		c := rune(line[i])
		switch {
		case quote == 0 && (c == '\'' || c == '"'):
			quote = c
		case c == quote:
			quote = 0
		}
		if quote == 0 {
			start = strings.ContainsRune("|;&(`", c) || start && c == ' '
		}
		b.WriteByte(line[i])
	}
	return b.String()
}

// cutWord splits a shell line after its first word: `'/opt/my tools/kubectl' --context x` keeps its quotes. The rest keeps its space.
func cutWord(s string) (word, rest string) {
	quoted := false
	for i, c := range s {
		if c == '\'' {
			quoted = !quoted
		}
		if c == ' ' && !quoted {
			return s[:i], s[i:]
		}
	}
	return s, ""
}
