// Package fault is a proxy between the tool and an API server that misbehaves on purpose, in ways that can be repeated from a seed. It
// also counts what passes, and can set the server's clock.
package fault

import (
	"encoding/json"
	"encoding/pem"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/serializer/protobuf"
	"k8s.io/client-go/kubernetes/scheme"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"
)

// again is what is added to a continue token that has expired, to make it another. The server's tokens are base64 and have none.
const again = "~"

// Options describe a proxy.
type Options struct {
	Target *rest.Config     // whom it speaks for: whoever comes has this user's rights
	Clock  func() time.Time // the Date of each answer; nil: the server's own
	Plan   Plan             // nil: no faults

	// Change may change each object of an answer, and tells whether it stays in a list; nil: all pass as they are.
	Change func(r *http.Request, o runtime.Object) bool
}

// Proxy is a running proxy.
type Proxy struct {
	*httptest.Server

	o        Options
	client   *http.Client
	plan     atomic.Pointer[Plan]
	bytes    atomic.Int64
	requests atomic.Int64
	badTLS   atomic.Bool
}

// Start starts a proxy; Close must follow.
func Start(o Options) (*Proxy, error) {
	config := rest.CopyConfig(o.Target)
	config.DisableCompression = true // what the client asks for passes as it is
	client, err := rest.HTTPClientFor(config)
	if err != nil {
		return nil, err
	}
	p := &Proxy{o: o, client: client}
	p.SetPlan(o.Plan)
	p.Server = httptest.NewUnstartedServer(http.HandlerFunc(p.serve))
	p.Listener = counting{p.Listener, p}
	p.Config.ErrorLog = log.New(io.Discard, "", 0) // of connections that are broken on purpose
	p.EnableHTTP2 = true
	p.StartTLS()
	return p, nil
}

// SetPlan changes who gets which fault; nil is none.
func (p *Proxy) SetPlan(plan Plan) {
	if plan == nil {
		plan = func(*http.Request) Kind { return None }
	}
	p.plan.Store(&plan)
}

// Counted tells how many bytes were sent to clients, TLS and headers among them, and how many requests came.
func (p *Proxy) Counted() (sent, requests int64) { return p.bytes.Load(), p.requests.Load() }

// RESTConfig reaches the proxy.
func (p *Proxy) RESTConfig() *rest.Config {
	return &rest.Config{Host: p.URL, QPS: -1, TLSClientConfig: rest.TLSClientConfig{CAData: p.ca()}}
}

func (p *Proxy) ca() []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: p.Certificate().Raw})
}

// Kubeconfig writes a kubeconfig that reaches the proxy.
func (p *Proxy) Kubeconfig(file, namespace string) error {
	config := clientcmdapi.NewConfig()
	config.Clusters["proxy"] = &clientcmdapi.Cluster{Server: p.URL, CertificateAuthorityData: p.ca()}
	config.AuthInfos["anybody"] = &clientcmdapi.AuthInfo{Token: "anybody"} // kubectl asks for a password where there is nothing
	config.Contexts["proxy"] = &clientcmdapi.Context{Cluster: "proxy", AuthInfo: "anybody", Namespace: namespace}
	config.CurrentContext = "proxy"
	return clientcmd.WriteToFile(*config, file)
}

func (p *Proxy) serve(w http.ResponseWriter, r *http.Request) {
	p.requests.Add(1)
	kind := (*p.plan.Load())(r)
	if p.o.Clock != nil {
		w.Header().Set("Date", p.o.Clock().UTC().Format(http.TimeFormat))
	}
	if p.instead(w, r, kind) {
		return
	}
	resp, err := p.ask(r)
	if err != nil {
		fail(w, http.StatusBadGateway, "BadGateway", err.Error())
		return
	}
	defer resp.Body.Close()
	for name, values := range resp.Header {
		if name != "Date" || p.o.Clock == nil {
			w.Header()[name] = values
		}
	}
	if (kind == None || kind == Latency) && p.o.Change == nil {
		w.WriteHeader(resp.StatusCode)
		_, _ = io.Copy(flushing{w}, resp.Body)
		return
	}
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		fail(w, http.StatusBadGateway, "BadGateway", err.Error())
		return
	}
	if p.o.Change != nil && resp.StatusCode == http.StatusOK {
		if body, err = p.changed(r, body); err != nil {
			fail(w, http.StatusBadGateway, "BadGateway", err.Error())
			return
		}
		w.Header().Del("Content-Length")
	}
	spoil(w, r, resp.StatusCode, body, kind)
}

// changed rewrites an answer in protobuf.
func (p *Proxy) changed(r *http.Request, body []byte) ([]byte, error) {
	o, _, err := scheme.Codecs.UniversalDeserializer().Decode(body, nil, nil)
	if err != nil {
		return nil, err
	}
	if !meta.IsListType(o) {
		p.o.Change(r, o)
	} else {
		items, err := meta.ExtractList(o)
		if err != nil {
			return nil, err
		}
		items = slices.DeleteFunc(items, func(item runtime.Object) bool { return !p.o.Change(r, item) })
		if err := meta.SetList(o, items); err != nil {
			return nil, err
		}
	}
	return runtime.Encode(protobuf.NewSerializer(scheme.Scheme, scheme.Scheme), o)
}

// flushing passes on at once, as a watch needs it.
type flushing struct{ http.ResponseWriter }

func (w flushing) Write(b []byte) (int, error) {
	n, err := w.ResponseWriter.Write(b)
	_ = http.NewResponseController(w.ResponseWriter).Flush()
	return n, err
}

// ask passes a request on.
func (p *Proxy) ask(r *http.Request) (*http.Response, error) {
	target, err := url.Parse(p.o.Target.Host)
	if err != nil {
		return nil, err
	}
	u := *r.URL
	u.Scheme, u.Host = target.Scheme, target.Host
	req, err := http.NewRequestWithContext(r.Context(), r.Method, u.String(), r.Body)
	if err != nil {
		return nil, err
	}
	headers := []string{"Accept", "Accept-Encoding"}
	if p.o.Change != nil {
		headers = headers[:1] // what is to be changed must not be compressed
	}
	for _, name := range append(headers, "Content-Type", "User-Agent") {
		if v := r.Header.Get(name); v != "" {
			req.Header.Set(name, v)
		}
	}
	return p.client.Do(req)
}

// instead answers in the server's place, and tells whether it did.
func (p *Proxy) instead(w http.ResponseWriter, r *http.Request, kind Kind) bool {
	query := r.URL.Query()
	token := query.Get("continue")
	if query.Has("continue") {
		query.Set("continue", strings.TrimRight(token, again))
		r.URL.RawQuery = query.Encode()
	}
	switch kind {
	case Latency:
		wait(r, 50*time.Millisecond)
		return false
	case Throttled:
		w.Header().Set("Retry-After", "1")
		fail(w, http.StatusTooManyRequests, metav1.StatusReasonTooManyRequests, "too many requests, please try again later")
	case Internal:
		fail(w, http.StatusInternalServerError, metav1.StatusReasonInternalError, "an error on the server")
	case Unavailable:
		fail(w, http.StatusServiceUnavailable, metav1.StatusReasonServiceUnavailable, "the server is currently unable to handle the request")
	case Forbidden:
		fail(w, http.StatusForbidden, metav1.StatusReasonForbidden, "forbidden")
	case NotFound:
		fail(w, http.StatusNotFound, metav1.StatusReasonNotFound, "not found")
	case WrongType:
		w.Header().Set("Content-Type", "text/html")
		fmt.Fprint(w, "<html>Please log in</html>")
	case TLS: // what is open is closed, and the next handshake fails
		p.badTLS.Store(true)
		panic(http.ErrAbortHandler)
	case Expired, ExpiredForce:
		if token == "" {
			return false
		}
		st := status(http.StatusGone, metav1.StatusReasonExpired, "The provided continue parameter is too old")
		if kind == Expired {
			st.Continue = token + again // as the server's, another token for the rest; the next request is passed on without what was added
		}
		writeJSON(w, st)
	case Endless, EndlessCircle:
		n, _ := strconv.Atoi(token)
		list := metav1.PartialObjectMetadataList{TypeMeta: metav1.TypeMeta{APIVersion: "v1", Kind: "List"}, Items: []metav1.PartialObjectMetadata{}}
		list.Continue = strconv.Itoa(n + 1)
		if kind == EndlessCircle {
			list.Continue = strconv.Itoa((n + 1) % 3)
		}
		writeJSON(w, list)
	default:
		return false
	}
	return true
}

// spoil sends an answer that goes wrong on its way.
func spoil(w http.ResponseWriter, r *http.Request, code int, body []byte, kind Kind) {
	half := body[:len(body)/2]
	switch kind {
	case Truncated:
		w.Header().Set("Content-Length", strconv.Itoa(len(half)))
		w.WriteHeader(code)
		_, _ = w.Write(half)
	case Reset:
		w.Header().Set("Content-Length", strconv.Itoa(len(body)))
		w.WriteHeader(code)
		_, _ = w.Write(half)
		_ = http.NewResponseController(w).Flush()
		panic(http.ErrAbortHandler)
	case Hang:
		w.WriteHeader(code)
		_, _ = w.Write(half)
		_ = http.NewResponseController(w).Flush()
		<-r.Context().Done()
	case Slow:
		w.WriteHeader(code)
		for i := 0; i < len(body); i += max(1, len(body)/8) {
			_, _ = w.Write(body[i:min(len(body), i+max(1, len(body)/8))])
			_ = http.NewResponseController(w).Flush()
			wait(r, 10*time.Millisecond)
		}
	default:
		w.WriteHeader(code)
		_, _ = w.Write(body)
	}
}

func wait(r *http.Request, d time.Duration) {
	select {
	case <-r.Context().Done():
	case <-time.After(d):
	}
}

func status(code int32, reason metav1.StatusReason, message string) metav1.Status {
	return metav1.Status{TypeMeta: metav1.TypeMeta{APIVersion: "v1", Kind: "Status"}, Status: metav1.StatusFailure, Code: code, Reason: reason, Message: message}
}

func fail(w http.ResponseWriter, code int32, reason metav1.StatusReason, message string) {
	writeJSON(w, status(code, reason, message))
}

func writeJSON(w http.ResponseWriter, v any) {
	data, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	w.Header().Set("Content-Type", runtime.ContentTypeJSON)
	if st, ok := v.(metav1.Status); ok {
		w.WriteHeader(int(st.Code))
	}
	_, _ = w.Write(data)
}

// counting counts what is written to the connections of a listener, and breaks the next one off where that is wanted.
type counting struct {
	net.Listener
	p *Proxy
}

func (l counting) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	if l.p.badTLS.CompareAndSwap(true, false) {
		return brokenConn{c}, nil
	}
	return countedConn{c, &l.p.bytes}, nil
}

type countedConn struct {
	net.Conn
	n *atomic.Int64
}

func (c countedConn) Write(b []byte) (int, error) {
	n, err := c.Conn.Write(b)
	c.n.Add(int64(n))
	return n, err
}

// brokenConn answers the handshake with what is no TLS.
type brokenConn struct{ net.Conn }

func (c brokenConn) Write(b []byte) (int, error) {
	_, err := c.Conn.Write([]byte("HTTP/1.0 400 Bad Request\r\n\r\n"))
	_ = c.Conn.Close()
	return len(b), err
}
