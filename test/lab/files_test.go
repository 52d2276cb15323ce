package lab

import (
	"os"
	"strings"
	"testing"

	"github.com/kubectl-scars/kubectl-scars/test/lab/internal/parts"
)

// TestIncidents counts the files and holds them to what is wanted of each, without a cluster.
func TestIncidents(t *testing.T) {
	bad, err := Incidents()
	if err != nil {
		t.Fatal(err)
	}
	good, err := Healthy()
	if err != nil {
		t.Fatal(err)
	}
	if len(bad) < 25 || len(good) < 15 {
		t.Errorf("%d incidents and %d healthy workloads, want 25 and 15", len(bad), len(good))
	}
	names, chosen := map[string]bool{}, map[string]bool{}
	for _, in := range append(bad, good...) {
		if names[in.Name] {
			t.Errorf("%s is there twice", in.Name)
		}
		names[in.Name] = true
		chosen[Group(in)] = chosen[Group(in)] || isShort(in)
		if _, err := os.Stat(Group(in)); err != nil {
			t.Errorf("%s is played by no test package: %v", in.Name, err)
		}
		if len(in.Steps) == 0 {
			t.Errorf("%s: waits for nothing", in.Name)
		}
	}
	for group, any := range chosen {
		if !any {
			t.Errorf("of %s nothing is short", group)
		}
	}
	for _, name := range append(short, waits) {
		if !names[name] {
			t.Errorf("short: nothing is called %s", name)
		}
	}
	for _, in := range bad {
		if in.Check == "" {
			t.Errorf("%s wants no check", in.Name)
		}
	}
	for _, in := range good {
		if in.Check != "" {
			t.Errorf("%s is healthy and wants %s", in.Name, in.Check)
		}
	}
}

// TestVersion holds the version that programs are built with to the one that go.mod requires.
func TestVersion(t *testing.T) {
	for file, wanted := range map[string]string{
		"go.mod": "k8s.io/kubernetes " + parts.KubernetesVersion + " ", "metrics-server/go.mod": "sigs.k8s.io/metrics-server " + parts.MetricsServerVersion + " ",
	} {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(strings.ReplaceAll(string(data), "\n", " "), wanted) {
			t.Errorf("%s does not require %s", file, wanted)
		}
	}
}
