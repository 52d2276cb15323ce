package incident

// This file reads and evaluates conditions on what the API says.

import (
	"bytes"
	"fmt"
	"regexp"
	"strings"

	"k8s.io/client-go/util/jsonpath"
)

// Until is a condition on what the API says: RESOURCE[/NAME] [-l SELECTOR] [-n NAMESPACE] JSONPATH ~ REGEXP.
// It holds when the JSONPath's result matches the regular expression, or, with !~, when it does not.
type Until struct {
	Resource  string // plural name, with group where needed: "networkpolicies.networking.k8s.io"
	Name      string // empty: the list
	Selector  string
	Namespace string // empty: the incident's own
	Path      string
	Match     *regexp.Regexp
	Not       bool
}

var untilForm = regexp.MustCompile(`^(\S+)((?: -[ln] \S+)*) (\{.*\}) (!?~) (.+)$`)

func parseUntil(s string) (*Until, error) {
	m := untilForm.FindStringSubmatch(s)
	if m == nil {
		return nil, fmt.Errorf("want RESOURCE[/NAME] [-l SELECTOR] [-n NAMESPACE] {JSONPATH} ~ REGEXP")
	}
	u := &Until{Path: m[3], Not: m[4] == "!~"}
	u.Resource, u.Name, _ = strings.Cut(m[1], "/")
	opts := strings.Fields(m[2])
	for i := 0; i+1 < len(opts); i += 2 {
		if opts[i] == "-l" {
			u.Selector = opts[i+1]
		} else {
			u.Namespace = opts[i+1]
		}
	}
	var err error
	if u.Match, err = regexp.Compile(m[5]); err != nil {
		return nil, err
	}
	return u, jsonpath.New("").Parse(u.Path)
}

// Holds evaluates the condition on an object or list and returns what the path gave.
func (u *Until) Holds(object map[string]any) (bool, string, error) {
	p := jsonpath.New("").AllowMissingKeys(true)
	if err := p.Parse(u.Path); err != nil {
		return false, "", err
	}
	var out bytes.Buffer
	if err := p.Execute(&out, object); err != nil {
		return false, "", fmt.Errorf("%s: %w", u.Path, err)
	}
	return u.Match.MatchString(out.String()) != u.Not, out.String(), nil
}
