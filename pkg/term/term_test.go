package term

import (
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"
)

func env(pairs ...string) Env {
	return func(key string) (string, bool) {
		for i := 0; i < len(pairs); i += 2 {
			if pairs[i] == key {
				return pairs[i+1], true
			}
		}
		return "", false
	}
}

func TestResolveColour(t *testing.T) {
	for _, tc := range []struct {
		name, flag string
		tty        bool
		env        Env
		goos       string
		want       bool
	}{
		{"a terminal", "auto", true, env("TERM", "xterm-256color"), "linux", true},
		{"a terminal without TERM", "auto", true, env(), "linux", true},
		{"an empty flag is auto", "", true, env(), "linux", true},
		{"a pipe", "auto", false, env("TERM", "xterm"), "linux", false},
		{"a dumb terminal", "auto", true, env("TERM", "dumb"), "linux", false},
		{"NO_COLOR", "auto", true, env("NO_COLOR", "1"), "linux", false},
		{"NO_COLOR is no boolean: yes", "auto", true, env("NO_COLOR", "yes"), "linux", false},
		{"NO_COLOR is no boolean: 0", "auto", true, env("NO_COLOR", "0"), "linux", false},
		{"NO_COLOR is no boolean: false", "auto", true, env("NO_COLOR", "false"), "linux", false},
		{"NO_COLOR empty says nothing", "auto", true, env("NO_COLOR", ""), "linux", true},
		{"forced in a pipe", "auto", false, env("CLICOLOR_FORCE", "1"), "linux", true},
		{"forced on a dumb terminal", "auto", true, env("CLICOLOR_FORCE", "1", "TERM", "dumb"), "linux", true},
		{"CLICOLOR_FORCE=0 says nothing", "auto", false, env("CLICOLOR_FORCE", "0"), "linux", false},
		{"CLICOLOR_FORCE empty says nothing", "auto", false, env("CLICOLOR_FORCE", ""), "linux", false},
		{"NO_COLOR before CLICOLOR_FORCE", "auto", true, env("NO_COLOR", "1", "CLICOLOR_FORCE", "1"), "linux", false},
		{"always before NO_COLOR", "always", false, env("NO_COLOR", "1", "TERM", "dumb"), "linux", true},
		{"never before CLICOLOR_FORCE", "never", true, env("CLICOLOR_FORCE", "1"), "linux", false},
		{"an old Windows console", "auto", true, env(), "windows", false},
		{"Windows Terminal", "auto", true, env("WT_SESSION", "x"), "windows", true},
	} {
		if got := resolveColour(tc.flag, tc.tty, tc.env, tc.goos); got != tc.want {
			t.Errorf("%s: got %v", tc.name, got)
		}
	}
	for flag, ok := range map[string]bool{"auto": true, "always": true, "never": true, "": false, "yes": false} {
		if (ValidateColour(flag) == nil) != ok {
			t.Errorf("--color=%s: %v", flag, ValidateColour(flag))
		}
	}
}

func TestSize(t *testing.T) {
	for _, tc := range []struct {
		measured int
		variable string
		want     int
	}{{120, "90", 120}, {0, "90", 90}, {0, " 90 ", 90}, {0, "", 80}, {0, "wide", 80}, {0, "-3", 80}, {0, "0", 80}} {
		if got := pick(tc.measured, tc.variable, DefaultWidth); got != tc.want {
			t.Errorf("%d, COLUMNS=%q: got %d, want %d", tc.measured, tc.variable, got, tc.want)
		}
	}
	none := ^uintptr(0) // no such descriptor
	if Width(none, env("COLUMNS", "132")) != 132 || Height(none, env("LINES", "50")) != 50 || Height(none, env()) != 24 {
		t.Error("without a terminal the variables decide")
	}
}

func TestUTF8(t *testing.T) {
	for _, tc := range []struct {
		env  Env
		goos string
		want bool
	}{
		{env("LANG", "en_US.UTF-8"), "linux", true},
		{env("LANG", "C.utf8"), "linux", true},
		{env("LANG", "C"), "linux", false},
		{env(), "linux", false},
		{env("LC_ALL", "C", "LANG", "en_US.UTF-8"), "linux", false},
		{env("LC_ALL", "", "LC_CTYPE", "de_DE.UTF-8", "LANG", "C"), "linux", true},
		{env("WT_SESSION", "x"), "windows", true},
		{env(), "windows", false},
	} {
		if got := utf8Locale(tc.env, tc.goos); got != tc.want {
			t.Errorf("got %v, want %v", got, tc.want)
		}
	}
}

func TestSanitize(t *testing.T) {
	const r = "\ufffd"
	for in, want := range map[string]string{
		"":                                  "",
		"plain ASCII ~ text":                "plain ASCII ~ text",
		"a\x1b[31mred\x1b[0m":               "a" + r + "[31mred" + r + "[0m",
		"\x1b]0;title\x07":                  r + "]0;title" + r,
		"\u009b31m":                         r + "31m",
		"\x9b31m":                           r + "31m",
		"a\nb\r\nc\rd\te\vf\fg\u0085h":      "a b c d e f g h",
		"a\u2028b\u2029c":                   "a b c",
		"nul\x00del\x7f":                    "nul" + r + "del" + r,
		"\u202egnp.exe":                     r + "gnp.exe",
		"\u2066a\u2069\u200e\u200f\u061c":   r + "a" + r + r + r + r,
		"zero\u200bwidth\u200d\ufeff\u00ad": "zero" + r + "width" + r + r + r,
		"tag\U000e0041":                     "tag" + r,
		"filler\u3164\u115f":                "filler" + r + r,
		"private\ue000":                     "private" + r,
		"bad \xff\xc3":                      "bad " + r + r,
		"nbsp\u00a0thin\u2009":              "nbsp thin ",
		"日本語\u3000مرحبا שלום ñ":             "日本語\u3000مرحبا שלום ñ",
		"é e\u0301 한국 🚀 ✓ …":                "é e\u0301 한국 🚀 ✓ …",
		"☎\ufe0f":                           "☎",
		"z" + strings.Repeat("\u0335", 9):   "z" + strings.Repeat("\u0335", 4),
	} {
		if got := Sanitize(in); got != want {
			t.Errorf("%q: got %q, want %q", in, got, want)
		}
	}
	if got, want := SanitizeBlock("a:\r\n\tb: \x1b[2J\n\nc"), "a:\n  b: "+r+"[2J\n\nc"; got != want {
		t.Errorf("block: got %q, want %q", got, want)
	}
}

func TestASCII(t *testing.T) {
	for in, want := range map[string]string{
		"plain": "plain", "a … b · c × → ✗ ▲ ○ ✓ –": "a ... b - c x -> x ! i + -", "é e\u0301 日": "? e ?", "“q” ‘s’ ≤ ≥": `"q" 's' <= >=`,
	} {
		if got := ASCII(in); got != want {
			t.Errorf("%q: got %q, want %q", in, got, want)
		}
	}
}

func FuzzSanitize(f *testing.F) {
	for _, seed := range []string{
		"", "plain", "a\x1b[2J\x1b]0;x\x07b\r\nc\td", "\u202ee\u200b\u2066\x9b\x00\xff", "日本語", "e\u0301\u0301\u0301\u0301\u0301\u0301", "☎\ufe0f\u0301",
		`Back-off restarting failed container app in pod web-7d9c8f6b94-x2xkp_shop(9f0c)`, "\U000e0100\u034f\u180b\u3164",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, s string) {
		out := Sanitize(s)
		if !utf8.ValidString(out) {
			t.Fatalf("%q: not UTF-8: %q", s, out)
		}
		for _, r := range out {
			if !unicode.IsGraphic(r) || unicode.In(r, unicode.Cf, unicode.Cc, unicode.Zl, unicode.Zp, unicode.Variation_Selector) {
				t.Fatalf("%q: %U is left", s, r)
			}
		}
		if again := Sanitize(out); again != out {
			t.Fatalf("%q: not idempotent: %q, then %q", s, out, again)
		}
		for _, r := range ASCII(out) {
			if r < ' ' || r > '~' {
				t.Fatalf("%q: %U is no printable ASCII", s, r)
			}
		}
		for _, width := range []int{2, 7, 40} {
			for _, line := range Wrap(out, width) {
				if Cells(line) > width {
					t.Fatalf("%q: a line of %d cells in %d columns: %q", s, Cells(line), width, line)
				}
			}
		}
	})
}

func TestWrap(t *testing.T) {
	for _, tc := range []struct {
		in    string
		width int
		want  []string
	}{
		{"", 10, []string{""}},
		{"one two three", 0, []string{"one two three"}},
		{"one two three", 7, []string{"one two", "three"}},
		{"one  two\tthree", 20, []string{"one two three"}},
		{"web-7d9c8f6b94-x2xkp", 8, []string{"web-7d9c", "8f6b94-x", "2xkp"}},
		{"a web-7d9c8f6b94-x2xkp b", 10, []string{"a", "web-7d9c8f", "6b94-x2xkp", "b"}},
		{"日本語の文", 4, []string{"日本", "語の", "文"}},
		{"日本語", 5, []string{"日本", "語"}},
		{"日本", 1, []string{"日", "本"}},
		{"e\u0301e\u0301e\u0301", 2, []string{"e\u0301e\u0301", "e\u0301"}},
	} {
		if got := Wrap(tc.in, tc.width); strings.Join(got, "|") != strings.Join(tc.want, "|") {
			t.Errorf("%q in %d: got %q, want %q", tc.in, tc.width, got, tc.want)
		}
	}
}
