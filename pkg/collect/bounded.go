package collect

// Requests of libraries that take no context.

import (
	"context"
	"io"
	"net/http"
	"strconv"
	"time"
)

// Bounded wraps a transport so that its requests end with a context, whatever their own says, and waits by itself where a server says when to
// come back: client-go would do so in the request's own context (kubernetes v1.37.2 client-go/rest/with_retry.go), and go on after its caller
// is gone. It is for reads: a request is sent again as it is.
func Bounded(ctx context.Context, next http.RoundTripper) http.RoundTripper {
	return bounded{ctx, next}
}

type bounded struct {
	ctx  context.Context //nolint:containedctx // who asks has none to give
	next http.RoundTripper
}

func (t bounded) RoundTrip(r *http.Request) (*http.Response, error) {
	if t.ctx.Err() != nil {
		if r.Body != nil {
			_ = r.Body.Close()
		}
		return nil, context.Cause(t.ctx)
	}
	ctx, cancel := context.WithCancelCause(r.Context())
	context.AfterFunc(t.ctx, func() { cancel(context.Cause(t.ctx)) }) // and not when this returns: the body is still to be read
	for try := 1; ; try++ {
		res, err := t.next.RoundTrip(r.WithContext(ctx))
		if err != nil {
			return nil, err
		}
		pause, told := comeBack(res)
		if !told {
			return res, nil
		}
		if try == toldAttempts {
			res.Header.Del("Retry-After") // it has been heeded
			return res, nil
		}
		_, _ = io.Copy(io.Discard, io.LimitReader(res.Body, 1<<16)) // so that the connection can be used again
		_ = res.Body.Close()
		select {
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		case <-time.After(pause):
		}
	}
}

// WrappedRoundTripper lets client-go find the transport below.
func (t bounded) WrappedRoundTripper() http.RoundTripper { return t.next }

// comeBack is when a server that does not answer now says to come back, where it says that.
func comeBack(r *http.Response) (time.Duration, bool) {
	seconds, err := strconv.Atoi(r.Header.Get("Retry-After"))
	refused := r.StatusCode == http.StatusTooManyRequests || r.StatusCode >= http.StatusInternalServerError
	return time.Duration(seconds) * time.Second, err == nil && refused
}
