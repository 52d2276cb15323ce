// Package docs holds the user documentation. What follows from the code is generated and held here: a page per check, and the JSON
// Schemas. After a change, "go generate ./docs" writes both anew.
package docs

import (
	"bytes"
	"flag"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/kubectl-scars/kubectl-scars/pkg/analysis"
	"github.com/kubectl-scars/kubectl-scars/pkg/checks"
	"github.com/kubectl-scars/kubectl-scars/pkg/snapshot"
)

//go:generate go test . -run ^TestGenerated$ -update

var update = flag.Bool("update", false, "write the generated documentation anew")

// TestGenerated compares what lies in docs/checks and docs/schema with what the code says, or writes it.
func TestGenerated(t *testing.T) {
	want := map[string][]byte{
		"checks/README.md":  indexPage(),
		"../README.md":      readme(t),
		"adding-a-check.md": recut(t, "adding-a-check.md"),
	}
	maps.Copy(want, schemaFiles(t))
	for _, c := range checks.All() {
		want[pagePath(c)] = checkPage(c)
	}
	for name, text := range want {
		if *update {
			write(t, name, text)
			continue
		}
		got, err := os.ReadFile(filepath.FromSlash(name))
		if err != nil || !bytes.Equal(got, text) {
			t.Errorf("docs/%s does not say what the code says: run \"go generate ./docs\" and commit", name)
		}
	}
	for _, pattern := range []string{"checks/*", "schema/*"} {
		found, err := filepath.Glob(pattern)
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range found {
			if want[filepath.ToSlash(name)] != nil {
				continue
			}
			if *update {
				if err := os.Remove(name); err != nil {
					t.Fatal(err)
				}
				continue
			}
			t.Errorf("docs/%s: nothing in the code makes it: run \"go generate ./docs\" and commit", name)
		}
	}
}

func write(t *testing.T, name string, text []byte) {
	t.Helper()
	name = filepath.FromSlash(name)
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(name, text, 0o644); err != nil {
		t.Fatal(err)
	}
}

func pagePath(c *analysis.Check) string {
	return "checks/" + strings.ReplaceAll(c.ID, "/", "-") + ".md"
}

const generated = "<!-- Generated from the code by \"go generate ./docs\". Edit the check's Doc instead. -->\n"

// indexPage lists the checks by area.
func indexPage() []byte {
	var b bytes.Buffer
	b.WriteString(generated + "\n# Checks\n\n`kubectl scars explain CHECK` prints any of these pages, offline.\n")
	for _, area := range checks.Areas() {
		fmt.Fprintf(&b, "\n## %s\n\n", area)
		for _, c := range checks.Of(area) {
			fmt.Fprintf(&b, "- [%s](%s): %s\n", c.ID, strings.TrimPrefix(pagePath(c), "checks/"), plain(c.Doc.Title))
		}
	}
	return b.Bytes()
}

// checkPage is the page of one check.
func checkPage(c *analysis.Check) []byte {
	var b bytes.Buffer
	fmt.Fprintf(&b, "%s\n# %s\n\n%s\n", generated, c.ID, plain(c.Doc.Title))
	for _, part := range []struct{ title, text string }{
		{"What you see", c.Doc.Symptom},
		{"Why it hurts", c.Doc.Why},
		{"What to do", c.Doc.Fix},
		{"What it rests on", c.Doc.Evidence},
		{"What it cannot know", c.Doc.Limits},
	} {
		if part.text != "" {
			fmt.Fprintf(&b, "\n## %s\n\n%s\n", part.title, plain(part.text))
		}
	}
	b.WriteString("\n## What it reads\n\n")
	for _, in := range c.Inputs {
		fmt.Fprintf(&b, "- `%s` (%s)%s\n", in.Kind, strings.Join(verbs(in), ", "), map[bool]string{true: ", says less without it"}[in.Optional])
	}
	if len(c.Doc.Sources) > 0 {
		b.WriteString("\n## Sources\n\n")
		for _, s := range c.Doc.Sources {
			fmt.Fprintf(&b, "- %s\n", plain(s))
		}
	}
	return b.Bytes()
}

func verbs(in analysis.Input) []string {
	if info, _ := snapshot.InfoOf(in.Kind); info.OptIn {
		return []string{"get, only with --kubelet-stats"}
	}
	if in.ByName {
		return []string{"list", "get"}
	}
	return []string{"list"}
}

// plain keeps Markdown from reading marks into plain text.
func plain(s string) string {
	return strings.NewReplacer("*", `\*`, "_", `\_`, "<", `\<`, "`", "\\`", "[", `\[`).Replace(s)
}

// TestChecksAreDocumented holds what every page promises to say.
func TestChecksAreDocumented(t *testing.T) {
	seen := map[string]bool{}
	for _, c := range checks.All() {
		if seen[c.ID] {
			t.Errorf("%s: the ID is taken", c.ID)
		}
		seen[c.ID] = true
		area, slug, ok := strings.Cut(c.ID, "/")
		if !ok || slug == "" || !slices.Contains(checks.Areas(), area) {
			t.Errorf("%s: an ID is area/slug", c.ID)
		}
		d := c.Doc
		for part, text := range map[string]string{
			"Title": d.Title, "Symptom": d.Symptom, "Evidence": d.Evidence, "Why": d.Why, "Fix": d.Fix, "Limits": d.Limits,
		} {
			if text == "" {
				t.Errorf("%s: its Doc has no %s", c.ID, part)
			}
		}
		if len(d.Sources) == 0 {
			t.Errorf("%s: its Doc names no source", c.ID)
		}
		for _, in := range c.Inputs {
			if _, ok := snapshot.InfoOf(in.Kind); !ok {
				t.Errorf("%s: no kind %q", c.ID, in.Kind)
			}
		}
	}
}
