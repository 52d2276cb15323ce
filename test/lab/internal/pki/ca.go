// Package pki issues the lab's certificates and writes its kubeconfigs.
package pki

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"time"
)

// CA is a certificate authority whose files lie in Dir: ca.crt and ca.key.
type CA struct {
	Dir  string
	cert *x509.Certificate
	key  crypto.Signer
}

// Subject is what a certificate says about its holder.
type Subject struct {
	Name  string   // common name: the user, for client certificates
	Orgs  []string // organisations: the user's groups
	Hosts []string // names and addresses, for serving certificates
	// NotBefore and NotAfter default to one hour ago and one year from now.
	NotBefore, NotAfter time.Time
}

// NewCA makes an authority in dir.
func NewCA(dir string) (*CA, error) {
	key, err := newKey()
	if err != nil {
		return nil, err
	}
	tmpl := template(Subject{Name: "scars-lab-ca"})
	tmpl.IsCA, tmpl.BasicConstraintsValid = true, true
	tmpl.KeyUsage = x509.KeyUsageCertSign | x509.KeyUsageDigitalSignature
	der, err := x509.CreateCertificate(rand.Reader, tmpl, tmpl, key.Public(), key)
	if err != nil {
		return nil, err
	}
	if err := write(dir, "ca", der, key); err != nil {
		return nil, err
	}
	return LoadCA(dir)
}

// LoadCA reads the authority that NewCA made in dir.
func LoadCA(dir string) (*CA, error) {
	crt, err := readPEM(filepath.Join(dir, "ca.crt"))
	if err != nil {
		return nil, err
	}
	raw, err := readPEM(filepath.Join(dir, "ca.key"))
	if err != nil {
		return nil, err
	}
	cert, err := x509.ParseCertificate(crt)
	if err != nil {
		return nil, fmt.Errorf("read ca.crt: %w", err)
	}
	key, err := x509.ParseECPrivateKey(raw)
	if err != nil {
		return nil, fmt.Errorf("read ca.key: %w", err)
	}
	return &CA{Dir: dir, cert: cert, key: key}, nil
}

// Issue writes FILE.crt and FILE.key for s into the authority's directory.
func (c *CA) Issue(file string, s Subject) error {
	crt, key, err := c.sign(s)
	if err != nil {
		return fmt.Errorf("issue %s: %w", file, err)
	}
	return write(c.Dir, file, crt, key)
}

// PEM returns a certificate and its key for s, and writes nothing.
func (c *CA) PEM(s Subject) (crt, key []byte, err error) {
	der, k, err := c.sign(s)
	if err != nil {
		return nil, nil, err
	}
	raw, err := x509.MarshalECPrivateKey(k)
	if err != nil {
		return nil, nil, err
	}
	return encode("CERTIFICATE", der), encode("EC PRIVATE KEY", raw), nil
}

// Cert returns the authority's own certificate in PEM.
func (c *CA) Cert() []byte { return encode("CERTIFICATE", c.cert.Raw) }

// KeyPair writes FILE.pub and FILE.key, for signing service account tokens.
func KeyPair(dir, file string) error {
	key, err := newKey()
	if err != nil {
		return err
	}
	pub, err := x509.MarshalPKIXPublicKey(key.Public())
	if err != nil {
		return err
	}
	raw, err := x509.MarshalECPrivateKey(key)
	if err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(dir, file+".pub"), encode("PUBLIC KEY", pub), 0o644); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(dir, file+".key"), encode("EC PRIVATE KEY", raw), 0o600)
}

func (c *CA) sign(s Subject) ([]byte, *ecdsa.PrivateKey, error) {
	key, err := newKey()
	if err != nil {
		return nil, nil, err
	}
	tmpl := template(s)
	tmpl.KeyUsage = x509.KeyUsageDigitalSignature | x509.KeyUsageKeyEncipherment
	tmpl.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth, x509.ExtKeyUsageServerAuth}
	der, err := x509.CreateCertificate(rand.Reader, tmpl, c.cert, key.Public(), c.key)
	return der, key, err
}

func template(s Subject) *x509.Certificate {
	serial, _ := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 120)) // never fails with crypto/rand's reader
	t := &x509.Certificate{
		SerialNumber: serial,
		Subject:      pkix.Name{CommonName: s.Name, Organization: s.Orgs},
		NotBefore:    s.NotBefore,
		NotAfter:     s.NotAfter,
	}
	if t.NotBefore.IsZero() {
		t.NotBefore = time.Now().Add(-time.Hour)
	}
	if t.NotAfter.IsZero() {
		t.NotAfter = time.Now().AddDate(1, 0, 0)
	}
	for _, h := range s.Hosts {
		if ip := net.ParseIP(h); ip != nil {
			t.IPAddresses = append(t.IPAddresses, ip)
		} else {
			t.DNSNames = append(t.DNSNames, h)
		}
	}
	return t
}

func newKey() (*ecdsa.PrivateKey, error) { return ecdsa.GenerateKey(elliptic.P256(), rand.Reader) }

func write(dir, file string, der []byte, key *ecdsa.PrivateKey) error {
	raw, err := x509.MarshalECPrivateKey(key)
	if err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(dir, file+".crt"), encode("CERTIFICATE", der), 0o644); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(dir, file+".key"), encode("EC PRIVATE KEY", raw), 0o600)
}

func encode(kind string, der []byte) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der})
}

func readPEM(file string) ([]byte, error) {
	data, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	block, _ := pem.Decode(data)
	if block == nil {
		return nil, fmt.Errorf("read %s: not PEM", file)
	}
	return block.Bytes, nil
}
