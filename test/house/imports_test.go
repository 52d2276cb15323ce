// Package house holds the tests of the house itself: which package may import which, and the rules that every file keeps.
package house

// This file enforces the paragraph "Direction" of docs/architecture.md. It reads the sources itself, so that the test cache sees a
// change; which packages exist is read too: any package under pkg/ that is not named here is an engine.

import (
	"go/parser"
	"go/token"
	"path"
	"slices"
	"strconv"
	"strings"
	"testing"
)

const module = "github.com/kubectl-scars/kubectl-scars/"

// layer says what a package may import of ours. A trailing "/..." means the package and all below it; "ENGINES" means every engine.
type layer struct {
	name string
	may  []string
}

// layers, from the outside in; the first that matches a package holds.
func layers() []layer {
	return []layer{
		{"cmd/kubectl-scars", []string{"pkg/cli"}},
		{"pkg/cli", []string{"pkg/collect", "pkg/recording", "pkg/demo", "pkg/checks", "pkg/render", "pkg/term", "pkg/analysis", "pkg/snapshot", "pkg/finding", "pkg/prometheus", "pkg/history"}},
		{"pkg/demo", []string{"pkg/recording", "pkg/snapshot", "pkg/finding"}},
		{"pkg/collect", []string{"pkg/snapshot", "pkg/finding"}},
		{"pkg/recording", []string{"pkg/snapshot", "pkg/finding"}},
		{"pkg/checks", []string{"pkg/checks/...", "pkg/analysis"}},
		{"pkg/checks/deaths", []string{"pkg/analysis", "pkg/snapshot", "pkg/finding", "ENGINES"}}, // what checks of several areas say of dead containers
		{"pkg/checks/...", []string{"pkg/checks/deaths", "pkg/analysis", "pkg/snapshot", "pkg/finding", "ENGINES"}},
		{"pkg/analysis", []string{"pkg/snapshot", "pkg/finding"}},
		{"pkg/render", []string{"pkg/finding", "pkg/term", "pkg/render/theme"}},
		{"pkg/render/theme", []string{"pkg/term"}},
		{"pkg/term", nil},
		{"pkg/snapshot", nil},
		{"pkg/finding", nil},
		{"pkg/order", nil},                         // any may import it
		{"pkg/kubeevent", []string{"pkg/finding"}}, // the leaf engine: what events say
		{"pkg/prometheus", []string{"pkg/history", "pkg/startup"}},               // reads into the engines' records
		{"pkg/startup", []string{"pkg/restart", "pkg/kubeevent", "pkg/finding"}}, // reads the ends of starts that were cut short
		{engine, []string{"pkg/finding", "pkg/kubeevent"}},
	}
}

// engine is the layer of every package under pkg/ that has no line of its own.
const engine = "pkg/..."

// outside says which packages alone may import a library. Everything that starts with the path is meant, except where it is allowed.
func outside() []struct {
	library string
	except  string
	only    []string
} {
	return []struct {
		library string
		except  string
		only    []string
	}{
		{"github.com/charmbracelet/lipgloss", "", []string{"pkg/render/theme"}},
		{"github.com/muesli/termenv", "", []string{"pkg/render/theme"}},
		{"github.com/olekukonko/tablewriter", "", []string{"pkg/render"}},
		{"github.com/spf13/cobra", "", []string{"pkg/cli"}},
		{"k8s.io/cli-runtime", "", []string{"pkg/cli", "pkg/render"}},
		{"k8s.io/client-go", "k8s.io/client-go/kubernetes/scheme", []string{"pkg/collect", "pkg/cli"}},
		{"net/http", "", []string{"pkg/collect", "pkg/cli", "pkg/prometheus"}},
		{"os", "", []string{"cmd/kubectl-scars", "pkg/cli", "pkg/recording", "pkg/term"}},
	}
}

func TestImportsPointOneWay(t *testing.T) {
	files := sources(t)
	if len(files) < 50 {
		t.Fatalf("only %d source files found: the walk is broken", len(files))
	}
	for _, f := range files {
		pkg := path.Dir(f.path)
		if strings.HasSuffix(f.path, "_test.go") || !strings.HasPrefix(pkg, "pkg/") && !strings.HasPrefix(pkg, "cmd/") || support(pkg) {
			continue
		}
		l := layerOf(pkg)
		for _, imp := range imports(t, f) {
			if ours, ok := strings.CutPrefix(imp, module); ok && (support(ours) || !allowed(l, ours)) {
				t.Errorf("%s imports %s: %s may import only %v of ours", f.path, ours, pkg, l.may)
			}
			for _, o := range outside() {
				if (imp == o.library || strings.HasPrefix(imp, o.library+"/")) && imp != o.except && !slices.Contains(o.only, pkg) {
					t.Errorf("%s imports %s: only %v may", f.path, imp, o.only)
				}
			}
		}
	}
}

func TestEveryLayerExists(t *testing.T) {
	found := map[string]bool{}
	for _, f := range sources(t) {
		found[layerOf(path.Dir(f.path)).name] = true
	}
	for _, l := range layers() {
		if !found[l.name] {
			t.Errorf("no package is %s: drop its line", l.name)
		}
	}
}

// support tells whether a package only helps tests, as net/http/httptest does: it may import anything, and only tests import it.
func support(pkg string) bool { return strings.HasSuffix(pkg, "test") }

// layerOf finds the layer of a package. The main module has no packages but those under cmd, pkg and test.
func layerOf(pkg string) layer {
	for _, l := range layers() {
		if matches(l.name, pkg) {
			return l
		}
	}
	return layer{name: pkg}
}

func allowed(l layer, imp string) bool {
	return imp == "pkg/order" || slices.ContainsFunc(l.may, func(m string) bool {
		if m == "ENGINES" {
			name := layerOf(imp).name
			return name == engine || name == "pkg/kubeevent" || name == "pkg/startup"
		}
		return matches(m, imp)
	})
}

func matches(pattern, pkg string) bool {
	if below, ok := strings.CutSuffix(pattern, "/..."); ok {
		return strings.HasPrefix(pkg, below+"/")
	}
	return pattern == pkg
}

func imports(t *testing.T, f source) []string {
	t.Helper()
	parsed, err := parser.ParseFile(token.NewFileSet(), f.path, f.text, parser.ImportsOnly)
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, spec := range parsed.Imports {
		name, err := strconv.Unquote(spec.Path.Value)
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, name)
	}
	return out
}
