package snapshot

// What may come through of a Secret, tried with throwaway keys that are made when the test runs.

import (
	"bytes"
	"crypto"
	"crypto/ecdh"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
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
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
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

func TestNoSecretValueSurvives(t *testing.T) {
	const marker = "MARKER-q7Zx2Vb9Kd4Tn8Ws"
	good := ecPair(t)
	pemOf := func(kind string) []byte { return block(kind, []byte(marker+marker)) }
	secrets := map[string]*corev1.Secret{
		"key as it should be":      {Data: map[string][]byte{"tls.crt": good.crt(), "tls.key": append(good.pkcs8(t), marker...)}},
		"key in tls.crt":           {Data: map[string][]byte{"tls.crt": slices.Concat(good.crt(), pemOf("PRIVATE KEY")), "tls.key": good.pkcs8(t)}},
		"key in ca.crt":            {Data: map[string][]byte{"ca.crt": slices.Concat(pemOf("RSA PRIVATE KEY"), good.crt())}},
		"key called a certificate": {Data: map[string][]byte{"tls.crt": pemOf("CERTIFICATE"), "ca.crt": pemOf("TRUSTED CERTIFICATE")}},
		"text between blocks":      {Data: map[string][]byte{"tls.crt": slices.Concat([]byte(marker+"\n"), good.crt(), []byte(marker+"\n"), good.crt(), []byte(marker))}},
		"PEM headers":              {Data: map[string][]byte{"tls.crt": block("CERTIFICATE", good.cert.Raw, "Comment", marker, marker, "x")}},
		"bytes after the DER":      {Data: map[string][]byte{"tls.crt": block("CERTIFICATE", append(bytes.Clone(good.cert.Raw), marker...))}},
		"opaque":                   {Type: corev1.SecretTypeOpaque, Data: map[string][]byte{"tls.crt": []byte(marker), "password": []byte(marker), "ca.crt": []byte(marker)}},
		"stringData":               {StringData: map[string]string{"tls.crt": string(good.crt()) + marker, "tls.key": marker, "user": marker}},
		"both data and stringData": {Data: map[string][]byte{"a": []byte(marker)}, StringData: map[string]string{"tls.crt": marker}},
		"immutable":                {Immutable: new(true), Data: map[string][]byte{"token": []byte(marker)}},
		"huge":                     {Data: map[string][]byte{"tls.key": bytes.Repeat([]byte(marker+"\n"), 40000), "tls.crt": bytes.Repeat([]byte(marker), 40000)}},
		"huge key":                 {Data: map[string][]byte{"tls.key": block("PRIVATE KEY", bytes.Repeat([]byte(marker), 40000))}},
		"base64 twice":             {Data: map[string][]byte{"tls.key": []byte(base64.StdEncoding.EncodeToString([]byte("-----BEGIN PRIVATE KEY-----\n" + marker)))}},
		"broken block":             {Data: map[string][]byte{"tls.crt": []byte("-----BEGIN CERTIFICATE-----\n" + marker + "!\n-----END CERTIFICATE-----\n")}},
		"name of an entry":         {Data: map[string][]byte{"key " + marker: []byte("x")}},
		"claims to be trimmed":     {ObjectMeta: metav1.ObjectMeta{Annotations: map[string]string{AnnotationKeys: "tls.key, " + marker + "!", AnnotationKeyHash: marker, AnnotationKeyError: marker, AnnotationCertError: marker + "@1,empty@" + marker, "scars.dev/more": marker}}},
		"trimmed, and a key":       {ObjectMeta: metav1.ObjectMeta{Annotations: map[string]string{AnnotationKeys: "tls.crt"}}, Data: map[string][]byte{"tls.key": pemOf("PRIVATE KEY")}},
		"trimmed, and stringData":  {ObjectMeta: metav1.ObjectMeta{Annotations: map[string]string{AnnotationKeys: "tls.crt"}}, StringData: map[string]string{"tls.crt": marker}},
		"last applied": {ObjectMeta: metav1.ObjectMeta{
			Annotations:   map[string]string{"kubectl.kubernetes.io/last-applied-configuration": `{"data":{"tls.key":"` + marker + `"}}`, "note": marker},
			ManagedFields: []metav1.ManagedFieldsEntry{{Manager: marker}},
		}},
		"secret in a kept annotation": {ObjectMeta: metav1.ObjectMeta{Annotations: map[string]string{"cert-manager.io/note": "password=" + marker}}},
	}
	for name, s := range secrets {
		t.Run(name, func(t *testing.T) {
			s.Namespace, s.Name = "shop", "tls"
			if !survives(t, s, marker) {
				t.Fatal("the marker is not found where it surely is")
			}
			out := ingest(t, s)
			closed(t, s, out)
			if survives(t, out, marker) {
				t.Errorf("a secret value survives: %+v", out)
			}
		})
	}
}

func TestSecretFacts(t *testing.T) {
	ec := ecPair(t)
	rsaKey, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	_, edKey, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	agreement, err := ecdh.X25519().GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	agreementDER, err := x509.MarshalPKCS8PrivateKey(agreement)
	if err != nil {
		t.Fatal(err)
	}
	sec1, err := x509.MarshalECPrivateKey(ec.key.(*ecdsa.PrivateKey))
	if err != nil {
		t.Fatal(err)
	}
	rsaPair, edPair := newPair(t, rsaKey), newPair(t, edKey)
	indented := []byte("  " + strings.ReplaceAll(string(ec.crt()), "\n", "\n  "))
	for _, c := range []struct {
		name, entry string
		value       []byte
		annotation  string
		want        string
	}{
		{"PKCS #8", "tls.key", ec.pkcs8(t), AnnotationKeyHash, ec.hash(t)},
		{"PKCS #1", "tls.key", block("RSA PRIVATE KEY", x509.MarshalPKCS1PrivateKey(rsaKey)), AnnotationKeyHash, rsaPair.hash(t)},
		{"SEC 1 after its parameters", "tls.key", slices.Concat(block("EC PARAMETERS", []byte{6, 0}), block("EC PRIVATE KEY", sec1)), AnnotationKeyHash, ec.hash(t)},
		{"Ed25519", "tls.key", edPair.pkcs8(t), AnnotationKeyHash, edPair.hash(t)},
		{"Windows line ends", "tls.key", bytes.ReplaceAll(ec.pkcs8(t), []byte("\n"), []byte("\r\n")), AnnotationKeyHash, ec.hash(t)},
		{"first of two keys", "tls.key", slices.Concat(ec.pkcs8(t), edPair.pkcs8(t)), AnnotationKeyHash, ec.hash(t)},
		{"empty key", "tls.key", []byte(" \n"), AnnotationKeyError, "empty"},
		{"no PEM", "tls.key", []byte("secret"), AnnotationKeyError, "not-pem"},
		{"key in DER", "tls.key", x509.MarshalPKCS1PrivateKey(rsaKey), AnnotationKeyError, "der"},
		{"key in base64", "tls.key", []byte(base64.StdEncoding.EncodeToString(ec.pkcs8(t))), AnnotationKeyError, "base64"},
		{"cut off", "tls.key", ec.pkcs8(t)[:80], AnnotationKeyError, "broken"},
		{"a certificate as key", "tls.key", ec.crt(), AnnotationKeyError, "other-block"},
		{"encrypted, PKCS #8", "tls.key", block("ENCRYPTED PRIVATE KEY", sec1), AnnotationKeyError, "encrypted"},
		{"encrypted, old form", "tls.key", block("RSA PRIVATE KEY", sec1, "Proc-Type", "4,ENCRYPTED", "DEK-Info", "AES-256-CBC,00"), AnnotationKeyError, "encrypted"},
		{"OpenSSH", "tls.key", block("OPENSSH PRIVATE KEY", []byte("openssh-key-v1")), AnnotationKeyError, "unreadable"},
		{"X25519", "tls.key", block("PRIVATE KEY", agreementDER), AnnotationKeyError, "cannot-sign"},
		{"too large", "tls.key", block("RSA PRIVATE KEY", make([]byte, maxKey+1)), AnnotationKeyError, "too-large"},

		{"certificate", "tls.crt", ec.crt(), AnnotationCertError, ""},
		{"chain with text", "tls.crt", slices.Concat([]byte("# leaf\n"), ec.crt(), []byte("\n# issuer\n"), rsaPair.crt()), AnnotationCertError, ""},
		{"empty certificate", "tls.crt", nil, AnnotationCertError, "empty"},
		{"text", "tls.crt", []byte("see vault"), AnnotationCertError, "not-pem"},
		{"certificate in DER", "tls.crt", ec.cert.Raw, AnnotationCertError, "der"},
		{"certificate in base64", "tls.crt", []byte(base64.StdEncoding.EncodeToString(ec.crt())), AnnotationCertError, "base64"},
		{"key first", "tls.crt", slices.Concat(ec.pkcs8(t), ec.crt(), ec.pkcs8(t)), AnnotationCertError, "private-key@1"},
		{"request", "tls.crt", block("CERTIFICATE REQUEST", ec.cert.Raw), AnnotationCertError, "other-block@1"},
		{"garbage second", "tls.crt", slices.Concat(ec.crt(), block("CERTIFICATE", []byte("x"))), AnnotationCertError, "unreadable@2"},
		{"several", "tls.crt", slices.Concat(block("CERTIFICATE", nil), ec.crt(), ec.pkcs8(t), ec.crt()[:90]), AnnotationCertError, "unreadable@1,private-key@3,broken"},
		{"indented", "tls.crt", indented, AnnotationCertError, "broken"},
	} {
		t.Run(c.name, func(t *testing.T) {
			in := &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Name: "tls"}, Data: map[string][]byte{c.entry: c.value, "note": nil}}
			out := ingest(t, in)
			closed(t, in, out)
			if got := out.Annotations[c.annotation]; got != c.want {
				t.Errorf("%s is %q, want %q", c.annotation, got, c.want)
			}
			if got, want := out.Annotations[AnnotationKeys], "note,"+c.entry; got != want {
				t.Errorf("%s is %q, want %q", AnnotationKeys, got, want)
			}
		})
	}
}

func FuzzTrimSecret(f *testing.F) {
	p := ecPair(f)
	f.Add(p.crt(), p.pkcs8(f), p.crt(), "password", "hunter2", "tls.crt", "", "")
	f.Add(append(p.pkcs8(f), p.crt()...), []byte("-----BEGIN"), []byte(nil), "tls.key", "x", "", "private-key@1", "sha256:00")
	f.Add([]byte("-----BEGIN CERTIFICATE-----\n\n-----END CERTIFICATE-----"), []byte{0x30, 0x82}, []byte("LS0tLS1CRUdJTiA="), "", "", "a,b", "empty", "der")
	f.Fuzz(func(t *testing.T, crt, key, ca []byte, name, value, names, certError, keyError string) {
		in := &corev1.Secret{
			ObjectMeta: metav1.ObjectMeta{Name: "tls", Annotations: map[string]string{
				AnnotationKeys: names, AnnotationCertError: certError, AnnotationKeyError: keyError, AnnotationKeyHash: keyError, "note": value,
			}},
			Data:       map[string][]byte{"tls.crt": crt, "ca.crt": ca},
			StringData: map[string]string{name: value},
		}
		if len(key) > 0 {
			in.Data["tls.key"] = key
		}
		if names == "" {
			delete(in.Annotations, AnnotationKeys)
		}
		closed(t, in, ingest(t, in))
	})
}
