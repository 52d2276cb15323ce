package main

// The stores of metrics of the scripts.

import (
	"flag"
	"math"
	"net/http"
	"strings"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/kubectl-scars/kubectl-scars/pkg/prometheus/promtest"
)

// prometheus [-days N] [-token T] [-user U:P] [-tenant T] [-kill] [-starts] [-what html|login|down]
//
// starts a store with some days of history, until 2026-11-23T18:00:00Z, of container app in a pod of deployment web in namespace shop, limit
// 512Mi, that uses 300Mi ± 100Mi in daily waves; sets $PROMETHEUS to its URL. With -kill it was killed two days before the end. With -starts
// it holds starts and probes instead: eight pods one after the other, ready after 30, 34 … 58 s, whose liveness probe is answered each minute,
// 99 times of 100 within 0.5 s and always within 2.5 s.
func prometheus(ts *testscript.TestScript, _ bool, args []string) {
	flags := flag.NewFlagSet("prometheus", flag.ContinueOnError)
	days := flags.Float64("days", 20, "")
	token, user, tenant := flags.String("token", "", ""), flags.String("user", "", ""), flags.String("tenant", "", "")
	kill, starts, what := flags.Bool("kill", false, ""), flags.Bool("starts", false, ""), flags.String("what", "", "")
	ts.Check(flags.Parse(args))
	o := promtest.Options{Series: shopSeries(*days, *kill), Now: shopNow}
	if *starts {
		o.Series = startSeries(*days)
	}
	o.Fault = func(w http.ResponseWriter, r *http.Request, _ int) bool {
		name, password, _ := r.BasicAuth()
		switch {
		case *token != "" && r.Header.Get("Authorization") != "Bearer "+*token, *user != "" && name+":"+password != *user:
			promtest.Refuse(w, http.StatusUnauthorized, "", "unauthorized")
		case *tenant != "" && r.Header.Get("X-Scope-OrgID") != *tenant:
			promtest.Refuse(w, http.StatusUnauthorized, "", "no org id")
		case *what == "login":
			http.Redirect(w, r, "https://login.example/?rd=x", http.StatusFound)
		case *what == "html":
			w.Header().Set("Content-Type", "text/html")
			_, _ = w.Write([]byte("<!DOCTYPE html>Sign in"))
		default:
			return false
		}
		return true
	}
	s := promtest.Start(o)
	ts.Setenv("PROMETHEUS", s.URL)
	if *what == "down" {
		s.Close()
		return
	}
	ts.Defer(s.Close)
}

var shopNow = time.Date(2026, 11, 23, 18, 0, 0, 0, time.UTC)

func shopSeries(days float64, kill bool) []promtest.Series {
	const mi, pod, rs = 1 << 20, "web-6d4cf56db6-x2z9q", "web-6d4cf56db6"
	begin := shopNow.Add(-time.Duration(days * 24 * float64(time.Hour)))
	killed := shopNow.Add(-48 * time.Hour)
	series := func(name string, step time.Duration, value func(time.Time) float64, pairs ...string) promtest.Series {
		s := promtest.Series{Labels: map[string]string{"__name__": name, "namespace": "shop", "pod": pod, "container": "app"}}
		for i := 0; i < len(pairs); i += 2 {
			s.Labels[pairs[i]] = pairs[i+1]
		}
		for at := begin; !at.After(shopNow); at = at.Add(step) {
			if v := value(at); !math.IsNaN(v) {
				s.Samples = append(s.Samples, promtest.Sample{At: at.Unix(), Value: v})
			}
		}
		return s
	}
	one := func(time.Time) float64 { return 1 }
	return []promtest.Series{
		series("container_memory_working_set_bytes", 30*time.Second, func(at time.Time) float64 {
			return math.Round((300 + 100*math.Sin(float64(at.Unix())/86400*2*math.Pi)) * mi)
		}),
		series("container_start_time_seconds", time.Minute, func(at time.Time) float64 {
			if kill && !at.Before(killed) {
				return float64(killed.Unix())
			}
			return float64(begin.Unix())
		}),
		series("kube_pod_owner", time.Hour, one, "owner_kind", "ReplicaSet", "owner_name", rs),
		series("kube_replicaset_owner", time.Hour, one, "replicaset", rs, "owner_kind", "Deployment", "owner_name", "web"),
		series("kube_pod_container_resource_limits", 5*time.Minute, func(time.Time) float64 { return 512 * mi }, "resource", "memory"),
		series("kube_pod_container_status_last_terminated_reason", time.Minute, func(at time.Time) float64 {
			if kill && at.After(killed) {
				return 1
			}
			return math.NaN()
		}, "reason", "OOMKilled"),
	}
}

func startSeries(days float64) []promtest.Series {
	const rs = "web-6d4cf56db6"
	var out []promtest.Series
	long := time.Duration(days * float64(24*time.Hour) / 8)
	for i := range 8 {
		pod := rs + "-" + strings.Repeat("bcdfghjk"[i:i+1], 5)
		begin := shopNow.Add(-time.Duration(8-i) * long)
		ready := begin.Add(time.Duration(30+4*i) * time.Second)
		add := func(name string, value func(time.Time) float64, pairs ...string) {
			s := promtest.Series{Labels: map[string]string{"__name__": name, "namespace": "shop", "pod": pod}}
			for i := 0; i < len(pairs); i += 2 {
				s.Labels[pairs[i]] = pairs[i+1]
			}
			for at := begin; !at.After(begin.Add(long)); at = at.Add(time.Minute) {
				if v := value(at); v >= 0 {
					s.Samples = append(s.Samples, promtest.Sample{At: at.Unix(), Value: v})
				}
			}
			out = append(out, s)
		}
		one := func(time.Time) float64 { return 1 }
		add("kube_pod_owner", one, "owner_kind", "ReplicaSet", "owner_name", rs)
		add("kube_replicaset_owner", one, "replicaset", rs, "owner_kind", "Deployment", "owner_name", "web")
		add("kube_pod_container_state_started", func(time.Time) float64 { return float64(begin.Unix()) }, "container", "app")
		add("kube_pod_status_container_ready_time", func(at time.Time) float64 {
			if at.Before(ready) {
				return -1
			}
			return float64(ready.Unix())
		})
		for le, share := range map[string]float64{"0.25": 0.5, "0.5": 0.995, "1": 0.999, "2.5": 1, "+Inf": 1} {
			add("prober_probe_duration_seconds_bucket", func(at time.Time) float64 { return math.Floor(share * at.Sub(begin).Minutes()) },
				"container", "app", "probe_type", "Liveness", "le", le)
		}
	}
	return out
}
