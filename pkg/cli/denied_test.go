package cli

import (
	"net/url"
	"strings"
	"testing"
)

// TestDeniedNamesTheNextStep: what may be pasted must be whole, and never holds what was given.
func TestDeniedNamesTheNextStep(t *testing.T) {
	for name, test := range map[string]struct {
		url    string
		status int
		token  string
		access access
		want   string
	}{
		"Google":       {"https://monitoring.googleapis.com/v1/projects/p/location/global/prometheus", 403, "s3cret", access{}, "SCARS_PROMETHEUS_TOKEN=$(gcloud auth print-access-token)"},
		"Azure":        {"https://w-a1b2.westeurope.prometheus.monitor.azure.com", 401, "", access{}, "$(az account get-access-token --resource https://prometheus.monitor.azure.com --query accessToken -o tsv)"},
		"Amazon":       {"https://aps-workspaces.eu-west-1.amazonaws.com/workspaces/ws-1", 403, "", access{}, "aws-sigv4-proxy --name aps --region eu-west-1 --host aps-workspaces.eu-west-1.amazonaws.com --port 127.0.0.1:8005, and say --prometheus http://127.0.0.1:8005/workspaces/ws-1"},
		"OpenShift":    {"https://thanos-querier-openshift-monitoring.apps.example.com", 403, "", access{}, "cluster-monitoring-view is wanted: SCARS_PROMETHEUS_TOKEN=$(oc whoami -t)"},
		"its service":  {"https://thanos-querier.openshift-monitoring.svc:9091", 401, "", access{}, "cluster-monitoring-view is wanted"},
		"a full name":  {"https://thanos-querier.openshift-monitoring.svc.cluster.local:9091", 401, "", access{}, "cluster-monitoring-view is wanted"},
		"Thanos":       {"https://thanos-querier.example.com", 401, "", access{}, "say who asks"},
		"Thanos' own":  {"http://thanos-querier.monitoring.svc:9090", 401, "", access{}, "say who asks"},
		"nothing":      {"https://mimir.example/prometheus", 401, "", access{}, "say who asks: a token in SCARS_PROMETHEUS_TOKEN or --prometheus-token-file, or --prometheus-user"},
		"a token":      {"https://mimir.example/prometheus", 401, "s3cret", access{}, "what was given does not count"},
		"a file":       {"https://mimir.example/prometheus", 401, "", access{tokenFile: "t"}, "what was given does not count"},
		"a user":       {"https://mimir.example/prometheus", 403, "", access{user: "joe"}, "lets this one not read; a store of several tenants wants one: --prometheus-header X-Scope-OrgID=TENANT"},
		"another host": {"https://monitoring.googleapis.com.example", 401, "", access{}, "say who asks"},
		"in a cluster": {"", 401, "s3cret", access{}, "https://$(oc -n openshift-monitoring get route thanos-querier -o jsonpath='{.spec.host}') with SCARS_PROMETHEUS_TOKEN=$(oc whoami -t)"},
	} {
		p := &past{access: test.access, o: &analyseOptions{root: &root{env: Env{Getenv: func(string) (string, bool) { return test.token, test.token != "" }}}}}
		if test.url != "" {
			var err error
			if p.base, err = url.Parse(test.url); err != nil {
				t.Fatal(err)
			}
		}
		if got := p.denied(test.status); !strings.Contains(got, test.want) || strings.Contains(got, "s3cret") {
			t.Errorf("%s: %s, want %s", name, got, test.want)
		}
	}
}
