package finding

import (
	"encoding/json"
	"slices"
	"testing"
	"time"
)

func TestSortIsWorstFirstAndDeterministic(t *testing.T) {
	a := Finding{Check: "oom/limit-hit", Severity: Critical, Confidence: Strong, Object: ObjectRef{Kind: "Deployment", Namespace: "b", Name: "x"}}
	b := Finding{Check: "oom/limit-hit", Severity: Critical, Confidence: Proven, Object: ObjectRef{Kind: "Deployment", Namespace: "c", Name: "x"}}
	c := Finding{Check: "pvc/released", Severity: Info, Confidence: Proven, Object: ObjectRef{Kind: "PersistentVolume", Name: "x"}}
	want := []Finding{b, a, c}
	for _, in := range [][]Finding{{a, b, c}, {c, b, a}, {b, c, a}} {
		r := New(Metadata{})
		r.Findings = slices.Clone(in)
		r.Sort()
		for i := range want {
			if r.Findings[i].Object != want[i].Object {
				t.Fatalf("position %d: got %v, want %v", i, r.Findings[i].Object, want[i].Object)
			}
		}
		if r.Summary.Critical != 2 || r.Summary.Info != 1 || r.Summary.Warning != 0 {
			t.Fatalf("counts: %+v", r.Summary)
		}
	}
}

func TestFingerprintIgnoresNumbersAndTimes(t *testing.T) {
	a := Finding{Check: "oom/limit-hit", Object: ObjectRef{Kind: "Deployment", Namespace: "shop", Name: "web", Container: "app"}, Message: "killed 3 times"}
	b := a
	b.Message, b.Severity = "killed 4 times", Critical
	if Fingerprint(a) != Fingerprint(b) {
		t.Error("the same trouble has two fingerprints")
	}
	b.Object.Container = "sidecar"
	if Fingerprint(a) == Fingerprint(b) {
		t.Error("two containers share a fingerprint")
	}
	c := a
	c.Key = "ingress[0]"
	if Fingerprint(a) == Fingerprint(c) {
		t.Error("two keys share a fingerprint")
	}
}

func TestEmptyReportHasListsNotNulls(t *testing.T) {
	out, err := json.Marshal(New(Metadata{}))
	if err != nil {
		t.Fatal(err)
	}
	var m map[string]any
	if err := json.Unmarshal(out, &m); err != nil {
		t.Fatal(err)
	}
	for _, list := range []string{"findings", "coverage", "cannotSay"} {
		if m[list] == nil {
			t.Errorf("%s is null", list)
		}
	}
}

func TestKubectlQuotes(t *testing.T) {
	for _, tc := range []struct {
		ns   string
		args []string
		want string
	}{
		{"shop", []string{"logs", "-p", "web-1", "-c", "app"}, "kubectl -n shop logs -p web-1 -c app"},
		{"", []string{"get", "pv"}, "kubectl get pv"},
		{"a b", []string{"get", "x;rm -rf $HOME", "it's", ""}, `kubectl -n 'a b' get 'x;rm -rf $HOME' 'it'\''s' ''`},
	} {
		if got := Kubectl(tc.ns, tc.args...); got != tc.want {
			t.Errorf("got %s, want %s", got, tc.want)
		}
	}
}

func TestWeakerAndAtLeast(t *testing.T) {
	if Proven.Weaker(Strong) != Strong || Consistent.Weaker(Proven) != Consistent {
		t.Error("a claim must be as sure as its weakest part")
	}
	if !Critical.AtLeast(Warning) || Info.AtLeast(Warning) || Severity("?").AtLeast(Info) {
		t.Error("AtLeast")
	}
}

func TestAtGivesOnlyTimesThatJSONCanHold(t *testing.T) {
	west := time.FixedZone("west", -8*3600)
	for _, at := range []time.Time{{}, time.Date(9999, 12, 31, 23, 0, 0, 0, west), time.Date(-3, 1, 1, 0, 0, 0, 0, time.UTC)} {
		if got := At(at); got != nil {
			t.Errorf("At(%v) = %v", at, got)
		}
	}
	if got := At(time.Date(2026, 11, 23, 10, 0, 0, 0, west)); got == nil || got.Format(time.RFC3339) != "2026-11-23T18:00:00Z" {
		t.Errorf("got %v", got)
	}
}
