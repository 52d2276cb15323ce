package incident

import (
	"slices"
	"testing"
	"time"
)

const file = `# what: a web server that is killed
# check: oom/limit-hit
# object: Deployment/web
# says: limit of 64Mi
# shows: (?i)old
# not: oom/evicted Deployment/other
# cgroup: v1
# uses: node2
# cert: web-tls hosts=a.example,b.example from=-90d to=-12h fault=key
# until: pods -l app=web -n default {.items[*].status.phase} !~ Pending
# do: kubectl patch pvc data -p '{"a b": 1}'
# do: node2 kill $(pgrep -f load)
# undo: node2 true
apiVersion: v1
# a comment of the manifest: not ours
`

func TestParse(t *testing.T) {
	in, err := Parse("x", []byte(file))
	if err != nil {
		t.Fatal(err)
	}
	if in.Name != "x" || in.Check != "oom/limit-hit" || in.Object != "Deployment/web" || in.Uses != "node2" || len(in.Undo) != 1 {
		t.Errorf("%+v", in)
	}
	if in.Cgroup != "v1" || !in.Shows.MatchString("Old") || !slices.Equal(in.Not, []Wrong{{"oom/evicted", "Deployment/other"}}) {
		t.Errorf("%+v", in)
	}
	c := in.Certs[0]
	if c.Secret != "web-tls" || !slices.Equal(c.Hosts, []string{"a.example", "b.example"}) || c.From != -90*24*time.Hour || c.To != -12*time.Hour || c.Fault != "key" {
		t.Errorf("%+v", c)
	}
	if len(in.Steps) != 3 {
		t.Fatalf("%d steps", len(in.Steps))
	}
	u := in.Steps[0].Until
	if u.Resource != "pods" || u.Selector != "app=web" || u.Namespace != "default" || !u.Not {
		t.Errorf("%+v", u)
	}
	if got := in.Steps[1].Kubectl; !slices.Equal(got, []string{"patch", "pvc", "data", "-p", `{"a b": 1}`}) {
		t.Errorf("%q", got)
	}
	if s := in.Steps[2]; s.Node != "node2" || s.Script != "kill $(pgrep -f load)" {
		t.Errorf("%+v", s)
	}
}

func TestParseRefuses(t *testing.T) {
	for name, text := range map[string]string{
		"nothing said":         "apiVersion: v1\n",
		"unknown key":          "# what: x\n# colour: red\n",
		"check without object": "# what: x\n# check: oom/limit-hit\n",
		"until without path":   "# what: x\n# until: pods ~ Running\n",
		"bad expression":       "# what: x\n# until: pods {.items} ~ (\n",
		"bad time":             "# what: x\n# cert: a hosts=b to=soon\n",
		"no key":               "# what: x\n# just a comment\n",
		"wrong without object": "# what: x\n# not: oom/evicted\n",
		"no such cgroup":       "# what: x\n# cgroup: v3\n",
	} {
		if _, err := Parse("x", []byte(text)); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

func TestHolds(t *testing.T) {
	pods := map[string]any{"items": []any{
		map[string]any{"status": map[string]any{"phase": "Running"}},
		map[string]any{"status": map[string]any{}}, // says nothing yet
	}}
	for line, want := range map[string]bool{
		"pods {.items[*].status.phase} ~ ^Running$": true,
		"pods {.items[*].status.phase} ~ Pending":   false,
		"pods {.items[*].status.phase} !~ Pending":  true,
		"pods {.items[*].status.missing} ~ .":       false,
	} {
		u, err := parseUntil(line)
		if err != nil {
			t.Fatal(err)
		}
		if got, out, err := u.Holds(pods); err != nil || got != want {
			t.Errorf("%s: %v, %q, %v", line, got, out, err)
		}
	}
}
