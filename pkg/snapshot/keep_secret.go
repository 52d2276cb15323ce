package snapshot

// The keep table for Secrets. A private key becomes the hash of its public key and is dropped here, at the door; certificates and
// names stay, every other value goes.

import (
	"bytes"
	"crypto"
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"encoding/pem"
	"fmt"
	"maps"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
)

// What is left of a Secret's values is told in annotations of our own, so that a recording is an ordinary list of Secrets.
const (
	// AnnotationKeys lists the names of the data entries that the Secret had, comma separated.
	AnnotationKeys = "scars.dev/data-keys"
	// AnnotationKeyHash is "sha256:" and the hash of the public half (PKIX, DER) of the key in tls.key.
	AnnotationKeyHash = "scars.dev/tls-key-public-sha256"
	// AnnotationKeyError says why the key in tls.key could not be read. It never quotes it.
	AnnotationKeyError = "scars.dev/tls-key-error"
	// AnnotationCertError says why tls.crt holds no readable certificate.
	AnnotationCertError = "scars.dev/tls-crt-error"
)

// trimSecret is idempotent: a Secret that it has trimmed comes through unchanged.
func trimSecret(s *corev1.Secret) {
	_, trimmed := s.Annotations[AnnotationKeys]
	fresh := map[string]string{}
	if !trimmed || s.Data[corev1.TLSPrivateKeyKey] != nil {
		for k, v := range s.StringData { // a manifest's form of data
			if s.Data == nil {
				s.Data = map[string][]byte{}
			}
			s.Data[k] = []byte(v)
		}
		fresh[AnnotationKeys] = strings.Join(slices.Sorted(maps.Keys(s.Data)), ",")
		if key, ok := s.Data[corev1.TLSPrivateKeyKey]; ok {
			if hash, err := publicKeyHash(key); err != nil {
				fresh[AnnotationKeyError] = err.Error()
			} else {
				fresh[AnnotationKeyHash] = hash
			}
		}
		if crt, ok := s.Data[corev1.TLSCertKey]; ok {
			if err := certificateError(crt); err != nil {
				fresh[AnnotationCertError] = err.Error()
			}
		}
	} else {
		for _, name := range []string{AnnotationKeys, AnnotationKeyHash, AnnotationKeyError, AnnotationCertError} {
			if v, ok := s.Annotations[name]; ok {
				fresh[name] = v
			}
		}
	}
	trimMeta(&s.ObjectMeta)
	for name := range s.Annotations {
		if strings.HasPrefix(name, "scars.dev/") {
			delete(s.Annotations, name)
		}
	}
	if s.Annotations == nil {
		s.Annotations = map[string]string{}
	}
	maps.Copy(s.Annotations, fresh)
	kept := map[string][]byte{}
	for _, name := range []string{corev1.TLSCertKey, "ca.crt"} {
		if chain := certificatesOnly(s.Data[name]); len(chain) > 0 {
			kept[name] = chain
		}
	}
	s.Data, s.StringData = kept, nil
}

// certificatesOnly keeps the CERTIFICATE blocks that parse, in their order, and nothing between them.
func certificatesOnly(data []byte) []byte {
	var out bytes.Buffer
	for block, rest := pem.Decode(data); block != nil; block, rest = pem.Decode(rest) {
		if block.Type != "CERTIFICATE" {
			continue
		}
		if _, err := x509.ParseCertificate(block.Bytes); err != nil {
			continue
		}
		_ = pem.Encode(&out, &pem.Block{Type: block.Type, Bytes: block.Bytes}) // a Buffer does not fail
	}
	return out.Bytes()
}

// certificateError says what is wrong with tls.crt as a chain of PEM certificates, without quoting it.
func certificateError(data []byte) error {
	if len(bytes.TrimSpace(data)) == 0 {
		return fmt.Errorf("tls.crt is empty")
	}
	n := 0
	for block, rest := pem.Decode(data); block != nil; block, rest = pem.Decode(rest) {
		n++
		if block.Type != "CERTIFICATE" {
			if strings.Contains(block.Type, "PRIVATE KEY") {
				return fmt.Errorf("block %d of tls.crt is a private key", n)
			}
			return fmt.Errorf("block %d of tls.crt is no certificate", n)
		}
		if _, err := x509.ParseCertificate(block.Bytes); err != nil {
			return fmt.Errorf("block %d of tls.crt is no X.509 certificate", n)
		}
	}
	if n == 0 {
		return fmt.Errorf("tls.crt is not PEM")
	}
	return nil
}

// publicKeyHash reads a PEM private key (PKCS #8, PKCS #1 or SEC 1) and hashes its public half. Its errors never quote the key.
func publicKeyHash(data []byte) (string, error) {
	if len(bytes.TrimSpace(data)) == 0 {
		return "", fmt.Errorf("tls.key is empty")
	}
	seen := false
	for block, rest := pem.Decode(data); block != nil; block, rest = pem.Decode(rest) {
		seen = true
		if !strings.HasSuffix(block.Type, "PRIVATE KEY") {
			continue // EC PARAMETERS stand before a SEC 1 key
		}
		if block.Type == "ENCRYPTED PRIVATE KEY" || block.Headers["DEK-Info"] != "" {
			return "", fmt.Errorf("tls.key is encrypted")
		}
		key, err := parsePrivateKey(block.Bytes)
		if err != nil {
			return "", err
		}
		return PublicKeyHash(key.Public())
	}
	if seen {
		return "", fmt.Errorf("tls.key holds no private key")
	}
	return "", fmt.Errorf("tls.key is not PEM")
}

func parsePrivateKey(der []byte) (crypto.Signer, error) {
	if k, err := x509.ParsePKCS8PrivateKey(der); err == nil {
		if signer, ok := k.(crypto.Signer); ok {
			return signer, nil
		}
		return nil, fmt.Errorf("tls.key is a key that cannot sign")
	}
	if k, err := x509.ParsePKCS1PrivateKey(der); err == nil {
		return k, nil
	}
	if k, err := x509.ParseECPrivateKey(der); err == nil {
		return k, nil
	}
	return nil, fmt.Errorf("tls.key is no private key in PKCS #8, PKCS #1 or SEC 1")
}

// PublicKeyHash is "sha256:" and the hash of a public key in PKIX DER form: equal for a key and the certificate made for it.
func PublicKeyHash(public crypto.PublicKey) (string, error) {
	der, err := x509.MarshalPKIXPublicKey(public)
	if err != nil {
		return "", fmt.Errorf("public key of an unknown type")
	}
	sum := sha256.Sum256(der)
	return "sha256:" + hex.EncodeToString(sum[:]), nil
}
