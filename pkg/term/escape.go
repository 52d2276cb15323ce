package term

// Foreign text made harmless: whatever a cluster holds was written by somebody else (event messages, annotations, certificate
// subjects), and a terminal obeys what it is sent.

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// maxMarks bounds the combining marks on one letter: real scripts need three or four, towers of them paint over other lines.
const maxMarks = 4

// Sanitize makes foreign text fit for one line of a terminal. Line breaks, tabs and odd spaces become a space; control characters
// (C0, C1, so ESC and CSI), bidirectional controls, invisible format characters, private and unassigned code points and bytes that are not
// UTF-8 become U+FFFD; variation selectors vanish. Letters, marks, numbers, punctuation and symbols of all scripts stay.
// Doing it twice changes nothing.
func Sanitize(s string) string {
	if plain(s) {
		return s
	}
	var b strings.Builder
	b.Grow(len(s))
	marks := 0
	for i := 0; i < len(s); {
		r, n := utf8.DecodeRuneInString(s[i:])
		if r == '\r' && strings.HasPrefix(s[i+n:], "\n") {
			n++ // one line break
		}
		i += n
		r = safe(r)
		if unicode.In(r, unicode.Mn, unicode.Me) {
			if marks++; marks > maxMarks {
				continue
			}
		} else if r != dropped {
			marks = 0
		}
		if r != dropped {
			b.WriteRune(r)
		}
	}
	return b.String()
}

// dropped stands for "write nothing".
const dropped rune = -1

// safe maps one rune to what a terminal may see in its place. It is not strings.Map's -1 alone because marks are counted as well.
func safe(r rune) rune {
	switch {
	case r >= ' ' && r < 0x7f:
		return r
	case r == '\n', r == '\r', r == '\t', r == '\v', r == '\f', r == 0x85, r == 0x2028, r == 0x2029:
		return ' '
	case r == 0x3000: // ideographic space: ordinary in Chinese and Japanese, and two columns wide
		return r
	case unicode.Is(unicode.Zs, r):
		return ' '
	case unicode.Is(unicode.Variation_Selector, r):
		return dropped
	case unicode.Is(unicode.Other_Default_Ignorable_Code_Point, r): // Hangul fillers and the like: letters that show nothing
		return utf8.RuneError
	case unicode.IsGraphic(r): // excludes Cc, Cf (bidi, zero width), Co, Cs and Cn
		return r
	default:
		return utf8.RuneError
	}
}

// plain is the quick way out for the usual text: printable ASCII only.
func plain(s string) bool {
	for i := range len(s) {
		if s[i] < ' ' || s[i] >= 0x7f {
			return false
		}
	}
	return true
}

// SanitizeBlock does for text of several lines (a patch, a documentation text) what Sanitize does for one: line breaks stay,
// CRLF becomes LF and a tab becomes two spaces, because columns are counted.
func SanitizeBlock(s string) string {
	lines := strings.Split(strings.ReplaceAll(s, "\r\n", "\n"), "\n")
	for i, line := range lines {
		lines[i] = Sanitize(strings.ReplaceAll(line, "\t", "  "))
	}
	return strings.Join(lines, "\n")
}

// ASCII spells text for a terminal that is not UTF-8: our own signs and the usual typography have ASCII forms, anything else
// becomes a question mark. Its bytes must not reach such a terminal: in an 8-bit set some of them are control characters.
func ASCII(s string) string {
	if plain(s) {
		return s
	}
	var b strings.Builder
	for _, r := range s {
		switch {
		case r < utf8.RuneSelf:
			b.WriteRune(r)
		case unicode.Is(unicode.Mn, r): // the letter below it is there already
		default:
			b.WriteString(spell(r))
		}
	}
	return b.String()
}

func spell(r rune) string {
	switch r {
	case '…':
		return "..."
	case '·', '–', '—', '‐', '‑', '−':
		return "-"
	case '×', '✗':
		return "x"
	case '→':
		return "->"
	case '≥':
		return ">="
	case '≤':
		return "<="
	case '▲':
		return "!"
	case '○':
		return "i"
	case '✓':
		return "+"
	case '‘', '’':
		return "'"
	case '“', '”', '„':
		return `"`
	case '\u3000':
		return " "
	default:
		return "?"
	}
}
