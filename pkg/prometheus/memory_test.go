package prometheus_test

import (
	"fmt"
	"net/http"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/kubectl-scars/kubectl-scars/pkg/prometheus"
	"github.com/kubectl-scars/kubectl-scars/pkg/prometheus/promtest"
)

// TestMemoryStaysBounded reads a week of 200 containers, two million points, and looks at the heap while it does.
func TestMemoryStaysBounded(t *testing.T) {
	const containers, most = 200, 60 << 20
	var meta []promtest.Series
	var workloads []prometheus.Workload
	pod := func(i int) string { return fmt.Sprintf("app-%03d-6d4cf56db6-x2z9q", i) }
	for i := range containers {
		name := fmt.Sprintf("app-%03d", i)
		workloads = append(workloads, prometheus.Workload{Kind: "Deployment", Namespace: "shop", Name: name})
		meta = append(meta,
			promtest.Series{Labels: labels("container_memory_working_set_bytes", "pod", pod(i), "container", "app"), Samples: []promtest.Sample{{At: now.Unix(), Value: 1}}},
			promtest.Series{Labels: labels("kube_pod_owner", "pod", pod(i), "owner_kind", "ReplicaSet", "owner_name", name+"-6d4cf56db6"), Samples: []promtest.Sample{{At: now.Unix(), Value: 1}}},
			promtest.Series{Labels: labels("kube_replicaset_owner", "replicaset", name+"-6d4cf56db6", "owner_kind", "Deployment", "owner_name", name), Samples: []promtest.Sample{{At: now.Unix(), Value: 1}}})
	}
	s := promtest.Start(promtest.Options{Series: meta, Now: now, Fault: func(w http.ResponseWriter, r *http.Request, _ int) bool {
		query := r.FormValue("query")
		if !strings.Contains(query, "working_set_bytes{") || !strings.HasSuffix(r.URL.Path, "query_range") {
			return false
		}
		w.Header().Set("Content-Type", "application/json")
		line := []byte(`{"status":"success","data":{"resultType":"matrix","result":[`)
		for i := range containers {
			if !strings.Contains(query, fmt.Sprintf("app-%03d-", i)) {
				continue
			}
			line = append(line, `{"metric":{"pod":"`+pod(i)+`","container":"app"},"values":[`...)
			for at := atoi(r.FormValue("start")); at <= atoi(r.FormValue("end")); at += 60 {
				line = append(line, '[')
				line = strconv.AppendInt(line, int64(at), 10)
				line = append(line, `,"`...)
				line = strconv.AppendInt(line, int64(300*mi+at%1000*4096), 10)
				line = append(line, `"],`...)
			}
			line = append(line[:len(line)-1], `]},`...)
			_, _ = w.Write(line)
			line = line[:0]
		}
		_, _ = w.Write([]byte(`{"metric":{},"values":[]}]}}`))
		return true
	}})
	var highest uint64
	var mu sync.Mutex
	q := prometheus.Question{
		From: now.Add(-7 * 24 * time.Hour), To: now, Namespace: "shop", Workloads: workloads,
		Progress: func(float64) {
			mu.Lock()
			defer mu.Unlock()
			var m runtime.MemStats
			runtime.ReadMemStats(&m)
			highest = max(highest, m.HeapAlloc)
		},
	}
	h, err := client(t, s).Read(t.Context(), q)
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for _, r := range h.Records {
		n += r.Samples()
	}
	if want := containers * 7 * 24 * 60; n != want {
		t.Errorf("%d intervals, want %d", n, want)
	}
	t.Logf("%d requests, heap %d MiB", len(s.Requests()), highest>>20)
	if highest > most {
		t.Errorf("the heap grew to %d MiB", highest>>20)
	}
}
