package term

// The size of the terminal, and whether it speaks UTF-8.

import (
	"runtime"
	"strconv"
	"strings"

	xterm "golang.org/x/term"
)

// What is assumed where nobody tells: the VT100's.
const (
	DefaultWidth  = 80
	DefaultHeight = 24
)

// Width is the number of columns to fill: of the terminal behind fd, else of COLUMNS, else 80.
func Width(fd uintptr, env func(string) (string, bool)) int {
	w, _ := size(fd)
	return pick(w, Env(env).Get("COLUMNS"), DefaultWidth)
}

// Height is the number of lines of one screen: of the terminal behind fd, else of LINES, else 24.
func Height(fd uintptr, env func(string) (string, bool)) int {
	_, h := size(fd)
	return pick(h, Env(env).Get("LINES"), DefaultHeight)
}

func size(fd uintptr) (w, h int) {
	w, h, err := xterm.GetSize(int(fd)) //nolint:gosec // a descriptor fits an int
	if err != nil {
		return 0, 0
	}
	return w, h
}

// pick takes the first that is a positive number. Shells set COLUMNS without exporting it, so the terminal comes first.
func pick(measured int, variable string, otherwise int) int {
	if measured > 0 {
		return measured
	}
	if n, err := strconv.Atoi(strings.TrimSpace(variable)); err == nil && n > 0 {
		return n
	}
	return otherwise
}

// UTF8 tells whether the locale's characters are UTF-8: by LC_ALL, LC_CTYPE and LANG, of which the first that is set decides
// (POSIX, Base Definitions, section 8.2). Windows has no such variables; there, Windows Terminal is the sign.
func UTF8(env func(string) (string, bool)) bool { return utf8Locale(env, runtime.GOOS) }

func utf8Locale(env Env, goos string) bool {
	for _, key := range []string{"LC_ALL", "LC_CTYPE", "LANG"} {
		if v := strings.ToLower(env.Get(key)); v != "" {
			return strings.Contains(v, "utf-8") || strings.Contains(v, "utf8")
		}
	}
	return goos == "windows" && env.Get("WT_SESSION") != ""
}
