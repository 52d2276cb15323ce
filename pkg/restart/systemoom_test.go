package restart

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
)

// TestSystemOOMs tells kills from what a kubelet says again after a start.
func TestSystemOOMs(t *testing.T) {
	const another, nameless = "System OOM encountered, victim process: tail, pid: 901", "System OOM encountered"
	started := func(at int) change { return nodeSaid("Starting", "Starting kubelet.", at) }
	rebooted := func(at int) change { return nodeSaid("Rebooted", "Node n1 has been rebooted, boot id: x", at) }
	killed := func(message string, at int) change { return nodeSaid("SystemOOM", message, at) }
	for name, tc := range map[string]struct {
		f     Facts
		kills []int  // seconds
		old   string // how the first that is old is known to be
	}{
		"one kill":                               {facts(killed(nodeOOM, 60)), []int{60}, ""},
		"another process":                        {facts(killed(nodeOOM, 60), killed(another, 70)), []int{60, 70}, ""},
		"the same process":                       {facts(killed(nodeOOM, 60), killed(nodeOOM, 300)), []int{60}, "old: said of the same process 4m0s before"},
		"the events in another order":            {facts(killed(nodeOOM, 300), killed(nodeOOM, 60)), []int{60}, "old: said of the same process 4m0s before"},
		"whoever told no process":                {facts(killed(nameless, 60), killed(nameless, 300)), []int{60, 300}, ""},
		"a start, and the first is gone":         {facts(started(298), killed(nodeOOM, 300)), nil, "may be old: the kubelet, started 2s before, says again"},
		"a start, and both are there":            {facts(killed(nodeOOM, 60), started(298), killed(nodeOOM, 300)), []int{60}, "old: said of the same process"},
		"a start long before":                    {facts(started(0), killed(nodeOOM, 300)), []int{300}, ""},
		"a start after it":                       {facts(killed(nodeOOM, 60), started(61)), []int{60}, ""},
		"a boot: its log is new":                 {facts(started(298), killed(nodeOOM, 300), rebooted(305)), []int{300}, ""},
		"a boot: its numbers are new":            {facts(killed(nodeOOM, 60), started(298), rebooted(305), killed(nodeOOM, 500)), []int{60, 500}, ""},
		"a start some time after a boot":         {facts(started(0), rebooted(5), killed(nodeOOM, 100), started(298), killed(nodeOOM, 300)), []int{100}, "old: said of the same process"},
		"kube-proxy starts":                      {facts(nodeSaid("Starting", "", 298), killed(nodeOOM, 300)), []int{300}, ""},
		"another event that speaks of SystemOOM": {facts(nodeSaid("Other", nodeOOM, 60)), nil, ""},
	} {
		t.Run(name, func(t *testing.T) {
			kills, old := tc.f.OOMs.Kills, tc.f.OOMs.Old
			var at []int
			for _, k := range kills {
				at = append(at, int(k.Time.Sub(t0).Seconds()))
			}
			if !slices.Equal(at, tc.kills) {
				t.Errorf("kills at %v, want %v", at, tc.kills)
			}
			if len(old) == 0 != (tc.old == "") || tc.old != "" && !strings.HasPrefix(old[0].Old, tc.old) {
				t.Errorf("old: %+v, want %q", old, tc.old)
			}
		})
	}
}

// TestVeryManySystemOOMs reads what a node says that runs out of memory all the time: of one process, of one at one time, and of many.
func TestVeryManySystemOOMs(t *testing.T) {
	const n = 10_000
	for name, tc := range map[string]struct {
		pid, at    func(i int) int
		kills, old int
	}{
		"one process":             {func(int) int { return 7 }, func(i int) int { return n - i }, 1, n - 1},
		"one process at one time": {func(int) int { return 7 }, func(int) int { return 60 }, n, 0},
		"many, each said twice":   {func(i int) int { return 1 + i/2 }, func(i int) int { return i }, n / 2, n / 2},
	} {
		t.Run(name, func(t *testing.T) {
			var events []*corev1.Event
			for i := range n {
				at := when(tc.at(i))
				message := fmt.Sprintf("System OOM encountered, victim process: app, pid: %d", tc.pid(i))
				events = append(events, &corev1.Event{Reason: "SystemOOM", Message: message, FirstTimestamp: at, LastTimestamp: at, Count: 1})
			}
			if got := SystemOOMs(events); len(got.Kills) != tc.kills || len(got.Old) != tc.old {
				t.Errorf("%d kills and %d old, want %d and %d", len(got.Kills), len(got.Old), tc.kills, tc.old)
			}
		})
	}
}

// TestOldIsShown wants the old ones among the evidence, beside a kill of the same process and in place of one.
func TestOldIsShown(t *testing.T) {
	shown := func(f Facts) (out []string) {
		for _, d := range Deaths(f) {
			for _, e := range d.Evidence {
				if e.Source == "event SystemOOM" {
					out = append(out, e.Value)
				}
			}
		}
		return out
	}
	both := shown(facts(died("OOMKilled", 137, 0, 60), nodeSaid("SystemOOM", nodeOOM, 61), nodeSaid("SystemOOM", nodeOOM, 300)))
	if len(both) != 2 || both[0] != nodeOOM || both[1] != nodeOOM+" (old: said of the same process 3m59s before)" {
		t.Errorf("%q", both)
	}
	alone := shown(facts(died("Error", 137, 0, 60), nodeSaid("Starting", "Starting kubelet.", 57), nodeSaid("SystemOOM", nodeOOM, 60)))
	if len(alone) != 1 || !strings.Contains(alone[0], "(may be old: ") {
		t.Errorf("%q", alone)
	}
}
