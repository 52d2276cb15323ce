package main

import (
	"net"
	"net/http"
	"net/http/httptest"
	"strconv"
	"testing"
	"time"

	"k8s.io/kubernetes/pkg/probe"
	"k8s.io/kubernetes/pkg/probe/grpc"
)

// TestGRPC asks as the kubelet does, with its own code.
func TestGRPC(t *testing.T) {
	s := httptest.NewUnstartedServer(nil)
	s.Config.Protocols = new(http.Protocols)
	s.Config.Protocols.SetUnencryptedHTTP2(true)
	h := &health{began: time.Now().Add(-time.Minute)}
	s.Config.Handler = grpcHealth(h)
	s.Start()
	defer s.Close()
	host, port, err := net.SplitHostPort(s.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	n, err := strconv.Atoi(port)
	if err != nil {
		t.Fatal(err)
	}
	ask := func(want probe.Result) {
		t.Helper()
		got, says, err := grpc.New().Probe(host, "", n, 10*time.Second, grpc.ProbeOptions{})
		if err != nil || got != want {
			t.Errorf("got %s %q %v, want %s", got, says, err, want)
		}
	}
	ask(probe.Success)
	h.readyAt = time.Hour
	ask(probe.Failure)
}

func TestFails(t *testing.T) {
	h := &health{failAt: time.Second, failN: 2, failM: 3}
	var got []bool
	for range 6 {
		got = append(got, h.fails("/livez", 2*time.Second))
	}
	for i, want := range []bool{false, true, true, false, true, true} {
		if got[i] != want || h.fails("/livez", 0) {
			t.Fatalf("got %v", got)
		}
	}
}
