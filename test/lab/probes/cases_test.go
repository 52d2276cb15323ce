package probes

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// TestCases holds the file to the cases of the version that the lab runs: none is left out, and what each wants fits its title.
func TestCases(t *testing.T) {
	cases, unplayed, err := Cases()
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	quick := 0
	for _, c := range cases {
		for _, as := range c.As {
			got = append(got, as+": "+c.Title)
		}
		quick += len(c.Quick)
		if not := strings.Contains(c.Title, "*not*") || strings.Contains(c.Title, "never restart"); not == (c.Restarted != "") && (not || strings.Contains(c.Title, "restarted")) {
			t.Errorf("%s: restarted %q", c.Title, c.Restarted)
		}
		if (c.Restarted == "") != (c.Watch.Duration > 0) || c.Unready && c.Container.ReadinessProbe == nil || slices.ContainsFunc(c.Quick, func(as string) bool { return !slices.Contains(c.As, as) }) {
			t.Errorf("%s: fields do not fit", c.Title)
		}
	}
	for _, u := range unplayed {
		got = append(got, "pod: "+u.Title)
		if u.Why == "" {
			t.Errorf("%s: no reason", u.Title)
		}
	}
	if quick != 5 {
		t.Errorf("%d quick cases", quick)
	}
	slices.Sort(got)
	if want := titles(t); !slices.Equal(got, want) {
		t.Errorf("got %d cases and want %d:\n%s\n\n%s", len(got), len(want), strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

var titleForm = regexp.MustCompile(`(?:SIGDescribe|It)\((?:framework\.WithNodeConformance\(\), )?("(?:[^"\\]|\\.)*")`)

// titles reads Kubernetes' own.
func titles(t *testing.T) []string {
	says, err := exec.Command("go", "mod", "download", "-json", "k8s.io/kubernetes").Output()
	if err != nil {
		t.Fatal(err)
	}
	var module struct{ Dir string }
	if err := json.Unmarshal(says, &module); err != nil {
		t.Fatal(err)
	}
	source, err := os.ReadFile(filepath.Join(module.Dir, "test/e2e/common/node/container_probe.go"))
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	as := ""
	for _, m := range titleForm.FindAllStringSubmatch(string(source), -1) {
		title, err := strconv.Unquote(m[1])
		if err != nil {
			t.Fatal(err)
		}
		switch title {
		case "Probing container":
			as = "pod: "
		case "Probing restartable init container":
			as = "sidecar: "
		default:
			out = append(out, as+title)
		}
	}
	slices.Sort(out)
	return out
}
