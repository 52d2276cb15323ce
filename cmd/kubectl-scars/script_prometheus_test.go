package main

// The stores of metrics of the scripts.

import (
	"flag"
	"math"
	"net/http"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/kubectl-scars/kubectl-scars/pkg/prometheus/promtest"
)

// prometheus [-days N] [-token T] [-user U:P] [-tenant T] [-kill] [-what html|down]
//
// starts a store with some days of history, until 2026-11-23T18:00:00Z, of container app in a pod of deployment web in namespace shop, limit
// 512Mi, that uses 300Mi ± 100Mi in daily waves; sets $PROMETHEUS to its URL. With -kill it was killed two days before the end.
func prometheus(ts *testscript.TestScript, _ bool, args []string) {
	flags := flag.NewFlagSet("prometheus", flag.ContinueOnError)
	days := flags.Float64("days", 20, "")
	token, user, tenant := flags.String("token", "", ""), flags.String("user", "", ""), flags.String("tenant", "", "")
	kill, what := flags.Bool("kill", false, ""), flags.String("what", "", "")
	ts.Check(flags.Parse(args))
	o := promtest.Options{Series: shopSeries(*days, *kill), Now: shopNow}
	o.Fault = func(w http.ResponseWriter, r *http.Request, _ int) bool {
		name, password, _ := r.BasicAuth()
		switch {
		case *token != "" && r.Header.Get("Authorization") != "Bearer "+*token, *user != "" && name+":"+password != *user:
			promtest.Refuse(w, http.StatusUnauthorized, "", "unauthorized")
		case *tenant != "" && r.Header.Get("X-Scope-OrgID") != *tenant:
			promtest.Refuse(w, http.StatusUnauthorized, "", "no org id")
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
