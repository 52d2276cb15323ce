package prometheus_test

import (
	"cmp"
	"fmt"
	"math"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/kubectl-scars/kubectl-scars/pkg/kubeevent"
	"github.com/kubectl-scars/kubectl-scars/pkg/prometheus"
	"github.com/kubectl-scars/kubectl-scars/pkg/prometheus/promtest"
	"github.com/kubectl-scars/kubectl-scars/pkg/startup"
)

// answering are the counters of liveness of pods: ten answers a minute in revision db-a, each within a second, and thirty in db-b, each within
// 10 ms.
func answering(all []born) (out []promtest.Series) {
	for _, b := range all {
		minute, le := 10.0, 1.0
		if b.revision == "db-b" {
			minute, le = 30, 0.01
		}
		for _, bound := range []float64{0.01, 1, math.Inf(1)} {
			s := promtest.Series{Labels: labels("prober_probe_duration_seconds_bucket", "pod", b.name, "container", "app", "probe_type", "Liveness", "le", fmt.Sprint(bound))}
			for _, p := range grid(hoursAgo(b.from), hoursAgo(b.to), 0) {
				if bound >= le {
					p.Value = minute * math.Floor(time.Unix(p.At, 0).Sub(hoursAgo(b.from)).Minutes())
				}
				s.Samples = append(s.Samples, p)
			}
			out = append(out, s)
		}
	}
	return out
}

// TestStartsOfAStatefulSet: a new pod has the name of the old one, and starts and answers are those of the version that it ran.
func TestStartsOfAStatefulSet(t *testing.T) {
	db := prometheus.Workload{Kind: "StatefulSet", Namespace: "shop", Name: "db"}
	all := database(300)
	series := func() []promtest.Series {
		return slices.Concat(pods("StatefulSet", "db", all), databaseStatus(), answering(all))
	}
	for name, test := range map[string]struct {
		series []promtest.Series
		lives  string
		note   string
	}{
		"by labels":                  {without(series(), "kube_statefulset"), "db-a db-a db-b db-b", ""},
		"by the workload's status":   {without(series(), "kube_pod_labels"), "db-a db-a db-b db-b", ""},
		"neither labels nor status":  {without(series(), "kube_pod_labels", "kube_statefulset"), "- - - -", "old and new ones count as one"},
		"nothing is told of the end": {without(series(), "kube_pod_labels", "kube_statefulset_status_replicas_updated"), "- - - -", "which version 4 of its 4 pods"},
	} {
		q := question()
		q.Workloads = []prometheus.Workload{db}
		h, err := client(t, promtest.Start(promtest.Options{Series: test.series, Now: now})).ReadStarts(t.Context(), q)
		if err != nil {
			t.Fatal(err)
		}
		past := h.Records[prometheus.Key{Workload: db, Container: "app"}]
		if past == nil {
			t.Fatalf("%s: records %v", name, h.Records)
		}
		var versions []string
		for _, l := range past.Lives {
			versions = append(versions, cmp.Or(l.Version, "-"))
		}
		if got := strings.Join(versions, " "); got != test.lives || !strings.Contains(past.VersionsUnknown, test.note) || (test.note == "") != (past.VersionsUnknown == "") {
			t.Errorf("%s: lives of %q, want %q; %q, want %q", name, got, test.lives, past.VersionsUnknown, test.note)
		}
		if past.Versioned() != strings.Contains(test.lives, "db-") {
			t.Errorf("%s: versioned: %v", name, past.Versioned())
		}
		if !past.Versioned() {
			continue
		}
		for version, want := range map[string]struct{ n, slowest float64 }{"db-a": {20 * 60 * (400 - rolled), 1}, "db-b": {60 * 60 * rolled, 0.01}} {
			a := past.Answers(kubeevent.Liveness, func(v string) bool { return v == version })
			_, slowest := a.Within(1)
			if math.Abs(float64(a.N())/want.n-1) > 0.02 || slowest != want.slowest {
				t.Errorf("%s: %d answers of %s, the slowest within %vs, want %.0f and %vs", name, a.N(), version, slowest, want.n, want.slowest)
			}
		}
	}
}

// TestStartsOfADaemonSet: a change that rolls out nothing makes a generation, of which are the pods that run now, as the workload is.
func TestStartsOfADaemonSet(t *testing.T) {
	const changed = 50 // hours before now
	w := prometheus.Workload{Kind: "DaemonSet", Namespace: "shop", Name: "agent"}
	all, told := agents()
	series := append(without(pods("DaemonSet", "agent", all), "kube_pod_labels"), told...)
	for i := range series {
		if s := &series[i]; strings.HasSuffix(s.Labels["__name__"], "_generation") {
			for j := range s.Samples {
				if p := &s.Samples[j]; p.At > hoursAgo(changed).Unix() {
					p.Value = 5
				}
			}
		}
	}
	q := question()
	q.Workloads = []prometheus.Workload{w}
	h, err := client(t, promtest.Start(promtest.Options{Series: series, Now: now})).ReadStarts(t.Context(), q)
	if err != nil || h.Records[prometheus.Key{Workload: w, Container: "app"}] == nil {
		t.Fatalf("%v, %v", h, err)
	}
	var versions []string
	for _, l := range h.Records[prometheus.Key{Workload: w, Container: "app"}].Lives {
		versions = append(versions, l.Version)
	}
	if want := []string{"generation 3", "generation 3", "generation 5", "generation 5"}; !slices.Equal(versions, want) {
		t.Errorf("got %q, want %q", versions, want)
	}
}

// TestStartsOfASidecar: cAdvisor tells when it began, and kube-state-metrics when its pod was initialized. Without cAdvisor that is said where the
// container has probes, and of an init container that has none nothing is.
func TestStartsOfASidecar(t *testing.T) {
	began := now.Add(-30 * time.Hour)
	lives := []life{{began: began.Add(24 * time.Second), ready: 20 * time.Second}}
	sidecar := func() (out []promtest.Series) {
		const of = "proxy"
		add := func(metric string, value float64, more ...string) {
			out = append(out, promtest.Series{Labels: labels(metric, append([]string{"pod", startsPod}, more...)...), Samples: grid(began.Add(23*time.Second), now, value)})
		}
		add("kube_pod_init_container_info", 1, "container", of)
		add("container_start_time_seconds", float64(began.Unix()), "container", of)
		add("container_start_time_seconds", float64(began.Unix()+23), "container", "app") // a second off
		add("kube_pod_status_initialized_time", float64(began.Unix()+22))
		add("prober_probe_total", 9, "container", of, "probe_type", "Startup", "result", "failed")
		return out
	}
	always := corev1.ContainerRestartPolicyAlways
	proxy := corev1.Container{Name: "proxy", RestartPolicy: &always, StartupProbe: &corev1.Probe{PeriodSeconds: 2, FailureThreshold: 60, TimeoutSeconds: 1, SuccessThreshold: 1}}
	pod := &corev1.Pod{Spec: corev1.PodSpec{InitContainers: []corev1.Container{proxy}, Containers: []corev1.Container{*app()}}}
	for name, test := range map[string]struct {
		series []promtest.Series
		want   string
		note   string
	}{
		"all is told":              {sidecar(), "n=1: ready after 22s", ""},
		"not when it was up":       {without(sidecar(), "kube_pod_status_initialized_time"), "n=0: ", ""},
		"not when it began":        {without(sidecar(), "container_start_time_seconds"), "", "no container_start_time_seconds: starts of sidecars are not known"},
		"neither, and it has none": {without(sidecar(), "container_start_time_seconds", "prober_"), "", ""},
	} {
		series := append(starting(40*time.Hour, lives...), test.series...)
		h, err := client(t, promtest.Start(promtest.Options{Series: series, Now: now})).ReadStarts(t.Context(), question())
		if err != nil {
			t.Fatal(err)
		}
		got := ""
		if past := h.Records[prometheus.Key{Workload: web, Container: "proxy"}]; past != nil && len(past.Lives) > 0 {
			starts, _ := past.Starts(&proxy, pod, all, nil)
			got = startup.SumOf(starts).String()
		}
		if notes := strings.Join(h.Notes, "; "); got != test.want || notes != test.note {
			t.Errorf("%s: got %q, want %q; notes %q, want %q", name, got, test.want, notes, test.note)
		}
		if main := h.Records[prometheus.Key{Workload: web, Container: "app"}]; main == nil || len(main.Lives) != 1 || !main.Lives[0].Began.Equal(lives[0].began) {
			t.Errorf("%s: the container beside it: %+v", name, main)
		}
	}
}

// TestSidecarsOfManyNames: init containers of a whole namespace have more names than fit into one question, and where nothing answers about
// them the starts of the others are known.
func TestSidecarsOfManyNames(t *testing.T) {
	began := now.Add(-30 * time.Hour)
	series := starting(40*time.Hour, life{began: began.Add(24 * time.Second), ready: 20 * time.Second})
	add := func(metric string, value float64, more ...string) {
		series = append(series, promtest.Series{Labels: labels(metric, append([]string{"pod", startsPod}, more...)...), Samples: grid(now.Add(-time.Hour), now, value)})
	}
	const many = 400
	for i := range many {
		add("kube_pod_init_container_info", 1, "container", fmt.Sprintf("download-what-is-needed-%03d", i))
	}
	add("container_start_time_seconds", float64(began.Unix()), "container", "download-what-is-needed-000")
	last := fmt.Sprintf("download-what-is-needed-%03d", many-1)
	add("container_start_time_seconds", float64(began.Unix()+5), "container", last)
	add("prober_probe_total", 9, "container", last, "probe_type", "Startup", "result", "failed")
	q := question()
	for i := range 120 { // a long list of other workloads
		q.Workloads = append(q.Workloads, prometheus.Workload{Kind: "Deployment", Namespace: "shop", Name: fmt.Sprintf("one-of-many-services-%03d", i)})
	}
	for name, test := range map[string]struct {
		refuses  string
		sidecars int
		note     string
	}{
		"answered":         {"none", 2, ""},
		"no names":         {"/label/container/", 0, "starts of sidecars are not all known: "},
		"no starts":        {"container_start_time_seconds{", 0, "starts of sidecars are not all known: "},
		"no initialized":   {"kube_pod_status_initialized_time", 2, "starts of sidecars are not all known: "},
		"and of no others": {"kube_pod_container_state_started{", 0, ""},
	} {
		s := promtest.Start(promtest.Options{Series: slices.Clone(series), Now: now, Fault: func(w http.ResponseWriter, r *http.Request, _ int) bool {
			refused := strings.Contains(r.URL.Path+r.FormValue("query"), test.refuses)
			if refused {
				promtest.Refuse(w, http.StatusRequestURITooLong, "", "too long")
			}
			return refused
		}})
		h, err := client(t, s).ReadStarts(t.Context(), q)
		if ends := name == "and of no others"; (err != nil) != ends {
			t.Errorf("%s: %v", name, err)
		} else if ends {
			continue
		}
		sidecars := 0
		for k, past := range h.Records {
			if len(past.Lives) > 0 && k.Container != "app" {
				sidecars++
			}
		}
		if main := h.Records[prometheus.Key{Workload: web, Container: "app"}]; main == nil || len(main.Lives) != 1 || main.Lives[0].Ready.IsZero() || sidecars != test.sidecars {
			t.Errorf("%s: %d sidecars, want %d; beside %+v", name, sidecars, test.sidecars, main)
		}
		if notes := strings.Join(h.Notes, "; "); !strings.HasPrefix(notes, test.note) || test.note == "" && notes != "" || strings.Contains(notes, "no container_start_time_seconds") {
			t.Errorf("%s: notes %q, want %q", name, notes, test.note)
		}
		longest := slices.MaxFunc(s.Requests(), func(a, b string) int { return cmp.Compare(len(a), len(b)) })
		if len(longest) > 8000 {
			t.Errorf("%s: asked %d characters: %.300s…", name, len(longest), longest)
		}
	}
}
