package prometheus_test

import (
	"context"
	"errors"
	"math"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/kubectl-scars/kubectl-scars/pkg/finding"
	"github.com/kubectl-scars/kubectl-scars/pkg/history"
	"github.com/kubectl-scars/kubectl-scars/pkg/prometheus"
	"github.com/kubectl-scars/kubectl-scars/pkg/prometheus/promtest"
)

const mi = 1 << 20

var (
	now = time.Date(2026, 11, 23, 18, 0, 0, 0, time.UTC)
	web = prometheus.Workload{Kind: "Deployment", Namespace: "shop", Name: "web"}
)

// samples are one each interval until now, of a value.
func samples(since, interval time.Duration, value func(at time.Time) float64) []promtest.Sample {
	var out []promtest.Sample
	for at := now.Add(-since); !at.After(now); at = at.Add(interval) {
		out = append(out, promtest.Sample{At: at.Unix(), Value: value(at)})
	}
	return out
}

func always(v float64) func(time.Time) float64 { return func(time.Time) float64 { return v } }

func labels(name string, pairs ...string) map[string]string {
	out := map[string]string{"__name__": name, "namespace": "shop"}
	for i := 0; i < len(pairs); i += 2 {
		out[pairs[i]] = pairs[i+1]
	}
	return out
}

// shop is a week of one pod of deployment web, and of one of deployment web-api beside it.
func shop(level func(at time.Time) float64) []promtest.Series {
	const pod, rs, week = "web-6d4cf56db6-x2z9q", "web-6d4cf56db6", 7 * 24 * time.Hour
	start := float64(now.Add(-week).Unix())
	return []promtest.Series{
		{Labels: labels("container_memory_working_set_bytes", "pod", pod, "container", "app"), Samples: samples(week, 30*time.Second, level)},
		{Labels: labels("container_memory_working_set_bytes", "pod", pod, "container", "POD"), Samples: samples(week, time.Hour, always(4*mi))},
		{Labels: labels("container_memory_working_set_bytes", "pod", pod, "container", ""), Samples: samples(week, time.Hour, always(900*mi))},
		{Labels: labels("container_memory_working_set_bytes", "pod", "web-api-5f6d7c8b9-kkkkk", "container", "app"), Samples: samples(week, time.Hour, always(9000*mi))},
		{Labels: labels("container_start_time_seconds", "pod", pod, "container", "app"), Samples: samples(week, time.Minute, always(start))},
		{Labels: labels("kube_pod_owner", "pod", pod, "owner_kind", "ReplicaSet", "owner_name", rs), Samples: samples(week, time.Hour, always(1))},
		{Labels: labels("kube_replicaset_owner", "replicaset", rs, "owner_kind", "Deployment", "owner_name", "web"), Samples: samples(week, time.Hour, always(1))},
		{Labels: labels("kube_pod_container_resource_limits", "pod", pod, "container", "app", "resource", "memory"), Samples: samples(week, 5*time.Minute, always(512*mi))},
	}
}

func client(t *testing.T, s *promtest.Server, change ...func(*prometheus.Options)) *prometheus.Client {
	t.Helper()
	t.Cleanup(s.Close)
	base, err := url.Parse(s.URL)
	if err != nil {
		t.Fatal(err)
	}
	o := prometheus.Options{Now: func() time.Time { return now }, Wait: func(context.Context, time.Duration) error { return nil }}
	for _, c := range change {
		c(&o)
	}
	return prometheus.New(base, s.Client(), o)
}

func question() prometheus.Question {
	return prometheus.Question{From: now.Add(-28 * 24 * time.Hour), To: now, Live: true, Namespace: "shop", Workloads: []prometheus.Workload{web}}
}

func read(t *testing.T, c *prometheus.Client) *prometheus.History[history.Record] {
	t.Helper()
	h, err := c.Read(t.Context(), question())
	if err != nil {
		t.Fatal(err)
	}
	return h
}

func recommend(t *testing.T, h *prometheus.History[history.Record]) finding.Recommendation {
	t.Helper()
	r := h.Records[prometheus.Key{Workload: web, Container: "app"}]
	if r == nil || len(h.Records) != 1 {
		t.Fatalf("records: %v", h.Records)
	}
	return history.Recommend(r, history.Options{Limit: 512 * mi})
}

// wave is the level that most tests use.
func wave(at time.Time) float64 {
	return (300 + 100*math.Sin(float64(at.Unix())/86400*2*math.Pi)) * mi
}

func TestReadsAWeek(t *testing.T) {
	var shares []float64
	s := promtest.Start(promtest.Options{Series: shop(wave), Now: now})
	q := question()
	q.Progress = func(share float64) { shares = append(shares, share) }
	h, err := client(t, s).Read(t.Context(), q)
	if err != nil {
		t.Fatal(err)
	}
	got := recommend(t, h)
	if got.Limit.Recommended < 475*mi || got.Limit.Recommended > 488*mi || got.Basis.Interval != "30s" || got.Basis.Pods != 1 || got.Confidence != finding.Consistent {
		t.Errorf("got %+v", got)
	}
	if want := 7*24*60 - 9; got.Basis.Samples < want || got.Basis.Samples > want+15 {
		t.Errorf("%d intervals, want about %d: each once", got.Basis.Samples, want)
	}
	if s.MostAtOnce() > 2 || !slices.IsSorted(shares) || shares[len(shares)-1] > 1 {
		t.Errorf("%d at once, progress %v", s.MostAtOnce(), shares)
	}
	for _, r := range s.Requests() {
		if !strings.HasPrefix(r, "GET ") || len(r) > 8000 {
			t.Errorf("asked %s", r)
		}
	}
	if len(h.Notes) > 0 {
		t.Errorf("notes: %v", h.Notes)
	}
}

// TestEveryStoreGivesTheSameAnswer is about limits and faults on the way: what is recommended must not change.
func TestEveryStoreGivesTheSameAnswer(t *testing.T) {
	want := recommend(t, read(t, client(t, promtest.Start(promtest.Options{Series: shop(wave), Now: now}))))
	refuseLong := func(status int, kind string) func(http.ResponseWriter, *http.Request, int) bool {
		return func(w http.ResponseWriter, r *http.Request, _ int) bool {
			from, to := r.FormValue("start"), r.FormValue("end")
			if strings.HasSuffix(r.URL.Path, "query_range") && to > from && atoi(to)-atoi(from) > 3*3600 && strings.Contains(r.FormValue("query"), "[60s]") {
				promtest.Refuse(w, status, kind, "too much")
				return true
			}
			return false
		}
	}
	twice := shop(wave)
	for _, one := range shop(func(at time.Time) float64 { return wave(at) - mi }) {
		one.Labels["prometheus_replica"] = "b"
		twice = append(twice, one)
	}
	var asked sync.Map
	for name, o := range map[string]promtest.Options{
		"50,000 samples":   {MaxSamples: 50_000},
		"few points":       {MaxPoints: 200},
		"422":              {Fault: refuseLong(422, "execution")},
		"503":              {Fault: refuseLong(503, "timeout")},
		"400":              {Fault: refuseLong(400, "bad_data")},
		"two scrapers":     {Series: twice},
		"every third lost": {Fault: func(w http.ResponseWriter, _ *http.Request, n int) bool { return n%3 == 0 && broken(w) }},
		"429": {Fault: func(w http.ResponseWriter, r *http.Request, _ int) bool {
			if _, again := asked.LoadOrStore(r.URL.String(), true); again { // whichever of two in flight comes first
				return false
			}
			w.Header().Set("Retry-After", "2")
			promtest.Refuse(w, 429, "", "slow down")
			return true
		}},
	} {
		t.Run(name, func(t *testing.T) {
			o.Now = now
			if o.Series == nil {
				o.Series = shop(wave)
			}
			got := recommend(t, read(t, client(t, promtest.Start(o))))
			if got.Limit != want.Limit || got.Request != want.Request || got.Basis.Samples != want.Basis.Samples {
				t.Errorf("got %+v, want %+v", got, want)
			}
		})
	}
}

func TestNothingOfTheNamespace(t *testing.T) {
	s := promtest.Start(promtest.Options{Now: now})
	_, err := client(t, s).Read(t.Context(), question())
	if _, ok := errors.AsType[prometheus.NoMetricsError](err); !ok {
		t.Errorf("got %v", err)
	}
}

func TestOtherLabels(t *testing.T) {
	want := recommend(t, read(t, client(t, promtest.Start(promtest.Options{Series: shop(wave), Now: now}))))
	old := shop(wave)
	for _, one := range old {
		if strings.HasPrefix(one.Labels["__name__"], "container_") {
			one.Labels["pod_name"], one.Labels["container_name"] = one.Labels["pod"], one.Labels["container"]
			delete(one.Labels, "pod")
			delete(one.Labels, "container")
		}
	}
	exported := shop(wave)
	for _, one := range exported {
		if strings.HasPrefix(one.Labels["__name__"], "kube_") {
			one.Labels["exported_namespace"], one.Labels["exported_pod"], one.Labels["exported_container"] = "shop", one.Labels["pod"], one.Labels["container"]
			one.Labels["namespace"], one.Labels["pod"], one.Labels["container"] = "monitoring", "ksm-1", "ksm"
		}
	}
	for name, series := range map[string][]promtest.Series{"before 1.16": old, "without honorLabels": exported} {
		got := recommend(t, read(t, client(t, promtest.Start(promtest.Options{Series: series, Now: now}))))
		if got.Limit != want.Limit || got.Basis.Pods != want.Basis.Pods || len(got.Basis.Used) != 1 {
			t.Errorf("%s: got %+v, want %+v", name, got, want)
		}
	}
}

func TestWithoutKubeStateMetrics(t *testing.T) {
	series := slices.DeleteFunc(shop(wave), func(s promtest.Series) bool { return strings.HasPrefix(s.Labels["__name__"], "kube_") })
	h := read(t, client(t, promtest.Start(promtest.Options{Series: series, Now: now})))
	got := recommend(t, h) // and web-api's pods are not taken for web's
	if got.Basis.Pods != 1 || got.Basis.Used[0] != "web-6d4cf56db6" {
		t.Errorf("got %+v", got.Basis)
	}
	r := h.Records[prometheus.Key{Workload: web, Container: "app"}]
	if r.OwnersKnown || r.KillsKnown || len(h.Notes) != 1 {
		t.Errorf("owners known %v, kills known %v, notes %v", r.OwnersKnown, r.KillsKnown, h.Notes)
	}
}

func TestTwoClusters(t *testing.T) {
	series := shop(wave)
	for _, one := range shop(always(5000 * mi)) {
		one.Labels["cluster"] = "staging"
		series = append(series, one)
	}
	for _, one := range series[:8] {
		one.Labels["cluster"] = "prod"
	}
	s := promtest.Start(promtest.Options{Series: series, Now: now})
	c := client(t, s)
	_, err := c.Read(t.Context(), question())
	var ambiguous prometheus.AmbiguousError
	if !errors.As(err, &ambiguous) || !slices.Contains(ambiguous.Values, "prod") {
		t.Fatalf("got %v", err)
	}
	q := question()
	q.Match = map[string]string{"cluster": "prod"}
	h, err := c.Read(t.Context(), q)
	if err != nil {
		t.Fatal(err)
	}
	if got := recommend(t, h); got.Limit.Recommended > 500*mi {
		t.Errorf("got %+v", got)
	}
}

func TestClockSkew(t *testing.T) {
	s := promtest.Start(promtest.Options{Series: shop(wave), Now: now})
	q := question()
	q.To, q.From = q.To.Add(90*time.Minute), q.From.Add(90*time.Minute)
	h, err := client(t, s).Read(t.Context(), q)
	if err != nil {
		t.Fatal(err)
	}
	if got := recommend(t, h); got.Basis.Interval != "30s" || !got.Basis.To.Equal(now) {
		t.Errorf("got %+v", got.Basis)
	}
	if len(h.Notes) != 1 || !strings.Contains(h.Notes[0], "1h30m0s behind") {
		t.Errorf("notes: %v", h.Notes)
	}
}

func TestNaNAndCounterResets(t *testing.T) {
	series := shop(func(at time.Time) float64 {
		if at.Minute()%10 == 3 {
			return math.NaN()
		}
		return wave(at)
	})
	restarts := func(at time.Time) float64 { // 3 restarts, then a new pod with the same name begins at 0
		switch age := now.Sub(at); {
		case age > 100*time.Hour:
			return 2
		case age > 50*time.Hour:
			return 3
		default:
			return 0
		}
	}
	series[4] = promtest.Series{Labels: labels("kube_pod_container_status_restarts_total", "pod", "web-6d4cf56db6-x2z9q", "container", "app"), Samples: samples(7*24*time.Hour, time.Minute, restarts)}
	got := recommend(t, read(t, client(t, promtest.Start(promtest.Options{Series: series, Now: now}))))
	if got.Basis.Lives != 3 || got.Limit.Recommended > 490*mi || got.Limit.Recommended < 470*mi {
		t.Errorf("got %+v %+v", got.Basis, got.Limit)
	}
}

func TestKills(t *testing.T) {
	series := shop(wave)
	killed, other := now.Add(-40*time.Hour), now.Add(-20*time.Hour)
	series[4].Samples = samples(7*24*time.Hour, time.Minute, func(at time.Time) float64 {
		switch {
		case at.Before(killed):
			return float64(now.Add(-7 * 24 * time.Hour).Unix())
		case at.Before(other):
			return float64(killed.Unix())
		}
		return float64(other.Unix())
	})
	reason := promtest.Series{Labels: labels("kube_pod_container_status_last_terminated_reason", "pod", "web-6d4cf56db6-x2z9q", "container", "app", "reason", "OOMKilled")}
	for at := killed.Add(30 * time.Second); at.Before(other.Add(30 * time.Second)); at = at.Add(30 * time.Second) { // then the reason is another
		reason.Samples = append(reason.Samples, promtest.Sample{At: at.Unix(), Value: 1})
	}
	got := recommend(t, read(t, client(t, promtest.Start(promtest.Options{Series: append(series, reason), Now: now}))))
	if got.Basis.Kills != 1 || got.Basis.Lives != 3 || got.Limit.Quantity != "640Mi" {
		t.Errorf("got %+v, limit %s", got.Basis, got.Limit.Quantity)
	}
}

func TestWarningsAreTold(t *testing.T) {
	var told []string
	s := promtest.Start(promtest.Options{Series: shop(wave), Now: now, Warning: "a store did not answer"})
	read(t, client(t, s, func(o *prometheus.Options) { o.Warn = func(w string) { told = append(told, w) } }))
	if !slices.Equal(told, []string{"a store did not answer"}) {
		t.Errorf("told %q", told)
	}
}

func TestPartOfAHistory(t *testing.T) {
	s := promtest.Start(promtest.Options{Series: shop(wave), Now: now, Fault: func(w http.ResponseWriter, r *http.Request, _ int) bool {
		if strings.Contains(r.FormValue("query"), "[60s]") && int64(atoi(r.FormValue("start"))) < now.Add(-4*24*time.Hour).Unix() {
			promtest.Refuse(w, 500, "internal", "disk on fire")
			return true
		}
		return false
	}})
	h, err := client(t, s).Read(t.Context(), question())
	if err == nil || !strings.Contains(err.Error(), "disk on fire") || h == nil {
		t.Fatalf("got %v, %v", h, err)
	}
	if got := recommend(t, h).Basis; !got.To.Equal(now) || got.Samples < 24*60 || got.Samples > 4*24*60 {
		t.Errorf("got %+v: the newest should have been read", got)
	}
}
