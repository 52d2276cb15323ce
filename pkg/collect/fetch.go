package collect

// One request, asked again where that may help. The policy is our own and not client-go's because that one waits a second for each of ten
// tries on a connection that is reset, which keeps someone waiting for a server that is not there.

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"strings"
	"syscall"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	utilnet "k8s.io/apimachinery/pkg/util/net"
	"k8s.io/client-go/rest"

	"github.com/kubectl-scars/kubectl-scars/pkg/snapshot"
)

// How often a request is made: attempts where something went wrong on the way or in the server, toldAttempts where the server says when
// to come back (Retry-After), which is client-go's default.
const (
	attempts     = 3
	toldAttempts = 10
)

// answerError is an answer that is not what an API server sends.
type answerError struct {
	contentType string
	err         error
}

func (e answerError) Error() string {
	return fmt.Sprintf("the answer is no API object (content type %q; a proxy or a login page in between?): %v", e.contentType, e.err)
}

func (e answerError) Unwrap() error { return e.err }

// refusedError is about an item that can be read and is not what was asked for.
type refusedError struct{ error }

func (e refusedError) Unwrap() error { return e.error }

// answer is what a request was answered with: an object, or a list, mostly without its items, and what was made of each of them as it came.
type answer[T any] struct {
	object runtime.Object
	items  []T
}

// fetch gets what prepare asks of a kind's resource, and what item makes of each item of a list, which is the next one afterwards.
func fetch[T any](ctx context.Context, c *Client, info snapshot.Info, prepare func(*rest.Request) *rest.Request, item func(runtime.Object) (T, error)) (answer[T], error) {
	if c.timeout > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, c.timeout)
		defer cancel()
	}
	for try := 1; ; try++ {
		request := prepare(c.clients[info.GVK.GroupVersion()].Get().Resource(info.Resource).MaxRetries(0))
		got, err := Within(ctx, func() (a answer[T], err error) {
			a.object, err = c.answer(ctx, request, info, func(o runtime.Object) error {
				if len(a.items) >= c.most {
					return errTooMany
				}
				made, err := item(o)
				a.items = append(a.items, made)
				return err
			})
			return a, err
		})
		if err != nil && ctx.Err() != nil {
			return answer[T]{}, ended(ctx) // not what the transport makes of it
		}
		pause, again := c.again(err, try)
		if !again {
			return got, err
		}
		if c.wait(ctx, pause) != nil {
			if ctx.Err() != nil {
				err = ended(ctx)
			}
			return answer[T]{}, err
		}
	}
}

// Within returns when the context ends, even where the request does not: client-go waits for a credential plugin (exec in a kubeconfig)
// without a look at the context (kubernetes v1.37.2 client-go/plugin/pkg/client/auth/exec/exec.go), and a plugin may wait for somebody to
// log in. What comes later is dropped.
func Within[T any](ctx context.Context, do func() (T, error)) (T, error) {
	type result struct {
		answer T
		err    error
	}
	done := make(chan result, 1)
	go func() {
		answer, err := do()
		done <- result{answer, err}
	}()
	select {
	case r := <-done:
		return r.answer, r.err
	case <-ctx.Done():
		var none T
		return none, ctx.Err()
	}
}

// answer makes a request, and tells apart one that failed and an answer that cannot be read. It gives the items of a list to add, each good
// until the next.
func (c *Client) answer(ctx context.Context, request *rest.Request, info snapshot.Info, add func(runtime.Object) error) (runtime.Object, error) {
	var contentType string
	body, err := request.Stream(noting(ctx, &contentType))
	if err != nil {
		return nil, err
	}
	defer func() { _ = body.Close() }()
	from := incoming{body: body}
	var refused error
	object, err := c.decode(contentType, info, &from, func(o runtime.Object) error {
		refused = add(o)
		return refused
	})
	switch {
	case refused != nil:
		return nil, refusedError{refused}
	case errors.Is(from.err, errTooLong):
		return nil, from.err
	case from.err != nil:
		return nil, fmt.Errorf("the answer broke off: %w", from.err)
	case err != nil:
		return nil, answerError{contentType, err}
	}
	if status, ok := object.(*metav1.Status); ok && status.Status != metav1.StatusSuccess {
		return nil, apierrors.FromObject(status)
	}
	return object, nil
}

// incoming notes what reading failed with, so that it is told apart from what decoding fails with.
type incoming struct {
	body io.Reader
	err  error
}

func (i *incoming) Read(p []byte) (int, error) {
	n, err := i.body.Read(p)
	if err != nil && !errors.Is(err, io.EOF) {
		i.err = err
	}
	return n, err
}

// decode decodes an answer, and gives the items of a list to add.
func (c *Client) decode(contentType string, info snapshot.Info, from io.Reader, add func(runtime.Object) error) (runtime.Object, error) {
	mediaType, params, err := mime.ParseMediaType(cmp.Or(contentType, runtime.ContentTypeProtobuf)) // as client-go
	if err != nil {
		return nil, err
	}
	if mediaType == runtime.ContentTypeProtobuf {
		return fromProtobuf(from, info.Managed, add)
	}
	decoder, err := runtime.NewClientNegotiator(c.serializer, info.GVK.GroupVersion()).Decoder(mediaType, params)
	if err != nil {
		return nil, err
	}
	data, err := io.ReadAll(from)
	if err != nil {
		return nil, err
	}
	object, err := runtime.Decode(decoder, data)
	if err != nil || !meta.IsListType(object) {
		return object, err
	}
	return object, meta.EachListItem(object, add)
}

// again tells whether a request that failed is worth another try, and when.
func (c *Client) again(err error, try int) (time.Duration, bool) {
	if err == nil {
		return 0, false
	}
	if seconds, told := apierrors.SuggestsClientDelay(err); told && seconds > 0 { // it is "told" of every server's time-out, without any seconds
		told := time.Duration(seconds) * time.Second
		return told, try < toldAttempts && (c.timeout <= 0 || told < c.timeout)
	}
	return time.Duration(try*try) * 200 * time.Millisecond, try < attempts && c.transient(err)
}

// brokenHTTP2 is in what a request gets whose connection another request found broken (Go 1.26 net/http/h2_bundle.go); no error to compare with
// is exported.
const brokenHTTP2 = "http2: client conn"

// transient tells whether an error may pass: the server's own trouble, or a connection that broke. Where the server has not answered at
// all, nothing but a connection that was there and broke is tried again: it is more likely not there.
func (c *Client) transient(err error) bool {
	var status apierrors.APIStatus
	switch {
	case errors.As(err, &status):
		return status.Status().Code >= http.StatusInternalServerError || status.Status().Code == http.StatusTooManyRequests
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded), errors.Is(err, errTooLong),
		errors.As(err, new(ReadOnlyError)), errors.As(err, new(answerError)), errors.As(err, new(refusedError)):
		return false
	case c.clock.Answered():
		return true
	}
	return utilnet.IsConnectionReset(err) || utilnet.IsProbableEOF(err) || errors.Is(err, syscall.EPIPE) || strings.Contains(err.Error(), brokenHTTP2)
}
