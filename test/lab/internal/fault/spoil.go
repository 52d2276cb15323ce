package fault

// This file sends what the server answered, and lets it go wrong on its way.

import (
	"bytes"
	"compress/gzip"
	"io"
	"net/http"
	"slices"
	"strconv"
	"time"
)

// spoils tells whether a fault needs the server's answer.
func spoils(kind Kind) bool {
	return slices.Contains([]Kind{Reset, ResetStream, Truncated, TruncatedGzip, Hang, Slow}, kind)
}

// spoil sends an answer that goes wrong on its way. An error means that nothing has been sent.
func (p *Proxy) spoil(w http.ResponseWriter, r *http.Request, code int, body []byte, kind Kind) error {
	compressed := w.Header().Get("Content-Encoding") == "gzip"
	if kind == TruncatedGzip && !compressed {
		kind = None
	}
	if kind == Truncated && compressed {
		reader, err := gzip.NewReader(bytes.NewReader(body))
		if err != nil {
			return err
		}
		if body, err = io.ReadAll(reader); err != nil {
			return err
		}
		w.Header().Del("Content-Encoding")
	}
	half := body[:len(body)/2]
	if spoils(kind) {
		p.play(kind)
	}
	switch kind {
	case Truncated, TruncatedGzip:
		w.Header().Set("Content-Length", strconv.Itoa(len(half)))
		w.WriteHeader(code)
		_, _ = w.Write(half)
	case Reset, ResetStream:
		w.Header().Set("Content-Length", strconv.Itoa(len(body)))
		w.WriteHeader(code)
		_, _ = w.Write(half)
		_ = http.NewResponseController(w).Flush()
		if kind == Reset {
			reset(r)
		}
		panic(http.ErrAbortHandler)
	case Hang:
		w.WriteHeader(code)
		_, _ = w.Write(half)
		_ = http.NewResponseController(w).Flush()
		<-r.Context().Done()
	case Slow:
		w.WriteHeader(code)
		for i := 0; i < len(body); i += max(1, len(body)/8) {
			_, _ = w.Write(body[i:min(len(body), i+max(1, len(body)/8))])
			_ = http.NewResponseController(w).Flush()
			wait(r, 10*time.Millisecond)
		}
	default:
		w.WriteHeader(code)
		_, _ = w.Write(body)
	}
	return nil
}
