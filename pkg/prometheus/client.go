// Package prometheus reads weeks of history from whatever speaks Prometheus' HTTP API: Prometheus, Thanos, Mimir, VictoriaMetrics and the
// managed ones. It asks by GET alone, in slices bounded in points, decodes while it reads, takes smaller slices where the server refuses,
// and asks again after an error.
//
// client_golang's API client is not used: it holds each answer whole and decodes it at the end, asks by POST, which the API server's
// service proxy would need more rights for, and does not tell Retry-After.
package prometheus

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"time"
)

const (
	tries       = 6 // of one question
	firstTries  = 2 // where the server has not answered at all: it is more likely not there
	firstWait   = 500 * time.Millisecond
	longestWait = 30 * time.Second
	errorBody   = 64 << 10 // of an answer that is an error, that much is read
)

// Client speaks to one server. It is safe for concurrent use.
type Client struct {
	base   *url.URL
	http   *http.Client
	o      Options
	mu     sync.Mutex
	warned map[string]bool
	clock  time.Time // the server's, of its last answer
	heard  bool      // the server has answered
}

// Options are what a client needs of the world.
type Options struct {
	Timeout time.Duration                                    // of one request; 0: none
	Wait    func(ctx context.Context, d time.Duration) error // before asking again
	Now     func() time.Time                                 // for a Retry-After that is a date

	// Denied is said where the store wants to know who asks, or lets this one not in: what to do about it. It is not where an API server
	// before it refuses.
	Denied func(status int) string

	// SeriesOnly: the server lists no values of labels; series tell them. Google's lists only the names of metrics.
	SeriesOnly bool

	// Warn is told what the server warns of, each warning once; may be nil.
	Warn func(string)
}

// New makes a client of the server at base, below which /api/v1 lies. Redirects are not followed: an API does not redirect, a login page
// does, and credentials must not wander.
func New(base *url.URL, client *http.Client, o Options) *Client {
	own := *client
	own.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return &Client{base: base, http: &own, o: o, warned: map[string]bool{}}
}

// Now is the server's own clock, and false where it has told none.
func (c *Client) Now() (time.Time, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.clock, !c.clock.IsZero()
}

// Host is where the client asks, without credentials, for messages.
func (c *Client) Host() string { return c.base.Redacted() }

// get asks for one endpoint and hands the answer to decode. It asks again where that may help; decode must bear to be called again.
func (c *Client) get(ctx context.Context, endpoint string, query url.Values, decode func(io.Reader) ([]string, error)) error {
	pause := firstWait
	for try := 1; ; try++ {
		err := c.once(ctx, endpoint, query, decode)
		var refused *Error
		switch {
		case err == nil:
			return nil
		case ctx.Err() != nil:
			return fmt.Errorf("%s: %w", c.Host(), context.Cause(ctx))
		case try == tries, try == firstTries && !c.answered(), errors.As(err, &refused) && !refused.again(), TooBig(err):
			return err
		}
		delay := pause
		if refused != nil && refused.RetryAfter > 0 {
			delay = min(refused.RetryAfter, longestWait)
		}
		if err := c.o.Wait(ctx, delay); err != nil {
			return err
		}
		pause *= 2
	}
}

func (c *Client) once(parent context.Context, endpoint string, query url.Values, decode func(io.Reader) ([]string, error)) error {
	ctx := parent
	if c.o.Timeout > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(parent, c.o.Timeout)
		defer cancel()
	}
	u := c.base.JoinPath("api/v1", endpoint)
	u.RawQuery = query.Encode()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, u.String(), http.NoBody)
	if err != nil {
		return fmt.Errorf("ask %s: %w", c.Host(), err)
	}
	request.Header.Set("Accept", "application/json")
	response, err := c.http.Do(request)
	if err != nil {
		return c.broken(parent, ctx, err)
	}
	defer func() {
		_, _ = io.CopyN(io.Discard, response.Body, errorBody) // so that the connection is used again
		_ = response.Body.Close()
	}()
	c.hear(response.Header)
	if kind := response.Header.Get("Content-Type"); response.StatusCode != http.StatusOK || !strings.Contains(kind, "json") {
		return c.refusal(response)
	}
	warnings, err := decode(response.Body)
	c.warn(warnings)
	var refused *Error
	if err != nil && !errors.As(err, &refused) && !errors.Is(err, errTooMuch) {
		return c.broken(parent, ctx, err)
	}
	return err
}

// broken words an error of the connection; one that came of the time-out of this request is a sign that the slice is too big.
func (c *Client) broken(parent, ctx context.Context, err error) error {
	if parent.Err() == nil && ctx.Err() != nil {
		return fmt.Errorf("%s: %w within %s", c.Host(), errSlow, c.o.Timeout)
	}
	if via, ok := errors.AsType[*url.Error](err); ok { // its text repeats the whole query
		err = via.Err
	}
	return fmt.Errorf("%s: %w", c.Host(), err)
}

func (c *Client) hear(h http.Header) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.heard = true
	if at, err := http.ParseTime(h.Get("Date")); err == nil {
		c.clock = at.UTC()
	}
}

func (c *Client) answered() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.heard
}

func (c *Client) warn(warnings []string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, w := range warnings {
		if !c.warned[w] && c.o.Warn != nil {
			c.o.Warn(w)
		}
		c.warned[w] = true
	}
}

// retryAfter reads the header of that name: seconds or a date (RFC 9110, section 10.2.3).
func (c *Client) retryAfter(h http.Header) time.Duration {
	value := h.Get("Retry-After")
	if seconds, err := strconv.Atoi(value); err == nil {
		return time.Duration(seconds) * time.Second
	}
	if at, err := http.ParseTime(value); err == nil && c.o.Now != nil {
		return at.Sub(c.o.Now())
	}
	return 0
}

// Probe tells whether a store of metrics answers at all: nil where it says which version it is.
func (c *Client) Probe(ctx context.Context) error {
	return c.once(ctx, "status/buildinfo", nil, func(r io.Reader) ([]string, error) {
		var answer struct{ Status string }
		if err := json.NewDecoder(r).Decode(&answer); err != nil {
			return nil, err
		}
		if answer.Status != "success" {
			return nil, &Error{Host: c.Host(), Status: http.StatusOK, Message: "not a store of metrics"}
		}
		return nil, nil
	})
}
