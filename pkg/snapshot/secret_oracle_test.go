package snapshot

// Throwaway keys, and what must hold of every Secret that came through the builder.

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"encoding/pem"
	"math/big"
	"slices"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/yaml"
)

// pair is a throwaway key with a certificate made for it.
type pair struct {
	key  crypto.Signer
	cert *x509.Certificate
}

func newPair(t testing.TB, key crypto.Signer) pair {
	t.Helper()
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "throwaway"}, DNSNames: []string{"shop.example.com"},
		NotBefore: time.Unix(1e9, 0), NotAfter: time.Unix(2e9, 0),
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return pair{key, cert}
}

func ecPair(t testing.TB) pair {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return newPair(t, key)
}

func block(kind string, der []byte, headers ...string) []byte {
	b := &pem.Block{Type: kind, Bytes: der, Headers: map[string]string{}}
	for i := 0; i+1 < len(headers); i += 2 {
		b.Headers[headers[i]] = headers[i+1]
	}
	return pem.EncodeToMemory(b)
}

func (p pair) crt() []byte { return block("CERTIFICATE", p.cert.Raw) }

func (p pair) pkcs8(t testing.TB) []byte {
	t.Helper()
	der, err := x509.MarshalPKCS8PrivateKey(p.key)
	if err != nil {
		t.Fatal(err)
	}
	return block("PRIVATE KEY", der)
}

func (p pair) hash(t testing.TB) string {
	t.Helper()
	h, err := PublicKeyHash(p.cert.PublicKey)
	if err != nil {
		t.Fatal(err)
	}
	return h
}

// ingest takes a Secret through the one way in, and once more what came out.
func ingest(t testing.TB, s *corev1.Secret) *corev1.Secret {
	t.Helper()
	take := func(s *corev1.Secret) *corev1.Secret {
		b := NewBuilder()
		if err := b.Add(s.DeepCopy()); err != nil {
			t.Fatal(err)
		}
		o, _ := b.Build(time.Time{}).Find(Secrets, s.Namespace, s.Name)
		return o.(*corev1.Secret)
	}
	once := take(s)
	data, err := json.Marshal(once)
	if err != nil {
		t.Fatal(err)
	}
	var read corev1.Secret
	if err := json.Unmarshal(data, &read); err != nil {
		t.Fatal(err)
	}
	again, err := json.Marshal(take(&read))
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(data, again) {
		t.Errorf("a recording does not come through unchanged:\n%s\n%s", data, again)
	}
	return once
}

// closed checks what holds for every input: only certificates that were in the input are left, and words of closed sets.
func closed(t testing.TB, in, out *corev1.Secret) {
	t.Helper()
	given := map[string]bool{}
	collect := func(value []byte) {
		for b, rest := pem.Decode(value); b != nil; b, rest = pem.Decode(rest) {
			given[string(b.Bytes)] = true
		}
	}
	for _, v := range in.Data {
		collect(v)
	}
	for _, v := range in.StringData {
		collect([]byte(v))
	}
	for name, value := range out.Data {
		if name != "tls.crt" && name != "ca.crt" {
			t.Errorf("entry %q survives", name)
		}
		var canonical []byte
		for b, rest := pem.Decode(value); b != nil; b, rest = pem.Decode(rest) {
			if _, err := x509.ParseCertificate(b.Bytes); err != nil || !given[string(b.Bytes)] {
				t.Errorf("%s holds a block that is no certificate of the input: %v", name, err)
			}
			canonical = append(canonical, block("CERTIFICATE", b.Bytes)...)
		}
		if !bytes.Equal(canonical, value) {
			t.Errorf("%s holds more than certificates", name)
		}
	}
	if len(out.StringData) > 0 || len(out.ManagedFields) > 0 {
		t.Error("stringData or managed fields survive")
	}
	for name, value := range out.Annotations {
		var ok bool
		switch name {
		case AnnotationKeys:
			ok = joinNames(strings.Split(value, ",")) == value
		case AnnotationKeyHash:
			ok = keyHash.MatchString(value)
		case AnnotationKeyError:
			ok = knownFault(value)
		case AnnotationCertError:
			ok = validFacts(map[string]string{AnnotationCertError: value})[AnnotationCertError] == value
		default:
			ok = keepAnnotation(name) && !strings.HasPrefix(name, "scars.dev/")
		}
		if !ok {
			t.Errorf("annotation %s survives with %q", name, value)
		}
	}
}

// survives tells whether a marker can be found in any form of the object.
func survives(t testing.TB, s *corev1.Secret, marker string) bool {
	t.Helper()
	asJSON, err := json.Marshal(s)
	if err != nil {
		t.Fatal(err)
	}
	asYAML, err := yaml.Marshal(s)
	if err != nil {
		t.Fatal(err)
	}
	asProto, err := s.Marshal()
	if err != nil {
		t.Fatal(err)
	}
	haystack := slices.Concat(asJSON, asYAML, asProto)
	for _, v := range s.Data {
		haystack = append(haystack, v...)
		for b, rest := pem.Decode(v); b != nil; b, rest = pem.Decode(rest) {
			haystack = append(haystack, b.Bytes...)
		}
	}
	forms := []string{marker, hex.EncodeToString([]byte(marker)), strings.ToLower(marker)}
	for shift := range 3 { // base64 of the marker at any offset: the middle, which does not depend on its neighbours
		coded := base64.StdEncoding.EncodeToString(append(make([]byte, shift), marker...))
		forms = append(forms, coded[4:len(coded)-4])
	}
	return slices.ContainsFunc(forms, func(f string) bool { return bytes.Contains(haystack, []byte(f)) })
}
