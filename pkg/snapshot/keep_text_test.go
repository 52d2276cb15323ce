package snapshot

// What free text may and may not keep.

import (
	"crypto/rand"
	"encoding/base64"
	"strings"
	"testing"
	"unicode/utf8"
)

func TestRedactSecrets(t *testing.T) {
	key := string(ecPair(t).pkcs8(t))
	lines := strings.Split(strings.TrimSpace(key), "\n")
	for name, c := range map[string]struct{ text, secret string }{
		"PEM block":                  {"cannot read " + key + " from disk", lines[1][:24]},
		"PEM cut off":                {"cannot read " + key[:90], lines[1][:24]},
		"PEM without its beginning":  {strings.Join(lines[1:], "\n"), lines[1][:24]},
		"PEM short last line":        {strings.Join(lines[2:], "\n"), lines[len(lines)-2]},
		"PEM on one line":            {`{"key":"` + strings.ReplaceAll(key, "\n", `\n`) + `"}`, lines[1][:24]},
		"PEM of another kind":        {"-----BEGIN PGP PRIVATE KEY BLOCK-----\nc2VjcmV0\n-----END PGP PRIVATE KEY BLOCK-----", "c2VjcmV0"},
		"middle of a PEM block":      {"tail: " + lines[1], lines[1][:24]},
		"command that timed out":     {`Liveness probe failed: command timed out: "mysqladmin -uroot -phunter2 ping" timed out after 1s`, "hunter2"},
		"command cut off":            {`Liveness probe failed: command timed out: "mysqladmin -uroot -phunter2 pi`, "hunter2"},
		"command that failed":        {`rpc error: command 'sh -c "login hunter2"' exited with 1: no`, "hunter2"},
		"command of a hook":          {`Exec lifecycle hook ([sh -c login (hunter2)]) for Container "web" in Pod "web" failed - error: x`, "hunter2"},
		"password in a URL":          {"dial postgres://app:hunter2@db:5432/shop: refused", "hunter2"},
		"query of a URL":             {`Get "https://10.0.0.1:8443/healthz?sig=hunter2": context deadline exceeded`, "hunter2"},
		"fragment of a URL":          {"Get http://10.0.0.1/#hunter2: EOF", "hunter2"},
		"assignment":                 {"DB_PASSWORD=hunter2 not accepted", "hunter2"},
		"quoted with spaces":         {`password="hunter2 and more" rejected`, "and more"},
		"quote not closed":           {`password="hunter2 and mo`, "and mo"},
		"escaped quote inside":       {`password="ab\"hunter2"`, "hunter2"},
		"JSON":                       {`{"user":"a","apiKey":"hunter2"}`, "hunter2"},
		"JSON in a string":           {`{\"password\":\"hunter2\"}`, "hunter2"},
		"YAML":                       {"client_secret: hunter2", "hunter2"},
		"option":                     {"mysql --password hunter2 failed", "hunter2"},
		"option with a suffix":       {"vault -token-value hunter2", "hunter2"},
		"authorization, basic":       {"Authorization: Basic YTpi", "YTpi"},
		"authorization, other":       {"authorization: AWS4-HMAC-SHA256 Credential=hunter2", "hunter2"},
		"bearer":                     {"sent Bearer hunter2hunter2 to", "hunter2"},
		"token in prose":             {"token hunter2Hunter was refused", "hunter2"},
		"JSON web token":             {"got eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl back", "eyJzdWIiOiIxIn0"},
		"access key of a cloud":      {"AKIAABCDEFGHIJKLMNOP is not allowed", "AKIAABCDEFGHIJKLMNOP"},
		"base64 of some length":      {"value dGhpcyBpcyBhIHNlY3JldCB0aGF0IGlzIGxvbmcgZW5vdWdoIHRvIGJlIHNlZW4gYXMgb25l", "dGhpcyBpcyBh"},
		"behind much text":           {strings.Repeat("x ", 400) + "password=hunter2", "hunter2"},
		"redaction makes it shorter": {strings.Repeat("password=hunter2hunter2hunter2hunter2 ", 40) + "token=deadbeef7", "deadbeef7"},
	} {
		t.Run(name, func(t *testing.T) {
			got := redact(c.text)
			if strings.Contains(got, c.secret) {
				t.Errorf("%q survives in %q", c.secret, got)
			}
			if again := redact(got); again != got {
				t.Errorf("not idempotent:\n%q\n%q", got, again)
			}
		})
	}
}

// What engines read must come through as it is.
func TestRedactKeepsWhatProves(t *testing.T) {
	for _, text := range []string{
		"",
		"Liveness probe failed: HTTP probe failed with statuscode: 503",
		`Readiness probe failed: Get "http://10.244.0.5:8080/healthz": dial tcp 10.244.0.5:8080: connect: connection refused`,
		"Container app failed liveness probe, will be restarted",
		"Memory cgroup out of memory: Killed process 4711 (java)",
		"The node was low on resource: memory. Threshold quantity: 100Mi, available: 92Mi. Container app was using 512Mi, request is 0, has larger consumption of memory. ",
		`MountVolume.SetUp failed for volume "tls" : secret "shop-tls" not found`,
		`couldn't find key tls.crt in Secret shop/web`,
		`Failed to pull image "registry.example/web@sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef": not found`,
		"token authentication failed",
		`Liveness probe failed: command timed out: "[redacted]" timed out after 1s`,
		`unknown command "serve" for "web"`,
		`failed to create pod sandbox: plugin type="calico" failed (add): error getting ClusterInformation: connection is unauthorized: Unauthorized`,
		"/var/lib/kubelet/pods/0f9c2b1e-0d5e-4c1f-9a51-2f2d4b1c7e11/volumes/kubernetes.io~csi/pvc-0f9c2b1e/mount is full",
		"waiting for a volume to be created, either by external provisioner \"ebs.csi.aws.com\" or manually created by system administrator",
	} {
		if got := redact(text); got != text {
			t.Errorf("%q became %q", text, got)
		}
	}
}

func TestCut(t *testing.T) {
	for name, text := range map[string]string{
		"letters":               strings.Repeat("a", 5000),
		"runes across the edge": strings.Repeat("a", maxText-4) + strings.Repeat("é", 20),
		"wide runes":            strings.Repeat("界", 600),
		"broken runes":          strings.Repeat("\xff", 900),
		"broken, and longer":    strings.Repeat("\xffpassword=x ", 900),
		"just fits":             strings.Repeat("b", maxText),
	} {
		got := redact(text)
		if len(got) > maxText {
			t.Errorf("%s: %d bytes are left", name, len(got))
		}
		if !utf8.ValidString(got) {
			t.Errorf("%s: cut within a rune: %q", name, got[len(got)-8:])
		}
		if len(text) > maxText && !strings.HasSuffix(got, cutMark) {
			t.Errorf("%s: the cut is not marked", name)
		}
		if redact(got) != got {
			t.Errorf("%s: not idempotent", name)
		}
	}
}

func TestCutQuery(t *testing.T) {
	for in, want := range map[string]string{
		"/healthz": "/healthz", "": "", "/x?a=b": "/x?…", "/x?…": "/x?…", "/x#frag": "/x?…", "/x?": "/x?…", "?": "?…",
	} {
		if got := cutQuery(in); got != want || cutQuery(got) != want {
			t.Errorf("cutQuery(%q) = %q", in, got)
		}
	}
}

func FuzzRedact(f *testing.F) {
	for _, s := range []string{
		"password=\"x", `\"token\":\"`, "-----BEGIN A-----\nx", "x-----END A-----", "Bearer aaaaaaaa", "postgres://a:b@c", "\xff\xfe",
		strings.Repeat("password=é", 200), "http://a?b://c@d", "authorization: basic basic basic", "-----BEGIN -----BEGIN X-----",
	} {
		f.Add(s, 3)
	}
	f.Fuzz(func(t *testing.T, s string, n int) {
		s = strings.Repeat(s, 1+min(max(n, 0), 2000/(len(s)+1)))
		got := redact(s)
		if len(got) > maxText || !utf8.ValidString(got) {
			t.Errorf("too long or no text: %q", got)
		}
		if again := redact(got); again != got {
			t.Errorf("not idempotent:\n%q\n%q", got, again)
		}
		random := make([]byte, 18)
		_, _ = rand.Read(random)
		secret := "a1" + base64.RawURLEncoding.EncodeToString(random)
		if got := redact(strings.Map(plain, s) + " password=" + secret); strings.Contains(got, secret) {
			t.Errorf("the password survives in %q", got)
		}
	})
}

// plain takes out what could open a quotation before the secret.
func plain(r rune) rune {
	if strings.ContainsRune("\"'\\", r) {
		return -1
	}
	return r
}

func BenchmarkRedact(b *testing.B) {
	for name, text := range map[string]string{
		"plain":      `Readiness probe failed: HTTP probe failed with statuscode: 503 and some more words behind it to make it real`,
		"suspicious": `Readiness probe failed: Get "http://10.244.0.5:8080/healthz": dial tcp 10.244.0.5:8080: connect: connection refused`,
	} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				redact(text)
			}
		})
	}
}
