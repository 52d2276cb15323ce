package prometheus

// What a server answers when it does not answer: in words for the user, and whether a smaller question or another try may help.

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"
)

var (
	errSlow    = errors.New("no answer")
	errTooMuch = errors.New("more points than were asked for")
)

// Error is an answer that is none.
type Error struct {
	Host       string
	Status     int
	Type       string // Prometheus' errorType: bad_data, execution, timeout …
	Message    string
	RetryAfter time.Duration
}

func (e *Error) Error() string {
	text := e.Message
	if text == "" {
		text = http.StatusText(e.Status)
	}
	return fmt.Sprintf("%s answers %d: %s", e.Host, e.Status, text)
}

// again tells whether the same question may be answered later: not when the server has understood and refused it.
func (e *Error) again() bool {
	switch e.Status {
	case http.StatusTooManyRequests, http.StatusBadGateway, http.StatusInternalServerError:
		return true
	}
	return false
}

// TooBig tells whether a question for less may be answered: servers refuse by 400 (too many points), 422 (too many samples, series or
// too long a time), 503 and 504 (too slow), and by not answering in time. A mistake in the query is none of these.
func TooBig(err error) bool {
	var refused *Error
	if !errors.As(err, &refused) {
		return errors.Is(err, errSlow) || errors.Is(err, errTooMuch)
	}
	switch refused.Status {
	case http.StatusBadRequest:
		return !strings.Contains(refused.Message, "parse error") && !strings.Contains(refused.Message, "invalid parameter")
	case http.StatusUnprocessableEntity, http.StatusServiceUnavailable, http.StatusGatewayTimeout, http.StatusRequestEntityTooLarge:
		return true
	}
	return false
}

// refusal words an answer that is not 200 with JSON.
func (c *Client) refusal(r *http.Response) error {
	body, _ := io.ReadAll(io.LimitReader(r.Body, errorBody))
	e := &Error{Host: c.Host(), Status: r.StatusCode, RetryAfter: c.retryAfter(r.Header)}
	var wire struct{ ErrorType, Error, Message, Kind string }
	if json.Unmarshal(body, &wire) == nil {
		e.Type, e.Message = wire.ErrorType, wire.Error
		if e.Message == "" {
			e.Message = wire.Message // the API server's own words, through its proxy
		}
	}
	web := strings.Contains(r.Header.Get("Content-Type"), "html") || strings.HasPrefix(strings.TrimSpace(strings.ToLower(string(body))), "<!doctype html")
	switch {
	case r.StatusCode >= 300 && r.StatusCode < 400:
		e.Message = "it redirects elsewhere, as a login page does"
		if to, err := r.Location(); err == nil {
			e.Message = fmt.Sprintf("it redirects to %s, as a login page does", to.Host)
		}
	case r.StatusCode == http.StatusOK && web:
		e.Message = "a web page, not data: a login page, or the wrong path"
	case r.StatusCode == http.StatusOK:
		e.Message = fmt.Sprintf("not JSON but %q", r.Header.Get("Content-Type"))
	case e.Message != "":
	case web:
		e.Message = http.StatusText(r.StatusCode) + ", as a web page: a login page or a proxy in between?"
	default:
		e.Message = clip(strings.Join(strings.Fields(string(body)), " "))
	}
	switch r.StatusCode {
	case http.StatusUnauthorized, http.StatusForbidden:
		if wire.Kind == "Status" { // the API server's own refusal, before the store was asked
			break
		}
		hint := "a token, user or tenant is wanted"
		if c.o.Denied != nil {
			hint = c.o.Denied(r.StatusCode)
		}
		e.Message += " (" + hint + ")"
	case http.StatusNotFound:
		e.Message += " (is there a path before /api/v1, like /prometheus?)"
	}
	return e
}

func clip(s string) string {
	if r := []rune(s); len(r) > 300 {
		return string(r[:300]) + "…"
	}
	return s
}
