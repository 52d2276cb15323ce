package render

import (
	"bytes"
	"strings"
	"testing"

	"github.com/kubectl-scars/kubectl-scars/pkg/finding"
)

func TestProbesRecommend(t *testing.T) {
	three := int32(3)
	item := func(name string) finding.ProbeAdvice {
		return finding.ProbeAdvice{
			Object:     finding.ObjectRef{Kind: "Deployment", Namespace: "shop", Name: name, Container: "app"},
			Confidence: finding.Strong, Replicas: 2, Restarts: 2, RevertedBy: "Helm release shop", Patch: "kind: Deployment\n",
			Starts: finding.Starts{Ready: []int64{41, 58}, Error: 6, Killed: []int64{50}},
			Numbers: []finding.ProbeNumber{
				{Probe: "startupProbe", Field: "failureThreshold", Recommended: 21, Reason: "twice the slowest"},
				{Probe: "livenessProbe", Field: "failureThreshold", Now: &three, Recommended: 3, Reason: "enough"},
			},
		}
	}
	refused := item("none")
	refused.CannotSay, refused.Patch, refused.Restarts, refused.Numbers = "it has no pod", "", 0, nil
	show := func(format string, items ...finding.ProbeAdvice) string {
		t.Helper()
		v := &finding.ProbesRecommend{ViewHead: finding.NewHead(finding.ProbesRecommendKind), Items: items}
		var b bytes.Buffer
		if err := View(&b, v, Options{Format: format}); err != nil {
			t.Fatal(err)
		}
		return b.String()
	}
	for format, wants := range map[string][]string{
		"table": {"reverted by Helm release shop", "3 starts: ready after 41-58 s (or up to 6 s sooner); 1 killed at >=50 s", "twice the slowest", "same", "a rolling restart of 2 pods", "nothing is recommended: it has no pod"},
		"patch": {"# kubectl -n shop patch deployment/web --patch-file FILE\n# reverted by Helm release shop unless changed there\n# The patch changes the pod template: a rolling restart of 2 pods.\nkind: Deployment\n"},
		"name":  {"deployment/web"},
		"json":  {`"kind": "ProbesRecommend"`, `"killed": [`},
	} {
		got := show(format, item("web"), refused)
		for _, want := range wants {
			if !strings.Contains(got, want) {
				t.Errorf("%s lacks %q:\n%s", format, want, got)
			}
		}
	}
	many := show("table", item("a"), item("b"), item("c"), item("d"))
	if !strings.Contains(many, "4 workloads") || !strings.Contains(many, "failures 21") || strings.Contains(many, "twice the slowest") {
		t.Errorf("many workloads are one table:\n%s", many)
	}
}
