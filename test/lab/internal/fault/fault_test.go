package fault

// Each fault is what it says, seen from a client's side of the connection.

import (
	"bytes"
	"compress/gzip"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"syscall"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/serializer/protobuf"
	"k8s.io/client-go/kubernetes/scheme"
	"k8s.io/client-go/rest"
)

const podsPath = "/api/v1/pods?limit=250"

// start puts a proxy before a server of one page of pods, which compresses it where it may.
func start(t *testing.T, o Options) (*Proxy, *http.Client) {
	t.Helper()
	list := &corev1.PodList{TypeMeta: metav1.TypeMeta{APIVersion: "v1", Kind: "PodList"}}
	for i := range 200 {
		list.Items = append(list.Items, corev1.Pod{ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: fmt.Sprintf("web-%d", i)}})
	}
	page, err := runtime.Encode(protobuf.NewSerializer(scheme.Scheme, scheme.Scheme), list)
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", runtime.ContentTypeProtobuf)
		if !strings.Contains(r.Header.Get("Accept-Encoding"), "gzip") {
			_, _ = w.Write(page)
			return
		}
		w.Header().Set("Content-Encoding", "gzip")
		z := gzip.NewWriter(w)
		_, _ = z.Write(page)
		_ = z.Close()
	}))
	t.Cleanup(server.Close)
	o.Target = &rest.Config{Host: server.URL}
	p, err := Start(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.Close)
	roots := x509.NewCertPool()
	roots.AddCert(p.Certificate())
	transport := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots}, ForceAttemptHTTP2: true}
	t.Cleanup(transport.CloseIdleConnections)
	return p, &http.Client{Transport: transport}
}

// get asks and reads all, and says which protocol it came over.
func get(t *testing.T, c *http.Client, url string) (body []byte, protocol int, err error) {
	t.Helper()
	resp, err := c.Get(url)
	if err != nil {
		return nil, 0, err
	}
	defer resp.Body.Close()
	body, err = io.ReadAll(resp.Body)
	return body, resp.ProtoMajor, err
}

func decode(body []byte) (*corev1.PodList, error) {
	list := &corev1.PodList{}
	_, _, err := scheme.Codecs.UniversalDeserializer().Decode(body, nil, list)
	return list, err
}

// both runs a test in HTTP/1.1 and HTTP/2.
func both(t *testing.T, do func(t *testing.T, http1 bool)) {
	t.Run("HTTP/1.1", func(t *testing.T) { do(t, true) })
	t.Run("HTTP/2", func(t *testing.T) { do(t, false) })
}

// TestHandshakeFails: the request is lost with its connection, the next handshake fails with a TLS alert, and the one after that does not.
func TestHandshakeFails(t *testing.T) {
	both(t, func(t *testing.T, http1 bool) {
		p, c := start(t, Options{HTTP1: http1})
		if _, protocol, err := get(t, c, p.URL+podsPath); err != nil || (protocol == 1) != http1 {
			t.Fatalf("HTTP/%d, %v", protocol, err)
		}
		p.SetPlan(Always(TLS, "/pods"))
		_, _, err := get(t, c, p.URL+podsPath)
		if err == nil {
			t.Fatal("answered")
		}
		p.SetPlan(nil)
		if p.Played()[TLS] == 0 { // net/http itself asks again where a connection was in use before
			_, _, err = get(t, c, p.URL+podsPath)
		}
		if alert := new(tls.AlertError); err == nil || !errors.As(err, alert) && !strings.Contains(err.Error(), "handshake failure") {
			t.Errorf("%v, want an alert", err)
		}
		if n := p.Played()[TLS]; n != 1 {
			t.Errorf("%d handshakes broken", n)
		}
		if _, _, err := get(t, c, p.URL+podsPath); err != nil {
			t.Error(err)
		}
	})
}

// TestReset: the TCP connection is reset in the middle of the body, or only the stream.
func TestReset(t *testing.T) {
	both(t, func(t *testing.T, http1 bool) {
		for kind, tcp := range map[Kind]bool{Reset: true, ResetStream: false} {
			p, c := start(t, Options{HTTP1: http1, Plan: Always(kind, "/pods")})
			body, _, err := get(t, c, p.URL+podsPath)
			broken := errors.Is(err, syscall.ECONNRESET)
			if !http1 { // where the client came to write first, that was told of the reset
				broken = broken || errors.Is(err, io.ErrUnexpectedEOF)
			}
			if err == nil || len(body) == 0 || broken != tcp || strings.Contains(fmt.Sprint(err), "stream error") != (!tcp && !http1) {
				t.Errorf("%s: %d bytes, then: %v", kind, len(body), err)
			}
			if n := p.Played()[kind]; n != 1 {
				t.Errorf("%s was played %d times", kind, n)
			}
		}
	})
}

// TestTruncated: what is cut reaches the decoder, which cannot make a list of it; what is cut of the compressed does not come that far.
func TestTruncated(t *testing.T) {
	p, c := start(t, Options{Plan: Always(Truncated, "/pods")})
	body, _, err := get(t, c, p.URL+podsPath)
	if err != nil || !bytes.HasPrefix(body, []byte("k8s\x00")) {
		t.Fatalf("%.10q, %v", body, err)
	}
	if _, err := decode(body); !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("decoded: %v", err)
	}
	p.SetPlan(Always(TruncatedGzip, "/pods"))
	if body, _, err = get(t, c, p.URL+podsPath); err == nil {
		t.Errorf("%d bytes", len(body))
	}
	if n := p.Played(); n[Truncated] != 1 || n[TruncatedGzip] != 1 {
		t.Errorf("played: %v", n)
	}
}

// TestNothingPlayed: what does nothing is not counted.
func TestNothingPlayed(t *testing.T) {
	for kind, path := range map[Kind]string{
		Expired: podsPath, ExpiredForce: podsPath, Endless: "/api/v1/namespaces/shop/pods/web", EndlessFull: "/api/v1/namespaces/shop/pods/web", None: podsPath,
	} {
		p, c := start(t, Options{Plan: Always(kind, "/pods")})
		if body, _, err := get(t, c, p.URL+path); err != nil || len(body) == 0 {
			t.Errorf("%s: %d bytes, %v", kind, len(body), err)
		}
		if n := p.Played(); len(n) > 0 {
			t.Errorf("%s: played %v", kind, n)
		}
	}
}

// TestEndlessPages: there is always a next page, with the same objects or with others.
func TestEndlessPages(t *testing.T) {
	for kind, distinct := range map[Kind]int{EndlessSame: 200, EndlessFull: 600} {
		p, c := start(t, Options{Plan: Always(kind, "/pods")})
		names := map[string]bool{}
		for token := ""; token != "3"; {
			body, _, err := get(t, c, p.URL+podsPath+"&continue="+token)
			if err != nil {
				t.Fatal(err)
			}
			list, err := decode(body)
			if err != nil {
				t.Fatalf("%v: %.200q", err, body)
			}
			if n, _ := strconv.Atoi(token); list.Continue != strconv.Itoa(n+1) {
				t.Fatalf("%s: %q follows %q: %.300q", kind, list.Continue, token, body)
			}
			for _, o := range list.Items {
				names[o.Name] = true
			}
			token = list.Continue
		}
		if len(names) != distinct || p.Played()[kind] != 3 {
			t.Errorf("%s: %d names, played %v", kind, len(names), p.Played())
		}
	}
}

// TestEndlessBody ends when the client has had enough.
func TestEndlessBody(t *testing.T) {
	p, c := start(t, Options{Plan: Always(EndlessBody, "/pods")})
	resp, err := c.Get(p.URL + podsPath)
	if err != nil {
		t.Fatal(err)
	}
	const enough = 32 << 20
	if n, err := io.CopyN(io.Discard, resp.Body, enough); err != nil {
		t.Errorf("%d bytes, then: %v", n, err)
	}
	_ = resp.Body.Close()
}
