package main

// What scripts can do besides testscript's own commands.

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"syscall"

	"github.com/rogpeppe/go-internal/testscript"
)

// requests FILE writes what the server was asked, a line each, sorted.
func requests(ts *testscript.TestScript, _ bool, args []string) {
	if len(args) != 1 {
		ts.Fatalf("usage: requests FILE")
	}
	var lines []string
	for _, r := range serversOf(ts).last.Requests() {
		lines = append(lines, fmt.Sprintf("%s command=%q agent=%q", r, r.Header.Get("Kubectl-Command"), r.Header.Get("User-Agent")))
	}
	slices.Sort(lines)
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), []byte(strings.Join(append(lines, ""), "\n")), 0o600))
}

// exits CODE COMMAND ARG... runs a command that must end with this exit code.
func exits(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: exits CODE COMMAND ARG...")
	}
	code := 0
	var exit *exec.ExitError
	if err := ts.Exec(args[1], args[2:]...); errors.As(err, &exit) {
		code = exit.ExitCode()
	} else {
		ts.Check(err)
	}
	if strconv.Itoa(code) != args[0] {
		ts.Fatalf("exit code %d, want %s", code, args[0])
	}
}

// interrupt PATH CODE COMMAND ARG... runs a command, waits until the server is asked for a path that matches, sends SIGINT, and wants the
// exit code. What it wrote is in interrupt.stdout and interrupt.stderr.
func interrupt(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 3 {
		ts.Fatalf("usage: interrupt PATH CODE COMMAND ARG...")
	}
	met := serversOf(ts).seen.wait(args[0])
	program, err := lookPath(ts.Getenv("PATH"), args[2])
	ts.Check(err)
	var stdout, stderr bytes.Buffer
	cmd := exec.Command(program, args[3:]...) // no context: it is ended by a signal, that is what is tested
	cmd.Stdout, cmd.Stderr, cmd.Dir = &stdout, &stderr, ts.MkAbs(".")
	for _, name := range []string{"HOME", "KUBECONFIG", "LC_ALL", "PATH"} {
		cmd.Env = append(cmd.Env, name+"="+ts.Getenv(name))
	}
	ts.Check(cmd.Start())
	ended := make(chan struct{})
	go func() {
		_ = cmd.Wait() // the exit code is looked at below
		close(ended)
	}()
	select {
	case <-met:
		ts.Check(cmd.Process.Signal(syscall.SIGINT))
		<-ended
	case <-ended:
		ts.Fatalf("ended before it asked for %s:\n%s%s", args[0], &stdout, &stderr)
	}
	ts.Check(os.WriteFile(ts.MkAbs("interrupt.stdout"), stdout.Bytes(), 0o600))
	ts.Check(os.WriteFile(ts.MkAbs("interrupt.stderr"), stderr.Bytes(), 0o600))
	if code := cmd.ProcessState.ExitCode(); strconv.Itoa(code) != args[1] {
		ts.Fatalf("exit code %d, want %s\n%s%s", code, args[1], &stdout, &stderr)
	}
}

func lookPath(path, program string) (string, error) {
	for _, dir := range filepath.SplitList(path) {
		full := filepath.Join(dir, program)
		if _, err := os.Stat(full); err == nil {
			return full, nil
		}
	}
	return "", fmt.Errorf("%s: %w", program, exec.ErrNotFound)
}

// shorten FILE cuts from a help text what grows with every check: the list of checks.
func shorten(ts *testscript.TestScript, _ bool, args []string) {
	text := ts.ReadFile("stdout")
	text = regexp.MustCompile(`(?m)^  (oom|probes|netpol|certs|pvc)/\S+ .*\n( {20,}.*\n)*`).ReplaceAllString(text, "")
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), []byte(text), 0o600))
}

// fill FILE WORD TIMES TEXT puts so many copies of a text in the place of a word.
func fill(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 4 {
		ts.Fatalf("usage: fill FILE WORD TIMES TEXT")
	}
	times, err := strconv.Atoi(args[2])
	ts.Check(err)
	text := strings.ReplaceAll(ts.ReadFile(args[0]), args[1], strings.Repeat(args[3], times))
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), []byte(text), 0o600))
}
