package analysis

// A check that fails, panics or looks where it may not has failed, says so in coverage, and stops no other.

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/kubectl-scars/kubectl-scars/pkg/finding"
	"github.com/kubectl-scars/kubectl-scars/pkg/snapshot"
)

// report is a Run that looks at the pods and reports each.
func report(p *Pass) error {
	for _, x := range p.Pods("") {
		p.Report(finding.Finding{Severity: finding.Warning, Object: RefTo("Pod", x)})
	}
	return nil
}

func sealed(t *testing.T, states map[snapshot.Kind]snapshot.State, namespace string) *snapshot.Snapshot {
	t.Helper()
	b := snapshot.NewBuilder()
	if err := b.Add(pod("shop", "web")); err != nil {
		t.Fatal(err)
	}
	for kind, st := range states {
		b.Seal(kind, namespace, st)
	}
	return b.Build(clock())
}

func TestRun(t *testing.T) {
	pods := []Input{Need(snapshot.Pods)}
	half := func(end func()) func(*Pass) error {
		return func(p *Pass) error {
			_ = report(p)
			p.CannotSay(ref("Pod", "shop", "web"), "because")
			end()
			return nil
		}
	}
	for name, test := range map[string]struct {
		run  func(*Pass) error
		err  string
		want int
	}{
		"finds":             {report, "", 1},
		"fails":             {func(p *Pass) error { _ = report(p); return errors.New("no luck") }, "check oom/x: no luck", 0},
		"panics":            {half(func() { panic("oh no") }), "check oom/x: panicked: oh no", 0},
		"dereferences nil":  {half(func() { _ = (*corev1.Pod)(nil).Name }), "check oom/x: panicked: runtime error: invalid memory address or nil pointer dereference", 0},
		"looks undeclared":  {func(p *Pass) error { p.Nodes(); return nil }, "check oom/x: the check looks at nodes without declaring it among its inputs", 0},
		"joins undeclared":  {func(p *Pass) error { p.WorkloadOf(p.Pods("")[0]); return nil }, "check oom/x: the check looks at replicasets.apps without declaring it", 0},
		"silently finds no": {func(*Pass) error { return nil }, "", 0},
	} {
		t.Run(name, func(t *testing.T) {
			s := sealed(t, map[snapshot.Kind]snapshot.State{snapshot.Pods: {Status: snapshot.OK}}, "")
			checks := []*Check{{ID: "oom/x", Inputs: pods, Run: test.run}, {ID: "oom/y", Inputs: pods, Run: report}}
			outcomes := Run(s, checks, nil)
			o := outcomes[0]
			if (o.Err == nil) != (test.err == "") || o.Err != nil && !strings.HasPrefix(o.Err.Error(), test.err) {
				t.Errorf("error %v, want %s", o.Err, test.err)
			}
			if len(o.Findings) != test.want || len(o.Gaps) != 0 {
				t.Errorf("%d findings, %d gaps, want %d and none", len(o.Findings), len(o.Gaps), test.want)
			}
			if outcomes[1].Check.ID != "oom/y" || len(outcomes[1].Findings) != 1 {
				t.Errorf("the other check: %+v", outcomes[1])
			}
			r := Assemble(s, outcomes, finding.Metadata{})
			i := slices.IndexFunc(r.Coverage, func(c finding.Coverage) bool { return c.Resource == "check oom/x" })
			if (i >= 0) != (test.err != "") || r.Complete() != (test.err == "") {
				t.Errorf("coverage %+v", r.Coverage)
			}
			if i >= 0 && (r.Coverage[i].State != finding.CoverageFailed || !strings.HasPrefix("check oom/x: "+r.Coverage[i].Reason, test.err)) {
				t.Errorf("coverage %+v", r.Coverage[i])
			}
			if a := r.Summary.Areas[0]; a.Checks+a.Skipped != 2 || (a.Skipped == 1) != (test.err != "") {
				t.Errorf("area %+v", a)
			}
		})
	}
}

// Without pods it is templates that were looked at.
func TestLooked(t *testing.T) {
	check := &Check{ID: "oom/x", Inputs: []Input{Optional(snapshot.Pods), Optional(snapshot.Deployments), Optional(snapshot.StatefulSets), Need(snapshot.Services)}, Run: func(*Pass) error { return nil }}
	for name, test := range map[string]struct {
		objects []snapshot.Object
		want    []finding.Looked
	}{
		"manifests": {
			[]snapshot.Object{&appsv1.Deployment{ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: "web"}}},
			[]finding.Looked{{Resource: "deployments.apps", Count: 1}, {Resource: "services"}},
		},
		"a cluster": {
			[]snapshot.Object{&appsv1.Deployment{ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: "web"}}, pod("shop", "web")},
			[]finding.Looked{{Resource: "services"}},
		},
	} {
		b := snapshot.NewBuilder()
		for _, o := range test.objects {
			if err := b.Add(o); err != nil {
				t.Fatal(err)
			}
		}
		for _, in := range check.Inputs {
			b.Seal(in.Kind, "", snapshot.State{Status: snapshot.OK})
		}
		s := b.Build(clock())
		if got := Assemble(s, Run(s, []*Check{check}, nil), finding.Metadata{}).Summary.Areas[0].Looked; !slices.Equal(got, test.want) {
			t.Errorf("%s: looked at %v, want %v", name, got, test.want)
		}
	}
}

// A check runs where each input that it needs could be read somewhere in the scope.
func TestRunnable(t *testing.T) {
	ok, forbidden := snapshot.State{Status: snapshot.OK}, snapshot.State{Status: snapshot.Forbidden}
	check := &Check{ID: "oom/x", Inputs: []Input{Need(snapshot.Pods), Need(snapshot.Services), Optional(snapshot.Events)}, Run: report}
	for name, test := range map[string]struct {
		states     map[snapshot.Kind]snapshot.State
		namespace  string
		namespaces []string
		skipped    bool
	}{
		"all of them":             {map[snapshot.Kind]snapshot.State{snapshot.Services: ok, snapshot.Events: ok}, "", nil, false},
		"without an optional one": {map[snapshot.Kind]snapshot.State{snapshot.Services: ok, snapshot.Events: forbidden}, "", nil, false},
		"without a needed one":    {map[snapshot.Kind]snapshot.State{snapshot.Services: forbidden, snapshot.Events: ok}, "", nil, true},
		"not looked for":          {nil, "", nil, true},
		"in part":                 {map[snapshot.Kind]snapshot.State{snapshot.Services: {Status: snapshot.Partial}}, "", nil, false},
		"not served":              {map[snapshot.Kind]snapshot.State{snapshot.Services: {Status: snapshot.NotServed}}, "", nil, false},
		"failed":                  {map[snapshot.Kind]snapshot.State{snapshot.Services: {Status: snapshot.Failed}}, "", nil, true},
		"in one namespace of two": {map[snapshot.Kind]snapshot.State{snapshot.Services: ok}, "shop", []string{"cart", "shop"}, false},
		"in another namespace":    {map[snapshot.Kind]snapshot.State{snapshot.Services: ok}, "default", []string{"shop"}, true},
	} {
		t.Run(name, func(t *testing.T) {
			o := Run(sealed(t, test.states, test.namespace), []*Check{check}, test.namespaces)[0]
			if o.Skipped != test.skipped || (len(o.Findings) == 0) != test.skipped {
				t.Errorf("%+v, want skipped %v", o, test.skipped)
			}
		})
	}
}

// Coverage lists what was wanted, and nothing else, with who wanted it where it is not there.
func TestCoverage(t *testing.T) {
	b := snapshot.NewBuilder()
	b.Seal(snapshot.Pods, "shop", snapshot.State{Status: snapshot.OK})
	b.Seal(snapshot.Events, "shop", snapshot.State{Status: snapshot.Partial, Reason: "500 read, then: interrupted"})
	b.Seal(snapshot.Nodes, "", snapshot.State{Status: snapshot.OK}) // nobody wants them
	b.Seal(snapshot.Services, "", snapshot.State{Status: snapshot.OK, Assumed: true})
	b.SealAsk(snapshot.Ask{Kind: snapshot.Secrets, Namespace: "shop", Name: "web-tls"}, snapshot.State{Status: snapshot.Forbidden, Reason: "no"})
	b.SealAsk(snapshot.Ask{Kind: snapshot.Secrets, Namespace: "shop", Name: "db-tls"}, snapshot.State{Status: snapshot.OK})
	checks := []*Check{
		{ID: "oom/x", Inputs: []Input{Need(snapshot.Pods), Optional(snapshot.Events)}, Run: report},
		{ID: "certs/y", Inputs: []Input{AskedFor(Need(snapshot.Secrets)), Need(snapshot.Services), Optional(snapshot.Events)}, Run: report},
	}
	s := b.Build(clock())
	r := Assemble(s, Run(s, checks, []string{"shop"}), finding.Metadata{})
	want := []finding.Coverage{
		{Resource: "events", Namespace: "shop", State: finding.CoveragePartial, Reason: "500 read, then: interrupted", Checks: []string{"oom/x", "certs/y"}},
		{Resource: "pods", Namespace: "shop", State: finding.CoverageOK},
		{Resource: "secrets", State: finding.CoverageAbsent, Reason: "not in the input", Checks: []string{"certs/y"}},
		{Resource: "secrets/web-tls", Namespace: "shop", State: finding.CoverageForbidden, Reason: "no", Checks: []string{"certs/y"}},
		{Resource: "services", State: finding.CoverageOK, Reason: "taken for complete: plain objects do not say"},
	}
	if !slices.EqualFunc(r.Coverage, want, func(a, b finding.Coverage) bool {
		return a.Resource == b.Resource && a.Namespace == b.Namespace && a.State == b.State && a.Reason == b.Reason && slices.Equal(a.Checks, b.Checks)
	}) {
		t.Errorf("got  %+v\nwant %+v", r.Coverage, want)
	}
	if r.Complete() {
		t.Error("complete, although events were read in part")
	}
	if a := r.Summary.Areas; len(a) != 2 || a[0].Area != "oom" || a[0].Checks != 1 || a[1].Skipped != 1 {
		t.Errorf("areas %+v", a)
	}
}

// Findings come out with their check, a fingerprint, and lists that are empty and not null.
func TestReport(t *testing.T) {
	s := sealed(t, map[snapshot.Kind]snapshot.State{snapshot.Pods: {Status: snapshot.OK}}, "")
	f := Run(s, []*Check{{ID: "oom/x", Inputs: []Input{Need(snapshot.Pods)}, Run: report}}, nil)[0].Findings[0]
	if f.Check != "oom/x" || f.Fingerprint != finding.Fingerprint(f) || f.Evidence == nil || f.Fix == nil {
		t.Errorf("%+v", f)
	}
}

// A trouble of very many replicas keeps its first lines of evidence and counts the others.
func TestReportBoundsEvidence(t *testing.T) {
	s := sealed(t, map[snapshot.Kind]snapshot.State{snapshot.Pods: {Status: snapshot.OK}}, "")
	many := func(p *Pass) error {
		p.Report(finding.Finding{Evidence: make([]finding.Evidence, finding.MaxEvidence+7)})
		return nil
	}
	f := Run(s, []*Check{{ID: "oom/x", Inputs: []Input{Need(snapshot.Pods)}, Run: many}}, nil)[0].Findings[0]
	if len(f.Evidence) != finding.MaxEvidence || f.MoreEvidence != 7 {
		t.Errorf("kept %d, left out %d", len(f.Evidence), f.MoreEvidence)
	}
}

func TestAgo(t *testing.T) {
	now := time.Date(2026, 11, 23, 18, 0, 0, 0, time.UTC)
	for want, then := range map[string]time.Time{
		"45s": now.Add(-45 * time.Second), "12m": now.Add(-12*time.Minute - time.Second), "3h": now.Add(-3 * time.Hour),
		"9d": now.Add(-9 * 24 * time.Hour), "0s": now.Add(time.Hour), "an unknown time": {},
	} {
		if got := Ago(now, then); got != want {
			t.Errorf("%s: got %q, want %q", then, got, want)
		}
	}
}
