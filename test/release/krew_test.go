package release

// This file holds a krew manifest to the rules of krew (internal/index/validation/validate.go, cmd/validate-krew-manifest and
// docs/DEVELOPER_GUIDE of kubernetes-sigs/krew) and to the customs of its index. krew itself ignores fields that it does not know; here
// they fail.

import (
	"fmt"
	"path"
	"regexp"
	"slices"
	"strings"
	"testing"

	"golang.org/x/mod/semver"
	"sigs.k8s.io/yaml"
)

// manifest is a krew plugin, as far as this project uses one.
type manifest struct {
	APIVersion string `json:"apiVersion"`
	Kind       string `json:"kind"`
	Metadata   struct {
		Name string `json:"name"`
	} `json:"metadata"`
	Spec struct {
		Version          string     `json:"version"`
		Homepage         string     `json:"homepage"`
		ShortDescription string     `json:"shortDescription"`
		Description      string     `json:"description"`
		Caveats          string     `json:"caveats"`
		Platforms        []platform `json:"platforms"`
	} `json:"spec"`
}

type platform struct {
	Selector struct {
		MatchLabels map[string]string `json:"matchLabels"`
	} `json:"selector"`
	URI    string `json:"uri"`
	Sha256 string `json:"sha256"`
	Bin    string `json:"bin"`
}

func (p platform) os() string   { return p.Selector.MatchLabels["os"] }
func (p platform) pair() string { return p.os() + "/" + p.Selector.MatchLabels["arch"] }

// pairs are the platforms that the index knows (cmd/validate-krew-manifest).
func pairs() []string {
	return []string{
		"linux/386", "linux/amd64", "linux/arm", "linux/arm64", "linux/ppc64le",
		"darwin/386", "darwin/amd64", "darwin/arm64",
		"windows/386", "windows/amd64", "windows/arm64",
	}
}

func parseManifest(text []byte) (m manifest, err error) {
	err = yaml.UnmarshalStrict(text, &m)
	return m, err
}

var (
	pluginName = regexp.MustCompile(`^[a-z][a-z-]*[a-z]$`) // krew takes more; the index wants lower case and hyphens
	sum        = regexp.MustCompile(`^[a-f0-9]{64}$`)
)

// faults are the rules that a manifest breaks.
func faults(m manifest) (out []string) {
	fault := func(ok bool, format string, args ...any) {
		if !ok {
			out = append(out, fmt.Sprintf(format, args...))
		}
	}
	fault(m.APIVersion == "krew.googlecontainertools.github.com/v1alpha2", "apiVersion is %q", m.APIVersion)
	fault(m.Kind == "Plugin", "kind is %q", m.Kind)
	fault(pluginName.MatchString(m.Metadata.Name) && !strings.HasPrefix(m.Metadata.Name, "kube"), "name %q", m.Metadata.Name)
	fault(semver.IsValid(m.Spec.Version) && semver.Canonical(m.Spec.Version) == m.Spec.Version, "version %q is not vMAJOR.MINOR.PATCH", m.Spec.Version)
	fault(strings.HasPrefix(m.Spec.Homepage, "https://"), "homepage %q", m.Spec.Homepage)
	short := m.Spec.ShortDescription
	fault(short != "" && !strings.ContainsAny(short, "\r\n") && len(short) <= 50 && !strings.HasSuffix(short, "."),
		"shortDescription %q: one line, at most 50 characters, no full stop", short)
	fault(m.Spec.Description != "" && !strings.Contains(m.Spec.Description, "kubectl "), "description: present, and without commands")
	for line := range strings.Lines(m.Spec.Description) {
		fault(len(line) <= 81, "description: %q is longer than 80 characters", line)
	}
	fault(len(m.Spec.Platforms) > 0, "no platform")
	var seen []string
	for _, p := range m.Spec.Platforms {
		fault(len(p.Selector.MatchLabels) == 2 && slices.Contains(pairs(), p.pair()), "%s is no platform of krew", p.pair())
		fault(!slices.Contains(seen, p.pair()), "%s twice", p.pair())
		seen = append(seen, p.pair())
		fault(sum.MatchString(p.Sha256), "%s: sha256 %q is not 64 digits in lower case", p.pair(), p.Sha256)
		fault(strings.HasPrefix(p.URI, "https://") && (strings.HasSuffix(p.URI, ".tar.gz") || strings.HasSuffix(p.URI, ".zip")), "%s: uri %q", p.pair(), p.URI)
		fault(p.Bin != "" && path.Base(p.Bin) == p.Bin && strings.HasSuffix(p.Bin, ".exe") == (p.os() == "windows"), "%s: bin %q", p.pair(), p.Bin)
	}
	return out
}

// TestFaultsAreFound shows that the rules are rules.
func TestFaultsAreFound(t *testing.T) {
	for _, tc := range []struct {
		name  string
		spoil func(*manifest)
	}{
		{"kind", func(m *manifest) { m.Kind = "Plug" }},
		{"name with a prefix", func(m *manifest) { m.Metadata.Name = "kube-scars" }},
		{"name in upper case", func(m *manifest) { m.Metadata.Name = "Scars" }},
		{"version without v", func(m *manifest) { m.Spec.Version = "1.2.3" }},
		{"version too short", func(m *manifest) { m.Spec.Version = "v1.2" }},
		{"short description of two lines", func(m *manifest) { m.Spec.ShortDescription = "a\nb" }},
		{"description with a command", func(m *manifest) { m.Spec.Description = "Run kubectl scars" }},
		{"no platform", func(m *manifest) { m.Spec.Platforms = nil }},
		{"platform twice", func(m *manifest) { m.Spec.Platforms = append(m.Spec.Platforms, m.Spec.Platforms[0]) }},
		{"unknown platform", func(m *manifest) { m.Spec.Platforms[0].Selector.MatchLabels["arch"] = "s390x" }},
		{"selector of one key", func(m *manifest) { delete(m.Spec.Platforms[0].Selector.MatchLabels, "arch") }},
		{"sum in upper case", func(m *manifest) { m.Spec.Platforms[0].Sha256 = strings.Repeat("A", 64) }},
		{"other archive", func(m *manifest) { m.Spec.Platforms[0].URI += ".xz" }},
		{"windows without .exe", func(m *manifest) { m.Spec.Platforms[0].Selector.MatchLabels["os"] = "windows" }},
	} {
		m := rendered(t)
		tc.spoil(&m)
		if len(faults(m)) == 0 {
			t.Errorf("%s: no fault found", tc.name)
		}
	}
	if _, err := parseManifest([]byte("kind: Plugin\nspec: {shortDescriptoin: x}\n")); err == nil {
		t.Error("a mistyped field is accepted")
	}
}
