package recording

// Whatever a file holds: nothing panics, the limits hold, no private key is written, and what is written reads back as the same.

import (
	"archive/tar"
	"bytes"
	"crypto/ed25519"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"
)

// fuzzKey is a private key like any other, made from a seed so that every run has the same.
func fuzzKey(t testing.TB) (pemText string) {
	t.Helper()
	der, err := x509.MarshalPKCS8PrivateKey(ed25519.NewKeyFromSeed([]byte("a seed of 32 bytes, for the tests")[:32]))
	if err != nil {
		t.Fatal(err)
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}))
}

// keyTraces are the forms in which a part of the key could be seen: as PEM, and as base64 of it wherever a group of three begins.
func keyTraces(t testing.TB) []string {
	key := fuzzKey(t)
	body := strings.Split(key, "\n")[1]
	traces := []string{body[24:48]}
	for shift := range 3 {
		traces = append(traces, base64.StdEncoding.EncodeToString([]byte(body[21+shift:45+shift])))
	}
	return traces
}

// keySeeds are inputs with the key wherever a key may stand.
func keySeeds(t testing.TB) []string {
	key := fuzzKey(t)
	quoted := strings.ReplaceAll(key, "\n", `\n`)
	coded := base64.StdEncoding.EncodeToString([]byte(key))
	secret := func(rest string) string {
		return `{"apiVersion":"v1","kind":"Secret","type":"kubernetes.io/tls","metadata":{"name":"tls","namespace":"shop"` + rest + "}\n"
	}
	return []string{
		secret(`},"data":{"tls.key":"` + coded + `","tls.crt":"` + coded + `","ca.crt":"` + coded + `","other":"` + coded + `"}`),
		secret(`},"stringData":{"tls.key":"` + quoted + `"}`),
		secret(`,"annotations":{"kubectl.kubernetes.io/last-applied-configuration":"` + quoted + `","cert-manager.io/x":"` + quoted + `"},"labels":{"x":"` + quoted + `"}}`),
		secret(`,"annotations":{"scars.dev/data-keys":"tls.key","scars.dev/tls-key-error":"` + quoted + `"}},"data":{"tls.key":"` + coded + `"}`),
		`{"apiVersion":"v1","kind":"Pod","metadata":{"name":"a","namespace":"shop"},"spec":{"containers":[{"name":"app","image":"` + quoted +
			`","args":["` + quoted + `"],"env":[{"name":"KEY","value":"` + quoted + `"}],"livenessProbe":{"exec":{"command":["sh","` + quoted + `"]}}}]},` +
			`"status":{"message":"` + quoted + `","containerStatuses":[{"name":"app","lastState":{"terminated":{"exitCode":1,"message":"` + quoted + `"}}}]}}`,
		`{"apiVersion":"v1","kind":"Event","metadata":{"name":"e","namespace":"shop"},"message":"` + quoted + `"}`,
		`{"apiVersion":"scars.dev/v1alpha1","kind":"Recording","format":1,"time":"2026-11-23T18:00:00Z","context":"` + quoted + `","sealed":[{"kind":"pods","state":{"status":"failed","reason":"` + quoted + `"}}]}`,
	}
}

// seeds are the files of testdata and the inputs of the other tests.
func seeds(t testing.TB) []string {
	out := append(keySeeds(t), billionLaughs, claim("a")+"---\n"+claimJSON("b")+"\n"+claim("c"), claimJSON("a")+"\n"+someLog+claimJSON("b")[:60],
		prettyList(claimJSON("a"), `{"kind": {`, claimJSON("c")), "apiVersion: v1\nitems:\n- "+indented(claim("a"))+"- kind: }\n- "+indented(claim("c"))+"kind: List\n",
		`{"items":[{"metadata":{"name":"a","namespace":"shop"}}],"kind":"PodList","apiVersion":"v1","metadata":{"resourceVersion":"1","continue":"x"}}`)
	for _, pattern := range []string{"*.yaml", "lab/*.yaml"} {
		files, err := filepath.Glob(filepath.Join("testdata", pattern))
		if err != nil || len(files) == 0 {
			t.Fatalf("no seeds in testdata/%s: %v", pattern, err)
		}
		for _, f := range files {
			data, err := os.ReadFile(f)
			if err != nil {
				t.Fatal(err)
			}
			out = append(out, string(data))
		}
	}
	return out
}

// tightLimits make the limits easy to reach.
func tightLimits() Limits {
	return Limits{Bytes: 4 << 20, Object: 64 << 10, Files: 20, Nested: 3, Broken: 10, Latest: time.Date(2027, 1, 1, 0, 0, 0, 0, time.UTC)}
}

// hold reads the input and holds the promises. plain is the same before it was packed.
func hold(t *testing.T, data, plain []byte) {
	limits := tightLimits()
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	in, err := ReadFrom("input", bytes.NewReader(data), limits)
	runtime.ReadMemStats(&after)
	if used := after.TotalAlloc - before.TotalAlloc; used > 512<<20 {
		t.Fatalf("allocated %d MiB for %d bytes", used>>20, len(data))
	}
	if err != nil {
		if strings.Contains(err.Error(), "\n") {
			t.Fatalf("error of several lines: %q", err)
		}
		return
	}
	if len(in.Gaps) > limits.Broken || in.Now.After(limits.Latest) && in.Header == nil {
		t.Fatalf("%d gaps, now %s", len(in.Gaps), in.Now)
	}
	h := Header{ToolVersion: "fuzz"}
	if in.Header != nil {
		h = *in.Header
	}
	var first, second bytes.Buffer
	if err := Write(&first, h, in.Snapshot()); err != nil {
		if in.Header != nil || in.Now.Year() < 1 {
			return // a header may hold a time that JSON cannot
		}
		t.Fatal(err)
	}
	for i, trace := range keyTraces(t) {
		if i == 0 && bytes.Contains(privateKey.ReplaceAllLiteral(plain, nil), []byte(trace)) {
			continue // the fuzzer took the key out of its armour; what is left is no key in any form that can be told
		}
		if at := strings.Index(first.String(), trace); at >= 0 {
			t.Fatalf("a private key is written: …%s…", first.String()[max(0, at-80):at])
		}
	}
	limits.Bytes, limits.Object = 1<<30, 1<<30
	again, err := ReadFrom("recording", bytes.NewReader(first.Bytes()), limits)
	if err != nil {
		t.Fatalf("what was written does not read back: %v", err)
	}
	if err := Write(&second, *again.Header, again.Snapshot()); err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(first.Bytes(), second.Bytes()) {
		t.Fatalf("a recording of a recording differs:\n%s\nand\n%s", first.Bytes(), second.Bytes())
	}
}

func FuzzObjects(f *testing.F) {
	for _, s := range seeds(f) {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, data []byte) { hold(t, data, data) })
}

func FuzzArchive(f *testing.F) {
	for _, s := range keySeeds(f) {
		var out bytes.Buffer
		w := tar.NewWriter(&out)
		for _, name := range []string{"a.json", "shop/secrets.yaml"} {
			if err := w.WriteHeader(&tar.Header{Name: name, Typeflag: tar.TypeReg, Size: int64(len(s)), Mode: 0o644}); err != nil {
				f.Fatal(err)
			}
			if _, err := w.Write([]byte(s)); err != nil {
				f.Fatal(err)
			}
		}
		if err := w.Close(); err != nil {
			f.Fatal(err)
		}
		f.Add(out.Bytes(), 0)
		f.Add(out.Bytes(), 1)
	}
	f.Add([]byte(claim("a")), 2)
	f.Fuzz(func(t *testing.T, data []byte, packings int) {
		wrapped := data
		for range packings & 7 {
			wrapped = packed(t, string(wrapped))
		}
		hold(t, wrapped, data)
	})
}
