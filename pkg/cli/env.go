// Package cli is the command tree: flags, arguments, exit codes. It wires collection, recording, checks and rendering together, and
// decides nothing itself.
package cli

import (
	"io"
	"os"
	"runtime/debug"
	"time"

	"github.com/kubectl-scars/kubectl-scars/pkg/term"
)

// Env is the world as a command sees it; tests make their own.
type Env struct {
	In      io.Reader
	Out     io.Writer
	Err     io.Writer
	Getenv  func(string) (string, bool)
	Now     func() time.Time
	Version string

	// Pods is told how many pods there are to read, as far as the server says: what a process will hold goes with them. May be nil.
	Pods func(n int)

	// OutTTY and ErrTTY describe the terminals behind Out and Err; nil where there is none.
	OutTTY, ErrTTY *TTY
}

// TTY is a terminal.
type TTY struct{ Width, Height int }

// System is the real world.
func System(version string) Env {
	return Env{
		In: os.Stdin, Out: os.Stdout, Err: os.Stderr, Getenv: os.LookupEnv, Now: time.Now, Version: buildVersion(version),
		OutTTY: terminal(os.Stdout), ErrTTY: terminal(os.Stderr),
	}
}

func terminal(f *os.File) *TTY {
	if !term.IsTerminal(f.Fd()) {
		return nil
	}
	return &TTY{Width: term.Width(f.Fd(), os.LookupEnv), Height: term.Height(f.Fd(), os.LookupEnv)}
}

// buildVersion is the release's version, or the module's where the binary was built by "go install", or "devel".
func buildVersion(set string) string {
	if set != "" {
		return set
	}
	if info, ok := debug.ReadBuildInfo(); ok && info.Main.Version != "" && info.Main.Version != "(devel)" {
		return info.Main.Version
	}
	return "devel"
}
