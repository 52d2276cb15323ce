package certs

// The way of a raw Secret, as the API gives it, into a finding: keys are made when the test runs and must not come out anywhere.

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"encoding/pem"
	"math/big"
	"slices"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/kubectl-scars/kubectl-scars/pkg/analysis"
	"github.com/kubectl-scars/kubectl-scars/pkg/certchain"
	"github.com/kubectl-scars/kubectl-scars/pkg/finding"
	"github.com/kubectl-scars/kubectl-scars/pkg/snapshot"
)

var now = time.Date(2026, 11, 23, 19, 45, 0, 0, time.UTC)

// signers makes one key of each kind that certificates have.
func signers(t *testing.T) map[string]crypto.Signer {
	t.Helper()
	out := map[string]crypto.Signer{}
	var err error
	if out["RSA"], err = rsa.GenerateKey(rand.Reader, 2048); err != nil {
		t.Fatal(err)
	}
	for name, curve := range map[string]elliptic.Curve{"P-256": elliptic.P256(), "P-384": elliptic.P384(), "P-521": elliptic.P521()} {
		if out[name], err = ecdsa.GenerateKey(curve, rand.Reader); err != nil {
			t.Fatal(err)
		}
	}
	if _, out["Ed25519"], err = ed25519.GenerateKey(rand.Reader); err != nil {
		t.Fatal(err)
	}
	return out
}

func certificate(t *testing.T, key crypto.Signer, left time.Duration, host string) []byte {
	t.Helper()
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: host}, DNSNames: []string{host}, NotBefore: now.AddDate(0, -6, 0), NotAfter: now.Add(left),
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
}

func privateKey(t *testing.T, key crypto.Signer) []byte {
	t.Helper()
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})
}

func presented(name string, data map[string][]byte) []snapshot.Object {
	meta := metav1.ObjectMeta{Namespace: "shop", Name: name, CreationTimestamp: metav1.NewTime(now.Add(-time.Hour))}
	return []snapshot.Object{
		&corev1.Secret{ObjectMeta: meta, Type: corev1.SecretTypeTLS, Data: data},
		&networkingv1.Ingress{ObjectMeta: meta, Spec: networkingv1.IngressSpec{
			TLS: []networkingv1.IngressTLS{{SecretName: name, Hosts: []string{"shop.example.com"}}}}},
	}
}

// judge runs every check of the area over objects and returns what they found, and the snapshot.
func judge(t *testing.T, objects []snapshot.Object) ([]finding.Finding, *snapshot.Snapshot) {
	t.Helper()
	b := snapshot.NewBuilder()
	for _, o := range objects {
		if err := b.Add(o); err != nil {
			t.Fatal(err)
		}
	}
	b.Seal(snapshot.Secrets, "", snapshot.State{Status: snapshot.OK})
	b.Seal(snapshot.Ingresses, "", snapshot.State{Status: snapshot.OK})
	s := b.Build(now)
	var found []finding.Finding
	for _, o := range analysis.Run(s, Checks(), nil) {
		if o.Err != nil {
			t.Fatal(o.Err)
		}
		found = append(found, o.Findings...)
	}
	slices.SortFunc(found, finding.Compare)
	return found, s
}

func TestRawSecrets(t *testing.T) {
	keys := signers(t)
	for kind, key := range keys {
		other := keys["P-256"]
		if kind == "P-256" {
			other = keys["RSA"]
		}
		good := certificate(t, key, 300*24*time.Hour, "shop.example.com")
		for name, c := range map[string]struct {
			data map[string][]byte
			want []string
		}{
			"a pair":            {map[string][]byte{"tls.crt": good, "tls.key": privateKey(t, key)}, nil},
			"another's key":     {map[string][]byte{"tls.crt": good, "tls.key": privateKey(t, other)}, []string{"certs/key-mismatch"}},
			"expired":           {map[string][]byte{"tls.crt": certificate(t, key, -time.Hour, "shop.example.com"), "tls.key": privateKey(t, key)}, []string{"certs/expired"}},
			"soon":              {map[string][]byte{"tls.crt": certificate(t, key, time.Hour, "shop.example.com"), "tls.key": privateKey(t, key)}, []string{"certs/expiring"}},
			"for somebody else": {map[string][]byte{"tls.crt": certificate(t, key, 300*24*time.Hour, "example.org"), "tls.key": privateKey(t, key)}, []string{"certs/host-not-covered"}},
			"key in tls.crt":    {map[string][]byte{"tls.crt": slices.Concat(good, privateKey(t, key)), "tls.key": privateKey(t, key)}, []string{"certs/secret-malformed"}},
			"key as tls.crt":    {map[string][]byte{"tls.crt": privateKey(t, key), "tls.key": privateKey(t, key)}, []string{"certs/secret-malformed"}},
		} {
			t.Run(kind+", "+name, func(t *testing.T) {
				objects := presented("shop-tls", c.data)
				secret := string(privateKey(t, key))
				found, s := judge(t, objects)
				var got []string
				for _, f := range found {
					got = append(got, f.Check)
				}
				if !slices.Equal(got, c.want) {
					t.Errorf("found %v, want %v", got, c.want)
				}
				first, err := json.Marshal(found)
				if err != nil {
					t.Fatal(err)
				}
				recorded, err := json.Marshal(s.All())
				if err != nil {
					t.Fatal(err)
				}
				for _, o := range s.All() {
					if kept, ok := o.(*corev1.Secret); ok {
						for _, value := range kept.Data {
							recorded = append(recorded, value...)
						}
					}
				}
				for _, line := range strings.Split(secret, "\n")[1:3] {
					if line != "" && (bytes.Contains(first, []byte(line)) || bytes.Contains(recorded, []byte(line))) {
						t.Error("the key comes out")
					}
				}
				again, _ := judge(t, s.All()) // as from a recording
				if second, err := json.Marshal(again); err != nil || !bytes.Equal(first, second) {
					t.Errorf("a recording of it is judged otherwise: %v\n%s\n%s", err, first, second)
				}
			})
		}
	}
}

// Snapshot and engine must hash public keys alike, or every pair would be none.
func TestKeyHashesAgree(t *testing.T) {
	for kind, key := range signers(t) {
		chain, err := certchain.Parse(certificate(t, key, time.Hour, "a.example"))
		if err != nil {
			t.Fatal(err)
		}
		engine, err := certchain.KeyHash(chain[0])
		if err != nil {
			t.Fatal(err)
		}
		if kept, err := snapshot.PublicKeyHash(key.Public()); err != nil || kept != engine {
			t.Errorf("%s: %s and %s, %v", kind, kept, engine, err)
		}
	}
}

func TestPresenters(t *testing.T) {
	use := func(ingress string, hosts ...string) snapshot.TLSUse {
		return snapshot.TLSUse{Ingress: &networkingv1.Ingress{ObjectMeta: metav1.ObjectMeta{Name: ingress}}, Hosts: hosts}
	}
	for want, s := range map[string]stored{
		"no Ingress uses it":                                                {looked: true},
		"whether an Ingress uses it is not known":                           {},
		"ingress/a presents it for every host":                              {uses: []snapshot.TLSUse{use("a", "x.example"), use("a")}},
		"ingress/a presents it for x.example, y.example":                    {uses: []snapshot.TLSUse{use("a", "x.example"), use("a", "y.example", "x.example")}},
		"ingress/a, ingress/b, ingress/c present it for 1, 2, 3, 4":         {uses: []snapshot.TLSUse{use("a", "1"), use("b", "2"), use("c", "3", "4")}},
		"ingress/a, ingress/b and 2 more present it for 1, 2, 3 and 2 more": {uses: []snapshot.TLSUse{use("a", "1"), use("b", "2"), use("c", "3", "4"), use("d", "5")}},
	} {
		if got := s.presenters(); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}
