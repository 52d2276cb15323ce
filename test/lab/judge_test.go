package lab

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/kubectl-scars/kubectl-scars/test/lab/internal/incident"
)

func TestJudge(t *testing.T) {
	const found = `[
		{"check": "oom/evicted", "severity": "warning", "object": {"kind": "Deployment", "name": "web"}, "message": "evicted once", "evidence": [{"value": "low on memory"}, {"value": "said again (old)"}]},
		{"check": "oom/limit-hit", "severity": "critical", "object": {"kind": "Pod", "name": "bystander"}, "message": "killed", "evidence": [{"value": "x"}]}]`
	var all []Finding
	if err := json.Unmarshal([]byte(found), &all); err != nil {
		t.Fatal(err)
	}
	const asked = "# what: x\n# check: oom/evicted\n# object: Deployment/web\n# says: once\n"
	for lines, want := range map[string]string{
		asked:                          "",
		asked + "# shows: \\(old\\)\n": "",
		asked + "# shows: \\(new\\)\n": "no evidence",
		asked + "# not: oom/limit-hit Pod/other\n":            "",
		asked + "# not: oom/limit-hit Pod/bystander\n":        "wrong: oom/limit-hit",
		strings.Replace(asked, "once", "twice", 1):            "does not match",
		strings.Replace(asked, "oom/evicted", "oom/spiky", 1): "first finding is",
		strings.Replace(asked, "/web", "/db", 1):              "nothing about Deployment/db",
		"# what: x\n":                                         "healthy, but",
	} {
		in, err := incident.Parse("x", []byte(lines))
		if err != nil {
			t.Fatal(err)
		}
		if got := judge(in, all); !strings.Contains(got, want) || want == "" && got != "" {
			t.Errorf("%q: %q, want %q", lines, got, want)
		}
	}
}
