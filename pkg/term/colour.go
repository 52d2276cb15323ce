// Package term knows the terminal: whether to colour, how wide it is, how to make foreign text harmless and fit it into lines,
// and how to show progress. It imports nothing of ours and reads no environment of its own: streams and variables are given.
package term

import (
	"fmt"
	"runtime"
	"slices"
	"strings"

	xterm "golang.org/x/term"
)

// Env looks up an environment variable, as os.LookupEnv does.
type Env func(key string) (string, bool)

// Get is the value of a variable, empty where it is not set.
func (e Env) Get(key string) string {
	v, _ := e(key)
	return v
}

// ColourModes are the values that --color takes.
func ColourModes() []string { return []string{"auto", "always", "never"} }

// ValidateColour refuses a value that --color does not take.
func ValidateColour(flag string) error {
	if slices.Contains(ColourModes(), flag) {
		return nil
	}
	return fmt.Errorf("--color must be one of %s, not %q", strings.Join(ColourModes(), ", "), flag)
}

// ResolveColour decides whether a stream gets colour. The first of these that speaks decides: --color always or never; NO_COLOR
// with any non-empty value (no-color.org); CLICOLOR_FORCE other than empty and 0 (bixense.com/clicolors); and last whether the stream
// is a terminal that understands it. Libraries parse NO_COLOR as a boolean, so NO_COLOR=yes leaves their colour on: hence this function.
func ResolveColour(flag string, isTTY bool, env func(string) (string, bool)) bool {
	return resolveColour(flag, isTTY, env, runtime.GOOS)
}

func resolveColour(flag string, isTTY bool, env Env, goos string) bool {
	switch flag {
	case "always":
		return true
	case "never":
		return false
	}
	if env.Get("NO_COLOR") != "" {
		return false
	}
	if force := env.Get("CLICOLOR_FORCE"); force != "" && force != "0" {
		return true
	}
	return isTTY && smart(env, goos)
}

// Smart tells whether a terminal understands escape sequences at all: not TERM=dumb, and on Windows only Windows Terminal,
// because the older console needs to be switched first (cli-runtime printers.AllowsColorOutput draws the same line).
func Smart(env func(string) (string, bool)) bool { return smart(env, runtime.GOOS) }

func smart(env Env, goos string) bool {
	if env.Get("TERM") == "dumb" {
		return false
	}
	return goos != "windows" || env.Get("WT_SESSION") != ""
}

// IsTerminal tells whether a file descriptor is a terminal.
func IsTerminal(fd uintptr) bool { return xterm.IsTerminal(int(fd)) } //nolint:gosec // a descriptor fits an int
