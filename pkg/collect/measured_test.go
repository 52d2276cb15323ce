package collect

// Tests of numbers: the metrics API in each form that it is met in, and what kubelets answer.

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	metricsv1beta1 "k8s.io/metrics/pkg/apis/metrics/v1beta1"

	"github.com/kubectl-scars/kubectl-scars/pkg/collect/apitest"
	"github.com/kubectl-scars/kubectl-scars/pkg/snapshot"
)

func usage(name string, mib int64) *metricsv1beta1.PodMetrics {
	m := &metricsv1beta1.PodMetrics{
		ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: name},
		Timestamp:  metav1.NewTime(time.Date(2026, 11, 23, 17, 59, 45, 0, time.UTC)), Window: metav1.Duration{Duration: 15 * time.Second},
		Containers: []metricsv1beta1.ContainerMetrics{{Name: "app", Usage: corev1.ResourceList{
			corev1.ResourceMemory: *resource.NewQuantity(mib<<20, resource.BinarySI), corev1.ResourceCPU: resource.MustParse("12m")}}},
	}
	m.SetGroupVersionKind(metricsv1beta1.SchemeGroupVersion.WithKind("PodMetrics"))
	return m
}

func TestMetricsAPI(t *testing.T) {
	for name, options := range map[string]apitest.Options{"protobuf": {}, "JSON": {JSONOnly: true}} {
		t.Run(name, func(t *testing.T) {
			options.Objects = append(pods("shop", 2), usage("pod-0", 200))
			_, c, _ := start(t, options)
			s, err := read(t, c, "shop", snapshot.Pods, snapshot.PodMetrics, snapshot.NodeMetrics)
			if err != nil {
				t.Fatal(err)
			}
			wantState(t, s, snapshot.PodMetrics, "shop", snapshot.OK, "")
			u := s.View().PodUsage("shop", "pod-0")
			if u == nil || u.Window != 15*time.Second || !u.Time.Equal(time.Date(2026, 11, 23, 17, 59, 45, 0, time.UTC)) {
				t.Fatalf("got %+v", u)
			}
			if bytes, ok := u.Container("app"); !ok || bytes != 200<<20 {
				t.Errorf("app uses %d, %v", bytes, ok)
			}
			if _, ok := u.Container("other"); ok {
				t.Error("numbers of a container that is not there")
			}
			if s.View().PodUsage("shop", "pod-1") != nil {
				t.Error("numbers of a pod that has none")
			}
		})
	}
}

// No metrics API is an answer, and one that is down is a failure; neither keeps anything else from being read.
func TestNoMetricsAPI(t *testing.T) {
	const path = "/apis/metrics.k8s.io/v1beta1/namespaces/shop/pods"
	for name, test := range map[string]struct {
		options  apitest.Options
		status   snapshot.Status
		reason   string
		requests int
	}{
		"not installed": {apitest.Options{NoMetrics: true}, snapshot.NotServed, "this cluster does not serve it", 1},
		"down":          {apitest.Options{Fault: on(path, fail(503, "ServiceUnavailable"))}, snapshot.Failed, "service unavailable", 3},
		"forbidden":     {apitest.Options{Fault: on(path, fail(403, "Forbidden"))}, snapshot.Forbidden, "the server does not allow it to this user", 1},
	} {
		t.Run(name, func(t *testing.T) {
			test.options.Objects = pods("shop", 1)
			server, c, _ := start(t, test.options)
			s, err := read(t, c, "shop", snapshot.Pods, snapshot.PodMetrics)
			if err != nil {
				t.Fatal(err)
			}
			wantState(t, s, snapshot.Pods, "shop", snapshot.OK, "")
			wantState(t, s, snapshot.PodMetrics, "shop", test.status, test.reason)
			if n := count(server, path); n != test.requests {
				t.Errorf("asked %d times, want %d", n, test.requests)
			}
		})
	}
}

const (
	summaryText = `{"node": {"nodeName": "node1"}, "pods": [
 {"podRef": {"name": "pod-0", "namespace": "shop", "uid": "u"}, "memory": {"time": "2026-11-23T17:59:50Z", "usageBytes": 300, "workingSetBytes": 280, "rssBytes": 100},
  "containers": [{"name": "app", "memory": {"time": "2026-11-23T17:59:50Z", "availableBytes": 18446744073709551615, "usageBytes": 290, "workingSetBytes": 270, "rssBytes": 90,
   "psi": {"full": {"total": 5, "avg300": 1}, "some": {"total": 7, "avg10": 3, "avg60": 2.5, "avg300": 12.5}}}}]},
 {"podRef": {"name": "elsewhere", "namespace": "kube-system"}, "containers": [{"name": "app", "memory": {"usageBytes": 1}}]}]}`
	cadvisorText = `# HELP container_memory_rss Size of RSS in bytes.
# TYPE container_memory_rss gauge
container_memory_rss{container="",id="/",image="",name="",namespace="",pod=""} 9e+08 1764000000000
container_memory_rss{container="",id="/kubepods/podu",image="",name="",namespace="shop",pod="pod-0"} 100 1764000001000
container_memory_rss{container="",id="/kubepods/podu/sandbox",image="pause",name="abc",namespace="shop",pod="pod-0"} 1 1764000001000
container_memory_rss{container="app",id="/kubepods/podu/old",image="x",name="o",namespace="shop",pod="pod-0"} 77 1764000000000
container_memory_rss{container="app",id="/kubepods/podu/new",image="x",name="n",namespace="shop",pod="pod-0"} 90 1764000001000
container_memory_rss{container="app",id="/kubepods/podx/new",image="x",name="n",namespace="kube-system",pod="elsewhere"} 5 1764000001000
container_memory_usage_bytes{container="app",id="/kubepods/podu/old",image="x",name="o",namespace="shop",pod="pod-0"} 200 1764000000000
container_memory_usage_bytes{container="app",id="/kubepods/podu/new",image="x",name="n",namespace="shop",pod="pod-0"} 290 1764000001000
container_memory_usage_bytes{container="",id="/kubepods/podu",image="",name="",namespace="shop",pod="pod-0"} 300 1764000001000
container_memory_cache{container="app",id="/kubepods/podu/new",image="x",name="n",namespace="shop",pod="pod-0"} NaN 1764000001000
container_memory_max_usage_bytes{container="app",id="/kubepods/podu/new",image="x",name="n",namespace="shop",pod="pod-0"} 0 1764000001000
container_fs_reads_total{container="app",id="/x{",namespace="shop",pod="pod-0"} 12
`
)

// kubelet answers for node1 in the server's place.
func kubelet(summary, cadvisor func(w http.ResponseWriter, r *http.Request)) apitest.Fault {
	return func(w http.ResponseWriter, r *http.Request, path string) bool {
		switch path {
		case "/api/v1/nodes/node1/proxy/stats/summary":
			summary(w, r)
		case "/api/v1/nodes/node1/proxy/metrics/cadvisor":
			cadvisor(w, r)
		default:
			return false
		}
		return true
	}
}

func says(text string) func(http.ResponseWriter, *http.Request) {
	return func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, text) }
}

func refuses(code int, reason metav1.StatusReason) func(http.ResponseWriter, *http.Request) {
	return func(w http.ResponseWriter, _ *http.Request) { apitest.Fail(w, code, reason) }
}

// rowsOf writes what the kubelet said of the pod: its rows, with unknown as a dash.
func rowsOf(s *snapshot.Snapshot) string {
	var out []string
	n := s.View().KubeletStats("node1")
	if n == nil {
		return ""
	}
	number := func(v *int64) string {
		if v == nil {
			return "-"
		}
		return fmt.Sprint(*v)
	}
	for _, row := range n.Rows {
		m := row.Memory
		line := fmt.Sprintf("%s/%s/%s %s usage=%s ws=%s rss=%s cache=%s peak=%s", row.Namespace, row.Pod, row.Container, m.Source, number(m.Usage),
			number(m.WorkingSet), number(m.RSS), number(m.Cache), number(m.Peak))
		if m.PSISome300 != nil {
			line += fmt.Sprintf(" psi=%v", *m.PSISome300)
		}
		out = append(out, line)
	}
	return strings.Join(out, "\n")
}

func TestKubelet(t *testing.T) {
	const (
		bySummary  = "shop/pod-0/ stats/summary usage=300 ws=280 rss=100 cache=- peak=-\nshop/pod-0/app stats/summary usage=290 ws=270 rss=90 cache=- peak=- psi=12.5"
		byCadvisor = "shop/pod-0/ metrics/cadvisor usage=300 ws=- rss=100 cache=- peak=-\nshop/pod-0/app metrics/cadvisor usage=290 ws=- rss=90 cache=- peak=-"
	)
	for name, test := range map[string]struct {
		summary, cadvisor func(http.ResponseWriter, *http.Request)
		status            snapshot.Status
		reason            string
		rows              string
	}{
		"both": {says(summaryText), says(cadvisorText), snapshot.OK, "", strings.Split(bySummary, "\n")[0] + "\n" + strings.Split(byCadvisor, "\n")[0] + "\n" +
			strings.Split(bySummary, "\n")[1] + "\n" + strings.Split(byCadvisor, "\n")[1]},
		"forbidden": {refuses(403, "Forbidden"), refuses(403, "Forbidden"), snapshot.Forbidden, "the server does not allow it to this user", ""},
		"no node":   {refuses(404, "NotFound"), refuses(404, "NotFound"), snapshot.Failed, "not found", ""},
		"malformed metrics": {says(summaryText), says(strings.Replace(cadvisorText, `"/kubepods/podu/new",`, `"/kubepods/podu/new`, 1)),
			snapshot.Partial, "metrics/cadvisor: malformed metrics: text format parsing error in line 5", bySummary},
		"login page":      {says("<html>log in</html>"), says("<html>log in</html>"), snapshot.Failed, "no statistics in JSON", ""},
		"only cadvisor":   {refuses(500, "InternalError"), says(cadvisorText), snapshot.Partial, "stats/summary: internal server error", byCadvisor},
		"kubelet is down": {refuses(503, "ServiceUnavailable"), refuses(503, "ServiceUnavailable"), snapshot.Failed, "service unavailable", ""},
		"Windows": { // kubernetes v1.37.2 pkg/kubelet/stats/cri_stats_provider_windows.go: neither RSS nor pressure
			says(`{"pods": [{"podRef": {"name": "pod-0", "namespace": "shop"}, "containers": [{"name": "app", "memory": {"time": "2026-11-23T17:59:50Z", "availableBytes": 0, "usageBytes": 500, "workingSetBytes": 400, "pageFaults": 9}}]}]}`),
			says("# TYPE container_start_time_seconds gauge\n"), snapshot.OK, "", "shop/pod-0/app stats/summary usage=500 ws=400 rss=- cache=- peak=-"},
		"no pressure measured": {
			says(`{"pods": [{"podRef": {"name": "pod-0", "namespace": "shop"}, "containers": [{"name": "app", "memory": {"usageBytes": 500, "psi": {"full": {"total": 0}, "some": {"total": 0, "avg300": 0}}}}]}]}`),
			says(cadvisorText[:100]), snapshot.OK, "", "shop/pod-0/app stats/summary usage=500 ws=- rss=- cache=- peak=-"},
	} {
		t.Run(name, func(t *testing.T) {
			server, c, _ := start(t, apitest.Options{Objects: pods("shop", 1), Fault: kubelet(test.summary, test.cadvisor)})
			b := snapshot.NewBuilder()
			if err := c.Listings(t.Context(), Plan{Kinds: infos(t, snapshot.Pods)}, b); err != nil {
				t.Fatal(err)
			}
			ask := snapshot.Ask{Kind: snapshot.KubeletStats, Name: "node1"}
			c.Asked(t.Context(), []snapshot.Ask{ask}, b)
			s := b.Build(time.Time{})
			got := s.View().AskState(ask.Kind, "", ask.Name)
			if got.Status != test.status || !strings.Contains(got.Reason, test.reason) || test.reason == "" && got.Reason != "" {
				t.Errorf("state %q (%s), want %q (%s)", got.Status, got.Reason, test.status, test.reason)
			}
			if got := rowsOf(s); got != test.rows {
				t.Errorf("got\n%s\nwant\n%s", got, test.rows)
			}
			for _, path := range []string{summaryPath, cadvisorPath} {
				if n := count(server, "/api/v1/nodes/node1/proxy/"+path); n != 1 {
					t.Errorf("%s was asked for %d times", path, n)
				}
			}
		})
	}
}

// A node that hangs costs one time-out, and the others are read meanwhile.
func TestKubeletHangs(t *testing.T) {
	var server *apitest.Server
	hang := func(_ http.ResponseWriter, r *http.Request) { server.Hang(r) }
	server, c, _ := start(t, apitest.Options{Objects: pods("shop", 1), Fault: kubelet(hang, says(cadvisorText))})
	c.timeout = 50 * time.Millisecond
	b := snapshot.NewBuilder()
	if err := c.Listings(t.Context(), Plan{Kinds: infos(t, snapshot.Pods)}, b); err != nil {
		t.Fatal(err)
	}
	ask := snapshot.Ask{Kind: snapshot.KubeletStats, Name: "node1"}
	c.Asked(t.Context(), []snapshot.Ask{ask}, b)
	s := b.Build(time.Time{})
	if got := s.View().AskState(ask.Kind, "", ask.Name); got.Status != snapshot.Partial || !strings.Contains(got.Reason, "stats/summary: no answer in time") {
		t.Errorf("got %+v", got)
	}
	if !strings.Contains(rowsOf(s), "metrics/cadvisor") {
		t.Error("what the other source says is lost")
	}
}

func FuzzKubeletAnswers(f *testing.F) {
	f.Add(summaryText)
	f.Add(cadvisorText)
	f.Add(`container_memory_rss{pod="p",namespace="n",container="c",id="i"} -1`)
	f.Fuzz(func(t *testing.T, text string) {
		all := func(string, string) bool { return true }
		for _, read := range []func(io.Reader, keep) ([]snapshot.ContainerMemory, error){summaryRows, cadvisorRows} {
			rows, err := read(strings.NewReader(text), all)
			if err != nil && rows != nil {
				t.Error("rows beside an error")
			}
			for _, row := range rows {
				for _, v := range []*int64{row.Memory.Usage, row.Memory.WorkingSet, row.Memory.RSS, row.Memory.Peak} {
					if v != nil && *v < 0 {
						t.Errorf("a negative number: %+v", row)
					}
				}
			}
		}
	})
}
