// Package apitest is a small API server for tests. It lists and gets the objects it was made of as kube-apiserver does: JSON or protobuf,
// whichever is asked for, in pages, with the field selectors that are in use, with discovery; and it can be told to misbehave.
package apitest

import (
	"encoding/pem"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"time"

	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"
)

// Options describe a server.
type Options struct {
	Objects   []Object
	TLS       bool   // HTTPS with HTTP/2, otherwise plain HTTP
	Prefix    string // path before /api, like /k8s/clusters/c-1
	JSONOnly  bool   // speaks no protobuf, as custom resources and some proxies do
	Page      int    // most objects in one page, whatever the limit asked for; 0: the limit
	NoMetrics bool   // serves no metrics.k8s.io
	Token     string // the bearer token that is accepted; empty: anybody

	// Now is the clock of the Date header; zero: the real one.
	Now time.Time

	// Fault may answer in the server's place; then it returns true.
	Fault Fault
}

// Fault answers some requests in the server's place. path is without the prefix.
type Fault func(w http.ResponseWriter, r *http.Request, path string) bool

// Server is a running API server.
type Server struct {
	*httptest.Server
	o Options

	mu       sync.Mutex
	requests []Request
	now, max int // requests under way, now and at most
	closing  chan struct{}
}

// Request is one that was received.
type Request struct {
	Method, Path, Query string
	Header              http.Header
}

func (r Request) String() string {
	if r.Query == "" {
		return r.Method + " " + r.Path
	}
	return r.Method + " " + r.Path + "?" + r.Query
}

// Start starts a server; Stop must follow.
func Start(o Options) *Server {
	s := &Server{o: o, closing: make(chan struct{})}
	s.Server = httptest.NewUnstartedServer(http.HandlerFunc(s.serve))
	s.Server.Config.ErrorLog = log.New(io.Discard, "", 0) // of connections that tests break
	if o.TLS {
		s.EnableHTTP2 = true
		s.StartTLS()
	} else {
		s.Server.Start()
	}
	return s
}

// Stop ends the server, and every request that still hangs in it.
func (s *Server) Stop() {
	close(s.closing)
	s.CloseClientConnections()
	s.Close()
}

func (s *Server) ca() []byte {
	if !s.o.TLS {
		return nil
	}
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: s.Certificate().Raw})
}

// Config reaches the server.
func (s *Server) Config() *rest.Config {
	return &rest.Config{Host: s.URL + s.o.Prefix, TLSClientConfig: rest.TLSClientConfig{CAData: s.ca()}}
}

// Kubeconfig reaches the server, in a context of the given name; its user has the token.
func (s *Server) Kubeconfig(context, namespace, token string) ([]byte, error) {
	c := clientcmdapi.NewConfig()
	c.Clusters["fake"] = &clientcmdapi.Cluster{Server: s.URL + s.o.Prefix, CertificateAuthorityData: s.ca()}
	c.AuthInfos["fake"] = &clientcmdapi.AuthInfo{Token: token}
	c.Contexts[context] = &clientcmdapi.Context{Cluster: "fake", AuthInfo: "fake", Namespace: namespace}
	c.CurrentContext = context
	return clientcmd.Write(*c)
}

// Requests lists what was asked for, in the order of arrival.
func (s *Server) Requests() []Request {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.requests)
}

// MostAtOnce is how many requests were under way at the same time, at most.
func (s *Server) MostAtOnce() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.max
}

func (s *Server) serve(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	s.requests = append(s.requests, Request{r.Method, r.URL.Path, r.URL.RawQuery, r.Header.Clone()})
	s.now++
	s.max = max(s.max, s.now)
	s.mu.Unlock()
	defer func() {
		s.mu.Lock()
		s.now--
		s.mu.Unlock()
	}()
	if !s.o.Now.IsZero() {
		w.Header().Set("Date", s.o.Now.UTC().Format(http.TimeFormat))
	}
	path, ok := strings.CutPrefix(r.URL.Path, s.o.Prefix)
	switch {
	case !ok:
		http.NotFound(w, r)
	case s.o.Fault != nil && s.o.Fault(w, r, path):
	case s.o.Token != "" && r.Header.Get("Authorization") != "Bearer "+s.o.Token:
		Fail(w, http.StatusUnauthorized, "Unauthorized")
	case r.Method != http.MethodGet:
		Fail(w, http.StatusMethodNotAllowed, "MethodNotAllowed")
	default:
		s.get(w, r, path)
	}
}

// Hang answers nothing until the client has gone or the server stops.
func (s *Server) Hang(r *http.Request) {
	select {
	case <-r.Context().Done():
	case <-s.closing:
	}
}

// Reset breaks the connection, which must not be HTTP/2, after what was written so far.
func Reset(w http.ResponseWriter) {
	conn, _, err := w.(http.Hijacker).Hijack()
	if err != nil {
		panic(fmt.Sprintf("reset: %v", err))
	}
	if tcp, ok := conn.(*net.TCPConn); ok {
		_ = tcp.SetLinger(0) // RST, not FIN
	}
	_ = conn.Close()
}
