package history_test

import (
	"encoding/json"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/kubectl-scars/kubectl-scars/pkg/finding"
	"github.com/kubectl-scars/kubectl-scars/pkg/history"
	"github.com/kubectl-scars/kubectl-scars/pkg/history/historytest"
)

var app = finding.ObjectRef{Kind: "Deployment", Namespace: "cases", Name: "app", Container: "app"}

// overWire is what comes back of saved records that were written as JSON.
func overWire(t *testing.T, saved []finding.MemoryHistory) []finding.MemoryHistory {
	t.Helper()
	text, err := json.Marshal(saved)
	if err != nil {
		t.Fatal(err)
	}
	var out []finding.MemoryHistory
	if err := json.Unmarshal(text, &out); err != nil {
		t.Fatal(err)
	}
	return out
}

func TestSavedWeeksSayTheSame(t *testing.T) {
	for _, c := range historytest.Cases(len(historytest.Shapes())) {
		if c.Name == "scraped twice" || c.Name == "noisy" { // for a record they are like others
			continue
		}
		r, _ := watch(c)
		o := history.Options{Limit: float64(c.LimitBytes()), Request: c.Base}
		restored, err := history.Restore(overWire(t, r.Saved(app)))
		if err != nil {
			t.Fatalf("%s: %v", c.Name, err)
		}
		if len(restored) != 1 {
			t.Fatalf("%s: %d records", c.Name, len(restored))
		}
		if got, want := history.Recommend(restored[app], o), history.Recommend(r, o); !reflect.DeepEqual(got, want) {
			t.Errorf("%s: %+v, before it was saved %+v", c.Name, got, want)
		}
	}
}

func TestDamagedWeeksAreRefused(t *testing.T) {
	c := historytest.Cases(1)[0]
	r, _ := watch(c)
	for want, damage := range map[string]func(*finding.MemoryHistory){
		"an amount that is none":  func(h *finding.MemoryHistory) { h.Hours.Peak[3] = -1 },
		"more counted than seen":  func(h *finding.MemoryHistory) { h.Steady.Counts[0] += 1 << 30 },
		"from and to are no time": func(h *finding.MemoryHistory) { h.To = h.From },
		"samples without a time":  func(h *finding.MemoryHistory) { h.First = nil },
		"begin at another time":   func(h *finding.MemoryHistory) { h.Begin = finding.At(h.To.Add(time.Hour)) },
		"too many hours":          func(h *finding.MemoryHistory) { h.Hours.Limit = make([]float32, 1<<20) },
		`pod "` + "app-000-":      func(h *finding.MemoryHistory) { h.Now = 1e300 },
	} {
		saved := overWire(t, r.Saved(app))
		damage(&saved[0])
		if _, err := history.Restore(saved); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %s", err, want)
		}
	}
	saved := r.Saved(app)
	if _, err := history.Restore(append(saved, saved[0])); err == nil || !strings.Contains(err.Error(), "there twice") {
		t.Errorf("got %v", err)
	}
}

// TestVersionsOfOneName: the pods of a StatefulSet have the same names in all versions.
func TestVersionsOfOneName(t *testing.T) {
	end := time.Date(2026, 11, 23, 18, 0, 0, 0, time.UTC)
	r := history.NewRecord(end.Add(-30*24*time.Hour), end)
	r.VersionsUnknown = "which version is not known"
	for i, version := range []string{"db-a", "db-b"} {
		p := r.Pod("db-0", version)
		for at := end.Add(-time.Duration(20-10*i) * 24 * time.Hour); at.Before(end.Add(-time.Duration(10-10*i) * 24 * time.Hour)); at = at.Add(time.Minute) {
			p.Peak(at, float64(400-100*i)*(1<<20))
		}
	}
	got := history.Recommend(r, history.Options{})
	if got.Basis.Pods != 1 || !reflect.DeepEqual(got.Basis.Used, []string{"db-b"}) || got.Basis.Worst != 300<<20 || !slices.Contains(got.Notes, r.VersionsUnknown) {
		t.Errorf("got %+v, %v", got.Basis, got.Notes)
	}
	restored, err := history.Restore(overWire(t, r.Saved(app)))
	if err != nil {
		t.Fatal(err)
	}
	if again := history.Recommend(restored[app], history.Options{}); !reflect.DeepEqual(again, got) {
		t.Errorf("%+v, before it was saved %+v", again, got)
	}
}
