package main

// This file answers probes, as the flags say: well, late, wrongly or not at all.

import (
	"fmt"
	"net"
	"net/http"
	"os"
	"sync"
	"time"
)

// health answers probes by the age of the process.
type health struct {
	began                   time.Time
	readyAt, failAt, hangAt time.Duration
	failN, failM            int    // from failAt on the last N of M answers fail
	failWhile               string // a file
	failWith                int    // the HTTP status of a failure
	redirect                string

	mu       sync.Mutex
	answered map[string]int // since failAt, by path
}

// fails tells whether this answer is one of those that fail.
func (h *health) fails(path string, age time.Duration) bool {
	if _, err := os.Stat(h.failWhile); err == nil {
		return true
	}
	if h.failAt == 0 || age < h.failAt {
		return false
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.answered == nil {
		h.answered = map[string]int{}
	}
	n := h.answered[path] % h.failM
	h.answered[path]++
	return n >= h.failM-h.failN
}

func (h *health) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	age := time.Since(h.began)
	switch {
	case h.hangAt > 0 && age >= h.hangAt:
		<-r.Context().Done()
	case h.fails(r.URL.Path, age):
		http.Error(w, "deadlock detected", h.failWith)
	case age < h.readyAt:
		http.Error(w, "starting", http.StatusServiceUnavailable)
	case h.redirect != "":
		http.Redirect(w, r, h.redirect, http.StatusFound)
	default:
		fmt.Fprintln(w, "ok")
	}
}

func listen(address string, h *health) {
	mux := http.NewServeMux()
	for _, p := range []string{"/healthz", "/livez", "/readyz", "/health/db", "/app-health/"} {
		mux.Handle(p, h)
	}
	mux.HandleFunc("/redirect", func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, r.FormValue("loc"), http.StatusFound)
	})
	mux.HandleFunc("/", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprintln(w, "ok") })
	serve(address, &http.Server{Handler: mux}, false)
}

// serve listens, says so, and serves until that fails.
func serve(address string, s *http.Server, withTLS bool) {
	l, err := net.Listen("tcp", address)
	if err == nil {
		up("listens on " + address)
		if withTLS {
			err = s.ServeTLS(l, "", "")
		} else {
			err = s.Serve(l)
		}
	}
	fmt.Fprintln(os.Stderr, err)
	os.Exit(1)
}
