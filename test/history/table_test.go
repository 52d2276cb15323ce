package history

// The table in docs/oom-recommend.md.

import (
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/kubectl-scars/kubectl-scars/pkg/finding"
	"github.com/kubectl-scars/kubectl-scars/pkg/history/historytest"
)

// judged is what a run found out.
type judged struct {
	cases      []historytest.Case
	rows       map[string]*row // by shape
	all        *row
	strategies []*strategy
	ours       asked
	took       times
}

// document writes what so many containers are documented by, or holds what is written to it. What depends on the machine is not held.
func document(t *testing.T, j judged) {
	t.Helper()
	strong, wrong := j.strong("")
	if wrong > 0 {
		t.Errorf("\"strong\" was wrong %d times of %d", wrong, strong)
	}
	table, paragraph := j.table(), j.paragraph()
	t.Log("\n" + table + "\n" + paragraph)
	switch len(j.cases) {
	case tabled:
		place(t, "table", table, "")
	case many:
		place(t, "paragraph", paragraph, fmt.Sprintf("It took %.0f MB, and %.2f times as long as the store needed to answer the same %d questions.\n",
			float64(j.ours.memory)*1024/1e6, j.took.ratio(), j.took.questions))
	}
}

// place writes a part of the page, with what is of this machine at its end.
func place(t *testing.T, what, text, machine string) {
	t.Helper()
	begin, end := "<!-- begin: the "+what+" written by the test in test/history -->\n", "<!-- end of the "+what+" -->\n"
	name := filepath.Join("..", "..", "docs", "oom-recommend.md")
	page, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	head, rest, ok := strings.Cut(string(page), begin)
	old, tail, closed := strings.Cut(rest, end)
	switch {
	case !ok || !closed:
		t.Fatalf("%s has no place for the %s", name, what)
	case *update && t.Failed():
		t.Errorf("%s is left as it was: what came out breaks a bar", name)
	case *update:
		if err := os.WriteFile(name, []byte(head+begin+"\n"+text+machine+"\n"+end+tail), 0o644); err != nil {
			t.Fatal(err)
		}
	case !strings.HasPrefix(old, "\n"+text):
		t.Errorf("%s is not what came out; run the test with -update and look at the difference", name)
	}
}

// table is a row for each shape, what all of them make, and what all make at equal memory.
func (j judged) table() string {
	var b strings.Builder
	b.WriteString("| how memory is used | deaths in week 5, as it was")
	for _, s := range j.strategies[1:] {
		b.WriteString(" | " + s.name)
	}
	b.WriteString(" | \"strong\" | of it wrong |\n|---|---|---|---" + strings.Repeat("|---", len(j.strategies)-1) + "|\n")
	line := func(name, shape string, r *row) {
		fmt.Fprintf(&b, "| %s | %d", name, r.deaths[0])
		for i := range j.strategies[1:] {
			fmt.Fprintf(&b, " | %d, %+.0f %%", r.deaths[i+1], (r.memory[i+1]/r.best-1)*100)
		}
		strong, wrong := j.strong(shape)
		fmt.Fprintf(&b, " | %d | %d |\n", strong, wrong)
	}
	for _, s := range historytest.Shapes() {
		if r := j.rows[s.Name]; r != nil {
			line(s.Name, s.Name, r)
		} else {
			b.WriteString("| " + s.Name + " | leak | recognised | | | | | |\n")
		}
	}
	line("**all**", "", j.all)
	b.WriteString("| **all, at equal memory** |")
	for _, s := range j.strategies[1:] {
		fmt.Fprintf(&b, " | %d", s.equal)
	}
	b.WriteString(" | | |\n")
	return b.String()
}

// strong counts of how many containers of a shape (empty: of all) that was said, and of how many of them it was wrong, because they died all
// the same. Of a leak there is no limit that could hold.
func (j judged) strong(shape string) (said, wrong int) {
	for _, c := range j.cases {
		if c.Leak || shape != "" && c.Name != shape || j.ours.items[c.ID].Confidence != finding.Strong {
			continue
		}
		said++
		for _, p := range c.Pods(5 * historytest.Week) {
			if c.Play(p, 4*historytest.Week, 5*historytest.Week, j.strategies[1].limits[c.ID], nil).Deaths > 0 {
				wrong++
				break
			}
		}
	}
	return said, wrong
}

// paragraph is the same in words, of many containers.
func (j judged) paragraph() string {
	above := func(s *strategy) string { return fmt.Sprintf("%+.0f %%", (s.memory/j.all.best-1)*100) }
	var rivals, equal []string
	for _, s := range j.strategies[2:] {
		rivals = append(rivals, fmt.Sprintf("%s %s (%s)", s.name, count(s.deaths), above(s)))
		equal = append(equal, s.name+" "+count(s.equal))
	}
	strong, wrong := j.strong("")
	return fmt.Sprintf(`With %d containers, of %s deaths %s were left, with limits %s above the best; by others %s.
With as much memory as ours these leave: %s.
"Strong" was said of %s and was wrong for %s. A store with --query.max-samples=50000 gave the same answer.
`, len(j.cases), count(j.strategies[0].deaths), count(j.strategies[1].deaths), strings.TrimPrefix(above(j.strategies[1]), "+"),
		strings.Join(rivals, "; "), strings.Join(equal, "; "), count(strong), count(wrong))
}

// count writes a number with its thousands apart, and none as a word.
func count(n int) string {
	text := strconv.Itoa(n)
	if n == 0 {
		return "none"
	}
	for i := len(text) - 3; i > 0; i -= 3 {
		text = text[:i] + "," + text[i:]
	}
	return text
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
