package snapshot

// PEM in Secrets: what may be told of a private key and of a chain of certificates without quoting them.

import (
	"bytes"
	"crypto"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"encoding/pem"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// PEMFault says what is wrong with tls.crt or tls.key. It is a word of a closed set, so that it never quotes what it speaks of.
type PEMFault string

// The faults of tls.crt and tls.key.
const (
	FaultEmpty      PEMFault = "empty"       // nothing but white space
	FaultNotPEM     PEMFault = "not-pem"     // no PEM block
	FaultBroken     PEMFault = "broken"      // a PEM block begins that cannot be read: cut off, indented, or not base64
	FaultTwice      PEMFault = "base64"      // PEM that was encoded in base64 once more than the API asks for
	FaultDER        PEMFault = "der"         // ASN.1 without PEM around it
	FaultPrivateKey PEMFault = "private-key" // tls.crt only: a private key among the certificates
	FaultOtherBlock PEMFault = "other-block" // tls.crt: a block that is no certificate; tls.key: no block is a private key
	FaultUnreadable PEMFault = "unreadable"  // tls.crt: a certificate that does not parse as X.509; tls.key: neither PKCS #8, PKCS #1 nor SEC 1
	FaultEncrypted  PEMFault = "encrypted"   // tls.key only: a pass phrase is needed
	FaultCannotSign PEMFault = "cannot-sign" // tls.key only: a key of a kind that makes no signatures (X25519)
	FaultTooLarge   PEMFault = "too-large"   // tls.key only: more than any key in use, and not looked at
)

func pemFaults() []PEMFault {
	return []PEMFault{
		FaultEmpty, FaultNotPEM, FaultBroken, FaultTwice, FaultDER, FaultPrivateKey, FaultOtherBlock, FaultUnreadable,
		FaultEncrypted, FaultCannotSign, FaultTooLarge,
	}
}

func knownFault(s string) bool { return slices.Contains(pemFaults(), PEMFault(s)) }

const (
	certificateBlock = "CERTIFICATE"
	maxKey           = 16 << 10 // bytes of DER; RSA with 16384 bits takes 9.4 KB, and checking an RSA key costs time that grows with its cube
)

// certificatesOnly keeps the CERTIFICATE blocks that parse, in their order, and nothing between them, neither headers nor text.
func certificatesOnly(data []byte) []byte {
	var out bytes.Buffer
	for block, rest := pem.Decode(data); block != nil; block, rest = pem.Decode(rest) {
		if block.Type != certificateBlock {
			continue
		}
		if _, err := x509.ParseCertificate(block.Bytes); err != nil {
			continue
		}
		_ = pem.Encode(&out, &pem.Block{Type: block.Type, Bytes: block.Bytes}) // a Buffer does not fail
	}
	return out.Bytes()
}

// certificateFaults lists what is wrong with tls.crt as a chain of PEM certificates, each fault once, where it is first seen.
func certificateFaults(data []byte) []string {
	if fault := notPEM(data); fault != "" {
		return []string{string(fault)}
	}
	var faults []string
	seen, n := map[PEMFault]bool{}, 0
	add := func(f PEMFault) {
		if !seen[f] {
			seen[f] = true
			faults = append(faults, string(f)+"@"+strconv.Itoa(n))
		}
	}
	for block, rest := pem.Decode(data); block != nil; block, rest = pem.Decode(rest) {
		n++
		switch {
		case strings.Contains(block.Type, "PRIVATE KEY"):
			add(FaultPrivateKey)
		case block.Type != certificateBlock:
			add(FaultOtherBlock)
		default:
			if _, err := x509.ParseCertificate(block.Bytes); err != nil {
				add(FaultUnreadable)
			}
		}
	}
	if n < bytes.Count(data, []byte("-----BEGIN ")) {
		faults = append(faults, string(FaultBroken))
	}
	return faults
}

// notPEM tells what stands in place of PEM, or nothing where a block begins.
func notPEM(data []byte) PEMFault {
	data = bytes.TrimSpace(data)
	switch decoded, err := base64.StdEncoding.DecodeString(string(data[:min(len(data), 64)/4*4])); {
	case len(data) == 0:
		return FaultEmpty
	case bytes.Contains(data, []byte("-----BEGIN ")):
		return ""
	case err == nil && bytes.Contains(decoded, []byte("-----BEGIN ")):
		return FaultTwice
	case len(data) > 4 && data[0] == 0x30 && data[1]&0x80 != 0: // SEQUENCE of more than 127 bytes
		return FaultDER
	default:
		return FaultNotPEM
	}
}

// publicKeyHash reads a PEM private key, the first in data as servers do, and hashes its public half.
func publicKeyHash(data []byte) (string, PEMFault) {
	if fault := notPEM(data); fault != "" {
		return "", fault
	}
	fault := FaultBroken
	for block, rest := pem.Decode(data); block != nil; block, rest = pem.Decode(rest) {
		switch {
		case !strings.HasSuffix(block.Type, "PRIVATE KEY"):
			fault = FaultOtherBlock // EC PARAMETERS stand before a SEC 1 key
			continue
		case block.Type == "ENCRYPTED PRIVATE KEY", block.Headers["DEK-Info"] != "":
			return "", FaultEncrypted
		case len(block.Bytes) > maxKey:
			return "", FaultTooLarge
		}
		key, fault := parsePrivateKey(block.Bytes)
		if fault != "" {
			return "", fault
		}
		hash, err := PublicKeyHash(key.Public())
		if err != nil {
			return "", FaultUnreadable
		}
		return hash, ""
	}
	return "", fault
}

func parsePrivateKey(der []byte) (crypto.Signer, PEMFault) {
	if k, err := x509.ParsePKCS8PrivateKey(der); err == nil {
		if signer, ok := k.(crypto.Signer); ok {
			return signer, ""
		}
		return nil, FaultCannotSign
	}
	if k, err := x509.ParsePKCS1PrivateKey(der); err == nil {
		return k, ""
	}
	if k, err := x509.ParseECPrivateKey(der); err == nil {
		return k, ""
	}
	return nil, FaultUnreadable
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
