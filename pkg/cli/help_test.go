package cli

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/spf13/cobra"

	"github.com/kubectl-scars/kubectl-scars/pkg/term"
)

// TestHelpFits: of any command's help only what is there to be pasted is wider than the terminal.
func TestHelpFits(t *testing.T) {
	for _, width := range []int{term.DefaultWidth, 120} {
		var out bytes.Buffer
		env := Env{
			In: strings.NewReader(""), Out: &out, Err: &out, Getenv: func(string) (string, bool) { return "", false }, Now: time.Now,
			OutTTY: &TTY{Width: width, Height: 24},
		}
		var each func(*cobra.Command)
		each = func(c *cobra.Command) {
			out.Reset()
			if err := c.Help(); err != nil {
				t.Fatal(err)
			}
			for _, line := range strings.Split(out.String(), "\n") {
				pasted := strings.Contains(c.Example, line) && !strings.HasPrefix(line, "  #")
				if term.Cells(line) > width && !pasted {
					t.Errorf("%s, %d columns: a line of %d: %q", c.CommandPath(), width, term.Cells(line), line)
				}
			}
			for _, sub := range c.Commands() {
				each(sub)
			}
		}
		each(newRoot(env))
	}
}

func TestParagraphs(t *testing.T) {
	const text, want = "one two\nthree\n\nfour five six:\n  indented as it is\nseven", "one two\nthree\n\nfour five\nsix:\n  indented as it is\nseven"
	if got := paragraphs(text, 10); got != want {
		t.Errorf("%q, want %q", got, want)
	}
	if got := paragraphs(text, 40); !strings.HasPrefix(got, "one two three\n\n") {
		t.Errorf("%q: lines of a paragraph are not joined", got)
	}
}
