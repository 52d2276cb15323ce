package prometheus_test

import (
	"context"
	"errors"
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

const (
	startsPod = "web-6d4cf56db6-x2z9q"
	startsRS  = "web-6d4cf56db6"
)

// life is one run of the container of the pod: when it began, and how many seconds after that it was ready and ended, 0 for never.
type life struct {
	began        time.Time
	ready, ended time.Duration
	exit         float64
	oom          bool
}

// told is a series of what the newest life says, from that life's own moment on; NaN is nothing.
func told(name string, from time.Time, lives []life, value func(l life, at time.Time) float64, more ...string) promtest.Series {
	s := promtest.Series{Labels: labels(name, append([]string{"pod", startsPod, "container", "app"}, more...)...)}
	for at := from; !at.After(now); at = at.Add(30 * time.Second) {
		said := math.NaN()
		for _, l := range lives {
			if v := value(l, at); !l.began.After(at) && !math.IsNaN(v) {
				said = v
			}
		}
		if !math.IsNaN(said) {
			s.Samples = append(s.Samples, promtest.Sample{At: at.Unix(), Value: said})
		}
	}
	return s
}

// starting is what kube-state-metrics and the kubelet told of a pod of web since a time: its lives, and ten answers a minute to its liveness
// probe, of which 1 in 1000 took up to half a second, and one of its many pods' probes failed each hour.
func starting(since time.Duration, lives ...life) []promtest.Series {
	from := now.Add(-since)
	nan := math.NaN()
	series := []promtest.Series{
		told("kube_pod_container_state_started", from, lives, func(l life, _ time.Time) float64 { return float64(l.began.Unix()) }),
		told("kube_pod_status_container_ready_time", from, lives, func(l life, at time.Time) float64 {
			if l.ready == 0 || at.Before(l.began.Add(l.ready)) {
				return nan
			}
			return float64(l.began.Add(l.ready).Unix())
		}),
		told("kube_pod_owner", from, []life{{}}, func(life, time.Time) float64 { return 1 }, "owner_kind", "ReplicaSet", "owner_name", startsRS),
		told("kube_replicaset_owner", from, []life{{}}, func(life, time.Time) float64 { return 1 }, "replicaset", startsRS, "owner_kind", "Deployment", "owner_name", "web"),
	}
	// The ready time goes while the container is not ready.
	ready := &series[1]
	ready.Samples = slices.DeleteFunc(ready.Samples, func(s promtest.Sample) bool {
		for _, l := range lives {
			at := time.Unix(s.At, 0)
			if !at.Before(l.began) && (l.ready == 0 || at.Before(l.began.Add(l.ready))) && s.Value < float64(l.began.Unix()) {
				return true
			}
		}
		return false
	})
	delete(ready.Labels, "container")
	ended := func(of func(life) float64) func(life, time.Time) float64 {
		return func(l life, at time.Time) float64 {
			if l.ended == 0 || at.Before(l.began.Add(l.ended)) {
				return nan
			}
			return of(l)
		}
	}
	series = append(series,
		told("kube_pod_container_status_last_terminated_timestamp", from, lives, ended(func(l life) float64 { return float64(l.began.Add(l.ended).Unix()) })),
		told("kube_pod_container_status_last_terminated_exitcode", from, lives, ended(func(l life) float64 { return l.exit })),
		told("kube_pod_container_status_last_terminated_reason", from, lives, ended(func(l life) float64 {
			if l.oom {
				return 1
			}
			return 0 // the series of the reason before is gone by then
		}), "reason", "OOMKilled"))
	minutes := func(share float64) func(life, time.Time) float64 {
		return func(_ life, at time.Time) float64 { return math.Floor(share * 10 * at.Sub(from).Minutes()) }
	}
	for le, share := range map[string]float64{"0.005": 0, "0.01": 0.5, "0.025": 0.995, "0.25": 0.999, "0.5": 1, "1": 1, "10": 1, "+Inf": 1} {
		series = append(series, told("prober_probe_duration_seconds_bucket", from, []life{{}}, minutes(share), "probe_type", "Liveness", "le", le))
	}
	return append(series,
		told("prober_probe_total", from, []life{{}}, minutes(1), "probe_type", "Liveness", "result", "successful", "pod_uid", "u"),
		told("prober_probe_total", from, []life{{}}, minutes(1.0/600), "probe_type", "Liveness", "result", "failed", "pod_uid", "u"))
}

// restarted is four runs: one that became ready, one that liveness cut short, one that the memory killer did, and the one of now.
func restarted() []life {
	return []life{
		{began: now.Add(-9 * 24 * time.Hour), ready: 20 * time.Second, ended: 6 * 24 * time.Hour, exit: 1},
		{began: now.Add(-3*24*time.Hour + time.Hour), ended: 70 * time.Second, exit: 137},
		{began: now.Add(-3*24*time.Hour + 2*time.Hour), ended: 70 * time.Second, exit: 137, oom: true},
		{began: now.Add(-3*24*time.Hour + 3*time.Hour), ready: 44 * time.Second},
	}
}

// app is the container whose starts are read: liveness guarantees 50 s.
func app() *corev1.Container {
	probe := func(delay, period int32) *corev1.Probe {
		return &corev1.Probe{InitialDelaySeconds: delay, PeriodSeconds: period, FailureThreshold: 3, TimeoutSeconds: 1, SuccessThreshold: 1}
	}
	return &corev1.Container{Name: "app", LivenessProbe: probe(30, 10), ReadinessProbe: probe(0, 5)}
}

func all(string) bool { return true }

func readStarts(t *testing.T, c *prometheus.Client) (*startup.Past, *prometheus.History[startup.Past]) {
	t.Helper()
	h, err := c.ReadStarts(t.Context(), question())
	if err != nil {
		t.Fatal(err)
	}
	r := h.Records[prometheus.Key{Workload: web, Container: "app"}]
	if r == nil || len(h.Records) != 1 {
		t.Fatalf("records: %v", h.Records)
	}
	return r, h
}

// sum words what a history says of the starts and of the answers, so that two of them can be compared.
func sum(r *startup.Past) string {
	s, others := r.Starts(app(), &corev1.Pod{}, all, nil)
	a := r.Answers(kubeevent.Liveness, all)
	_, p99 := a.Within(0.99)
	_, slowest := a.Within(1)
	if others > 0 {
		return "others"
	}
	return startup.SumOf(s).String() + " · " + time.Duration(p99*float64(time.Second)).String() + " · " + time.Duration(slowest*float64(time.Second)).String()
}

func TestReadsStarts(t *testing.T) {
	s := promtest.Start(promtest.Options{Series: starting(10*24*time.Hour, restarted()...), Now: now})
	r, h := readStarts(t, client(t, s))
	if got, want := sum(r), "n=3: ready after 20–44s, 1 killed at ≥50s · 25ms · 500ms"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	if len(r.Lives) != 4 || r.Lives[0].Version != startsRS || !r.Lives[0].Watched || len(h.Notes) > 0 {
		t.Errorf("lives %+v, notes %q", r.Lives, h.Notes)
	}
	a := r.Answers(kubeevent.Liveness, all)
	if want := 10 * 24 * 600; a.N() != want || math.Abs(a.Succeeded-float64(want)) > 1 || math.Abs(a.Failed-240) > 1 || a.To.Sub(a.From) < 9*24*time.Hour {
		t.Errorf("%d answers, want %d: %+v", a.N(), want, a)
	}
	for _, q := range s.Requests() {
		if !strings.HasPrefix(q, "GET ") || len(q) > 8000 {
			t.Errorf("asked %s", q)
		}
	}
	if s.MostAtOnce() > 2 {
		t.Errorf("%d at once", s.MostAtOnce())
	}
}

// TestStartsOfEveryStore is about duplicates, gaps, limits and other labels: what is known must not change.
func TestStartsOfEveryStore(t *testing.T) {
	fleet := func() []promtest.Series { return starting(10*24*time.Hour, restarted()...) }
	want, _ := readStarts(t, client(t, promtest.Start(promtest.Options{Series: fleet(), Now: now})))
	twice := fleet()
	for _, one := range fleet() {
		one.Labels["prometheus_replica"] = "b"
		for i := range one.Samples {
			one.Samples[i].At += 7 // the other one looks a little later
		}
		twice = append(twice, one)
	}
	moved := fleet()
	for _, one := range moved {
		one.Labels["exported_namespace"], one.Labels["namespace"] = "shop", "monitoring"
		if strings.HasPrefix(one.Labels["__name__"], "kube_") {
			one.Labels["exported_pod"], one.Labels["pod"] = one.Labels["pod"], "ksm-1"
			one.Labels["exported_container"], one.Labels["container"] = one.Labels["container"], "ksm"
		}
	}
	podReady := fleet()
	podReady[1].Labels["__name__"] = "kube_pod_status_ready_time"
	cadvisor := fleet()
	cadvisor[0].Labels["__name__"] = "container_start_time_seconds"
	// The kubelet began anew: its counters fall, and what it had counted counts.
	anew := fleet()
	for _, one := range anew {
		if strings.HasPrefix(one.Labels["__name__"], "prober_") {
			// between two steps, so that none of them has seen more than was before
			for i, middle := len(one.Samples)/2, 0.0; i < len(one.Samples); i++ {
				if middle == 0 {
					middle = one.Samples[i-1].Value
				}
				one.Samples[i].Value -= middle
			}
		}
	}
	for name, o := range map[string]promtest.Options{
		"two scrapers":             {Series: twice},
		"without honorLabels":      {Series: moved},
		"ready times of pods":      {Series: podReady},
		"starts of cAdvisor":       {Series: cadvisor},
		"a kubelet that began new": {Series: anew},
		"few points":               {MaxPoints: 200},
		"50,000 samples":           {MaxSamples: 50_000},
		"every third lost":         {Fault: func(w http.ResponseWriter, _ *http.Request, n int) bool { return n%3 == 0 && broken(w) }},
	} {
		if o.Now = now; o.Series == nil {
			o.Series = fleet()
		}
		got, h := readStarts(t, client(t, promtest.Start(o)))
		if sum(got) != sum(want) || len(h.Notes) > 0 {
			t.Errorf("%s: got %s, want %s; notes %q", name, sum(got), sum(want), h.Notes)
		}
		a, b := got.Answers(kubeevent.Liveness, all), want.Answers(kubeevent.Liveness, all)
		if math.Abs(float64(a.N()-b.N())) > 0.02*float64(b.N()) {
			t.Errorf("%s: %d answers, want %d", name, a.N(), b.N())
		}
	}
}

// TestStartsWithoutTheMetric leaves out one metric at a time: what depended on it is gone, and its name is told.
func TestStartsWithoutTheMetric(t *testing.T) {
	const both, starts, answers = "n=3: ready after 20–44s, 1 killed at ≥50s · 25ms · 500ms", "n=3: ready after 20–44s, 1 killed at ≥50s", "25ms · 500ms"
	for metric, want := range map[string]struct{ has, note string }{
		"kube_pod_container_state_started":                    {answers, "starts are not known"},
		"kube_pod_status_container_ready_time":                {"n=1: 1 killed at ≥50s", "how long starts took is not known"},
		"kube_pod_container_status_last_terminated_timestamp": {"n=2: ready after 20–44s", ""},
		"kube_pod_owner":                {both, "no kube_pod_owner"},
		"prober_probe_duration_seconds": {starts, "no prober_probe_duration_seconds"},
		"prober_probe":                  {starts, "the kubelets tell at /metrics/probes"},
	} {
		series := slices.DeleteFunc(starting(10*24*time.Hour, restarted()...), func(s promtest.Series) bool {
			return strings.HasPrefix(s.Labels["__name__"], metric)
		})
		r, h := readStarts(t, client(t, promtest.Start(promtest.Options{Series: series, Now: now})))
		if got := sum(r); !strings.Contains(got, want.has) {
			t.Errorf("without %s: got %s, want %s", metric, got, want.has)
		}
		if notes := strings.Join(h.Notes, "; "); !strings.Contains(notes, want.note) || want.note == "" && notes != "" {
			t.Errorf("without %s: notes %q, want %q", metric, notes, want.note)
		}
	}
	none := promtest.Start(promtest.Options{Now: now, Series: shop(wave)[:1]})
	_, err := client(t, none).ReadStarts(t.Context(), question())
	if e, ok := errors.AsType[prometheus.NoMetricsError](err); !ok || !strings.Contains(e.Error(), "does it scrape kube-state-metrics and the kubelets' /metrics/probes?") {
		t.Errorf("a store without any: %v", err)
	}
}

// TestAnHourOfStarts is a store that is an hour old: a life that began before was perhaps ready before, and what was counted is little.
func TestAnHourOfStarts(t *testing.T) {
	r, _ := readStarts(t, client(t, promtest.Start(promtest.Options{Now: now, Series: starting(time.Hour,
		life{began: now.Add(-50 * time.Hour), ready: 49*time.Hour + 30*time.Minute, ended: 49*time.Hour + 40*time.Minute, exit: 1},
		life{began: now.Add(-15 * time.Minute), ready: 12 * time.Second})})))
	starts, _ := r.Starts(app(), &corev1.Pod{}, all, nil)
	s := startup.SumOf(starts)
	if s.String() != "n=1: ready after 12s" || len(s.AtMost) != 1 || !strings.Contains(s.AtMost[0].Why, "not seen from its beginning") {
		t.Errorf("got %s, at most %+v", s, s.AtMost)
	}
	if a := r.Answers(kubeevent.Liveness, all); a.N() < 500 || a.N() > 601 || a.To.Sub(a.From) > 6*time.Hour {
		t.Errorf("got %d answers from %s to %s", a.N(), a.From, a.To)
	}
}

// TestReadyTwiceWithinALook: readiness that is lost and found again within five minutes is no longer start.
func TestReadyTwiceWithinALook(t *testing.T) {
	one := life{began: now.Add(-24 * time.Hour), ready: 30 * time.Second}
	series := starting(30*time.Hour, one)
	series[1].Samples = slices.DeleteFunc(series[1].Samples, func(s promtest.Sample) bool {
		since := time.Unix(s.At, 0).Sub(one.began)
		return since >= 90*time.Second && since < 150*time.Second
	})
	for i := range series[1].Samples {
		if s := &series[1].Samples[i]; time.Unix(s.At, 0).Sub(one.began) >= 150*time.Second {
			s.Value = float64(one.began.Add(150 * time.Second).Unix())
		}
	}
	r, _ := readStarts(t, client(t, promtest.Start(promtest.Options{Series: series, Now: now})))
	if got := sum(r); !strings.HasPrefix(got, "n=1: ready after 30s") {
		t.Errorf("got %s", got)
	}
}

// TestStartsWithinOneLook: what a probe cuts short is soon followed by the next start, and both are told within five minutes. The ends of two
// lives that differ are told apart, or neither is believed.
func TestStartsWithinOneLook(t *testing.T) {
	begin := now.Add(-20 * time.Hour).Truncate(5 * time.Minute)
	at := func(s int) time.Time { return begin.Add(time.Duration(s) * time.Second) }
	short := life{began: at(5), ended: 60 * time.Second, exit: 137}
	oom := life{began: at(5), ended: 60 * time.Second, exit: 137, oom: true}
	for want, lives := range map[string][]life{
		"n=2: ready after 20s, 1 killed at ≥50s · ": {short, {began: at(95), ready: 20 * time.Second}},
		// both ended by 137, and again by an end of its own code in the next look
		"n=3: ready after 20s, 2 killed at ≥50s · ": {short, {began: at(155), ended: 65 * time.Second, exit: 137}, {began: at(605), ready: 20 * time.Second}},
		"n=2: ready after 20s, 1 killed at ≥50s ":   {oom, {began: at(155), ended: 65 * time.Second, exit: 143}, {began: at(605), ready: 20 * time.Second}},
		"n=1: ready after 20s · ":                   {oom, {began: at(605), ready: 20 * time.Second}},
	} {
		r, _ := readStarts(t, client(t, promtest.Start(promtest.Options{Series: starting(30*time.Hour, lives...), Now: now})))
		if got := sum(r); !strings.HasPrefix(got, want) {
			t.Errorf("got %s, want %s", got, want)
		}
	}
}

func TestStoresWithoutStarts(t *testing.T) {
	for want, fault := range map[string]func(http.ResponseWriter, *http.Request, int) bool{
		"answers 200: a web page, not data: a login page": signIn(200),
		"answers 401: Unauthorized, as a web page":        signIn(401),
		"it redirects to login.example, as a login page does": func(w http.ResponseWriter, r *http.Request, _ int) bool {
			http.Redirect(w, r, "https://login.example/?rd=x", http.StatusFound)
			return true
		},
	} {
		s := promtest.Start(promtest.Options{Fault: fault})
		if _, err := client(t, s).ReadStarts(t.Context(), question()); err == nil || !strings.Contains(err.Error(), want) || len(s.Requests()) > 1 {
			t.Errorf("got %v after %d requests, want %s", err, len(s.Requests()), want)
		}
	}
}

// TestPartOfTheStarts is a store that breaks down on the way: what was read until then counts.
func TestPartOfTheStarts(t *testing.T) {
	s := promtest.Start(promtest.Options{Series: starting(10*24*time.Hour, restarted()...), Now: now, Fault: func(w http.ResponseWriter, r *http.Request, _ int) bool {
		if strings.Contains(r.FormValue("query"), "prober_") {
			promtest.Refuse(w, 500, "internal", "disk on fire")
			return true
		}
		return false
	}})
	h, err := client(t, s, func(o *prometheus.Options) { o.Wait = func(context.Context, time.Duration) error { return nil } }).ReadStarts(t.Context(), question())
	if err == nil || !strings.Contains(err.Error(), "disk on fire") || h == nil || len(h.Records) != 1 {
		t.Fatalf("got %v, %v", h, err)
	}
}

func TestStartsOfTwoClusters(t *testing.T) {
	series := starting(24*time.Hour, restarted()[3])
	for i, one := range starting(24*time.Hour, restarted()[3]) {
		one.Labels["cluster"], series[i].Labels["cluster"] = "staging", "prod"
		series = append(series, one)
	}
	_, err := client(t, promtest.Start(promtest.Options{Series: series, Now: now})).ReadStarts(t.Context(), question())
	if e, ok := errors.AsType[prometheus.AmbiguousError](err); !ok || !slices.Contains(e.Values, "prod") {
		t.Errorf("got %v", err)
	}
}
