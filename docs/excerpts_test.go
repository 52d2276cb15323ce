package docs

// This file holds what the written pages quote: code to the files that it is from, and links to what they lead to.

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// elided stands where an excerpt leaves lines out.
const elided = "\n\t\t// …\n"

var (
	excerpt = regexp.MustCompile("(?m)^`([^`\n]+)`\n```[a-z]+\n((?s:.*?))\n```$")
	link    = regexp.MustCompile(`\]\(([^)#:]+)\)`)
)

// recut is a page whose excerpts are cut anew from the files that they name: each piece from its first line to its last, the pieces
// in the file's order.
func recut(t *testing.T, page string) []byte {
	t.Helper()
	text, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	found := excerpt.FindAllStringSubmatchIndex(string(text), -1)
	if len(found) < 3 {
		t.Fatalf("found %d excerpts in %s, want the three places of a check", len(found), page)
	}
	var out []byte
	done := 0
	for _, m := range found {
		source, err := os.ReadFile(filepath.Join("..", filepath.FromSlash(string(text[m[2]:m[3]]))))
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, text[done:m[4]]...)
		rest := string(source)
		for i, piece := range strings.Split(string(text[m[4]:m[5]]), elided) {
			if i > 0 {
				out = append(out, elided...)
			}
			lines := strings.Split(piece, "\n")
			first, last := lines[0]+"\n", "\n"+lines[len(lines)-1]+"\n"
			_, after, ok := strings.Cut(rest, first)
			middle, after, ends := strings.Cut("\n"+after, last)
			if !ok || !ends {
				t.Errorf("%s quotes %s from %q to %q, and there is no such part", page, text[m[2]:m[3]], lines[0], lines[len(lines)-1])
			}
			out = append(out, first+strings.TrimPrefix(middle+last, "\n")...)
			out = out[:len(out)-1]
			rest = after
		}
		done = m[5]
	}
	return append(out, text[done:]...)
}

func TestLinksLeadSomewhere(t *testing.T) {
	pages, err := filepath.Glob("*.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, page := range append(pages, "../README.md", "../CONTRIBUTING.md", "../plugins/README.md", "checks/README.md") {
		text, err := os.ReadFile(filepath.FromSlash(page))
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range link.FindAllStringSubmatch(string(text), -1) {
			if _, err := os.Stat(filepath.Join(filepath.Dir(page), filepath.FromSlash(m[1]))); err != nil {
				t.Errorf("%s links to %s: %v", page, m[1], err)
			}
		}
	}
}
