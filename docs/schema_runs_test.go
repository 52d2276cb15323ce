package docs

// This file holds what runs really say to the schemas: also where there is nothing to say, since a list that is null is no list.

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/google/jsonschema-go/jsonschema"

	"github.com/kubectl-scars/kubectl-scars/pkg/analysis"
	"github.com/kubectl-scars/kubectl-scars/pkg/checks"
	"github.com/kubectl-scars/kubectl-scars/pkg/demo"
	"github.com/kubectl-scars/kubectl-scars/pkg/finding"
	"github.com/kubectl-scars/kubectl-scars/pkg/snapshot"
)

// runs are snapshots to look at: the incidents that ship, and one in which there is nothing.
func runs(t *testing.T) map[string]*snapshot.Snapshot {
	t.Helper()
	now := time.Date(2026, 11, 23, 18, 0, 0, 0, time.UTC)
	out := map[string]*snapshot.Snapshot{"nothing": snapshot.NewBuilder().Build(now)}
	for _, name := range append(checks.Areas(), "triage") {
		in, err := demo.Read(name)
		if err != nil {
			t.Fatal(err)
		}
		out[name] = in.Snapshot()
	}
	return out
}

func keeps(t *testing.T, what string, schema *jsonschema.Resolved, value any) {
	t.Helper()
	var decoded any
	if err := json.Unmarshal(jsonOf(t, value), &decoded); err != nil {
		t.Fatalf("%s: %v", what, err)
	}
	if err := schema.Validate(decoded); err != nil {
		t.Errorf("%s: %v", what, err)
	}
}

// TestRunsKeepTheSchema: each area's checks over each snapshot, whole, and with everything left out that can be.
func TestRunsKeepTheSchema(t *testing.T) {
	schema := schemaFile(t, "report")
	for name, s := range runs(t) {
		for _, area := range append(checks.Areas(), "none") { // none: no check at all
			report := func() *finding.Report {
				r := analysis.Assemble(s, analysis.Run(s, checks.Of(area), nil), finding.Metadata{Time: s.Now(), Scope: finding.Scope{Command: "triage"}})
				r.Unexplained = analysis.Unexplained(s, r.Findings)
				return r
			}
			whole, kept := report(), report()
			keeps(t, name+": "+area, schema, whole)
			analysis.Keep(kept, s, analysis.Filter{Namespaces: []string{"no-such"}, Severity: finding.Critical, Since: time.Nanosecond})
			analysis.LeaveOut(kept, s, checks.Of(area))
			keeps(t, name+": "+area+", filtered", schema, kept)
		}
	}
}

// TestViewsKeepTheirSchemas: each view of each snapshot, of all there is and of a namespace that holds nothing.
func TestViewsKeepTheirSchemas(t *testing.T) {
	snapshots := runs(t)
	for _, v := range checks.Views() {
		schema := schemaFile(t, strings.ReplaceAll(v.ID, "/", "-"))
		for name, s := range snapshots {
			for what, q := range map[string]analysis.Question{"all": {}, "nothing": {Namespaces: []string{"no-such"}}} {
				answer, err := v.Answer(s, q, finding.Metadata{Time: s.Now(), Scope: finding.Scope{Command: v.ID}})
				if err != nil {
					t.Fatalf("%s of %s: %v", v.ID, name, err)
				}
				keeps(t, v.ID+" of "+name+": "+what, schema, answer)
			}
		}
	}
}
