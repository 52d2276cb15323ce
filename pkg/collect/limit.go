package collect

// An answer that does not end must not go on for ever, nor take all the memory there is.

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
)

// MaxAnswer is how many bytes one answer may have, uncompressed. Etcd takes objects of 1.5 MiB, and a page has some MB, ten at most, where
// objects are of the usual size.
const MaxAnswer = 256 << 20

var errTooLong = errors.New("an answer is too long")

// limited ends bodies at a number of bytes, with an error.
type limited struct {
	next http.RoundTripper
	most int64
}

func (t limited) RoundTrip(r *http.Request) (*http.Response, error) {
	resp, err := t.next.RoundTrip(r)
	if err == nil {
		resp.Body = &limitedBody{resp.Body, t.most, t.most}
		if note, ok := r.Context().Value(noteKey{}).(*string); ok {
			*note = resp.Header.Get("Content-Type")
		}
	}
	return resp, err
}

type noteKey struct{}

// noting lets the transport note the content type of what comes, which client-go does not tell who reads the body by himself.
func noting(ctx context.Context, contentType *string) context.Context {
	return context.WithValue(ctx, noteKey{}, contentType)
}

// WrappedRoundTripper lets client-go find the transport below.
func (t limited) WrappedRoundTripper() http.RoundTripper { return t.next }

type limitedBody struct {
	io.ReadCloser
	left, most int64
}

func (b *limitedBody) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	if b.left -= int64(n); b.left < 0 {
		return 0, fmt.Errorf("%w: more than %d MiB", errTooLong, b.most>>20)
	}
	return n, err
}
