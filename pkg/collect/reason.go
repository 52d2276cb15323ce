package collect

// What became of a collection, in words.

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/url"
	"strings"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/kubectl-scars/kubectl-scars/pkg/snapshot"
)

// ErrDeadline is the cause of a context that ends because the time of the whole run is up. What was read until then counts.
var ErrDeadline = errors.New("the time for the whole run was up (--timeout)")

// ended is why a context has ended, in so far as the reader needs it.
func ended(ctx context.Context) error {
	if cause := context.Cause(ctx); errors.Is(cause, ErrDeadline) {
		return cause
	}
	return ctx.Err()
}

// failure turns an error into the state of a collection of which some objects had been read.
func failure(err error, read int) snapshot.State {
	s := snapshot.State{Status: snapshot.Failed, Reason: reason(err)}
	switch {
	case apierrors.IsForbidden(err):
		s.Status = snapshot.Forbidden
	case notServed(err):
		s.Status, s.Reason = snapshot.NotServed, "this cluster does not serve it"
	}
	if read > 0 {
		s.Status = snapshot.Partial
		s.Reason = fmt.Sprintf("%d read, then: %s", read, s.Reason)
	}
	return s
}

// notServed tells whether an API server said that it has no such resource, which is to be told apart from whatever else on the way
// answers with 404: only the former means that there are no such objects.
func notServed(err error) bool {
	if !apierrors.IsNotFound(err) {
		return apierrors.IsMethodNotSupported(err)
	}
	cause, unexpected := apierrors.StatusCause(err, metav1.CauseTypeUnexpectedServerResponse)
	return !unexpected || strings.TrimSpace(cause.Message) == "404 page not found" // kubernetes v1.37.2 apiserver, http.NotFound
}

// reason is what a reader needs of an error, on one line.
func reason(err error) string {
	var (
		dial *net.OpError
		via  *url.Error
	)
	switch {
	case errors.Is(err, context.Canceled):
		return "interrupted"
	case errors.Is(err, context.DeadlineExceeded):
		return "no answer in time (--request-timeout)"
	case apierrors.IsForbidden(err):
		return "the server does not allow it to this user"
	case apierrors.IsUnauthorized(err):
		return "the server does not accept the credentials"
	case errors.As(err, &dial) && dial.Op == "dial":
		return dial.Error()
	case errors.As(err, &via): // without the URL, which is long and says nothing new
		err = via.Err
	}
	return strings.Join(strings.Fields(err.Error()), " ")
}
