package house

// This file holds the rules that every source file keeps, in this module and in the lab's: its length, its opening, no
// package that is named after nothing, no init.

import (
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// source is one Go file; path is relative to the repository's root, with slashes.
type source struct {
	path string
	text string
}

// sources reads every Go file of the repository.
func sources(t *testing.T) []source {
	t.Helper()
	root := filepath.Join("..", "..")
	var out []source
	err := filepath.WalkDir(root, func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && (d.Name() == ".git" || d.Name() == "dist" || d.Name() == "testdata") {
			return filepath.SkipDir
		}
		if d.IsDir() || filepath.Ext(name) != ".go" {
			return nil
		}
		text, err := os.ReadFile(name)
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(root, name)
		out = append(out, source{filepath.ToSlash(rel), string(text)})
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func TestFilesAreShort(t *testing.T) {
	const longest, long, share = 500, 300, 20 // "hardly any": at most one in twenty
	var lengths, over []int
	for _, f := range sources(t) {
		n := strings.Count(f.text, "\n")
		lengths = append(lengths, n)
		if n > long {
			over = append(over, n)
		}
		if n > longest {
			t.Errorf("%s has %d lines; none may have more than %d", f.path, n, longest)
		}
	}
	slices.Sort(lengths)
	if median := lengths[len(lengths)/2]; median > 130 {
		t.Errorf("the median file has %d lines, want at most 130", median)
	}
	if len(over)*share > len(lengths) {
		t.Errorf("%d of %d files have more than %d lines", len(over), len(lengths), long)
	}
}

// opens matches a comment before the package clause, or one that follows it at once.
var opens = regexp.MustCompile(`(?s)\A(//[^\n]*\n)+|\Apackage \w+\n\n//`)

// TestFilesSayWhatTheyAreFor asks it of all but short files, and of tests, which their names explain.
func TestFilesSayWhatTheyAreFor(t *testing.T) {
	for _, f := range sources(t) {
		if !strings.HasSuffix(f.path, "_test.go") && strings.Count(f.text, "\n") > 30 && !opens.MatchString(f.text) {
			t.Errorf("%s: say in a comment before or right after the package clause what the file is for", f.path)
		}
	}
}

func TestPackagesAreNamedAfterSomething(t *testing.T) {
	for _, f := range sources(t) {
		for _, part := range strings.Split(path.Dir(f.path), "/") {
			if slices.Contains([]string{"util", "utils", "common", "helpers", "shared", "manager", "misc"}, part) {
				t.Errorf("%s: a package is named after what it is about, not %q", f.path, part)
			}
		}
		if strings.Contains(f.text, "\nfunc "+"init()") {
			t.Errorf("%s: nothing registers itself; lists are explicit", f.path)
		}
	}
}
