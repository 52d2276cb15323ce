// Package certchain reads certificates as a server presents them and judges them as a client does: which is the leaf, whom it names,
// until when it and its issuers are valid, whether a key belongs to it, and whether its renewal is late. It sees bytes and times only.
package certchain

import (
	"bytes"
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"encoding/pem"
	"errors"
	"fmt"
)

// Chain is the certificates of one PEM file in its order. Servers present the first as their own and the others as they stand (Go's
// crypto/tls.X509KeyPair, OpenSSL's SSL_CTX_use_certificate_chain_file), so the first is the leaf, whatever it says.
type Chain []*x509.Certificate

// ErrNoCertificate says that a PEM file holds no certificate that can be read.
var ErrNoCertificate = errors.New("no certificate")

// BlockError says why one PEM block gave no certificate. It never quotes the block.
type BlockError struct {
	Block int    // counted from 1
	Type  string // the block's type, as it says
	Err   error  // why it does not parse; nil where the type is another than CERTIFICATE
}

func (e *BlockError) Error() string {
	if e.Err == nil {
		return fmt.Sprintf("block %d is no certificate", e.Block)
	}
	return fmt.Sprintf("block %d does not parse as X.509", e.Block)
}

func (e *BlockError) Unwrap() error { return e.Err }

// Parse reads every certificate of a PEM file. What is no certificate is left out and told in the error, which joins BlockErrors, and
// holds ErrNoCertificate where nothing is left.
func Parse(data []byte) (Chain, error) {
	var chain Chain
	var problems []error
	n := 0
	for block, rest := pem.Decode(data); block != nil; block, rest = pem.Decode(rest) {
		n++
		if block.Type != "CERTIFICATE" {
			problems = append(problems, &BlockError{Block: n, Type: block.Type})
			continue
		}
		cert, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			problems = append(problems, &BlockError{Block: n, Type: block.Type, Err: err})
			continue
		}
		chain = append(chain, cert)
	}
	if len(chain) == 0 {
		problems = append(problems, ErrNoCertificate)
	}
	return chain, errors.Join(problems...)
}

// Path is the leaf and, as far as the file holds them, its issuers in turn, the leaf first. A self-signed root is not part of it:
// clients trust their own copy and look at no other.
func (c Chain) Path() Chain {
	if len(c) == 0 {
		return nil
	}
	path := Chain{c[0]}
	for len(path) < len(c) {
		issuer := c.issuerOf(path[len(path)-1])
		if issuer == nil || selfSigned(issuer) {
			break
		}
		path = append(path, issuer)
	}
	return path
}

// issuerOf finds the certificate that another names as its issuer, by name and, where both tell it, by key identifier (RFC 5280,
// section 4.2.1.1).
func (c Chain) issuerOf(cert *x509.Certificate) *x509.Certificate {
	for _, candidate := range c {
		if candidate == cert || !bytes.Equal(candidate.RawSubject, cert.RawIssuer) {
			continue
		}
		if len(cert.AuthorityKeyId) > 0 && len(candidate.SubjectKeyId) > 0 && !bytes.Equal(cert.AuthorityKeyId, candidate.SubjectKeyId) {
			continue
		}
		return candidate
	}
	return nil
}

func selfSigned(c *x509.Certificate) bool { return bytes.Equal(c.RawSubject, c.RawIssuer) }

// KeyHash is "sha256:" and the hash of a certificate's public key in PKIX DER form, as the snapshot keeps it of private keys.
func KeyHash(cert *x509.Certificate) (string, error) {
	der, err := x509.MarshalPKIXPublicKey(cert.PublicKey)
	if err != nil {
		return "", fmt.Errorf("public key of an unknown type")
	}
	sum := sha256.Sum256(der)
	return "sha256:" + hex.EncodeToString(sum[:]), nil
}

// HolderOf is the index of the certificate that was made for the key with a hash, or -1.
func (c Chain) HolderOf(hash string) int {
	for i, cert := range c {
		if h, err := KeyHash(cert); err == nil && h == hash {
			return i
		}
	}
	return -1
}

// Describe names a certificate for a reader: the common name, else the first name that it is for, else the serial number.
func Describe(cert *x509.Certificate) string {
	if cert.Subject.CommonName != "" {
		return cert.Subject.CommonName
	}
	if names := Names(cert); len(names) > 0 {
		return names[0]
	}
	if s := cert.Subject.String(); s != "" {
		return s
	}
	return fmt.Sprintf("serial number %x", cert.SerialNumber)
}
