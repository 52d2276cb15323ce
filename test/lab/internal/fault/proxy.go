// Package fault is a proxy between the tool and an API server that misbehaves on purpose, in ways that can be repeated from a seed. It
// also counts what passes, and can set the server's clock.
package fault

import (
	"encoding/pem"
	"io"
	"log"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/serializer/protobuf"
	"k8s.io/client-go/kubernetes/scheme"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"
)

// Options describe a proxy.
type Options struct {
	Target *rest.Config     // whom it speaks for: whoever comes has this user's rights
	Clock  func() time.Time // the Date of each answer; nil: the server's own
	Plan   Plan             // nil: no faults

	// HTTP1 leaves HTTP/2 out: several connections, each for one request at a time.
	HTTP1 bool

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
	conns    conns

	mu     sync.Mutex
	played map[Kind]int
}

// Start starts a proxy; Close must follow.
func Start(o Options) (*Proxy, error) {
	config := rest.CopyConfig(o.Target)
	config.DisableCompression = true // what the client asks for passes as it is
	client, err := rest.HTTPClientFor(config)
	if err != nil {
		return nil, err
	}
	p := &Proxy{o: o, client: client, played: map[Kind]int{}}
	p.SetPlan(o.Plan)
	p.Server = httptest.NewUnstartedServer(http.HandlerFunc(p.serve))
	p.Listener = listener{p.Listener, p}
	p.Config.ErrorLog = log.New(io.Discard, "", 0) // of connections that are broken on purpose
	p.EnableHTTP2 = !o.HTTP1
	p.Config.ConnContext = withConn
	p.StartTLS()
	return p, nil
}

// Close ends the proxy, and every request that still hangs in it.
func (p *Proxy) Close() {
	p.CloseClientConnections()
	p.Server.Close()
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

// Played tells how often each fault was really played: a 410 for a request without a continue token, for example, is none.
func (p *Proxy) Played() map[Kind]int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return maps.Clone(p.played)
}

func (p *Proxy) play(kind Kind) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.played[kind]++
}

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
	if !spoils(kind) && p.o.Change == nil {
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
	if err := p.spoil(w, r, resp.StatusCode, body, kind); err != nil {
		fail(w, http.StatusBadGateway, "BadGateway", err.Error())
	}
}

// changed rewrites an answer in protobuf.
func (p *Proxy) changed(r *http.Request, body []byte) ([]byte, error) {
	return rewritten(body, func(o runtime.Object) error {
		if !meta.IsListType(o) {
			p.o.Change(r, o)
			return nil
		}
		items, err := meta.ExtractList(o)
		if err != nil {
			return err
		}
		return meta.SetList(o, slices.DeleteFunc(items, func(item runtime.Object) bool { return !p.o.Change(r, item) }))
	})
}

// rewritten is an answer in protobuf, changed.
func rewritten(body []byte, change func(runtime.Object) error) ([]byte, error) {
	o, _, err := scheme.Codecs.UniversalDeserializer().Decode(body, nil, nil)
	if err != nil {
		return nil, err
	}
	if err := change(o); err != nil {
		return nil, err
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

// whole is the server's answer, read to its end.
func (p *Proxy) whole(r *http.Request) ([]byte, *http.Response, error) {
	resp, err := p.ask(r)
	if err != nil {
		return nil, nil, err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	return body, resp, err
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
