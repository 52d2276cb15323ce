package collect_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"time"

	"github.com/kubectl-scars/kubectl-scars/pkg/collect"
)

func TestBounded(t *testing.T) {
	var asked atomic.Int32
	refuse := int32(2)
	wait := "0"
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		if asked.Add(1) <= refuse {
			w.Header().Set("Retry-After", wait)
			w.WriteHeader(http.StatusTooManyRequests)
		}
	}))
	defer server.Close()
	ctx, cancel := context.WithCancelCause(t.Context())
	client := http.Client{Transport: collect.Bounded(ctx, http.DefaultTransport)}
	get := func() (*http.Response, error) {
		asked.Store(0)
		res, err := client.Get(server.URL)
		if err == nil {
			_ = res.Body.Close()
		}
		return res, err
	}

	if res, err := get(); err != nil || res.StatusCode != http.StatusOK || asked.Load() != 3 {
		t.Errorf("refused twice: %v %v, asked %d times", res, err, asked.Load())
	}
	refuse = 1000
	if res, err := get(); err != nil || res.StatusCode != http.StatusTooManyRequests || res.Header.Get("Retry-After") != "" || asked.Load() != 10 {
		t.Errorf("refused always: %v %v, asked %d times", res, err, asked.Load())
	}
	wait = "3600"
	time.AfterFunc(50*time.Millisecond, func() { cancel(collect.ErrDeadline) })
	if res, err := get(); !errors.Is(err, collect.ErrDeadline) {
		t.Errorf("told to come back in an hour: %v %v", res, err)
	}
	if res, err := get(); !errors.Is(err, collect.ErrDeadline) || asked.Load() > 0 {
		t.Errorf("after the end: %v %v, asked %d times", res, err, asked.Load())
	}
}
