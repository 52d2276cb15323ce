package restart

import (
	"testing"
	"time"

	"github.com/kubectl-scars/kubectl-scars/pkg/finding"
)

func TestSeverity(t *testing.T) {
	now := sec(0)
	for name, tc := range map[string]struct {
		age      time.Duration
		count    int32
		restarts int32
		down     bool
		want     finding.Severity // empty: silent
	}{
		"just now, again and again":   {time.Minute, 1, 7, false, finding.Critical},
		"just now, twice by events":   {time.Minute, 2, 0, false, finding.Critical},
		"just now, once":              {time.Minute, 1, 1, false, finding.Warning},
		"just now, once, still down":  {time.Minute, 1, 0, true, finding.Critical},
		"this morning":                {5 * time.Hour, 1, 9, false, finding.Warning},
		"yesterday":                   {30 * time.Hour, 1, 9, false, finding.Info},
		"nine days ago":               {9 * 24 * time.Hour, 1, 1, false, ""},
		"nine days ago, down since":   {9 * 24 * time.Hour, 1, 1, true, finding.Warning},
		"in the future (clocks skew)": {-time.Minute, 1, 1, false, finding.Warning},
	} {
		toll := Sum([]Death{{Finished: now.Add(-tc.age), First: now.Add(-tc.age), Count: tc.count}})
		got, ok := toll.Severity(now, tc.restarts, tc.down)
		if ok != (tc.want != "") || got != tc.want {
			t.Errorf("%s: got %q, want %q", name, got, tc.want)
		}
	}
	if got, ok := Sum([]Death{{Count: 1}}).Severity(now, 9, true); !ok || got != finding.Info {
		t.Errorf("a death without a time is worth knowing, no more: %q", got)
	}
}

func TestSum(t *testing.T) {
	toll := Sum([]Death{
		{Pod: finding.ObjectRef{Name: "b"}, Count: 3, First: sec(10), Finished: sec(50), Confidence: finding.Strong},
		{Pod: finding.ObjectRef{Name: "a"}, Count: 1, First: sec(40), Finished: sec(40), Confidence: finding.Proven},
		{Pod: finding.ObjectRef{Name: "b"}, Count: 1, Confidence: finding.Consistent},
	})
	if toll.Count != 5 || !toll.First.Equal(sec(10)) || !toll.Last.Equal(sec(50)) || toll.Confidence != finding.Proven {
		t.Errorf("got %+v", toll)
	}
	if len(toll.Pods) != 2 || toll.Pods[0] != "a" {
		t.Errorf("pods: %v", toll.Pods)
	}
	if toll.Latest().Pod.Name != "b" {
		t.Errorf("latest: %+v", toll.Latest())
	}
}

func TestOnset(t *testing.T) {
	for name, tc := range map[string]struct {
		r     Rollout
		first int
		exact bool
		want  string
	}{
		"right after":                {Rollout{7, sec(0)}, 40, true, "first 40s after revision 7 rolled out"},
		"the first revision of all":  {Rollout{1, sec(0)}, 40, true, ""},
		"before the rollout":         {Rollout{7, sec(100)}, 40, true, ""},
		"long after":                 {Rollout{7, sec(-7200)}, 40, true, ""},
		"first unknown, young":       {Rollout{7, sec(0)}, 40, false, "all since revision 7 rolled out 10m ago"},
		"first unknown, old":         {Rollout{7, sec(-30000)}, 40, false, ""},
		"a clock that is behind":     {Rollout{7, sec(700)}, 800, false, ""},
		"a rollback, long ago made":  {Rollout{9, sec(-900000)}, 40, true, ""},
		"no time of rollout at hand": {Rollout{Number: 9}, 40, true, ""},
	} {
		if got := tc.r.Onset(sec(tc.first), sec(600), tc.exact); got != tc.want {
			t.Errorf("%s: got %q, want %q", name, got, tc.want)
		}
	}
}
