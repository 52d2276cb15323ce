// Package manifests holds the tool to silence on what others run: the manifests that lie inside Go modules, none of which is copied here.
package manifests

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/kubectl-scars/kubectl-scars/pkg/cli"
)

// modules are where the manifests lie: the version is pinned, and least is how many files hold objects of Kubernetes. Charts and templates
// that are no YAML yet do not count.
var modules = []struct {
	module string
	dirs   []string
	least  int
}{
	{"k8s.io/kubernetes@v1.37.2", []string{"cluster/addons", "test/e2e/testing-manifests"}, 140},
	{"sigs.k8s.io/metrics-server@v0.9.0", []string{"."}, 20},
	{"k8s.io/ingress-nginx@v0.0.0-20240708192948-52c50467d67d", []string{"."}, 60},
	{"github.com/prometheus-operator/prometheus-operator@v0.85.0", []string{"."}, 100},
	{"github.com/rancher/local-path-provisioner@v0.0.30", []string{"."}, 50},
	{istio, []string{"samples", "manifests", "tests", "pkg/kube/inject"}, 100},
}

// reviewed are the findings above info that are right, each with its reason: "MODULE/FILE CHECK KIND/NAME/CONTAINER".
var reviewed = map[string]string{}

// TestNoFalseAlarms reads each file as --from does, with every area's command: whatever is said above info is reviewed, and what was
// reviewed is still said.
func TestNoFalseAlarms(t *testing.T) {
	seen := map[string]bool{}
	for _, m := range modules {
		root := download(t, m.module)
		read, infos := 0, 0
		for _, dir := range m.dirs {
			for _, file := range yamlFiles(t, filepath.Join(root, dir)) {
				name := m.module + "/" + strings.TrimPrefix(file, root+string(filepath.Separator))
				findings, ok := judge(t, file)
				if ok {
					read++
				}
				for _, f := range findings {
					if f.Severity == "info" {
						infos++
						t.Logf("info: %s %s", name, f)
						continue
					}
					key := fmt.Sprintf("%s %s %s/%s/%s", name, f.Check, f.Object.Kind, f.Object.Name, f.Object.Container)
					seen[key] = true
					if reviewed[key] == "" {
						t.Errorf("not reviewed: %s\n%s", key, f)
					}
				}
			}
		}
		t.Logf("%s: %d files with objects, %d findings of info", m.module, read, infos)
		if read < m.least {
			t.Errorf("%s: only %d files with objects were read, want %d", m.module, read, m.least)
		}
	}
	for key := range reviewed {
		if !seen[key] {
			t.Errorf("reviewed, and not found any more: %s", key)
		}
	}
}

// TestSpeaks: a file with a fault is not silent, so that the silence on others means something.
func TestSpeaks(t *testing.T) {
	file := filepath.Join(t.TempDir(), "bad.yaml")
	bad := `{apiVersion: apps/v1, kind: Deployment, metadata: {name: web}, spec: {template: {spec: {containers: [
		{name: web, ports: [{name: http, containerPort: 80}], readinessProbe: {httpGet: {port: admin}}}]}}}}`
	if err := os.WriteFile(file, []byte(strings.ReplaceAll(bad, "\t", "")), 0o600); err != nil {
		t.Fatal(err)
	}
	found, ok := judge(t, file)
	if !ok || len(found) != 1 || found[0].Check != "probes/never-ready-port" || found[0].Severity != "warning" {
		t.Errorf("read %v, found %v", ok, found)
	}
}

// finding is what the test looks at of the tool's report (scars.dev/v1alpha1).
type finding struct {
	Check, Severity, Message string
	Object                   struct{ Kind, Name, Container string }
}

func (f finding) String() string {
	return fmt.Sprintf("%s %s %s/%s: %s", f.Severity, f.Check, f.Object.Kind, f.Object.Name, f.Message)
}

// judge runs every area's command on a file, and tells whether it holds objects of Kubernetes at all.
func judge(t *testing.T, file string) ([]finding, bool) {
	t.Helper()
	var all []finding
	for _, area := range []string{"probes", "oom", "netpol", "certs", "pvc"} {
		var out bytes.Buffer
		env := cli.System("test")
		env.In, env.Out, env.Err = strings.NewReader(""), &out, io.Discard
		env.OutTTY, env.ErrTTY = nil, nil
		if code := cli.Run(t.Context(), env, []string{"kubectl-scars", area, "--from", file, "-o", "json"}); code != 0 {
			return nil, false // a template, or of another program
		}
		var report struct{ Findings []finding }
		if err := json.Unmarshal(out.Bytes(), &report); err != nil {
			t.Fatalf("%s --from %s: %v", area, file, err)
		}
		all = append(all, report.Findings...)
	}
	return all, true
}

func yamlFiles(t *testing.T, dir string) []string {
	t.Helper()
	var files []string
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err == nil && d.Type().IsRegular() && slices.Contains([]string{".yaml", ".yml", ".injected"}, filepath.Ext(path)) {
			files = append(files, path)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

// download puts a module into the module cache and gives its place.
func download(t *testing.T, module string) string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "go", "mod", "download", "-json", module)
	cmd.Dir, cmd.Stderr = t.TempDir(), os.Stderr // outside of any module, so that no go.mod is held to it
	cmd.Env = append(os.Environ(), "GOWORK=off", "GOFLAGS=-mod=mod")
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("download %s: %v\n%s", module, err, out)
	}
	var m struct{ Dir string }
	if err := json.Unmarshal(out, &m); err != nil || m.Dir == "" {
		t.Fatalf("download %s: %v\n%s", module, err, out)
	}
	return m.Dir
}
