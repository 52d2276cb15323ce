package recording

// Directories, archives and what else is wrapped around objects.

import (
	"archive/tar"
	"bytes"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"
	"unicode/utf16"

	"github.com/kubectl-scars/kubectl-scars/pkg/snapshot"
)

// dump is what kubectl cluster-info dump --namespaces shop,empty writes.
func dump() fstest.MapFS {
	list := func(kind string, items ...string) *fstest.MapFile {
		version := "v1"
		if kind == "DeploymentList" {
			version = "apps/v1"
		}
		return &fstest.MapFile{Data: []byte("{\n    \"kind\": \"" + kind + "\",\n    \"apiVersion\": \"" + version +
			"\",\n    \"metadata\": {\n        \"resourceVersion\": \"2352\"\n    },\n    \"items\": [\n        " + strings.Join(items, ",\n        ") + "\n    ]\n}\n")}
	}
	const meta = `"uid":"u","resourceVersion":"7"`
	return fstest.MapFS{
		"nodes.json":              list("NodeList", `{"metadata":{"name":"node1",`+meta+`}}`),
		"shop/pods.json":          list("PodList", `{"metadata":{"name":"web","namespace":"shop",`+meta+`}}`, `{"metadata":{"name":"api","namespace":"shop",`+meta+`}}`),
		"shop/services.json":      list("ServiceList"),
		"shop/deployments.json":   list("DeploymentList"),
		"shop/web/logs.txt":       {Data: []byte("kind: Pod\n")},
		"shop/.pods.json.swp":     {Data: []byte("\x00\x01")},
		"shop/.git/a.yaml":        {Data: []byte("\x00\x01")},
		"empty/pods.json":         list("PodList"),
		"empty/replicasets.json":  list("ReplicaSetList"), // of v1, which there is none: counted
		"empty/other/events.json": list("EventList", `{"metadata":{"name":"e","namespace":"shop",`+meta+`}}`),
	}
}

func checkDump(t *testing.T, in *Input) {
	t.Helper()
	s := in.Snapshot()
	if len(in.Gaps) > 0 || in.Objects != 4 {
		t.Fatalf("took %d objects, gaps %v", in.Objects, in.Gaps)
	}
	for _, ns := range []string{"shop", "empty"} {
		if st := s.StateOf(snapshot.Pods, ns); st.Status != snapshot.OK || !st.Assumed {
			t.Errorf("pods in %s: %+v", ns, st)
		}
	}
	if st := s.StateOf(snapshot.Services, "shop"); st.Status != snapshot.OK || !st.Assumed {
		t.Errorf("services in shop: %+v", st)
	}
	if st := s.StateOf(snapshot.Services, "empty"); st.Status != "" {
		t.Errorf("services in empty, which no file speaks of: %+v", st)
	}
	if st := s.StateOf(snapshot.Pods, ""); st.Status != "" {
		t.Errorf("pods in the cluster: %+v", st)
	}
}

func TestDirectory(t *testing.T) {
	dir := t.TempDir()
	if err := os.CopyFS(dir, dump()); err != nil {
		t.Fatal(err)
	}
	in, err := Read([]string{dir}, nil, DefaultLimits())
	if err != nil {
		t.Fatal(err)
	}
	checkDump(t, in)
	if in.Ignored[ignoredFile] != 2 {
		t.Errorf("ignored %v", in.Ignored)
	}
}

func tarOf(t *testing.T, files fs.FS) []byte {
	t.Helper()
	var out bytes.Buffer
	w := tar.NewWriter(&out)
	if err := w.AddFS(files); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func TestArchives(t *testing.T) {
	plain := tarOf(t, dump())
	deep := plain
	for range 3 {
		deep = packed(t, string(deep))
	}
	for name, data := range map[string][]byte{
		"tar": plain, "tar.gz": packed(t, string(plain)), "packed more than once": deep,
		"tar of tar.gz": tarOf(t, fstest.MapFS{"a/dump.tgz": {Data: packed(t, string(plain))}}),
		"tar of gz":     tarOf(t, packedFiles(t, dump())),
	} {
		t.Run(name, func(t *testing.T) {
			in, err := ReadFrom("dump", bytes.NewReader(data), DefaultLimits())
			if err != nil {
				t.Fatal(err)
			}
			checkDump(t, in)
		})
	}
}

// packedFiles packs each file by itself.
func packedFiles(t *testing.T, files fstest.MapFS) fstest.MapFS {
	out := fstest.MapFS{}
	for name, f := range files {
		if looked(name) && !strings.Contains(name, "/.") {
			out[name+".gz"] = &fstest.MapFile{Data: packed(t, string(f.Data))}
		}
	}
	return out
}

func TestNestedTooDeepIsRefused(t *testing.T) {
	deep := []byte(claim("a"))
	for range 6 {
		deep = packed(t, string(deep))
	}
	if _, err := ReadFrom("deep", bytes.NewReader(deep), DefaultLimits()); err == nil || !strings.Contains(err.Error(), "nested more than 4 deep") {
		t.Error(err)
	}
}

func TestTooManyFilesAreRefused(t *testing.T) {
	limits := DefaultLimits()
	limits.Files = 3
	if _, err := ReadFrom("dump", bytes.NewReader(tarOf(t, dump())), limits); err == nil || !strings.Contains(err.Error(), "more than 3 files") {
		t.Error(err)
	}
}

func TestBrokenFilesAmongGoodOnes(t *testing.T) {
	dir := t.TempDir()
	whole := packed(t, claim("b"))
	if err := os.CopyFS(dir, fstest.MapFS{
		"a.yaml":       {Data: []byte(claim("a"))},
		"binary.yaml":  {Data: []byte("\x7fELF\x00")},
		"cut.yaml.gz":  {Data: whole[:len(whole)-10]},
		"empty.yaml":   {},
		"note.yaml":    {Data: []byte("# nothing\n")},
		"sub/bad.yaml": {Data: []byte(claim("c") + "---\na: b: c\n")},
	}); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("/dev/zero", filepath.Join(dir, "device.yaml")); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("nowhere", filepath.Join(dir, "dangling.yaml")); err != nil {
		t.Fatal(err)
	}
	in, err := Read([]string{dir}, nil, DefaultLimits())
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, g := range in.Gaps {
		rel, err := filepath.Rel(dir, g.Resource)
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, filepath.ToSlash(rel)+": "+g.Reason)
	}
	want := []string{
		"binary.yaml: binary data, neither YAML nor JSON",
		"cut.yaml.gz: truncated gzip: the file ends too early",
		"empty.yaml: the file is empty",
		"sub/bad.yaml: document 2, from line 5 on: mapping values are not allowed in this context",
	}
	if strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("gaps\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	if in.Ignored[ignoredFile] != 2 || in.Ignored[ignoredDocument] != 1 {
		t.Errorf("ignored %v", in.Ignored)
	}
}

func TestSeveralPathsAreOneInput(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "any-name") // the user named it: its content decides
	if err := os.WriteFile(path, packed(t, claim("a")), 0o600); err != nil {
		t.Fatal(err)
	}
	in, err := Read([]string{path, "-"}, strings.NewReader(claimJSON("b")), DefaultLimits())
	if err != nil || in.Objects != 2 {
		t.Errorf("took %v, %v", in, err)
	}
}

func TestUTF16(t *testing.T) {
	for name, order := range map[string][2]int{"little": {0, 8}, "big": {8, 0}} {
		data := []byte{0xff, 0xfe}
		if name == "big" {
			data = []byte{0xfe, 0xff}
		}
		for _, u := range utf16.Encode([]rune(claim("a"))) {
			data = append(data, byte(u>>order[0]), byte(u>>order[1]))
		}
		in, err := ReadFrom("windows", bytes.NewReader(data), DefaultLimits())
		if err != nil || in.Objects != 1 {
			t.Errorf("%s endian: %v, %v", name, in, err)
		}
	}
}
