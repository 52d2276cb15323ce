// Package release holds the files that make a release against each other: what goreleaser builds, what the krew manifest installs, and
// what the README promises.
package release

import (
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"text/template"

	"sigs.k8s.io/yaml"

	"github.com/kubectl-scars/kubectl-scars/pkg/cli"
)

const tag = "v1.2.3"

// config is what of .goreleaser.yaml matters here; "goreleaser check" holds the rest.
type config struct {
	ProjectName string `json:"project_name"`
	Builds      []struct {
		Main, Binary string
		Env, Flags   []string
		ModTimestamp string `json:"mod_timestamp"`
		Targets      []string
		Ldflags      []string
	}
	Archives []struct {
		NameTemplate    string `json:"name_template"`
		Formats         []string
		FormatOverrides []struct {
			Goos    string
			Formats []string
		} `json:"format_overrides"`
		WrapInDirectory any `json:"wrap_in_directory"`
		Files           []struct{ Src string }
	}
	Krews []struct {
		Name             string
		Homepage         string
		URLTemplate      string `json:"url_template"`
		ShortDescription string `json:"short_description"`
		Description      string
		SkipUpload       any `json:"skip_upload"`
	}
}

func readConfig(t *testing.T) config {
	t.Helper()
	var c config
	if err := yaml.Unmarshal(read(t, ".goreleaser.yaml"), &c); err != nil {
		t.Fatal(err)
	}
	if len(c.Builds) != 1 || len(c.Archives) != 1 || len(c.Krews) != 1 {
		t.Fatalf("want one build, one archive and one krew manifest, have %d, %d and %d", len(c.Builds), len(c.Archives), len(c.Krews))
	}
	return c
}

// read reads a file of the repository.
func read(t *testing.T, name string) []byte {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("..", "..", filepath.FromSlash(name)))
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// rendered is krew-manifest.yaml as krew-release-bot renders it (its pkg/source/template.go): its one function writes two lines,
// the second indented by four.
func rendered(t *testing.T) manifest {
	t.Helper()
	tmpl := template.New("krew-manifest.yaml").Funcs(template.FuncMap{"addURIAndSha": func(url, tag string) (string, error) {
		uri, err := fill(url, map[string]string{"TagName": tag})
		return "uri: " + uri + "\n    sha256: " + strings.Repeat("0123456789abcdef", 4), err
	}})
	if _, err := tmpl.Parse(string(read(t, "krew-manifest.yaml"))); err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	if err := tmpl.Execute(&b, map[string]string{"TagName": tag}); err != nil {
		t.Fatal(err)
	}
	m, err := parseManifest(b.Bytes())
	if err != nil {
		t.Fatalf("%v in\n%s", err, b.String())
	}
	return m
}

func fill(text string, values map[string]string) (string, error) {
	tmpl, err := template.New("").Option("missingkey=error").Parse(text)
	if err != nil {
		return "", err
	}
	var b strings.Builder
	err = tmpl.Execute(&b, values)
	return b.String(), err
}

func TestManifestKeepsTheIndexRules(t *testing.T) {
	for _, f := range faults(rendered(t)) {
		t.Error(f)
	}
}

// TestManifestInstallsWhatIsBuilt compares platforms, addresses and programs with what goreleaser makes.
func TestManifestInstallsWhatIsBuilt(t *testing.T) {
	c, m := readConfig(t), rendered(t)
	var got, want []string
	for _, p := range m.Spec.Platforms {
		got = append(got, p.pair()+" "+p.URI+" "+p.Bin)
	}
	for _, target := range c.Builds[0].Targets {
		goos, arch, _ := strings.Cut(target, "_")
		values := map[string]string{"ProjectName": c.ProjectName, "Version": strings.TrimPrefix(tag, "v"), "Os": goos, "Arch": arch}
		name, err := fill(c.Archives[0].NameTemplate, values)
		if err != nil {
			t.Fatal(err)
		}
		values["ArtifactName"] = name + "." + format(c, goos)
		uri, err := fill(c.Krews[0].URLTemplate, values)
		if err != nil {
			t.Fatal(err)
		}
		bin := c.Builds[0].Binary
		if goos == "windows" {
			bin += ".exe"
		}
		want = append(want, goos+"/"+arch+" "+uri+" "+bin)
	}
	slices.Sort(got)
	slices.Sort(want)
	if !slices.Equal(got, want) {
		t.Errorf("krew-manifest.yaml installs\n%s\nand .goreleaser.yaml makes\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	k := c.Krews[0]
	for _, pair := range [][3]string{
		{"name", m.Metadata.Name, k.Name}, {"homepage", m.Spec.Homepage, k.Homepage},
		{"short description", m.Spec.ShortDescription, k.ShortDescription}, {"description", m.Spec.Description, k.Description},
	} {
		if pair[1] != pair[2] {
			t.Errorf("%s: krew-manifest.yaml says %q, .goreleaser.yaml says %q", pair[0], pair[1], pair[2])
		}
	}
	if k.SkipUpload != true {
		t.Error("the index gets krew-manifest.yaml, nothing from goreleaser")
	}
}

// format is the ending of the archive for an operating system.
func format(c config, goos string) string {
	for _, o := range c.Archives[0].FormatOverrides {
		if o.Goos == goos {
			return o.Formats[0]
		}
	}
	return c.Archives[0].Formats[0]
}

// TestArchivesHoldWhatTheyMust: krew installs all of an archive, and wants the licence among it.
func TestArchivesHoldWhatTheyMust(t *testing.T) {
	c := readConfig(t)
	var files []string
	for _, f := range c.Archives[0].Files {
		read(t, f.Src)
		files = append(files, f.Src)
	}
	for _, want := range []string{"LICENSE", "README.md", shim} {
		if !slices.Contains(files, want) {
			t.Errorf("archives lack %s", want)
		}
	}
	if c.Archives[0].WrapInDirectory != false {
		t.Error("krew looks for the program at the top of the archive")
	}
	b := c.Builds[0]
	for _, ok := range []bool{
		slices.Contains(b.Env, "CGO_ENABLED=0"), slices.Contains(b.Flags, "-trimpath"), b.ModTimestamp == "{{ .CommitTimestamp }}",
		!strings.Contains(strings.Join(b.Ldflags, " "), "{{ .Date"),
	} {
		if !ok {
			t.Error("builds are not reproducible: they need CGO_ENABLED=0, -trimpath, the commit's time, and no other")
		}
	}
}

const shim = "cmd/kubectl-scars/kubectl_complete-scars"

// TestCompletionProgramIsTheCommandsOwn compares the program in the archives with what "completion kubectl" prints.
func TestCompletionProgramIsTheCommandsOwn(t *testing.T) {
	var out, errs bytes.Buffer
	env := cli.Env{In: strings.NewReader(""), Out: &out, Err: &errs, Getenv: func(string) (string, bool) { return "", false }}
	if code := cli.Run(t.Context(), env, []string{"kubectl-scars", "completion", "kubectl"}); code != 0 {
		t.Fatalf("exit code %d: %s", code, errs.String())
	}
	if !bytes.Equal(out.Bytes(), read(t, shim)) {
		t.Errorf("%s is not what \"kubectl scars completion kubectl\" prints", shim)
	}
}
