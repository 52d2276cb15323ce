package history

// The table in docs/oom-recommend.md.

import (
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/kubectl-scars/kubectl-scars/pkg/finding"
	"github.com/kubectl-scars/kubectl-scars/pkg/history/historytest"
)

const (
	begin = "<!-- begin: written by the test in test/history -->\n"
	end   = "<!-- end -->\n"
)

// document writes the table, or holds what is written to it.
func document(t *testing.T, cases []historytest.Case, rows map[string]*row, all *row, strategies []*strategy, ours asked) {
	t.Helper()
	var b strings.Builder
	b.WriteString("| how memory is used | deaths in week 5, as it was")
	for _, s := range strategies[1:] {
		b.WriteString(" | " + s.name)
	}
	b.WriteString(" |\n|---|---" + strings.Repeat("|---", len(strategies)-1) + "|\n")
	line := func(name string, r *row) {
		fmt.Fprintf(&b, "| %s | %d", name, r.deaths[0])
		for i := range strategies[1:] {
			fmt.Fprintf(&b, " | %d, %+.0f %%", r.deaths[i+1], (r.memory[i+1]/r.best-1)*100)
		}
		b.WriteString(" |\n")
	}
	for _, s := range historytest.Shapes() {
		if r := rows[s.Name]; r != nil {
			line(s.Name, r)
		} else {
			b.WriteString("| " + s.Name + " | leak | recognised | | | |\n")
		}
	}
	line("**all**", all)
	strong, wrong := 0, 0
	for _, c := range cases {
		if item := ours.items[c.ID]; item.Confidence == finding.Strong && !c.Leak {
			strong++
			for _, p := range c.Pods(5 * historytest.Week) {
				if c.Play(p, 4*historytest.Week, 5*historytest.Week, strategies[1].limits[c.ID], nil).Deaths > 0 {
					wrong++
					break
				}
			}
		}
	}
	fmt.Fprintf(&b, "\n\"Strong\" was said of %d containers, and was wrong for %d.\n", strong, wrong)
	if wrong > 0 {
		t.Errorf("\"strong\" was wrong %d times of %d", wrong, strong)
	}
	t.Log("\n" + b.String())
	if len(cases) != documented {
		return
	}
	name := filepath.Join("..", "..", "docs", "oom-recommend.md")
	text, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	head, rest, ok := strings.Cut(string(text), begin)
	_, tail, closed := strings.Cut(rest, end)
	if !ok || !closed {
		t.Fatalf("%s has no place for the table", name)
	}
	want := head + begin + "\n" + b.String() + "\n" + end + tail
	if *update {
		if err := os.WriteFile(name, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
	} else if want != string(text) {
		t.Errorf("%s is not what came out; run the test with -update and look at the difference", name)
	}
}

// newServer serves on loopback until the test ends.
func newServer(t *testing.T, h http.Handler) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	server := &http.Server{Handler: h}
	go func() { _ = server.Serve(listener) }()
	t.Cleanup(func() { _ = server.Close() })
	return "http://" + listener.Addr().String()
}
