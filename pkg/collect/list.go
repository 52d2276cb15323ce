package collect

// Reading one collection page by page, or one object by name.

import (
	"context"
	"errors"
	"fmt"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/rest"

	"github.com/kubectl-scars/kubectl-scars/pkg/snapshot"
)

// PageSize is how many objects one request asks for, as kubectl's; smallPage is how many where so many are too long for one answer.
const (
	PageSize  = 500
	smallPage = 100
)

// MaxObjects is how many objects of one listing are read: more than three times the pods that a cluster may have (150,000,
// https://kubernetes.io/docs/setup/best-practices/cluster-large/). A server that has more, or makes them up, must not take all the memory
// there is.
const MaxObjects = 500_000

var (
	errStuck   = errors.New("the server's continue token does not advance")
	errRepeats = errors.New("the server sends the same page again")
	errTooMany = errors.New("the server has more of them than this tool reads")
)

// listing is one collection to read.
type listing struct {
	info      snapshot.Info
	namespace string // empty: the whole cluster
	selector  string // field selector
}

func (l listing) String() string {
	if l.namespace == "" {
		return fmt.Sprintf("list %s", l.info.Kind)
	}
	return fmt.Sprintf("list %s in %q", l.info.Kind, l.namespace)
}

// fresh is how a listing goes of which nothing is to be said.
var fresh = snapshot.State{Status: snapshot.OK}

// list reads a collection page by page into the builder, and says how it went. Paging is our own because of what it does when a
// continue token expires: the server's error then carries a token to go on with, at the price that later pages are from a later moment
// (kubernetes v1.37.2 apiserver/pkg/storage/etcd3/continue.go); client-go's pager can only start anew in one unpaged list.
func (c *Client) list(ctx context.Context, l listing, b *snapshot.Builder, progress func(n, left int)) (snapshot.State, error) {
	var (
		read      int
		token     string
		seen      = map[string]bool{"": true} // tokens that were followed
		firsts    = map[snapshot.Ref]bool{}   // objects that a page began with
		fromStart = true                      // whether an expired token may still be answered by reading anew
		limit     = int64(PageSize)
		state     = fresh
	)
	failed := func(err error) (snapshot.State, error) {
		s := failure(err, read)
		s.Torn = state.Torn
		return s, err
	}
	for {
		page, err := c.page(ctx, l, b, token, limit)
		if errors.Is(err, errTooLong) && limit > smallPage { // large objects
			limit = smallPage
			continue
		}
		if next, expired := expiredToken(err); expired && (next != "" || fromStart) {
			if next == "" {
				b.Discard(l.info.Kind, l.namespace) // what is gone by now would never be taken out
				progress(-read, 0)
				fromStart, read, state, seen, firsts = false, 0, fresh, map[string]bool{}, map[snapshot.Ref]bool{}
			} else {
				state.Torn, state.Reason = true, "the listing expired while it was read: its pages are from different moments"
			}
			if seen[next] {
				return failed(errStuck)
			}
			token, seen[next] = next, true
			continue
		}
		if err != nil {
			return failed(err)
		}
		list, err := meta.ListAccessor(page.object)
		if err != nil || !meta.IsListType(page.object) { // a Status has the metadata of a list
			return failed(fmt.Errorf("the answer is a %T and not a list", page.object))
		}
		n := len(page.items)
		if n > 0 {
			// Pages are in the order of namespaces and names, and each goes on after the last name of the page before
			// (kubernetes v1.37.2 apiserver/pkg/storage/continue.go), so no two begin with the same.
			first := page.items[0].ref
			if first.Name != "" && firsts[first] {
				return failed(errRepeats)
			}
			firsts[first] = true
		}
		for _, item := range page.items {
			b.Take(item.kept)
		}
		read += n
		next := list.GetContinue()
		progress(n, remaining(list))
		if next == "" {
			return state, nil
		}
		if read >= c.most {
			return failed(errTooMany)
		}
		if seen[next] {
			return failed(errStuck)
		}
		token, seen[next] = next, true
	}
}

// remaining is how many objects the server says there are after a page; 0 where it does not say, as with every selector.
func remaining(page metav1.ListInterface) int {
	if n := page.GetRemainingItemCount(); n != nil {
		return int(min(max(*n, 0), MaxObjects))
	}
	return 0
}

// listed is one item of a page.
type listed struct {
	ref  snapshot.Ref // namespace and name
	kept snapshot.Kept
}

// page reads one page of a listing.
func (c *Client) page(ctx context.Context, l listing, b *snapshot.Builder, token string, limit int64) (answer[listed], error) {
	opts := metav1.ListOptions{Limit: limit, Continue: token, FieldSelector: l.selector}
	return fetch(ctx, c, l.info, func(r *rest.Request) *rest.Request {
		return r.NamespaceIfScoped(l.namespace, l.namespace != "").VersionedParams(&opts, c.parameters)
	}, func(o runtime.Object) (item listed, err error) {
		object, ok := o.(snapshot.Object)
		if !ok {
			return item, fmt.Errorf("%T among the items of a list", o)
		}
		item.ref = snapshot.Ref{Namespace: object.GetNamespace(), Name: object.GetName()}
		if item.kept, err = b.Keep(object); errors.Is(err, snapshot.ErrName) {
			err = nil
		}
		return item, err
	})
}

// get reads one object by name. A server that says "not found" has answered: the object does not exist.
func (c *Client) get(ctx context.Context, a snapshot.Ask, b *snapshot.Builder) snapshot.State {
	info, ok := snapshot.InfoOf(a.Kind)
	if !ok {
		return failure(fmt.Errorf("%s: %w", a.Kind, snapshot.ErrKind), 0)
	}
	got, err := fetch(ctx, c, info, func(r *rest.Request) *rest.Request {
		return r.NamespaceIfScoped(a.Namespace, info.Namespaced).Name(a.Name)
	}, func(runtime.Object) (struct{}, error) { return struct{}{}, errors.New("a list in answer to get") })
	if apierrors.IsNotFound(err) && !apierrors.IsUnexpectedServerError(err) {
		return snapshot.State{Status: snapshot.OK}
	}
	if err == nil {
		if object, ok := got.object.(snapshot.Object); ok {
			err = b.Add(object)
		} else {
			err = fmt.Errorf("%T in answer to get %s", got.object, a.Kind)
		}
	}
	if err == nil {
		return snapshot.State{Status: snapshot.OK}
	}
	st := failure(err, 0)
	if st.Status == snapshot.NotServed { // not what an API server says of an object: it proves nothing
		st = snapshot.State{Status: snapshot.Failed, Reason: reason(err)}
	}
	return st
}

// expiredToken tells whether a continue token had expired, and the token to go on with where the server gives one.
func expiredToken(err error) (string, bool) {
	if !apierrors.IsResourceExpired(err) {
		return "", false
	}
	var status apierrors.APIStatus
	errors.As(err, &status)
	return status.Status().Continue, true
}
