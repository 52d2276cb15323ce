package cli

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"math/big"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// file writes a PEM block to a file of the test's.
func file(t *testing.T, name, kind string, der []byte) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// TestCertificates gets into a store that shows a certificate of an authority of its own and wants one of the client.
func TestCertificates(t *testing.T) {
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = w.Write([]byte(r.TLS.PeerCertificates[0].Subject.CommonName + " " + r.Header.Get("X-Scope-OrgID")))
	}))
	server.TLS = &tls.Config{ClientAuth: tls.RequireAnyClientCert, MinVersion: tls.VersionTLS12}
	server.StartTLS()
	defer server.Close()
	base, err := url.Parse(server.URL)
	if err != nil {
		t.Fatal(err)
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour)}
	template.Subject.CommonName = "on-call"
	certificate, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	good := access{
		root: &root{env: Env{Getenv: func(string) (string, bool) { return "", false }}}, headers: []string{"X-Scope-OrgID=team-a"},
		ca: file(t, "ca.pem", "CERTIFICATE", server.Certificate().Raw), certificate: file(t, "cert.pem", "CERTIFICATE", certificate), key: file(t, "key.pem", "PRIVATE KEY", private),
	}
	strange, unsure := good, good
	strange.ca, unsure.ca, unsure.insecure = good.certificate, "", true
	for name, test := range map[string]struct {
		access access
		fails  bool
	}{"its authority": {good, false}, "another authority": {strange, true}, "not verified": {unsure, false}} {
		if err := test.access.validate(); err != nil {
			t.Fatal(err)
		}
		client, err := test.access.client(base)
		if err != nil {
			t.Fatal(err)
		}
		r, err := client.Get(server.URL)
		if (err != nil) != test.fails {
			t.Errorf("%s: %v", name, err)
		}
		if err != nil {
			continue
		}
		body := make([]byte, 100)
		n, _ := r.Body.Read(body)
		_ = r.Body.Close()
		if string(body[:n]) != "on-call team-a" {
			t.Errorf("%s: the server saw %q", name, body[:n])
		}
	}
	half := access{certificate: "cert.pem"}
	if half.validate() == nil {
		t.Error("a certificate without its key is no way in")
	}
}
