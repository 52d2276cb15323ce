// Package checktest plays fixtures: txtar files that stand beside a check, hold clusters as YAML, and say beside each object what the
// check must find there.
//
// A fixture is named after the slug of its check (limit-hit.txtar). Its comment says where the objects come from: what the lab said, or
// a text of another runtime, replayed word by word. Each section is a cluster of its own, read as if live and complete. In it, comments
// that start a line are directives:
//
//	# now: 2026-11-23T18:00:00Z                       the server's clock; needed once per section
//	# want: SEVERITY CONFIDENCE KIND/NAME[/CONTAINER] regexp of the message    one line per finding
//	# cannot-say: KIND/NAME[/CONTAINER] regexp of the reason
//	# healthy: why                                    the object that follows must stay silent; at least one in a file
//	# state: KIND STATUS [NAMESPACE]                  how reading a kind went, where not "ok" (forbidden, failed, partial, absent; torn)
//	# ask: KIND NAMESPACE/NAME STATUS                 how asking for an object went, where not "ok"
package checktest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/tools/txtar"

	"github.com/kubectl-scars/kubectl-scars/pkg/analysis"
	"github.com/kubectl-scars/kubectl-scars/pkg/finding"
	"github.com/kubectl-scars/kubectl-scars/pkg/snapshot"
)

// Run plays the fixture of every check of an area; a check without one fails.
func Run(t *testing.T, checks []*analysis.Check, dir string) {
	t.Helper()
	for _, c := range checks {
		t.Run(strings.ReplaceAll(c.ID, "/", "."), func(t *testing.T) {
			_, slug, _ := strings.Cut(c.ID, "/")
			ar, err := txtar.ParseFile(filepath.Join(dir, slug+".txtar"))
			if err != nil {
				t.Fatal(err)
			}
			runFixture(t, c, ar)
		})
	}
}

func runFixture(t *testing.T, c *analysis.Check, ar *txtar.Archive) {
	touched, wants, healthy := map[snapshot.Kind]bool{}, 0, 0
	for _, f := range ar.Files {
		fx, err := parse(f.Data)
		if err != nil {
			t.Fatalf("section %s: %v", f.Name, err)
		}
		wants += len(fx.wants)
		healthy += fx.healthy
		t.Run(f.Name, func(t *testing.T) {
			o := fx.run(t, c, false, "")
			for _, k := range o.Touched {
				touched[k] = true
			}
			fx.match(t, o)
			for _, f := range o.Findings {
				wellFormed(t, f)
			}
			if got, want := encode(t, fx.run(t, c, true, "").Findings), encode(t, o.Findings); got != want {
				t.Errorf("findings depend on the order of the objects:\n%s\nand\n%s", got, want)
			}
			for _, in := range c.Inputs {
				leaveOut(t, fx, c, in.Kind, o)
			}
		})
	}
	if wants == 0 || healthy == 0 {
		t.Errorf("a fixture wants at least one finding (has %d) and one healthy twin (has %d)", wants, healthy)
	}
	for _, k := range c.Kinds() {
		if !touched[k] {
			t.Errorf("input %s is superfluous: no section makes the check look at it", k)
		}
	}
}

// leaveOut reads the section without one kind: that may only remove findings, or turn them into "cannot say".
func leaveOut(t *testing.T, fx *fixture, c *analysis.Check, without snapshot.Kind, full analysis.Outcome) {
	t.Helper()
	for _, f := range fx.run(t, c, false, without).Findings {
		if !slices.ContainsFunc(full.Findings, func(g finding.Finding) bool { return sameTrouble(f, g) }) {
			t.Errorf("without %s there is a finding that the whole cluster does not give: %s: %s", without, f.Object, f.Message)
		}
	}
}

// sameTrouble tells whether two findings of one check speak of the same trouble. Without an owner's kind a finding stands lower down,
// at the object that its own evidence names.
func sameTrouble(f, g finding.Finding) bool {
	if f.Object.SameObject(g.Object) {
		return true
	}
	return slices.ContainsFunc(f.Evidence, func(e finding.Evidence) bool {
		return slices.ContainsFunc(g.Evidence, func(h finding.Evidence) bool { return e.Object.SameObject(h.Object) && e.Source == h.Source })
	})
}

func wellFormed(t *testing.T, f finding.Finding) {
	t.Helper()
	if f.Message == "" || strings.ContainsAny(f.Message, "\n\r") || strings.HasSuffix(f.Message, ".") {
		t.Errorf("%s: message must be one sentence on one line without a full stop: %q", f.Object, f.Message)
	}
	if len(f.Evidence) == 0 {
		t.Errorf("%s: no evidence for %q", f.Object, f.Message)
	}
	for _, e := range f.Evidence {
		if e.Object.Kind == "" || e.Object.Name == "" || e.Source == "" || e.Value == "" {
			t.Errorf("%s: evidence lacks object, source or value: %+v", f.Object, e)
		}
	}
	if len(f.Fix) == 0 {
		t.Errorf("%s: nothing to do about %q", f.Object, f.Message)
	}
	if f.Severity.Rank() > finding.Info.Rank() || f.Confidence == "" {
		t.Errorf("%s: severity %q, confidence %q", f.Object, f.Severity, f.Confidence)
	}
}

func encode(t *testing.T, findings []finding.Finding) string {
	t.Helper()
	sorted := slices.Clone(findings)
	slices.SortStableFunc(sorted, finding.Compare)
	out, err := json.MarshalIndent(sorted, "", " ")
	if err != nil {
		t.Fatal(err)
	}
	return string(out)
}

type want struct {
	severity, confidence, object string
	message                      *regexp.Regexp
	line                         int
}

func describe(o finding.ObjectRef) string {
	s := o.Kind + "/" + o.Name
	if o.Container != "" {
		s += "/" + o.Container
	}
	return s
}

// match compares what was found with what is wanted, one to one.
func (fx *fixture) match(t *testing.T, o analysis.Outcome) {
	t.Helper()
	left := slices.Clone(o.Findings)
	for _, w := range fx.wants {
		i := slices.IndexFunc(left, func(f finding.Finding) bool {
			return string(f.Severity) == w.severity && string(f.Confidence) == w.confidence && describe(f.Object) == w.object && w.message.MatchString(f.Message)
		})
		if i < 0 {
			t.Errorf("line %d: wanted and not found: %s %s %s %s", w.line, w.severity, w.confidence, w.object, w.message)
			continue
		}
		left = slices.Delete(left, i, i+1)
	}
	for _, f := range left {
		t.Errorf("not wanted: %s %s %s %s", f.Severity, f.Confidence, describe(f.Object), f.Message)
	}
	gaps := slices.Clone(o.Gaps)
	for _, w := range fx.gaps {
		i := slices.IndexFunc(gaps, func(g finding.Gap) bool { return describe(g.Object) == w.object && w.message.MatchString(g.Reason) })
		if i < 0 {
			t.Errorf("line %d: wanted a cannot-say and got none: %s %s", w.line, w.object, w.message)
			continue
		}
		gaps = slices.Delete(gaps, i, i+1)
	}
	for _, g := range gaps {
		t.Errorf("cannot-say not wanted: %s %s", describe(g.Object), g.Reason)
	}
}

// run builds the snapshot and runs the check on it.
func (fx *fixture) run(t *testing.T, c *analysis.Check, reversed bool, without snapshot.Kind) analysis.Outcome {
	t.Helper()
	b := snapshot.NewBuilder()
	docs := slices.Clone(fx.docs)
	if reversed {
		slices.Reverse(docs)
	}
	for _, doc := range docs {
		o, info, err := decode(doc)
		if err != nil {
			t.Fatal(err)
		}
		if info.Kind == without {
			continue
		}
		if err := b.Add(o); err != nil {
			t.Fatal(err)
		}
	}
	for _, in := range c.Inputs {
		if info, _ := snapshot.InfoOf(in.Kind); in.Kind != without && !info.OptIn {
			b.Seal(in.Kind, "", snapshot.State{Status: snapshot.OK})
		}
	}
	for _, s := range fx.states {
		if s.Kind != without {
			b.Seal(s.Kind, s.Namespace, s.State)
			if s.Namespace != "" {
				b.Seal(s.Kind, "", snapshot.State{})
			}
		}
	}
	if without != "" {
		b.Seal(without, "", snapshot.State{Status: snapshot.Forbidden, Reason: "left out"})
	}
	for _, a := range analysis.Asks(b.Build(fx.now), []*analysis.Check{c}, fx.optIn(without)...) {
		st := snapshot.State{Status: snapshot.OK}
		if a.Kind == without {
			st = snapshot.State{Status: snapshot.Forbidden, Reason: "left out"}
		}
		for _, s := range fx.asks {
			if s.Kind == a.Kind && s.Namespace == a.Namespace && s.Name == a.Name {
				st = s.State
			}
		}
		b.SealAsk(a, st)
	}
	o := analysis.Run(b.Build(fx.now), []*analysis.Check{c}, nil)[0]
	if o.Err != nil {
		t.Fatal(o.Err)
	}
	return o
}

// optIn lists the kinds that the section shows to have been asked for, though that takes a flag: by an object or an "ask".
func (fx *fixture) optIn(without snapshot.Kind) []snapshot.Kind {
	var out []snapshot.Kind
	for _, info := range snapshot.Kinds() {
		asked := slices.ContainsFunc(fx.asks, func(s snapshot.Sealed) bool { return s.Kind == info.Kind })
		if info.OptIn && (asked || fx.kinds[info.Kind]) && info.Kind != without {
			out = append(out, info.Kind)
		}
	}
	return out
}

type fixture struct {
	now         time.Time
	docs        [][]byte
	wants, gaps []want
	healthy     int
	kinds       map[snapshot.Kind]bool // of docs
	states      []snapshot.Sealed
	asks        []snapshot.Sealed
}

func parse(data []byte) (*fixture, error) {
	fx := &fixture{kinds: map[snapshot.Kind]bool{}}
	for n, line := range strings.Split(string(data), "\n") {
		directive, rest, ok := strings.Cut(line, ": ")
		if !ok || !strings.HasPrefix(line, "# ") {
			continue
		}
		if err := fx.directive(strings.TrimPrefix(directive, "# "), strings.TrimSpace(rest), n+1); err != nil {
			return nil, fmt.Errorf("line %d: %w", n+1, err)
		}
	}
	if fx.now.IsZero() {
		return nil, fmt.Errorf("no \"# now:\"")
	}
	for doc := range bytes.SplitSeq(append([]byte("\n"), data...), []byte("\n---")) {
		if o, info, err := decode(doc); err != nil {
			return nil, err
		} else if o != nil {
			fx.kinds[info.Kind] = true
			fx.docs = append(fx.docs, doc)
		}
	}
	return fx, nil
}

func (fx *fixture) directive(name, rest string, line int) (err error) {
	words := strings.Fields(rest)
	switch name {
	case "now":
		fx.now, err = time.Parse(time.RFC3339, rest)
	case "healthy":
		fx.healthy++
	case "want":
		if len(words) < 4 {
			return fmt.Errorf("want: SEVERITY CONFIDENCE KIND/NAME regexp")
		}
		w := want{severity: words[0], confidence: words[1], object: words[2], line: line}
		w.message, err = regexp.Compile(strings.Join(words[3:], " "))
		fx.wants = append(fx.wants, w)
	case "cannot-say":
		if len(words) < 2 {
			return fmt.Errorf("cannot-say: KIND/NAME regexp")
		}
		w := want{object: words[0], line: line}
		w.message, err = regexp.Compile(strings.Join(words[1:], " "))
		fx.gaps = append(fx.gaps, w)
	case "state":
		if len(words) < 2 {
			return fmt.Errorf("state: KIND STATUS [NAMESPACE]")
		}
		s := snapshot.Sealed{Kind: snapshot.Kind(words[0]), State: snapshot.State{Status: snapshot.Status(words[1]), Reason: "fixture"}}
		if words[1] == "torn" {
			s.State.Status, s.State.Torn = snapshot.OK, true
		}
		if len(words) > 2 {
			s.Namespace = words[2]
		}
		fx.states = append(fx.states, s)
	case "ask":
		if len(words) != 3 {
			return fmt.Errorf("ask: KIND NAMESPACE/NAME STATUS")
		}
		ns, object, _ := strings.Cut(words[1], "/")
		fx.asks = append(fx.asks, snapshot.Sealed{
			Kind: snapshot.Kind(words[0]), Namespace: ns, Name: object,
			State: snapshot.State{Status: snapshot.Status(words[2]), Reason: "fixture"},
		})
	}
	return err
}
