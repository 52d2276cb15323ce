package machine

import (
	"bytes"
	"os/exec"
	"strings"
	"testing"

	"sigs.k8s.io/yaml"
)

// TestScript: whatever cgroups a node has, its script is one, and holds a kubelet's configuration that the kubelet takes with them
// (kubernetes v1.37.2 pkg/kubelet/apis/config/validation/validation_linux.go).
func TestScript(t *testing.T) {
	for _, cgroup := range []string{"v1", "v2"} {
		script, err := Machines{Dir: "/lab", Bin: "/bin", Cgroup: cgroup}.script(Spec{Index: 2, Taint: "scars.dev/role=memory", EvictBelow: 150})
		if err != nil {
			t.Fatal(err)
		}
		sh := exec.Command("sh", "-n")
		sh.Stdin = bytes.NewReader(script)
		if out, err := sh.CombinedOutput(); err != nil {
			t.Errorf("%s: %v: %s", cgroup, err, out)
		}
		_, rest, _ := strings.Cut(string(script), "/run/lab/kubelet.yaml <<'C'\n")
		config, _, _ := strings.Cut(rest, "\nC\n")
		var kubelet struct {
			Kind                               string
			FailCgroupV1, SingleProcessOOMKill *bool
		}
		if err := yaml.Unmarshal([]byte(config), &kubelet); err != nil || kubelet.Kind != "KubeletConfiguration" {
			t.Errorf("%s: %v: %+v", cgroup, err, kubelet)
		}
		if v1 := cgroup == "v1"; v1 != (kubelet.FailCgroupV1 != nil && !*kubelet.FailCgroupV1) || v1 != (kubelet.SingleProcessOOMKill == nil) {
			t.Errorf("%s: the kubelet would not start: %+v", cgroup, kubelet)
		}
	}
}
