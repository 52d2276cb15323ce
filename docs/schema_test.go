package docs

// This file makes the JSON Schemas of the report and of each view from the types of pkg/finding: structure from reflection, words and
// enumerations from their source. Properties that it does not name are allowed, because within a version fields are only added.

import (
	"bytes"
	"encoding/json"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"reflect"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/jsonschema-go/jsonschema"

	"github.com/kubectl-scars/kubectl-scars/pkg/analysis"
	"github.com/kubectl-scars/kubectl-scars/pkg/checks"
	"github.com/kubectl-scars/kubectl-scars/pkg/finding"
)

// schemaFiles are the schemas of all wire types, by file.
func schemaFiles(t *testing.T) map[string][]byte {
	t.Helper()
	words := readWords(t)
	out := map[string][]byte{}
	for file, wire := range map[string]struct {
		typ  reflect.Type
		kind string
		ids  []string
	}{
		"report":           {reflect.TypeFor[finding.Report](), finding.ReportKind, ids(checks.All())},
		"oom-recommend":    {reflect.TypeFor[finding.OOMRecommend](), finding.OOMRecommendKind, ids(checks.Readings("oom"))},
		"probes-recommend": {reflect.TypeFor[finding.ProbesRecommend](), finding.ProbesRecommendKind, ids(checks.Readings("probes"))},
		"oom-rank":         {reflect.TypeFor[finding.OOMRank](), finding.OOMRankKind, ids(checks.Readings("oom"))},
		"probes-timeline":  {reflect.TypeFor[finding.ProbesTimeline](), finding.ProbesTimelineKind, ids(checks.Readings("probes"))},
	} {
		text, err := json.MarshalIndent(schemaOf(words, wire.typ, wire.kind, wire.ids), "", "  ")
		if err != nil {
			t.Fatal(err)
		}
		out["schema/"+file+".schema.json"] = append(text, '\n')
	}
	return out
}

// TestEveryViewHasASchema holds the list above to the views there are.
func TestEveryViewHasASchema(t *testing.T) {
	files := schemaFiles(t)
	for _, v := range checks.Views() {
		if name := "schema/" + strings.ReplaceAll(v.ID, "/", "-") + ".schema.json"; files[name] == nil {
			t.Errorf("%s has no schema", v.ID)
		}
	}
}

func ids(list []*analysis.Check) []string {
	var out []string
	for _, c := range list {
		out = append(out, c.ID)
	}
	return out
}

// schemaOf is the schema of a wire type with a kind of its own, which names checks or views by these IDs.
func schemaOf(w words, typ reflect.Type, kind string, ids []string) *jsonschema.Schema {
	g := schemaMaker{words: w, defs: map[string]*jsonschema.Schema{}}
	g.of(typ)
	known := []any{}
	for _, id := range ids {
		known = append(known, id)
	}
	g.defs["Check"] = &jsonschema.Schema{Type: "string", Enum: known, Description: "The stable ID of a check or view, area/slug. Later versions of the tool know more."}
	for name, field := range map[string]string{"Finding": "check", "Gap": "check", "Coverage": "checks"} {
		def := g.defs[name]
		switch {
		case def == nil:
		case def.Properties[field].Items != nil:
			def.Properties[field].Items = ref("Check")
		default:
			def.Properties[field] = ref("Check")
		}
	}
	out := g.defs[typ.Name()]
	delete(g.defs, typ.Name())
	out.Schema = "https://json-schema.org/draft/2020-12/schema"
	out.Title = kind + " of " + finding.APIVersion
	out.Properties["apiVersion"] = constant(finding.APIVersion)
	out.Properties["kind"] = constant(kind)
	out.Defs = g.defs
	return out
}

func ref(name string) *jsonschema.Schema { return &jsonschema.Schema{Ref: "#/$defs/" + name} }

func constant(value any) *jsonschema.Schema { return &jsonschema.Schema{Const: &value} }

type schemaMaker struct {
	words words
	defs  map[string]*jsonschema.Schema
}

// of is the schema of a type; named types of ours go to $defs and are referred to.
func (g schemaMaker) of(typ reflect.Type) *jsonschema.Schema {
	switch {
	case typ == reflect.TypeFor[time.Time]():
		return &jsonschema.Schema{Type: "string", Format: "date-time"}
	case typ.Kind() == reflect.Pointer:
		return g.of(typ.Elem())
	case typ.Kind() == reflect.Slice:
		return &jsonschema.Schema{Type: "array", Items: g.of(typ.Elem())}
	case typ.Kind() == reflect.Bool:
		return &jsonschema.Schema{Type: "boolean"}
	case typ.Kind() == reflect.Int, typ.Kind() == reflect.Int32, typ.Kind() == reflect.Int64:
		return &jsonschema.Schema{Type: "integer"}
	case typ == reflect.TypeFor[string]():
		return &jsonschema.Schema{Type: "string"}
	}
	name := typ.Name()
	if g.defs[name] == nil {
		s := &jsonschema.Schema{Description: g.words.types[name]}
		g.defs[name] = s
		if typ.Kind() == reflect.String {
			s.Type, s.Enum = "string", g.words.constants[name]
		} else {
			g.fields(s, typ)
		}
	}
	return ref(name)
}

// fields adds the properties of a struct. It panics on a kind of type that the wire has not known so far.
func (g schemaMaker) fields(s *jsonschema.Schema, typ reflect.Type) {
	if s.Properties == nil {
		s.Type, s.Properties = "object", map[string]*jsonschema.Schema{}
	}
	for f := range typ.Fields() {
		if f.Anonymous {
			g.fields(s, f.Type)
			continue
		}
		name, options, _ := strings.Cut(f.Tag.Get("json"), ",")
		if name == "-" {
			continue
		}
		p := g.of(f.Type)
		p.Description = g.words.fields[typ.Name()+"."+f.Name]
		s.Properties[name] = p
		s.PropertyOrder = append(s.PropertyOrder, name)
		if options == "" {
			s.Required = append(s.Required, name)
		}
	}
}

// words are what the source says about types, fields and constants of pkg/finding.
type words struct {
	types, fields map[string]string
	constants     map[string][]any // by type, in the source's order
}

func readWords(t *testing.T) words {
	t.Helper()
	w := words{types: map[string]string{}, fields: map[string]string{}, constants: map[string][]any{}}
	files, err := filepath.Glob(filepath.Join("..", "pkg", "finding", "*.go"))
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range files {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		parsed, err := parser.ParseFile(token.NewFileSet(), name, text, parser.ParseComments)
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range parsed.Decls {
			decl, ok := d.(*ast.GenDecl)
			if !ok {
				continue
			}
			for _, s := range decl.Specs {
				switch s := s.(type) {
				case *ast.TypeSpec:
					w.addType(s, decl.Doc)
				case *ast.ValueSpec:
					w.addConstant(s)
				}
			}
		}
	}
	return w
}

func (w words) addType(s *ast.TypeSpec, doc *ast.CommentGroup) {
	w.types[s.Name.Name] = oneLine(doc)
	if st, ok := s.Type.(*ast.StructType); ok {
		for _, f := range st.Fields.List {
			for _, n := range f.Names {
				said := strings.TrimSpace(oneLine(f.Doc) + " " + oneLine(f.Comment))
				w.fields[s.Name.Name+"."+n.Name] = strings.TrimPrefix(said, n.Name+" ")
			}
		}
	}
}

func (w words) addConstant(s *ast.ValueSpec) {
	typ, ok := s.Type.(*ast.Ident)
	if !ok || len(s.Values) != 1 {
		return
	}
	if lit, ok := s.Values[0].(*ast.BasicLit); ok && lit.Kind == token.STRING {
		if value, err := strconv.Unquote(lit.Value); err == nil {
			w.constants[typ.Name] = append(w.constants[typ.Name], value)
		}
	}
}

func oneLine(c *ast.CommentGroup) string { return strings.Join(strings.Fields(c.Text()), " ") }

// TestReportsKeepTheSchema validates a report in which every field is set, and reports that break the promise.
func TestReportsKeepTheSchema(t *testing.T) {
	resolved := schemaFile(t, "report")
	good := jsonOf(t, sampleReport())
	for _, tc := range []struct{ name, old, new string }{
		{"as it is", "", ""},
		{"a field more", `"message":`, `"fresh": 1, "message":`},
		{"!unknown severity", `"severity":"critical"`, `"severity":"fatal"`},
		{"!unknown check", `"check":"` + checks.All()[0].ID + `"`, `"check":"oom/no-such"`},
		{"!other version", finding.APIVersion, "scars.dev/v9"},
		{"!message is a number", `"message":"m"`, `"message":1`},
		{"!no findings", `"findings":`, `"others":`},
		{"!coverage state", `"state":"forbidden"`, `"state":"denied"`},
	} {
		text := bytes.ReplaceAll(good, []byte(tc.old), []byte(tc.new))
		if tc.old == "" {
			text = good
		}
		var report any
		if err := json.Unmarshal(text, &report); err != nil {
			t.Fatalf("%s: %v", tc.name, err)
		}
		switch err := resolved.Validate(report); {
		case strings.HasPrefix(tc.name, "!") && err == nil:
			t.Errorf("%s: accepted", tc.name)
		case !strings.HasPrefix(tc.name, "!") && err != nil:
			t.Errorf("%s: %v", tc.name, err)
		}
	}
}

// schemaFile is a schema as it lies in docs/schema.
func schemaFile(t *testing.T, name string) *jsonschema.Resolved {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("schema", name+".schema.json"))
	if err != nil {
		t.Fatal(err)
	}
	var schema jsonschema.Schema
	if err := json.Unmarshal(text, &schema); err != nil {
		t.Fatal(err)
	}
	resolved, err := schema.Resolve(nil)
	if err != nil {
		t.Fatal(err)
	}
	return resolved
}

func jsonOf(t *testing.T, r any) []byte {
	t.Helper()
	out, err := json.Marshal(r)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func sampleReport() *finding.Report {
	now := time.Date(2026, 11, 23, 18, 0, 0, 0, time.UTC)
	object := finding.ObjectRef{APIVersion: "apps/v1", Kind: "Deployment", Namespace: "shop", Name: "web", Container: "app"}
	id := checks.All()[0].ID
	r := finding.New(finding.Metadata{Time: now, ToolVersion: "v0", Context: "prod", Scope: finding.Scope{Command: "triage", Namespaces: []string{"shop"}}})
	r.Findings = []finding.Finding{{
		Check: id, Severity: finding.Critical, Confidence: finding.Proven, Object: object, Message: "m",
		Evidence:  []finding.Evidence{{Object: object, Source: "status", Value: "v", Time: &now, Count: 2}},
		Fix:       []finding.Fix{{Text: "t", Command: "kubectl get pods", Patch: "p"}},
		FirstSeen: &now, LastSeen: &now, Fingerprint: "0123456789abcdef",
	}}
	r.CannotSay = []finding.Gap{{Check: id, Object: object, Reason: "r"}}
	r.Unexplained = []finding.Unexplained{{Reason: "ImagePullBackOff", Count: 1, Pods: []finding.ObjectRef{object}}}
	r.Coverage = []finding.Coverage{{Resource: "pods", State: finding.CoverageForbidden, Checks: []string{id}}}
	r.Summary.Areas = []finding.AreaSummary{{Area: "oom", Looked: []finding.Looked{{Resource: "pods", Count: 1}}}}
	return r
}
