package recording

// What cannot be read is not quoted: it may be a Secret's value.

import (
	"encoding/json"
	"strings"
	"testing"
)

func TestNoErrorQuotesASecret(t *testing.T) {
	const secret = "hunter2q7Zx"
	head := claim("a") + "---\napiVersion: v1\nkind: Secret\nmetadata: {name: s}\n"
	for name, input := range map[string]string{
		"alias":                  head + "stringData: {password: *" + secret + "}\n",
		"alias with a quotation": head + "stringData: {password: *" + secret + ", b: *'" + secret + "'}\n",
		"tag":                    head + "stringData: {password: !!float " + secret + "}\n",
		"tag and marks":          head + "stringData: {password: !!int \"a`" + secret + "`b'\"}\n",
		"merge":                  head + "stringData: {<<: " + secret + "}\n",
		"open quotation":         head + "stringData: {password: \"" + secret + "\n",
		"entry twice":            head + "stringData:\n  " + secret + ": a\n  " + secret + ": b\n  c: [" + secret + "\n",
		"not base64":             head + "data: {password: \"" + secret + "!\"}\n",
		"no object":              head + "data: " + secret + "\n",
		"number":                 head + "data: {password: 7}\nimmutable: " + secret + "\n",
		"time":                   claim("a") + "---\napiVersion: v1\nkind: Secret\nmetadata: {name: s, creationTimestamp: " + secret + "}\n",
		"JSON":                   claimJSON("a") + "\n{\"apiVersion\":\"v1\",\"kind\":\"Secret\",\"metadata\":{\"name\":\"s\"},\"data\":{\"k\":" + secret + "}}\n",
		"JSON, bad base64":       claimJSON("a") + "\n{\"apiVersion\":\"v1\",\"kind\":\"Secret\",\"metadata\":{\"name\":\"s\"},\"data\":{\"k\":\"" + secret + "!\"}}\n",
		"duration":               claim("a") + "---\napiVersion: v1\nkind: Pod\nmetadata: {name: p}\nspec: {containers: [{name: a, resources: {limits: {memory: " + secret + "}}}]}\n",
	} {
		t.Run(name, func(t *testing.T) {
			in := read(t, input)
			gaps, err := json.Marshal(in.Gaps)
			if err != nil {
				t.Fatal(err)
			}
			objects, err := json.Marshal(in.Snapshot().All())
			if err != nil {
				t.Fatal(err)
			}
			if all := string(gaps) + string(objects); strings.Contains(all, secret) {
				t.Errorf("quoted: %s", all)
			}
			if len(in.Gaps) == 0 && !strings.Contains(string(objects), `"kind":"Secret"`) {
				t.Error("neither a gap nor a Secret")
			}
		})
	}
}
