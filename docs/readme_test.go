package docs

// This file holds the README to what the tool prints: its first screen is a recorded incident, shown as on a terminal.

import (
	"bytes"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/kubectl-scars/kubectl-scars/pkg/cli"
)

// shown is the block of the README that shows a command, and what it prints.
var shown = regexp.MustCompile("(?s)```console\n\\$ kubectl scars (.*?)\n.*?```\n")

// readme is the README with the output of its command as it is now.
func readme(t *testing.T) []byte {
	t.Helper()
	text, err := os.ReadFile("../README.md")
	if err != nil {
		t.Fatal(err)
	}
	m := shown.FindSubmatchIndex(text)
	if m == nil {
		t.Fatal("the README shows no command")
	}
	command := string(text[m[2]:m[3]])
	block := "```console\n$ kubectl scars " + command + "\n" + onTerminal(t, strings.Fields(command)) + "```\n"
	return bytes.Join([][]byte{text[:m[0]], []byte(block), text[m[1]:]}, nil)
}

// onTerminal is what a command prints on a terminal of 96 columns without colour, run when the incident is a week old, as users will.
func onTerminal(t *testing.T, args []string) string {
	t.Helper()
	var out, errs bytes.Buffer
	env := cli.Env{
		In: strings.NewReader(""), Out: &out, Err: &errs, OutTTY: &cli.TTY{Width: 96, Height: 50},
		Now: func() time.Time { return time.Date(2026, 11, 30, 20, 32, 1, 0, time.UTC) },
		Getenv: func(name string) (string, bool) {
			value, ok := map[string]string{"LANG": "C.UTF-8", "NO_COLOR": "1"}[name]
			return value, ok
		},
	}
	if code := cli.Run(t.Context(), env, append([]string{"kubectl-scars"}, args...)); code != 0 {
		t.Fatalf("%v: exit code %d: %s", args, code, errs.String())
	}
	return out.String()
}
