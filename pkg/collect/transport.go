// Package collect reads a live cluster into a snapshot: each resource listed once, paged, trimmed as it arrives; what is denied or
// fails is noted and is no reason to stop. It only reads, and its transport holds it to that.
package collect

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"
)

// ReadOnlyError is what the transport answers to a request that could change something.
type ReadOnlyError struct{ Method, Path string }

func (e ReadOnlyError) Error() string {
	return fmt.Sprintf("refused %s %s: this tool only reads", e.Method, e.Path)
}

// ReadOnly wraps a transport so that it lets through reads and self-access reviews, and nothing else: no other verb, no upgrade, and no
// subresource, because a GET is not harmless by itself (exec, attach, portforward and proxy are GETs too). prefix is the path of the
// server's URL, where it stands behind one ("/k8s/clusters/c-1").
func ReadOnly(next http.RoundTripper, prefix string) http.RoundTripper {
	return readOnly{next, strings.TrimSuffix(prefix, "/")}
}

type readOnly struct {
	next   http.RoundTripper
	prefix string
}

func (t readOnly) RoundTrip(r *http.Request) (*http.Response, error) {
	if !t.allowed(r) {
		if r.Body != nil {
			_ = r.Body.Close()
		}
		return nil, ReadOnlyError{r.Method, r.URL.Path}
	}
	return t.next.RoundTrip(r)
}

// WrappedRoundTripper lets client-go find the transport below.
func (t readOnly) WrappedRoundTripper() http.RoundTripper { return t.next }

func (t readOnly) allowed(r *http.Request) bool {
	if r.Header.Get("Upgrade") != "" || strings.Contains(strings.ToLower(r.Header.Get("Connection")), "upgrade") {
		return false
	}
	path, ok := strings.CutPrefix(r.URL.Path, t.prefix+"/")
	if !ok {
		return false
	}
	segments := strings.Split(strings.TrimSuffix(path, "/"), "/")
	switch r.Method {
	case http.MethodGet:
		return readablePath(segments)
	case http.MethodPost:
		return len(segments) == 4 && segments[0] == "apis" && segments[1] == "authorization.k8s.io" && segments[2] == "v1" &&
			(segments[3] == "selfsubjectaccessreviews" || segments[3] == "selfsubjectrulesreviews")
	}
	return false
}

// readablePath tells whether a path is the version, discovery, a collection or an object: api[/v1] or apis[/group[/version]], then
// optionally namespaces/NAME, then resource[/name], and no subresource.
func readablePath(path []string) bool {
	if slices.Contains(path, "..") || slices.Contains(path, ".") {
		return false
	}
	root := 1 // how many segments name the group and version
	switch path[0] {
	case "version":
		return len(path) == 1
	case "apis":
		root = 2
	case "api":
	default:
		return false
	}
	rest := path[1:]
	if len(rest) <= root {
		return true
	}
	rest = rest[root:]
	if rest[0] == "namespaces" && len(rest) > 2 {
		rest = rest[2:]
	}
	return len(rest) <= 2 && rest[0] != "watch"
}

// Clock remembers the server's own time, from the Date header of its answers (RFC 9110, section 6.6.1; resolution one second), and
// whether it answered at all.
type Clock struct {
	mu   sync.Mutex
	last time.Time
	seen bool
}

// Wrap returns a transport that watches the answers of another.
func (c *Clock) Wrap(next http.RoundTripper) http.RoundTripper { return clocked{c, next} }

// Now is the latest time the server told, and false where it told none.
func (c *Clock) Now() (time.Time, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.last, !c.last.IsZero()
}

// Answered tells whether the server has answered any request.
func (c *Clock) Answered() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.seen
}

type clocked struct {
	clock *Clock
	next  http.RoundTripper
}

func (t clocked) RoundTrip(r *http.Request) (*http.Response, error) {
	resp, err := t.next.RoundTrip(r)
	if err != nil {
		return resp, err
	}
	at, parseErr := http.ParseTime(resp.Header.Get("Date"))
	t.clock.mu.Lock()
	defer t.clock.mu.Unlock()
	t.clock.seen = true
	if parseErr == nil && at.After(t.clock.last) {
		t.clock.last = at
	}
	return resp, nil
}

// WrappedRoundTripper lets client-go find the transport below.
func (t clocked) WrappedRoundTripper() http.RoundTripper { return t.next }
