package recording

// What cannot be read is refused, and says why.

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"
)

func packed(t testing.TB, text string) []byte {
	t.Helper()
	var out bytes.Buffer
	w := gzip.NewWriter(&out)
	if _, err := io.WriteString(w, text); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func archive(t *testing.T, members ...tar.Header) []byte {
	t.Helper()
	var out bytes.Buffer
	w := tar.NewWriter(&out)
	for _, hdr := range members {
		text := ""
		if hdr.Typeflag == tar.TypeReg {
			text = claim("a")
		}
		hdr.Size, hdr.Mode = int64(len(text)), 0o644
		if err := w.WriteHeader(&hdr); err != nil {
			t.Fatal(err)
		}
		if _, err := io.WriteString(w, text); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func member(name string) tar.Header { return tar.Header{Name: name, Typeflag: tar.TypeReg} }

const billionLaughs = `apiVersion: v1
kind: ConfigMap
metadata: {name: lol}
a: &a [lol, lol, lol, lol, lol, lol, lol, lol, lol, lol]
b: &b [*a, *a, *a, *a, *a, *a, *a, *a, *a, *a]
c: &c [*b, *b, *b, *b, *b, *b, *b, *b, *b, *b]
d: &d [*c, *c, *c, *c, *c, *c, *c, *c, *c, *c]
e: &e [*d, *d, *d, *d, *d, *d, *d, *d, *d, *d]
f: &f [*e, *e, *e, *e, *e, *e, *e, *e, *e, *e]
g: &g [*f, *f, *f, *f, *f, *f, *f, *f, *f, *f]
h: &h [*g, *g, *g, *g, *g, *g, *g, *g, *g, *g]
`

func TestRefused(t *testing.T) {
	zip := packed(t, claim("a")+strings.Repeat("# a comment that makes it longer\n", 1000))
	damaged := bytes.Clone(zip)
	damaged[len(damaged)-6] ^= 0xff
	for _, tc := range []struct {
		name  string
		input []byte
		want  string
	}{
		{"empty", nil, "the file is empty"},
		{"only comments", []byte("# nothing\n---\n\n"), "no Kubernetes objects in "},
		{"empty gzip", packed(t, ""), "the file is empty"},
		{"truncated gzip", zip[:len(zip)-20], "truncated gzip: the file ends too early"},
		{"damaged gzip", damaged, "damaged gzip"},
		{"gzip of nothing but its magic", []byte{0x1f, 0x8b}, "damaged gzip"},
		{"binary", []byte("\x7fELF\x02\x01\x01\x00\x00\x00"), "binary data, neither YAML nor JSON"},
		{"empty tar", packed(t, strings.Repeat("\x00", 1024)), "as an empty tar archive does"},
		{"flow that is left open", []byte("a: [b\n"), "did not find expected ',' or ']'"},
		{"text", []byte("hello, world\n"), "no Kubernetes object"},
		{"not yaml", []byte("a: b: c\n"), "document 1, from line 1 on: mapping values"},
		{"other yaml", []byte("image: {tag: 1.2}\n"), "no Kubernetes objects in "},
		{"aliases that explode", []byte(billionLaughs), "aliases that unfold to more than 4 MiB"},
		{"aliases of a long text", []byte("a: &a " + strings.Repeat("x", 1<<20) + "\nb: [" + strings.Repeat("*a,", 100) + "]\n"), "aliases that unfold"},
		{"alias of itself", []byte("a: &a [*a]\n"), "aliases that unfold"},
		{"tar with a way out", archive(t, member("a.yaml"), member("../../etc/b.yaml")), `unsafe archive: member "../../etc/b.yaml" leads out of it`},
		{"tar with a windows way out", archive(t, member(`a\..\..\b.yaml`)), "leads out of it"},
		{"tar with an absolute name", archive(t, member("/etc/a.yaml")), `member "/etc/a.yaml" has an absolute name`},
		{"tar with a symbolic link", archive(t, tar.Header{Name: "a.yaml", Typeflag: tar.TypeSymlink, Linkname: "/etc/passwd"}), `member "a.yaml" is a link`},
		{"tar with a hard link", archive(t, tar.Header{Name: "a.yaml", Typeflag: tar.TypeLink, Linkname: "b"}), `member "a.yaml" is a link`},
		{"tar with a device", archive(t, tar.Header{Name: "a.yaml", Typeflag: tar.TypeChar}), "neither file nor directory"},
		{"tar of other files", archive(t, member("README.md")), "no file in the archive ends in"},
		{"truncated tar", archive(t, member("a.yaml"), member("b.yaml"))[:1100], "truncated tar"},
		{"packed tar with a way out", packed(t, string(archive(t, member("../a.yaml")))), "leads out of it"},
		{"newer recording", []byte(`{"apiVersion":"scars.dev/v1alpha1","kind":"Recording","format":2,"time":"2026-11-23T18:00:00Z"}`), "recording of format 2: this version reads formats 1 to 1"},
		{"recording without time", []byte(`{"apiVersion":"scars.dev/v1alpha1","kind":"Recording","format":1}`), "no time"},
		{"two recordings", []byte(strings.Repeat(`{"apiVersion":"scars.dev/v1alpha1","kind":"Recording","format":1,"time":"2026-11-23T18:00:00Z"}`+"\n", 2)), "more than one recording"},
		{"broken over and over", []byte(strings.Repeat("a: b: c\n---\n", 200)), "more than 100 broken documents"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			in, err := ReadFrom("input", bytes.NewReader(tc.input), DefaultLimits())
			if err == nil {
				t.Fatalf("read %d objects, gaps %v", in.Objects, in.Gaps)
			}
			if !strings.Contains(err.Error(), tc.want) || strings.Contains(err.Error(), "\n") {
				t.Errorf("got %q, want %q", err, tc.want)
			}
			if tc.name != "only comments" && tc.name != "other yaml" && !strings.HasPrefix(err.Error(), "read input: ") {
				t.Errorf("the error does not name the file: %q", err)
			}
		})
	}
}

// endless gives one byte for ever.
type endless byte

func (e endless) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = byte(e)
	}
	return len(p), nil
}

func bomb(t *testing.T, c byte, size int64) []byte {
	t.Helper()
	var out bytes.Buffer
	w := gzip.NewWriter(&out)
	if _, err := io.Copy(w, io.LimitReader(endless(c), size)); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func TestMuchOfNothingIsRefusedInLittleMemory(t *testing.T) {
	const size = 2 << 30
	sparse := filepath.Join(t.TempDir(), "zeros.yaml")
	f, err := os.Create(sparse)
	if err != nil {
		t.Fatal(err)
	}
	if err := f.Truncate(size); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	tight := DefaultLimits()
	tight.Bytes = 64 << 20
	var inTar bytes.Buffer
	w := tar.NewWriter(&inTar)
	if err := w.WriteHeader(&tar.Header{Name: "a.yaml", Typeflag: tar.TypeReg, Size: 1 << 30}); err != nil {
		t.Fatal(err)
	}
	for _, tc := range []struct {
		name, want string
		read       func() (*Input, error)
	}{
		{"zeros in a file", "binary data", func() (*Input, error) { return Read([]string{sparse}, nil, DefaultLimits()) }},
		{"zeros on standard input", "binary data", func() (*Input, error) {
			return Read([]string{"-"}, io.LimitReader(endless(0), size), DefaultLimits())
		}},
		{"packed zeros", "binary data", func() (*Input, error) {
			return ReadFrom("zeros.gz", bytes.NewReader(bomb(t, 0, 64<<20)), DefaultLimits())
		}},
		{"packed spaces", "unpacks to more than 500 times its size", func() (*Input, error) {
			return ReadFrom("spaces.gz", bytes.NewReader(bomb(t, ' ', 64<<20)), DefaultLimits())
		}},
		{"packed newlines", "unpacks to more than 500 times its size", func() (*Input, error) {
			return ReadFrom("lines.gz", bytes.NewReader(bomb(t, '\n', 64<<20)), DefaultLimits())
		}},
		{"spaces", "larger than the limit", func() (*Input, error) { return ReadFrom("spaces", endless(' '), tight) }},
		{"one long word", "larger than the limit", func() (*Input, error) { return ReadFrom("word", endless('a'), tight) }},
		{"one long string", "larger than the limit", func() (*Input, error) {
			return ReadFrom("string", io.MultiReader(strings.NewReader(`{"a":"`), endless('a')), tight)
		}},
		{"brackets", "more than 100 broken documents", func() (*Input, error) { return ReadFrom("brackets", endless('['), tight) }},
		{"zeros in a tar", "larger than the limit", func() (*Input, error) {
			return ReadFrom("zeros.tar", io.MultiReader(bytes.NewReader(inTar.Bytes()), endless(0)), tight)
		}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			_, err := tc.read()
			runtime.ReadMemStats(&after)
			if err == nil || !strings.Contains(err.Error(), tc.want) {
				t.Errorf("got %v, want %q", err, tc.want)
			}
			if used := after.TotalAlloc - before.TotalAlloc; used > 64<<20 {
				t.Errorf("allocated %d MiB", used>>20)
			}
		})
	}
}

func TestFilesThatCannotBeRead(t *testing.T) {
	dir := t.TempDir()
	if _, err := Read([]string{filepath.Join(dir, "none.yaml")}, nil, DefaultLimits()); err == nil || !strings.Contains(err.Error(), "none.yaml: no such file") {
		t.Errorf("missing file: %v", err)
	}
	if _, err := Read([]string{dir}, nil, DefaultLimits()); err == nil || !strings.Contains(err.Error(), "no file in it ends in") {
		t.Errorf("empty directory: %v", err)
	}
}

func TestFailedSaveLeavesNothing(t *testing.T) {
	dir := t.TempDir()
	s := liveSnapshot(t)
	if err := os.Mkdir(filepath.Join(dir, "taken.json"), 0o755); err != nil { // a directory cannot be replaced by a file
		t.Fatal(err)
	}
	if err := Save(filepath.Join(dir, "taken.json"), testHeader(), s); err == nil || !strings.Contains(err.Error(), "save ") {
		t.Errorf("over a directory: %v", err)
	}
	if err := Save(filepath.Join(dir, "none", "a.json"), testHeader(), s); err == nil {
		t.Error("saved into a directory that does not exist")
	}
	bad := testHeader()
	late := snapshotAt(t, time.Date(10000, 1, 1, 0, 0, 0, 0, time.UTC)) // JSON has no such year
	if err := Save(filepath.Join(dir, "late.json"), bad, late); err == nil {
		t.Error("saved a time that cannot be written")
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	if len(entries) != 1 {
		t.Errorf("left behind: %v", entries)
	}
}

func TestSaveAndRead(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{"a.json", "a.json.gz"} {
		path := filepath.Join(dir, name)
		for range 2 { // the second replaces the first
			if err := Save(path, testHeader(), liveSnapshot(t)); err != nil {
				t.Fatal(err)
			}
		}
		in, err := Read([]string{path}, nil, DefaultLimits())
		if err != nil {
			t.Fatal(err)
		}
		if got, want := text(t, in.Snapshot().All()), text(t, liveSnapshot(t).All()); got != want {
			t.Errorf("%s: got\n%s\nwant\n%s", name, got, want)
		}
		if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("mode %v, %v", info.Mode(), err)
		}
	}
	entries, _ := os.ReadDir(dir)
	if len(entries) != 2 {
		t.Errorf("left behind: %v", entries)
	}
}
