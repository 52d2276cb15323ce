package fault

// This file holds what is answered in the server's place.

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
)

// again is what is added to a continue token that has expired, to make it another. The server's tokens are base64 and have none.
const again = "~"

// instead answers in the server's place, and tells whether it did.
func (p *Proxy) instead(w http.ResponseWriter, r *http.Request, kind Kind) bool {
	query := r.URL.Query()
	token := query.Get("continue")
	if query.Has("continue") {
		query.Set("continue", strings.TrimRight(token, again))
		r.URL.RawQuery = query.Encode()
	}
	switch kind {
	case Latency:
		p.play(kind)
		wait(r, 50*time.Millisecond)
		return false
	case Throttled:
		w.Header().Set("Retry-After", "1")
		fail(w, http.StatusTooManyRequests, metav1.StatusReasonTooManyRequests, "too many requests, please try again later")
	case Internal:
		fail(w, http.StatusInternalServerError, metav1.StatusReasonInternalError, "an error on the server")
	case Unavailable:
		fail(w, http.StatusServiceUnavailable, metav1.StatusReasonServiceUnavailable, "the server is currently unable to handle the request")
	case Forbidden:
		fail(w, http.StatusForbidden, metav1.StatusReasonForbidden, "forbidden")
	case NotFound:
		fail(w, http.StatusNotFound, metav1.StatusReasonNotFound, "not found")
	case WrongType:
		w.Header().Set("Content-Type", "text/html")
		fmt.Fprint(w, "<html>Please log in</html>")
	case TLS: // played when the handshake of who comes next has failed
		p.conns.breakNext()
		panic(http.ErrAbortHandler)
	case Expired, ExpiredForce:
		if token == "" {
			return false
		}
		st := status(http.StatusGone, metav1.StatusReasonExpired, "The provided continue parameter is too old")
		if kind == Expired {
			st.Continue = token + again // as the server's, another token for the rest; the next request is passed on without what was added
		}
		writeJSON(w, st)
	case Endless, EndlessCircle:
		if !query.Has("limit") {
			return false // no list
		}
		n, _ := strconv.Atoi(token)
		list := metav1.PartialObjectMetadataList{TypeMeta: metav1.TypeMeta{APIVersion: "v1", Kind: "List"}, Items: []metav1.PartialObjectMetadata{}}
		list.Continue = strconv.Itoa(n + 1)
		if kind == EndlessCircle {
			list.Continue = strconv.Itoa((n + 1) % 3)
		}
		writeJSON(w, list)
	case EndlessSame, EndlessFull:
		if !query.Has("limit") {
			return false
		}
		n, _ := strconv.Atoi(token)
		if err := p.firstAgain(w, r, n, kind == EndlessFull); err != nil {
			fail(w, http.StatusBadGateway, "BadGateway", err.Error())
			return true
		}
	case EndlessBody:
		p.play(kind)
		endless(w, r)
		return true
	default:
		return false
	}
	p.play(kind)
	return true
}

// firstAgain answers with the first page of a list, as the nth, and with more to come: the same objects, or ones that differ in their names.
func (p *Proxy) firstAgain(w http.ResponseWriter, r *http.Request, n int, differ bool) error {
	query := r.URL.Query()
	query.Del("continue")
	r.URL.RawQuery = query.Encode()
	r.Header.Del("Accept-Encoding")
	body, resp, err := p.whole(r) //nolint:bodyclose // whole has read it all and closed it
	if err != nil {
		return err
	}
	if resp.StatusCode == http.StatusOK {
		body, err = rewritten(body, func(o runtime.Object) error {
			list, err := meta.ListAccessor(o)
			if err != nil {
				return err
			}
			list.SetContinue(strconv.Itoa(n + 1))
			if !differ || n == 0 {
				return nil
			}
			return meta.EachListItem(o, func(item runtime.Object) error {
				object, err := meta.Accessor(item)
				if err == nil {
					object.SetName(fmt.Sprintf("%s-%d", object.GetName(), n))
					object.SetUID(object.GetUID() + "-")
				}
				return err
			})
		})
		if err != nil {
			return err
		}
	}
	w.Header().Set("Content-Type", resp.Header.Get("Content-Type"))
	w.WriteHeader(resp.StatusCode)
	_, _ = w.Write(body)
	return nil
}

// endless sends an answer until whoever asked has had enough.
func endless(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", runtime.ContentTypeProtobuf)
	// In an envelope, so that it is seen by nothing but its length: the bytes of a Status, which has 2 TiB of them.
	_, err := io.WriteString(w, "k8s\x00\n\x0c\n\x02v1\x12\x06Status\x12\x80\x80\x80\x80\x80\x40")
	for block := make([]byte, 1<<20); err == nil && r.Context().Err() == nil; {
		_, err = w.Write(block)
	}
}

func wait(r *http.Request, d time.Duration) {
	select {
	case <-r.Context().Done():
	case <-time.After(d):
	}
}

func status(code int32, reason metav1.StatusReason, message string) metav1.Status {
	return metav1.Status{TypeMeta: metav1.TypeMeta{APIVersion: "v1", Kind: "Status"}, Status: metav1.StatusFailure, Code: code, Reason: reason, Message: message}
}

func fail(w http.ResponseWriter, code int32, reason metav1.StatusReason, message string) {
	writeJSON(w, status(code, reason, message))
}

func writeJSON(w http.ResponseWriter, v any) {
	data, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	w.Header().Set("Content-Type", runtime.ContentTypeJSON)
	if st, ok := v.(metav1.Status); ok {
		w.WriteHeader(int(st.Code))
	}
	_, _ = w.Write(data)
}
