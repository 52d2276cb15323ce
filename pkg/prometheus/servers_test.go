package prometheus_test

// What servers do wrong: slow answers, refusals, login pages, none at all.

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/kubectl-scars/kubectl-scars/pkg/prometheus"
	"github.com/kubectl-scars/kubectl-scars/pkg/prometheus/promtest"
)

func atoi(s string) (n int) {
	_, _ = fmt.Sscan(s, &n)
	return n
}

// broken sends half an answer.
func broken(w http.ResponseWriter) bool {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Content-Length", "1000")
	_, _ = w.Write([]byte(`{"status":"success","data":{"resultType":"matrix","result":[{"metric":{"pod":"web-6d4cf56db6-x2z9q","container":"app"},"values":[[1,"2"]]}`))
	return true
}

func TestSlowAnswersMakeSmallerQuestions(t *testing.T) {
	s := promtest.Start(promtest.Options{Series: shop(wave), Now: now, Fault: func(_ http.ResponseWriter, r *http.Request, _ int) bool {
		if strings.HasSuffix(r.URL.Path, "query_range") && atoi(r.FormValue("end"))-atoi(r.FormValue("start")) > 40*3600 && strings.Contains(r.FormValue("query"), "[60s]") {
			<-r.Context().Done()
			return true
		}
		return false
	}})
	got := recommend(t, read(t, client(t, s, func(o *prometheus.Options) { o.Timeout = 500 * time.Millisecond })))
	if got.Basis.Samples < 7*24*60-9 {
		t.Errorf("%d intervals", got.Basis.Samples)
	}
}

func TestRetryAfterIsKept(t *testing.T) {
	var mu sync.Mutex
	var waits []time.Duration
	s := promtest.Start(promtest.Options{Series: shop(wave), Now: now, Fault: func(w http.ResponseWriter, _ *http.Request, n int) bool {
		switch n {
		case 1:
			w.Header().Set("Retry-After", "7")
		case 2:
			w.Header().Set("Retry-After", now.Add(9*time.Second).Format(http.TimeFormat))
		case 3:
		default:
			return false
		}
		promtest.Refuse(w, 429, "", "")
		return true
	}})
	read(t, client(t, s, func(o *prometheus.Options) {
		o.Wait = func(_ context.Context, d time.Duration) error {
			mu.Lock()
			defer mu.Unlock()
			waits = append(waits, d)
			return nil
		}
	}))
	if want := []time.Duration{7 * time.Second, 9 * time.Second, 2 * time.Second}; !slices.Equal(waits, want) {
		t.Errorf("waited %v, want %v", waits, want)
	}
}

// signIn is a login page in place of an answer.
func signIn(status int) func(http.ResponseWriter, *http.Request, int) bool {
	return func(w http.ResponseWriter, _ *http.Request, _ int) bool {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		w.WriteHeader(status)
		_, _ = w.Write([]byte("<!DOCTYPE html><title>Sign in</title>"))
		return true
	}
}

func TestServersThatAreNone(t *testing.T) {
	for want, fault := range map[string]func(http.ResponseWriter, *http.Request, int) bool{
		"answers 200: a web page, not data: a login page": signIn(200),
		"answers 401: Unauthorized, as a web page":        signIn(401),
		"(a token, user or tenant is wanted)":             signIn(403),
		"is there a path before /api/v1": func(w http.ResponseWriter, r *http.Request, _ int) bool {
			http.NotFound(w, r)
			return true
		},
		"it redirects to login.example, as a login page does": func(w http.ResponseWriter, r *http.Request, _ int) bool {
			http.Redirect(w, r, "https://login.example/?rd=x", http.StatusFound)
			return true
		},
		"the server answers 200: no": func(w http.ResponseWriter, _ *http.Request, _ int) bool {
			promtest.Refuse(w, 200, "execution", "no")
			return true
		},
		"parse error": func(w http.ResponseWriter, _ *http.Request, _ int) bool {
			promtest.Refuse(w, 400, "bad_data", "1:5: parse error: unexpected")
			return true
		},
	} {
		s := promtest.Start(promtest.Options{Fault: fault})
		_, err := client(t, s).Read(t.Context(), question())
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %s", err, want)
		}
		if n := len(s.Requests()); n > 1 {
			t.Errorf("%s: asked %d times", want, n)
		}
	}
	s := promtest.Start(promtest.Options{})
	c := client(t, s)
	s.Close()
	if _, err := c.Read(t.Context(), question()); err == nil || strings.Contains(err.Error(), "match") {
		t.Errorf("unreachable: %v", err)
	}
}

func TestAServerThatIsNotThereIsNotWaitedFor(t *testing.T) {
	s := promtest.Start(promtest.Options{})
	waits := 0
	c := client(t, s, func(o *prometheus.Options) {
		o.Wait = func(context.Context, time.Duration) error { waits++; return nil }
	})
	s.Close()
	if _, err := c.Read(t.Context(), question()); err == nil || waits > 1 {
		t.Errorf("%v after %d waits", err, waits)
	}
}

// TestSeriesTellLabels is a server that lists no values of labels, as Google's does.
func TestSeriesTellLabels(t *testing.T) {
	s := promtest.Start(promtest.Options{Series: shop(wave), Now: now, Fault: func(w http.ResponseWriter, r *http.Request, _ int) bool {
		if strings.Contains(r.URL.Path, "/label/") {
			promtest.Refuse(w, 400, "bad_data", "label values are not supported")
			return true
		}
		return false
	}})
	want := recommend(t, read(t, client(t, promtest.Start(promtest.Options{Series: shop(wave), Now: now}))))
	if got := recommend(t, read(t, client(t, s, func(o *prometheus.Options) { o.SeriesOnly = true }))); got.Limit != want.Limit || got.Basis.Samples != want.Basis.Samples {
		t.Errorf("got %+v, want %+v", got, want)
	}
}

// TestDeniedSaysWhatToDo is told to the one who asked, with the server's own words.
func TestDeniedSaysWhatToDo(t *testing.T) {
	for _, status := range []int{401, 403} {
		s := promtest.Start(promtest.Options{Fault: func(w http.ResponseWriter, _ *http.Request, _ int) bool {
			promtest.Refuse(w, status, "", "no entry")
			return true
		}})
		_, err := client(t, s, func(o *prometheus.Options) {
			o.Denied = func(status int) string { return "after " + strconv.Itoa(status) + ": log in" }
		}).Read(t.Context(), question())
		if want := "no entry (after " + strconv.Itoa(status) + ": log in)"; err == nil || !strings.HasSuffix(err.Error(), want) {
			t.Errorf("got %v, want %s", err, want)
		}
	}
}

// TestTheAPIServerDenies what it was to hand on: what a store wants does not help.
func TestTheAPIServerDenies(t *testing.T) {
	const own = `services "http:prometheus:80" is forbidden`
	s := promtest.Start(promtest.Options{Fault: func(w http.ResponseWriter, _ *http.Request, _ int) bool {
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(http.StatusForbidden)
		_ = json.NewEncoder(w).Encode(map[string]string{"kind": "Status", "apiVersion": "v1", "status": "Failure", "message": own})
		return true
	}})
	_, err := client(t, s, func(o *prometheus.Options) { o.Denied = func(int) string { return "log in" } }).Read(t.Context(), question())
	if err == nil || !strings.HasSuffix(err.Error(), "answers 403: "+own) {
		t.Errorf("got %v", err)
	}
}
