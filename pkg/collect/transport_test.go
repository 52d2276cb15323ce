package collect

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

type recorder struct{ passed int }

func (r *recorder) RoundTrip(*http.Request) (*http.Response, error) {
	r.passed++
	return &http.Response{StatusCode: http.StatusOK, Header: http.Header{}, Body: http.NoBody}, nil
}

func TestReadOnly(t *testing.T) {
	tests := map[string]struct {
		prefix  string
		method  string // GET where empty
		headers string // "Name: value", several divided by ";"
		allowed []string
		refused []string
	}{
		"reads": {
			allowed: []string{
				"/version", "/api", "/api/", "/apis", "/api/v1", "/apis/apps", "/apis/apps/v1", "/apis/apps/v1/deployments",
				"/api/v1/pods", "/api/v1/pods?watch=true", "/api/v1/namespaces", "/api/v1/namespaces/shop", "/api/v1/nodes/node1",
				"/api/v1/namespaces/shop/pods", "/api/v1/namespaces/shop/pods/web-1", "/api/v1/namespaces/exec/pods/proxy",
				"/apis/argoproj.io/v1alpha1/namespaces/shop/rollouts/web",
			},
		},
		"subresources": {
			refused: []string{
				"/api/v1/namespaces/shop/pods/web-1/exec", "/api/v1/namespaces/shop/pods/web-1/exec?command=sh", "/api/v1/namespaces/shop/pods/web-1/attach",
				"/api/v1/namespaces/shop/pods/web-1/portforward", "/api/v1/namespaces/shop/pods/web-1/proxy", "/api/v1/namespaces/shop/pods/web-1/proxy/x",
				"/api/v1/namespaces/shop/pods/web-1/log", "/api/v1/namespaces/shop/services/web/proxy/", "/api/v1/namespaces/shop/services/web/proxy/admin",
				"/api/v1/nodes/node1/proxy", "/api/v1/nodes/node1/proxy/run/shop/web-1/app", "/api/v1/namespaces/shop/serviceaccounts/default/token",
				"/api/v1/proxy/namespaces/shop/pods", "/api/v1/proxy/nodes", "/api/v1/watch/pods", "/api/v1/nodes/node1/proxy/",
			},
		},
		"stores of metrics": {
			allowed: []string{
				"/api/v1/namespaces/monitoring/services/http:prometheus:9090/proxy/api/v1/query_range?query=up", "/api/v1/namespaces/m/services/p/proxy/api/v1/query",
				"/api/v1/namespaces/m/services/p/proxy/api/v1/series", "/api/v1/namespaces/m/services/p/proxy/api/v1/labels",
				"/api/v1/namespaces/m/services/p/proxy/api/v1/label/pod/values", "/api/v1/namespaces/m/services/p/proxy/api/v1/status/buildinfo",
				"/api/v1/namespaces/m/services/p/proxy/prometheus/api/v1/query", "/api/v1/namespaces/m/services/p/proxy/select/0/prometheus/api/v1/query",
			},
			refused: []string{
				"/api/v1/namespaces/m/services/p/proxy", "/api/v1/namespaces/m/services/p/proxy/api/v1", "/api/v1/namespaces/m/services/p/proxy/-/quit",
				"/api/v1/namespaces/m/services/p/proxy/-/reload", "/api/v1/namespaces/m/services/p/proxy/api/v1/admin/tsdb/delete_series",
				"/api/v1/namespaces/m/services/p/proxy/api/v1/write", "/api/v1/namespaces/m/services/p/proxy/api/v1/query/x",
				"/api/v1/namespaces/m/services/p/proxy/api/v1/status/config", "/api/v1/namespaces/m/services/p/proxy/api/v1/label/pod/x/values",
				"/api/v1/namespaces/m/services/p/proxy/api/v1/label/values", "/api/v1/namespaces/m/services/p/proxy/any/api/v1/query",
				"/api/v1/namespaces/m/services/p/proxy/../../secrets/api/v1/query", "/api/v1/namespaces/m/services/p/proxy/api/v1/label/..%2F..%2Fx/values",
				"/api/v1/namespaces/m/pods/p/proxy/api/v1/query", "/api/v1/nodes/n/proxy/api/v1/query", "/api/v1/services/p/proxy/api/v1/query",
				"/apis/apps/v1/namespaces/m/services/p/proxy/api/v1/query", "/api/v1/namespaces/m/services/p/status/api/v1/query",
				"/api/v1/namespaces/m/services/p/proxy/api/v1//query", "/api/v1/proxy/namespaces/m/services/p/api/v1/query",
			},
		},
		"POST to stores of metrics": {method: http.MethodPost, refused: []string{"/api/v1/namespaces/m/services/p/proxy/api/v1/query"}},
		"numbers of kubelets": {
			allowed: []string{
				"/api/v1/nodes/node1/proxy/stats/summary", "/api/v1/nodes/node1/proxy/stats/summary?only_cpu_and_memory=true",
				"/api/v1/nodes/ip-10-0-0-1.example.internal/proxy/metrics/cadvisor",
			},
			refused: []string{
				"/api/v1/nodes/node1/proxy/stats", "/api/v1/nodes/node1/proxy/stats/summary/x", "/api/v1/nodes/node1/proxy/metrics",
				"/api/v1/nodes/node1/proxy/metrics/resource", "/api/v1/nodes/node1/proxy/metrics/probes", "/api/v1/nodes/node1/proxy/stats/cadvisor",
				"/api/v1/nodes/node1/proxy/pods", "/api/v1/nodes/node1/proxy/configz", "/api/v1/nodes/node1/proxy/logs/x", "/api/v1/nodes/node1/proxy/exec/shop/web/app",
				"/api/v1/nodes/node1/proxy/run/stats/summary", "/api/v1/nodes/node1:4194/proxy/stats/summary", "/api/v1/nodes/https:node1:10250/proxy/stats/summary",
				"/api/v1/nodes/node1/proxy/stats/..%2Fexec", "/api/v1/nodes/node1/proxy/stats/../summary", "/api/v1/nodes//proxy/stats/summary",
				"/api/v1/namespaces/shop/pods/web-1/proxy/stats/summary", "/api/v1/namespaces/shop/services/web/proxy/metrics/cadvisor",
				"/apis/v1/nodes/node1/proxy/stats/summary", "/apis/x/v1/nodes/node1/proxy/stats/summary", "/api/v1/pods/node1/proxy/stats/summary",
			},
		},
		"other paths": {
			refused: []string{"/", "/metrics", "/healthz", "/logs/kube-apiserver.log", "/openapi/v2", "/version/x", "/apiv1/pods", "/oauth/token"},
		},
		"names that hide a path": {
			refused: []string{
				"/api/v1/namespaces/shop/pods/web-1%2Fexec", "/api/v1/namespaces/shop/pods/web-1%2fproxy%2fx", "/api/v1/namespaces/shop/pods/..",
				"/api/v1/namespaces/shop/pods/%2e%2e", "/api/v1/namespaces/../nodes/node1", "/api/v1/namespaces/%2E%2E/pods", "/api/v1/./pods",
				"/api//v1/nodes/node1", "//api/v1/pods", "/api/v1/namespaces//pods", "/api/v1/pods//exec", "/api/v1/namespaces/shop%2Fpods/web-1/exec",
			},
		},
		"behind a prefix": {
			prefix:  "/k8s/clusters/c-1",
			allowed: []string{"/k8s/clusters/c-1/api/v1/pods", "/k8s/clusters/c-1/version"},
			refused: []string{
				"/api/v1/pods", "/k8s/clusters/c-2/api/v1/pods", "/k8s/clusters/c-1", "/k8s/clusters/c-1/api/v1/nodes/node1/proxy",
				"/k8s/clusters/c-10/api/v1/pods", "/k8s/clusters/c-1/../c-2/api/v1/pods",
			},
		},
		"prefix with a slash at the end": {prefix: "/rancher/", allowed: []string{"/rancher/api/v1/pods"}, refused: []string{"/api/v1/pods"}},
		"self reviews": {
			method: http.MethodPost,
			allowed: []string{
				"/apis/authorization.k8s.io/v1/selfsubjectaccessreviews", "/apis/authorization.k8s.io/v1/selfsubjectrulesreviews",
			},
			refused: []string{
				"/apis/authorization.k8s.io/v1/subjectaccessreviews", "/apis/authorization.k8s.io/v1/namespaces/shop/localsubjectaccessreviews",
				"/apis/authentication.k8s.io/v1/tokenreviews", "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews/x",
				"/api/v1/namespaces/shop/pods", "/api/v1/namespaces/shop/pods/web-1/eviction", "/api/v1/namespaces/shop/pods/web-1/exec",
			},
		},
		"PUT":           {method: http.MethodPut, refused: []string{"/api/v1/pods", "/api/v1/namespaces/shop/pods/web-1"}},
		"PATCH":         {method: http.MethodPatch, refused: []string{"/api/v1/namespaces/shop/pods/web-1"}},
		"DELETE":        {method: http.MethodDelete, refused: []string{"/api/v1/namespaces/shop/pods/web-1", "/api/v1/namespaces/shop/pods"}},
		"HEAD":          {method: http.MethodHead, refused: []string{"/api/v1/pods"}},
		"OPTIONS":       {method: http.MethodOptions, refused: []string{"/api/v1/pods"}},
		"CONNECT":       {method: http.MethodConnect, refused: []string{"/api/v1/pods"}},
		"lower case":    {method: "get", refused: []string{"/api/v1/pods"}},
		"upgrade":       {headers: "Upgrade: SPDY/3.1;Connection: Upgrade", refused: []string{"/api/v1/pods"}},
		"websocket":     {headers: "upgrade: websocket", refused: []string{"/api/v1/pods"}},
		"connection":    {headers: "connection: keep-alive, Upgrade", refused: []string{"/api/v1/pods"}},
		"other headers": {headers: "Accept: application/json", allowed: []string{"/api/v1/pods"}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			if test.method == "" {
				test.method = http.MethodGet
			}
			try := func(path string) (bool, error) {
				next := &recorder{}
				r := httptest.NewRequestWithContext(t.Context(), test.method, "https://cluster.example"+path, http.NoBody)
				for h := range strings.SplitSeq(test.headers, ";") {
					if key, value, ok := strings.Cut(h, ": "); ok {
						r.Header[key] = []string{value} // as written, not made canonical
					}
				}
				resp, err := ReadOnly(next, test.prefix).RoundTrip(r)
				if err == nil {
					_ = resp.Body.Close()
				}
				return next.passed > 0, err
			}
			for _, path := range test.allowed {
				if passed, err := try(path); !passed || err != nil {
					t.Errorf("%s %s was refused: %v", test.method, path, err)
				}
			}
			for _, path := range test.refused {
				if passed, err := try(path); passed || err == nil {
					t.Errorf("%s %s was let through", test.method, path)
				}
			}
		})
	}
}

func TestReadOnlyError(t *testing.T) {
	r := httptest.NewRequestWithContext(t.Context(), http.MethodDelete, "https://cluster.example/api/v1/nodes/node1", http.NoBody)
	resp, err := ReadOnly(&recorder{}, "").RoundTrip(r)
	if err == nil {
		_ = resp.Body.Close()
	}
	if want := "refused DELETE /api/v1/nodes/node1: this tool only reads"; err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
}

// dated answers with the Date headers it is given, one after the other.
type dated []string

func (d *dated) RoundTrip(*http.Request) (*http.Response, error) {
	date := (*d)[0]
	*d = (*d)[1:]
	return &http.Response{StatusCode: http.StatusOK, Header: http.Header{"Date": {date}}, Body: http.NoBody}, nil
}

func TestClock(t *testing.T) {
	var clock Clock
	if clock.Answered() {
		t.Error("answered before any request")
	}
	answers := &dated{"", "no date", "Mon, 23 Nov 2026 18:00:00 GMT", "Mon, 23 Nov 2026 17:59:00 GMT"}
	transport := clock.Wrap(answers)
	for i := range 4 {
		resp, err := transport.RoundTrip(nil)
		if err != nil {
			t.Fatal(err)
		}
		_ = resp.Body.Close()
		if _, ok := clock.Now(); ok != (i >= 2) {
			t.Errorf("after answer %d: clock known: %v", i, ok)
		}
	}
	if now, _ := clock.Now(); !now.Equal(time.Date(2026, 11, 23, 18, 0, 0, 0, time.UTC)) {
		t.Errorf("got %s, want the latest time told", now)
	}
	if !clock.Answered() {
		t.Error("not answered after four answers")
	}
}
