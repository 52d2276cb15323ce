package certchain

// Chains as they stand in files: whole, broken, out of order.

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"math/big"
	"net"
	"slices"
	"testing"
	"time"
)

var epoch = time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC)

// authority is a throwaway key with its certificate, made when the test runs.
type authority struct {
	key  *ecdsa.PrivateKey
	cert *x509.Certificate
}

// issue makes a certificate that ends days after epoch, signed by another, or by itself.
func issue(t testing.TB, name string, days int, by *authority, names ...string) *authority {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(42), Subject: pkix.Name{CommonName: name}, NotBefore: epoch.AddDate(0, 0, -90), NotAfter: epoch.AddDate(0, 0, days),
		IsCA: len(names) == 0, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
	}
	for _, n := range names {
		if ip := net.ParseIP(n); ip != nil {
			template.IPAddresses = append(template.IPAddresses, ip)
		} else {
			template.DNSNames = append(template.DNSNames, n)
		}
	}
	parent, signer := template, key
	if by != nil {
		parent, signer = by.cert, by.key
	}
	der, err := x509.CreateCertificate(rand.Reader, template, parent, key.Public(), signer)
	if err != nil {
		t.Fatal(err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return &authority{key, cert}
}

func (a *authority) pem() []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: a.cert.Raw})
}

func TestParse(t *testing.T) {
	leaf := issue(t, "leaf", 30, nil, "a.example")
	broken := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: leaf.cert.Raw[:100]})
	other := pem.EncodeToMemory(&pem.Block{Type: "EC PARAMETERS", Bytes: []byte{6, 0}})
	for name, c := range map[string]struct {
		data   []byte
		want   int
		none   bool
		blocks []int
	}{
		"one":                      {leaf.pem(), 1, false, nil},
		"text around":              {slices.Concat([]byte("subject: x\n"), leaf.pem(), []byte("\nend")), 1, false, nil},
		"nothing":                  {nil, 0, true, nil},
		"text":                     {[]byte("see the vault"), 0, true, nil},
		"broken":                   {broken, 0, true, []int{1}},
		"broken among good ones":   {slices.Concat(leaf.pem(), broken, other, leaf.pem()), 2, false, []int{2, 3}},
		"cut off":                  {leaf.pem()[:120], 0, true, nil},
		"headers, Windows, spaces": {[]byte("-----BEGIN CERTIFICATE-----\r\nA: b\r\n\r\n" + string(leaf.pem()[28:])), 1, false, nil},
	} {
		t.Run(name, func(t *testing.T) {
			chain, err := Parse(c.data)
			if len(chain) != c.want || errors.Is(err, ErrNoCertificate) != c.none {
				t.Errorf("%d certificates, error %v", len(chain), err)
			}
			var blocks []int
			if joined, ok := err.(interface{ Unwrap() []error }); ok {
				for _, e := range joined.Unwrap() {
					if b, ok := errors.AsType[*BlockError](e); ok {
						blocks = append(blocks, b.Block)
					}
				}
			}
			if !slices.Equal(blocks, c.blocks) {
				t.Errorf("faulty blocks %v, want %v", blocks, c.blocks)
			}
		})
	}
}

func TestPath(t *testing.T) {
	root := issue(t, "root", 3650, nil)
	middle := issue(t, "middle", 20, root)
	leaf := issue(t, "leaf", 30, middle, "a.example")
	stranger := issue(t, "middle", 5, root) // the same name, another key
	for name, c := range map[string]struct {
		in   Chain
		want Chain
	}{
		"in order":            {Chain{leaf.cert, middle.cert}, Chain{leaf.cert, middle.cert}},
		"with its root":       {Chain{leaf.cert, middle.cert, root.cert}, Chain{leaf.cert, middle.cert}},
		"out of order":        {Chain{leaf.cert, root.cert, middle.cert}, Chain{leaf.cert, middle.cert}},
		"no issuer":           {Chain{leaf.cert}, Chain{leaf.cert}},
		"issuer's namesake":   {Chain{leaf.cert, stranger.cert, middle.cert}, Chain{leaf.cert, middle.cert}},
		"self-signed":         {Chain{root.cert}, Chain{root.cert}},
		"the leaf twice":      {Chain{leaf.cert, leaf.cert}, Chain{leaf.cert}},
		"nothing":             {nil, nil},
		"unrelated companion": {Chain{middle.cert, leaf.cert}, Chain{middle.cert}},
	} {
		if got := c.in.Path(); !slices.Equal(got, c.want) {
			t.Errorf("%s: %d certificates, want %d", name, len(got), len(c.want))
		}
	}
	if first := (Chain{leaf.cert, middle.cert}).FirstToEnd(); first != middle.cert {
		t.Errorf("first to end is %s", first.Subject)
	}
	if (Chain)(nil).FirstToEnd() != nil {
		t.Error("an empty path has a first to end")
	}
}

func TestHolderOf(t *testing.T) {
	root := issue(t, "root", 3650, nil)
	leaf := issue(t, "leaf", 30, root, "a.example")
	chain := Chain{root.cert, leaf.cert}
	hash, err := KeyHash(leaf.cert)
	if err != nil {
		t.Fatal(err)
	}
	if got := chain.HolderOf(hash); got != 1 {
		t.Errorf("the key belongs to %d", got)
	}
	if got := chain[:1].HolderOf(hash); got != -1 {
		t.Errorf("the key belongs to %d", got)
	}
	if got := chain.HolderOf(""); got != -1 {
		t.Errorf("no key belongs to %d", got)
	}
}

func TestDescribe(t *testing.T) {
	for want, cert := range map[string]*x509.Certificate{
		"leaf":             issue(t, "leaf", 1, nil, "a.example").cert,
		"a.example":        issue(t, "", 1, nil, "A.example").cert,
		"serial number 2a": issue(t, "", 1, nil).cert,
	} {
		if got := Describe(cert); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}

func FuzzParse(f *testing.F) {
	root := issue(f, "root", 3650, nil)
	leaf := issue(f, "leaf", 30, root, "a.example", "*.b.example", "10.0.0.1")
	f.Add(slices.Concat(leaf.pem(), root.pem()), "a.example")
	f.Add(leaf.pem()[:100], "x.b.example.")
	f.Add([]byte("-----BEGIN CERTIFICATE-----\nMAA=\n-----END CERTIFICATE-----\n"), "[::1]")
	f.Add([]byte("-----BEGIN X-----\n-----END X-----"), "bücher.example")
	f.Add(slices.Concat(root.pem(), root.pem(), leaf.pem()), "*.b.example")
	f.Fuzz(func(t *testing.T, data []byte, host string) {
		chain, err := Parse(data)
		if (len(chain) == 0) != errors.Is(err, ErrNoCertificate) {
			t.Errorf("%d certificates, error %v", len(chain), err)
		}
		if path := chain.Path(); len(path) > len(chain) || (len(chain) > 0) != (len(path) > 0) {
			t.Errorf("a path of %d from %d certificates", len(path), len(chain))
		}
		for _, c := range chain {
			Covers(c, host)
			_ = Describe(c)
			life := Lifetime(c)
			NewSchedule(life, host, host).Grade(life, c.NotAfter, epoch)
			ByHand(life, c.NotAfter, epoch)
			if hash, err := KeyHash(c); err == nil && chain.HolderOf(hash) < 0 {
				t.Error("a certificate does not hold its own key")
			}
		}
	})
}
