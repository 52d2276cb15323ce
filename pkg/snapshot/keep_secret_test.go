package snapshot

// What may come through of a Secret, tried with throwaway keys that are made when the test runs.

import (
	"bytes"
	"crypto/ecdh"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"slices"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

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
