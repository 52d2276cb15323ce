package collect

import (
	"io"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"

	"github.com/kubectl-scars/kubectl-scars/pkg/collect/apitest"
	"github.com/kubectl-scars/kubectl-scars/pkg/snapshot"
)

const allPods = "/api/v1/pods"

func TestPages(t *testing.T) {
	for name, o := range map[string]apitest.Options{
		"protobuf":         {},
		"protobuf, HTTP/2": {TLS: true},
		"JSON":             {JSONOnly: true},
		"behind a prefix":  {TLS: true, Prefix: "/k8s/clusters/c-1"},
	} {
		t.Run(name, func(t *testing.T) {
			o.Objects, o.Page = pods("shop", 7), 3
			server, c, _ := start(t, o)
			s, err := read(t, c, "", snapshot.Pods)
			if err != nil || s.Count(snapshot.Pods) != 7 {
				t.Errorf("read %d pods of 7: %v", s.Count(snapshot.Pods), err)
			}
			wantState(t, s, snapshot.Pods, "", snapshot.OK, "")
			var tokens []string
			for _, r := range server.Requests() {
				q, err := url.ParseQuery(r.Query)
				if err != nil || q.Get("limit") != strconv.Itoa(PageSize) {
					t.Errorf("%s: want limit=%d", r, PageSize)
				}
				tokens = append(tokens, q.Get("continue"))
			}
			if len(tokens) != 3 || tokens[0] != "" || tokens[1] != "3" || tokens[2] != "6" {
				t.Errorf("continue tokens %q", tokens)
			}
		})
	}
}

// A continue token that expires (the server compacts its history after five minutes) does not cost what was read.
func TestExpiredToken(t *testing.T) {
	for name, test := range map[string]struct {
		fault    func(w http.ResponseWriter, r *http.Request, n int) bool
		status   snapshot.Status
		torn     bool
		reason   string
		pods     int
		requests int
	}{
		"goes on with the token of the error": {
			fault: func(w http.ResponseWriter, _ *http.Request, n int) bool {
				if n == 2 {
					apitest.Expired(w, "02") // the same place, of another moment
				}
				return n == 2
			},
			status: snapshot.OK, torn: true, reason: "different moments", pods: 6, requests: 4,
		},
		"starts anew without one": {
			fault: func(w http.ResponseWriter, _ *http.Request, n int) bool {
				if n == 2 {
					apitest.Expired(w, "")
				}
				return n == 2
			},
			status: snapshot.OK, pods: 6, requests: 5,
		},
		"starts anew once only": {
			fault: func(w http.ResponseWriter, r *http.Request, _ int) bool {
				if r.URL.Query().Get("continue") != "" {
					apitest.Expired(w, "")
				}
				return r.URL.Query().Get("continue") != ""
			},
			status: snapshot.Partial, reason: "2 read, then: The provided continue parameter is too old", pods: 2, requests: 4,
		},
		"expires again and again": {
			fault: func(w http.ResponseWriter, r *http.Request, _ int) bool {
				if r.URL.Query().Get("continue") != "" {
					apitest.Expired(w, "2")
				}
				return r.URL.Query().Get("continue") != ""
			},
			status: snapshot.Partial, torn: true, reason: "2 read, then: the server's continue token does not advance", pods: 2, requests: 2,
		},
	} {
		t.Run(name, func(t *testing.T) {
			server, c, _ := start(t, apitest.Options{Objects: pods("shop", 6), Page: 2, Fault: on(allPods, test.fault)})
			s, err := read(t, c, "", snapshot.Pods)
			if err != nil {
				t.Error(err)
			}
			wantState(t, s, snapshot.Pods, "", test.status, test.reason)
			if torn := s.StateOf(snapshot.Pods, "").Torn; torn != test.torn {
				t.Errorf("torn: %t", torn)
			}
			if n, requests := s.Count(snapshot.Pods), count(server, allPods); n != test.pods || requests != test.requests {
				t.Errorf("%d pods in %d requests, want %d in %d", n, requests, test.pods, test.requests)
			}
		})
	}
}

// A listing that is begun anew leaves nothing of its first beginning, and is whole: what was there then may be gone.
func TestBegunAnew(t *testing.T) {
	_, c, _ := start(t, apitest.Options{Objects: pods("shop", 6), Page: 2, Fault: on(allPods, func(w http.ResponseWriter, _ *http.Request, n int) bool {
		switch n {
		case 1:
			w.Header().Set("Content-Type", "application/json")
			_, _ = io.WriteString(w, `{"kind":"PodList","apiVersion":"v1","metadata":{"continue":"x","remainingItemCount":5},"items":[{"metadata":{"namespace":"shop","name":"gone"}}]}`)
		case 2:
			apitest.Expired(w, "")
		}
		return n <= 2
	})})
	var counts []int
	b := snapshot.NewBuilder()
	err := c.Listings(t.Context(), Plan{
		Kinds: infos(t, snapshot.Pods), Progress: func(_ snapshot.Kind, read, _ int) { counts = append(counts, read) },
	}, b)
	s := b.Build(time.Unix(0, 0))
	if err != nil || s.Count(snapshot.Pods) != 6 || b.Holds(snapshot.Pods, "shop", "gone") {
		t.Errorf("%d pods of 6: %v", s.Count(snapshot.Pods), err)
	}
	if st := s.StateOf(snapshot.Pods, ""); st != fresh {
		t.Errorf("state %+v", st)
	}
	if want := []int{1, 0, 2, 4, 6, 6}; !slices.Equal(counts, want) {
		t.Errorf("progress %v, want %v", counts, want)
	}
}

func TestTokenThatDoesNotAdvance(t *testing.T) {
	server, c, _ := start(t, apitest.Options{Objects: pods("shop", 6), Fault: on(allPods, func(w http.ResponseWriter, _ *http.Request, n int) bool {
		w.Header().Set("Content-Type", "application/json")
		_, err := io.WriteString(w, `{"kind":"PodList","apiVersion":"v1","metadata":{"continue":"again"},"items":[{"metadata":{"name":"web-`+strconv.Itoa(n)+`"}}]}`)
		return err == nil
	})})
	s, err := read(t, c, "", snapshot.Pods)
	if err != nil {
		t.Error(err)
	}
	wantState(t, s, snapshot.Pods, "", snapshot.Partial, "2 read, then: the server's continue token does not advance")
	if n := count(server, allPods); n != 2 {
		t.Errorf("%d requests", n)
	}
}

// Trouble that passes is waited for, and leaves no trace.
func TestTransient(t *testing.T) {
	for name, test := range map[string]struct {
		fault  func(w http.ResponseWriter, n int)
		pauses []time.Duration
	}{
		"429 with Retry-After": {
			func(w http.ResponseWriter, _ int) { told(w, http.StatusTooManyRequests, "7") },
			[]time.Duration{7 * time.Second, 7 * time.Second},
		},
		"429 without": {
			func(w http.ResponseWriter, _ int) { http.Error(w, "Too many requests", http.StatusTooManyRequests) },
			[]time.Duration{200 * time.Millisecond, 800 * time.Millisecond},
		},
		"503 with Retry-After": {
			func(w http.ResponseWriter, _ int) { told(w, http.StatusServiceUnavailable, "1") },
			[]time.Duration{time.Second, time.Second},
		},
		"a time-out that names no time": {
			func(w http.ResponseWriter, _ int) {
				apitest.Fail(w, http.StatusGatewayTimeout, metav1.StatusReasonServerTimeout)
			},
			[]time.Duration{200 * time.Millisecond, 800 * time.Millisecond},
		},
		"500": {
			func(w http.ResponseWriter, _ int) { apitest.Fail(w, http.StatusInternalServerError, "InternalError") },
			[]time.Duration{200 * time.Millisecond, 800 * time.Millisecond},
		},
		"gateway": {
			func(w http.ResponseWriter, _ int) {
				http.Error(w, "<html>502 Bad Gateway</html>", http.StatusBadGateway)
			},
			[]time.Duration{200 * time.Millisecond, 800 * time.Millisecond},
		},
		"connection reset": {
			func(w http.ResponseWriter, _ int) { apitest.Reset(w) },
			[]time.Duration{200 * time.Millisecond, 800 * time.Millisecond},
		},
		"connection reset in the body": {
			func(w http.ResponseWriter, _ int) {
				w.Header().Set("Content-Type", "application/json")
				w.Header().Set("Content-Length", "1000")
				_, _ = io.WriteString(w, `{"kind":"PodList","apiVersion":"v1","items":[`)
				_ = http.NewResponseController(w).Flush()
				apitest.Reset(w)
			},
			[]time.Duration{200 * time.Millisecond, 800 * time.Millisecond},
		},
		"connection reset in the body, after a whole object": {
			func(w http.ResponseWriter, _ int) {
				w.Header().Set("Content-Type", runtime.ContentTypeProtobuf)
				w.Header().Set("Content-Length", "1000")
				gone := []corev1.Pod{{ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: "gone"}}, {ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: "gone, too"}}}
				body := inProtobuf(t, &corev1.PodList{TypeMeta: metav1.TypeMeta{APIVersion: "v1", Kind: "PodList"}, Items: gone})
				_, _ = w.Write(body[:len(body)-10])
				_ = http.NewResponseController(w).Flush()
				apitest.Reset(w)
			},
			[]time.Duration{200 * time.Millisecond, 800 * time.Millisecond},
		},
	} {
		t.Run(name, func(t *testing.T) {
			// The second page fails twice.
			_, c, pauses := start(t, apitest.Options{Objects: pods("shop", 6), Page: 4, Fault: on(allPods, func(w http.ResponseWriter, _ *http.Request, n int) bool {
				if n == 2 || n == 3 {
					test.fault(w, n)
				}
				return n == 2 || n == 3
			})})
			s, err := read(t, c, "", snapshot.Pods)
			if err != nil || s.Count(snapshot.Pods) != 6 {
				t.Errorf("read %d pods of 6: %v", s.Count(snapshot.Pods), err)
			}
			wantState(t, s, snapshot.Pods, "", snapshot.OK, "")
			// net/http itself asks again at once where a connection that it used before is reset.
			if n := len(*pauses); n != 2 && !(n == 1 && name == "connection reset") || !slices.Equal(*pauses, test.pauses[:n]) {
				t.Errorf("waited %v, want %v", *pauses, test.pauses)
			}
		})
	}
}

func told(w http.ResponseWriter, code int, after string) {
	w.Header().Set("Retry-After", after)
	http.Error(w, "come back later", code)
}

// A delay that the server asks for and that would outlast the request's time is not waited for.
func TestWait(t *testing.T) {
	server, c, _ := start(t, apitest.Options{Objects: pods("shop", 1), Fault: on(allPods, func(w http.ResponseWriter, _ *http.Request, _ int) bool {
		told(w, http.StatusTooManyRequests, "86400")
		return true
	})})
	c.wait, c.timeout = Wait, time.Hour
	s, err := read(t, c, "", snapshot.Pods, snapshot.Nodes)
	if err != nil {
		t.Error(err)
	}
	wantState(t, s, snapshot.Pods, "", snapshot.Failed, "too many requests")
	if n := count(server, allPods); n != 1 {
		t.Errorf("%d requests", n)
	}
}
