package main

// This file serves with a capacity that is not CPU: a semaphore and a sleep, as a pool of connections to a slow dependency is.

import (
	"fmt"
	"net/http"
	"os"
	"time"
)

// serveSlots works on at most so many requests at a time. Who has waited until its client is gone is not worked on any more. /livez is a
// handler of its own, which waits for nothing.
func serveSlots(address string, slots int, work time.Duration) {
	free := make(chan struct{}, slots)
	mux := http.NewServeMux()
	mux.HandleFunc("/livez", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprintln(w, "ok") })
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		select {
		case free <- struct{}{}:
		case <-r.Context().Done():
			return
		}
		defer func() { <-free }()
		time.Sleep(work)
		fmt.Fprintln(w, "ok")
	})
	fmt.Fprintln(os.Stderr, http.ListenAndServe(address, mux))
	os.Exit(1)
}
