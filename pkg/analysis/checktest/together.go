package checktest

// This file plays the fixtures of an area with several of its checks at once.

import (
	"path/filepath"
	"testing"

	"golang.org/x/tools/txtar"

	"github.com/kubectl-scars/kubectl-scars/pkg/analysis"
	"github.com/kubectl-scars/kubectl-scars/pkg/finding"
)

// Together gives, for each section of the fixtures of an area, what checks of it find there.
func Together(t *testing.T, checks []*analysis.Check, dir string) map[string][]finding.Finding {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(dir, "*.txtar"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no fixtures in %s: %v", dir, err)
	}
	out := map[string][]finding.Finding{}
	for _, file := range files {
		ar, err := txtar.ParseFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, section := range ar.Files {
			name := filepath.Base(file) + "/" + section.Name
			fx, err := parse(section.Data)
			if err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			for _, c := range checks {
				out[name] = append(out[name], fx.run(t, c, false, "").Findings...)
			}
		}
	}
	return out
}
