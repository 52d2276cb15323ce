package render

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestTemplates(t *testing.T) {
	dir := t.TempDir()
	path, tmpl := filepath.Join(dir, "path"), filepath.Join(dir, "tmpl")
	if err := os.WriteFile(path, []byte("{.summary.critical}"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(tmpl, []byte("{{range .findings}}{{.check}}\n{{end}}"), 0o600); err != nil {
		t.Fatal(err)
	}
	checks := "oom/limit-hit\ncerts/expiring\nprobes/liveness-kill\npvc/released\n"
	for format, want := range map[string]string{
		`jsonpath={range .findings[*]}{.check}{"\n"}{end}`:                  checks,
		`jsonpath={.findings[?(@.severity=="critical")].evidence[1].count}`: "12",
		"jsonpath={.findings[0].nothing}":                                   "",
		"jsonpath-file=" + path:                                             "1",
		"go-template={{len .findings}} {{.metadata.context}}":               "4 prod-eu",
		"go-template-file=" + tmpl:                                          checks,
	} {
		if err := Validate(format); err != nil {
			t.Errorf("%s: %v", format, err)
		}
		if got := render(t, incident(), Options{Format: format}); got != want {
			t.Errorf("%s: got %q, want %q", format, got, want)
		}
	}
}

func TestValidate(t *testing.T) {
	for _, format := range Formats() {
		if strings.HasSuffix(format, "=") {
			continue
		}
		if err := Validate(format); err != nil {
			t.Errorf("%s: %v", format, err)
		}
	}
	for format, want := range map[string]string{
		"xml":                         "unknown output format",
		"JSON ":                       "unknown output format",
		"custom-columns=A:.a":         "unknown output format",
		"jsonpath":                    "needs an argument",
		"jsonpath=":                   "jsonpath",
		"jsonpath={.findings[":        "jsonpath",
		"go-template":                 "needs an argument",
		"go-template={{.x":            "go-template",
		"go-template-file=/not/there": "go-template-file",
		"jsonpath-file=/not/there":    "jsonpath-file",
	} {
		err := Validate(format)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v, want an error that speaks of %q", format, err, want)
		}
		var out bytes.Buffer
		if Report(&out, incident(), Options{Format: format}) == nil || out.Len() > 0 {
			t.Errorf("%s: written all the same: %q", format, out.String())
		}
	}
}

func TestCommandsKeepTheCallersContext(t *testing.T) {
	for _, tc := range []struct{ kubectl, line, want string }{
		{"", "kubectl get pods", "kubectl get pods"},
		{"kubectl --context prod", "kubectl -n shop logs -p web-1", "kubectl --context prod -n shop logs -p web-1"},
		{"kubectl --context prod", "kubectl", "kubectl --context prod"},
		{"kubectl --context prod", "kubectl scars explain oom/limit-hit", "kubectl scars --context prod explain oom/limit-hit"},
		{"kubectl --context prod", "kubectl scars", "kubectl scars --context prod"},
		{"kubectl --context prod", "kubectl scarsity get", "kubectl --context prod scarsity get"},
		{"'/opt/my tools/kubectl' --context prod", "kubectl get pods", "'/opt/my tools/kubectl' --context prod get pods"},
		{"kubectl --context prod", "kubectl get x -o yaml | kubectl apply -f -", "kubectl --context prod get x -o yaml | kubectl --context prod apply -f -"},
		{"kubectl --context prod", "kubectl get x && kubectl get y; kubectl get z", "kubectl --context prod get x && kubectl --context prod get y; kubectl --context prod get z"},
		{"kubectl --context prod", "kubectl delete $(kubectl get pods -o name)", "kubectl --context prod delete $(kubectl --context prod get pods -o name)"},
		{"kubectl --context prod", `kubectl annotate x 'note=| kubectl get'`, `kubectl --context prod annotate x 'note=| kubectl get'`},
		{"kubectl --context prod", "openssl s_client -connect kubectl:443", "openssl s_client -connect kubectl:443"},
	} {
		p := docPage(&bytes.Buffer{}, Options{Kubectl: tc.kubectl})
		if got := p.command(tc.line); got != tc.want {
			t.Errorf("%s with %q:\ngot  %s\nwant %s", tc.line, tc.kubectl, got, tc.want)
		}
	}
}

func doc() ExplainDoc {
	return ExplainDoc{
		ID: "oom/limit-hit", Area: "oom", Title: "A container reached its own memory limit",
		Symptom:  "The container restarts with OOMKilled and exit code 137.\n\nDashboards that scrape every minute show headroom, because the peak lasts seconds.",
		Evidence: "status.containerStatuses[].lastState.terminated and the limit in force at that time. Proven where the kernel names the container's own cgroup.",
		Why:      "Every kill drops the requests in flight.", Fix: "Raise the limit above the peak, or find the leak.",
		Limits:  "Which process was killed is not in the API.",
		Sources: []string{"KEP-2570", "kubernetes v1.37.2 pkg/kubelet/oom/oom_watcher_linux.go"}, Inputs: []string{"pods", "events (optional)"},
	}
}

func TestExplain(t *testing.T) {
	list := []ExplainDoc{doc(), {ID: "pvc/waiting-for-consumer", Area: "pvc", Title: "A claim waits for a pod that uses it, and nobody does, which is a title that is rather too long for one line"}}
	for name, o := range map[string]Options{
		"explain.80": {Terminal: true, Width: 80, UTF8: true}, "explain.120": {Terminal: true, Width: 120, UTF8: true},
		"explain.80color": {Terminal: true, Width: 80, UTF8: true, Colour: true}, "explain.pipe": {UTF8: true}, "explain.markdown": {Format: "markdown", UTF8: true},
	} {
		var one, all bytes.Buffer
		if err := Explain(&one, doc(), o); err != nil {
			t.Fatal(err)
		}
		if err := CheckList(&all, list, o); err != nil {
			t.Fatal(err)
		}
		golden(t, name+".golden", one.Bytes())
		golden(t, strings.Replace(name, "explain", "list", 1)+".golden", all.Bytes())
	}
	var names bytes.Buffer
	if err := CheckList(&names, list, Options{Format: "name"}); err != nil || names.String() != "oom/limit-hit\npvc/waiting-for-consumer\n" {
		t.Errorf("names: %q, %v", names.String(), err)
	}
	for _, format := range []string{"json", "xml"} {
		if Explain(&names, doc(), Options{Format: format}) == nil || CheckList(&names, list, Options{Format: format}) == nil {
			t.Errorf("-o %s is not refused", format)
		}
	}
}
