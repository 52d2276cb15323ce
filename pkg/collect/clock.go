package collect

// This file learns the server's time, so that no age depends on the clock of whoever looks.

import (
	"net/http"
	"sync"
	"time"
)

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
