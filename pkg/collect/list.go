package collect

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strings"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/kubernetes/scheme"

	"github.com/kubectl-scars/kubectl-scars/pkg/snapshot"
)

// PageSize is how many objects one request asks for; kubectl's default.
const PageSize = 500

// attempts is how often one page is asked for before it is given up. Answers with Retry-After (429, 503) are waited for by client-go
// itself and do not count.
const attempts = 3

// listing is one collection to read.
type listing struct {
	info      snapshot.Info
	namespace string // empty: the whole cluster
	selector  string // field selector
}

// list reads a collection page by page into the builder, and says how it went. Paging is our own because of what it does when a
// continue token expires: the server's error then carries a token to go on with, at the price that later pages are from a later moment
// (kubernetes v1.37.2 apiserver/pkg/storage/etcd3/continue.go); client-go's pager can only start anew in one unpaged list.
func (c *Client) list(ctx context.Context, l listing, b *snapshot.Builder, progress func(int)) (snapshot.State, error) {
	read, restarted, resumed := 0, false, false
	token := ""
	for {
		page, err := c.page(ctx, l, token)
		if err != nil {
			next, expired := expiredToken(err)
			switch {
			case expired && next != "" && next != token:
				token, resumed = next, true
				continue
			case expired && !restarted:
				token, restarted = "", true
				continue
			}
			return failure(err, read), err
		}
		n := 0
		eachErr := meta.EachListItem(page, func(o runtime.Object) error {
			n++
			if object, ok := o.(snapshot.Object); ok {
				if err := b.Add(object); err != nil && !errors.Is(err, snapshot.ErrName) {
					return err
				}
			}
			return nil
		})
		if eachErr != nil {
			return failure(eachErr, read), eachErr
		}
		read += n
		progress(n)
		list, err := meta.ListAccessor(page)
		if err != nil {
			return failure(err, read), err
		}
		switch next := list.GetContinue(); {
		case next == "" && (resumed || restarted):
			return snapshot.State{Status: snapshot.OK, Reason: "the listing expired while it was read: its pages are from different moments"}, nil
		case next == "":
			return snapshot.State{Status: snapshot.OK}, nil
		case next == token:
			err := errors.New("the server's continue token does not advance")
			return failure(err, read), err
		default:
			token = next
		}
	}
}

// page reads one page, trying again where that may help.
func (c *Client) page(ctx context.Context, l listing, token string) (runtime.Object, error) {
	var err error
	for try := range attempts {
		if try > 0 {
			select {
			case <-ctx.Done():
				return nil, ctx.Err()
			case <-time.After(time.Duration(try*try) * 200 * time.Millisecond):
			}
		}
		var page runtime.Object
		if page, err = c.ask(ctx, l, token); err == nil || !transient(err) || !c.clock.Answered() {
			return page, err
		}
	}
	return nil, err
}

func (c *Client) ask(ctx context.Context, l listing, token string) (runtime.Object, error) {
	ctx, cancel := context.WithTimeout(ctx, c.timeout)
	defer cancel()
	opts := metav1.ListOptions{Limit: PageSize, Continue: token, FieldSelector: l.selector}
	return c.clients[l.info.GVK.GroupVersion()].Get().
		NamespaceIfScoped(l.namespace, l.info.Namespaced && l.namespace != "").
		Resource(l.info.Resource).VersionedParams(&opts, scheme.ParameterCodec).Do(ctx).Get()
}

// get reads one object by name. A server that says "not found" has answered: the object does not exist.
func (c *Client) get(ctx context.Context, a snapshot.Ask, b *snapshot.Builder) (snapshot.State, error) {
	info, ok := snapshot.InfoOf(a.Kind)
	if !ok {
		return snapshot.State{}, fmt.Errorf("%s: %w", a.Kind, snapshot.ErrKind)
	}
	ctx, cancel := context.WithTimeout(ctx, c.timeout)
	defer cancel()
	o, err := c.clients[info.GVK.GroupVersion()].Get().
		NamespaceIfScoped(a.Namespace, info.Namespaced).Resource(info.Resource).Name(a.Name).Do(ctx).Get()
	if apierrors.IsNotFound(err) {
		return snapshot.State{Status: snapshot.OK}, nil
	}
	if err != nil {
		return failure(err, 0), err
	}
	if object, ok := o.(snapshot.Object); ok {
		err = b.Add(object)
	}
	return snapshot.State{Status: snapshot.OK}, err
}

// expiredToken tells whether a continue token had expired, and the token to go on with where the server gives one.
func expiredToken(err error) (string, bool) {
	if !apierrors.IsResourceExpired(err) {
		return "", false
	}
	var status apierrors.APIStatus
	if errors.As(err, &status) {
		return status.Status().Continue, true
	}
	return "", true
}

// transient tells whether asking again may help.
func transient(err error) bool {
	if apierrors.IsInternalError(err) || apierrors.IsServerTimeout(err) || apierrors.IsTimeout(err) ||
		apierrors.IsServiceUnavailable(err) || apierrors.IsUnexpectedServerError(err) {
		return true
	}
	var status apierrors.APIStatus
	return !errors.As(err, &status) && !errors.Is(err, context.Canceled) && !errors.Is(err, context.DeadlineExceeded) &&
		!errors.As(err, new(ReadOnlyError))
}

// failure turns an error into the state of a collection of which some objects had been read.
func failure(err error, read int) snapshot.State {
	s := snapshot.State{Status: snapshot.Failed, Reason: reason(err)}
	switch {
	case apierrors.IsForbidden(err):
		s.Status = snapshot.Forbidden
	case apierrors.IsNotFound(err), apierrors.IsMethodNotSupported(err):
		s.Status, s.Reason = snapshot.NotServed, "this cluster does not serve it"
	}
	if read > 0 && s.Status != snapshot.OK {
		s.Status = snapshot.Partial
		s.Reason = fmt.Sprintf("%d read, then: %s", read, s.Reason)
	}
	return s
}

// reason is what a reader needs of an error, on one line.
func reason(err error) string {
	var dial *net.OpError
	switch {
	case errors.Is(err, context.Canceled):
		return "interrupted"
	case errors.Is(err, context.DeadlineExceeded):
		return "no answer in time (--request-timeout)"
	case apierrors.IsForbidden(err):
		return "the server does not allow it to this user"
	case apierrors.IsUnauthorized(err):
		return "the server does not accept the credentials"
	case errors.As(err, &dial):
		return dial.Error()
	}
	return strings.Join(strings.Fields(err.Error()), " ")
}
