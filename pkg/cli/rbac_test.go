package cli

// The roles that are printed, for checks of the test's own: what the real ones need changes with every check.

import (
	"flag"
	"os"
	"path/filepath"
	"testing"

	"github.com/kubectl-scars/kubectl-scars/pkg/analysis"
	"github.com/kubectl-scars/kubectl-scars/pkg/checks"
	"github.com/kubectl-scars/kubectl-scars/pkg/snapshot"
)

var update = flag.Bool("update", false, "rewrite the golden files")

func TestRoles(t *testing.T) {
	pods := &analysis.Check{ID: "oom/x", Inputs: analysis.PodInputs(analysis.Optional(snapshot.Events))}
	nodes := &analysis.Check{ID: "oom/y", Inputs: []analysis.Input{analysis.Need(snapshot.Pods), analysis.Optional(snapshot.Nodes)}}
	secrets := &analysis.Check{ID: "certs/x", Inputs: []analysis.Input{analysis.AskedFor(analysis.Need(snapshot.Secrets))}}
	for name, test := range map[string]struct {
		checks    []*analysis.Check
		areas     []string
		namespace string
	}{
		"cluster":           {[]*analysis.Check{pods, nodes, secrets}, checks.Areas(), ""},
		"areas":             {[]*analysis.Check{pods, secrets}, []string{"oom", "certs"}, ""},
		"namespace":         {[]*analysis.Check{pods, nodes, secrets}, checks.Areas(), "shop"},
		"namespace-default": {[]*analysis.Check{pods, nodes}, []string{"oom"}, "default"},
		"namespace-only":    {[]*analysis.Check{pods}, []string{"oom"}, "shop"},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := roles(test.checks, test.areas, test.namespace)
			if err != nil {
				t.Fatal(err)
			}
			golden := filepath.Join("testdata", "roles-"+name+".yaml")
			if *update {
				if err := os.WriteFile(golden, got, 0o600); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(golden)
			if err != nil {
				t.Fatal(err)
			}
			if string(got) != string(want) {
				t.Errorf("got\n%s\nwant\n%s", got, want)
			}
		})
	}
}
