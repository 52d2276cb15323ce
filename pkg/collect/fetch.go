package collect

// One request, asked again where that may help. The policy is our own and not client-go's because that one waits a second for each of ten
// tries on a connection that is reset, which keeps someone waiting for a server that is not there.

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"mime"
	"net/http"
	"strings"
	"syscall"
	"time"

	"google.golang.org/protobuf/encoding/protowire"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
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

// fetch gets what prepare asks of a kind's resource.
func (c *Client) fetch(ctx context.Context, info snapshot.Info, prepare func(*rest.Request) *rest.Request) (runtime.Object, error) {
	if c.timeout > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, c.timeout)
		defer cancel()
	}
	for try := 1; ; try++ {
		request := prepare(c.clients[info.GVK.GroupVersion()].Get().Resource(info.Resource).MaxRetries(0))
		object, err := Within(ctx, func() (runtime.Object, error) { return c.answer(ctx, request, info.GVK.GroupVersion()) })
		if err != nil && ctx.Err() != nil {
			return nil, ended(ctx) // not what the transport makes of it
		}
		pause, again := c.again(err, try)
		if !again {
			return object, err
		}
		if c.wait(ctx, pause) != nil {
			if ctx.Err() != nil {
				err = ended(ctx)
			}
			return nil, err
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

// answer makes a request, and tells apart one that failed and an answer that cannot be read.
func (c *Client) answer(ctx context.Context, request *rest.Request, gv schema.GroupVersion) (runtime.Object, error) {
	var contentType string
	body, err := request.Stream(noting(ctx, &contentType))
	if err != nil {
		return nil, err
	}
	defer func() { _ = body.Close() }()
	read := c.buffers.get()
	defer c.buffers.put(read)
	if _, err := read.ReadFrom(body); errors.Is(err, errTooLong) {
		return nil, err
	} else if err != nil {
		return nil, fmt.Errorf("the answer broke off: %w", err)
	}
	object, err := c.decode(contentType, gv, read.Bytes())
	if err != nil {
		return nil, answerError{contentType, err}
	}
	if status, ok := object.(*metav1.Status); ok && status.Status != metav1.StatusSuccess {
		return nil, apierrors.FromObject(status)
	}
	return object, nil
}

// buffers are what answers are read into, as many as requests are in flight. Decoders copy what they keep, so each can be used again; made
// anew for each page, as client-go does, they would be a third of all that is allocated while a cluster is read. A sync.Pool would lose them
// in every other garbage collection, of which there are dozens.
type buffers chan *bytes.Buffer

// mostKept is how much memory one keeps, in bytes: an answer of many times the usual size is not come back to.
const mostKept = 16 << 20

func (b buffers) get() *bytes.Buffer {
	select {
	case used := <-b:
		used.Reset()
		return used
	default:
		return &bytes.Buffer{}
	}
}

func (b buffers) put(used *bytes.Buffer) {
	if used.Cap() > mostKept {
		return
	}
	select {
	case b <- used:
	default:
	}
}

// drop leaves them to the garbage collector: nothing long is to be read soon.
func (b buffers) drop() {
	for {
		select {
		case <-b:
		default:
			return
		}
	}
}

func (c *Client) decode(contentType string, gv schema.GroupVersion, data []byte) (runtime.Object, error) {
	mediaType, params, err := mime.ParseMediaType(cmp.Or(contentType, runtime.ContentTypeProtobuf)) // as client-go
	if err != nil {
		return nil, err
	}
	if mediaType == runtime.ContentTypeProtobuf {
		opened, err := open(data)
		if err != nil {
			return nil, err
		}
		object, err := snapshot.Scheme().New(opened.GroupVersionKind())
		if err != nil {
			return nil, err
		}
		if into, ok := object.(interface{ Unmarshal(data []byte) error }); ok {
			return object, into.Unmarshal(opened.Raw)
		}
	}
	decoder, err := runtime.NewClientNegotiator(c.serializer, gv).Decoder(mediaType, params)
	if err != nil {
		return nil, err
	}
	return runtime.Decode(decoder, data)
}

// envelope begins what is encoded in protobuf (kubernetes v1.37.2 apimachinery/pkg/runtime/serializer/protobuf), rawField is the object's
// own bytes in the runtime.Unknown that follows (apimachinery/pkg/runtime/generated.proto).
const (
	envelope = "k8s\x00"
	rawField = 2
)

// open takes an object out of its envelope as a part of data: runtime.Unknown's own Unmarshal copies it, which is as much memory again.
func open(data []byte) (opened runtime.Unknown, err error) {
	rest, ok := bytes.CutPrefix(data, []byte(envelope))
	if !ok {
		return opened, errors.New("no protobuf of Kubernetes")
	}
	var small []byte // all else
	var raw []byte
	for len(rest) > 0 {
		number, kind, n := protowire.ConsumeTag(rest)
		if n < 0 {
			return opened, protowire.ParseError(n)
		}
		size := protowire.ConsumeFieldValue(number, kind, rest[n:])
		if size < 0 {
			return opened, protowire.ParseError(size)
		}
		if number == rawField && kind == protowire.BytesType {
			raw, _ = protowire.ConsumeBytes(rest[n:])
		} else {
			small = append(small, rest[:n+size]...)
		}
		rest = rest[n+size:]
	}
	if err := opened.Unmarshal(small); err != nil {
		return opened, err
	}
	opened.Raw = raw
	return opened, nil
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
		errors.As(err, new(ReadOnlyError)), errors.As(err, new(answerError)):
		return false
	case c.clock.Answered():
		return true
	}
	return utilnet.IsConnectionReset(err) || utilnet.IsProbableEOF(err) || errors.Is(err, syscall.EPIPE) || strings.Contains(err.Error(), brokenHTTP2)
}
