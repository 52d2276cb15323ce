package cascade

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"
)

var noon = time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)

func ago(d time.Duration) []time.Time { return []time.Time{noon.Add(-d)} }

// fleet is n replicas on three nodes, all ready, whose start took 20 s.
func fleet(n int) Facts {
	f := Facts{Now: noon, EventsRead: true, KillTime: 10 * time.Second, StartUp: 20 * time.Second}
	for i := range n {
		f.Replicas = append(f.Replicas, Replica{Name: fmt.Sprint(i), Node: fmt.Sprint("node-", i%3), Ready: true})
	}
	return f
}

func TestAssess(t *testing.T) {
	for _, tc := range []struct {
		name   string
		facts  func() Facts
		want   Verdict
		hit    int
		killed int
		part   Partition
	}{
		{"nothing failed, and the race is lost", func() Facts { return fleet(6) }, Latent, 0, 0, ""},
		{"nothing failed, and it has time", func() Facts { f := fleet(6); f.KillTime = time.Minute; return f }, None, 0, 0, ""},
		{"no liveness probe", func() Facts { f := fleet(6); f.KillTime = -1; return f }, None, 0, 0, ""},
		{"the first failure kills", func() Facts { f := fleet(6); f.KillTime = 0; return f }, Latent, 0, 0, ""},
		{"the path names a dependency", func() Facts { f := hurt(fleet(6), 3, time.Minute, 0); f.Asked = true; return f }, Active, 3, 3, Dependency},
		{"half of them killed", func() Facts { return hurt(fleet(6), 3, time.Minute, time.Minute) }, Active, 3, 3, Shared},
		{"one less than half", func() Facts { return hurt(fleet(6), 2, time.Minute, time.Minute) }, Primed, 2, 2, Shared},
		{"half of them, long over", func() Facts { return hurt(fleet(6), 3, 30*time.Minute, time.Minute) }, Primed, 3, 3, Shared},
		{"half of them, forgotten", func() Facts { return hurt(fleet(6), 3, 2*time.Hour, time.Minute) }, Latent, 0, 0, ""},
		{"half of them, hours apart", func() Facts { return hurt(fleet(6), 3, time.Minute, 25*time.Minute) }, None, 1, 1, Shared},
		{"both of two", func() Facts { return hurt(fleet(2), 2, time.Minute, time.Minute) }, Active, 2, 2, Shared},
		{"one of two", func() Facts { return hurt(fleet(2), 1, time.Minute, time.Minute) }, None, 1, 1, Shared},
		{"one of four, and there is no margin", func() Facts { f := hurt(fleet(4), 1, time.Minute, 0); f.Use = 0.8; return f }, Primed, 1, 1, Shared},
		{"one of four, and there is margin", func() Facts { f := hurt(fleet(4), 1, time.Minute, 0); f.Use = 0.7; return f }, None, 1, 1, Shared},
		{"one of four, and the autoscaler has no more to give", func() Facts {
			f := hurt(fleet(4), 1, time.Minute, 0)
			f.Scaler = &Scaler{Max: 4, Short: true}
			return f
		}, Primed, 1, 1, Shared},
		{"one of four, and the autoscaler is content", func() Facts { f := hurt(fleet(4), 1, time.Minute, 0); f.Scaler = &Scaler{Max: 4}; return f }, None, 1, 1, Shared},
		{"one of four, and limits leave a margin, whatever the autoscaler aims at", func() Facts {
			f := hurt(fleet(4), 1, time.Minute, 0)
			f.Use, f.Scaler = 0.5, &Scaler{Max: 4, Short: true}
			return f
		}, None, 1, 1, Shared},
		{"two killed, and nothing lets it spread", func() Facts {
			f := hurt(fleet(6), 2, time.Minute, time.Minute)
			f.KillTime = time.Minute
			return f
		}, None, 2, 2, Shared},
		{"two killed, one handler", func() Facts {
			f := hurt(fleet(6), 2, time.Minute, time.Minute)
			f.KillTime, f.Coupled = time.Minute, true
			return f
		}, Primed, 2, 2, Shared},
		{"half of them failed, none killed", func() Facts {
			f := fleet(6)
			for i := range 3 {
				f.Replicas[i].Failures = ago(time.Minute)
			}
			return f
		}, Primed, 3, 0, Shared},
		{"a third failed, none killed", func() Facts {
			f := fleet(6)
			for i := range 2 {
				f.Replicas[i].Failures = ago(time.Minute)
			}
			return f
		}, None, 2, 0, Shared},
		{"all of one node", func() Facts {
			f := fleet(6)
			for _, i := range []int{0, 3} {
				f.Replicas[i].Kills = ago(time.Minute)
			}
			return f
		}, None, 2, 2, ByNode},
		{"everything is on one node", func() Facts {
			f := hurt(fleet(6), 4, time.Minute, time.Minute)
			for i := range f.Replicas {
				f.Replicas[i].Node = "node"
			}
			return f
		}, Active, 4, 4, Shared},
		{"only the new revision", func() Facts {
			f := hurt(fleet(6), 3, time.Minute, time.Minute)
			f.RolledOut = noon.Add(-2 * time.Hour)
			for i := range 3 {
				f.Replicas[i].Newest = true
			}
			return f
		}, None, 3, 3, ByRollout},
		{"right after the rollout", func() Facts { return rolled(hurt(fleet(6), 6, time.Minute, 0), 5*time.Minute) }, None, 6, 6, ByRollout},
		{"long after the rollout", func() Facts { return rolled(hurt(fleet(6), 6, time.Minute, 0), time.Hour) }, Active, 6, 6, Shared},
		{"saturated", func() Facts { f := hurt(fleet(6), 3, time.Minute, 0); f.Use, f.Elsewhere = 0.95, 2; return f }, Active, 3, 3, Saturation},
		{"others fail alike", func() Facts { f := hurt(fleet(6), 3, time.Minute, 0); f.Elsewhere = 2; return f }, Active, 3, 3, Dependency},
		{"one replica", func() Facts { return hurt(fleet(1), 1, time.Minute, 0) }, NotAssessable, 0, 0, ""},
		{"events not read", func() Facts { f := hurt(fleet(6), 6, time.Minute, 0); f.EventsRead = false; return f }, NotAssessable, 0, 0, ""},
	} {
		a := Assess(tc.facts())
		if a.Verdict != tc.want || len(a.Hit) != tc.hit || len(a.Killed) != tc.killed || a.Partition != tc.part {
			t.Errorf("%s: %s, %d hit, %d killed, %q; want %s, %d, %d, %q", tc.name, a.Verdict, len(a.Hit), len(a.Killed), a.Partition, tc.want, tc.hit, tc.killed, tc.part)
		}
	}
}

// TestActiveTakesASpread: half of the replicas were killed within the window, on all nodes. It is a cascade where a quantity says that failures
// spread, it is none where all say that they do not, and where one is not known nobody can say, and that one is named.
func TestActiveTakesASpread(t *testing.T) {
	const race, margin, coupling = "the race: no start was seen", "the margin: no use of a CPU limit is known", "the coupling: what the probes ask for is not kept in full"
	holds := func(change func(*Facts)) Facts { // each starts in 20 s and is killed in 60, and two of six may be gone
		f := hurt(fleet(6), 3, time.Minute, time.Minute)
		f.KillTime, f.Use = time.Minute, 0.3
		change(&f)
		return f
	}
	for name, tc := range map[string]struct {
		facts   Facts
		want    Verdict
		missing []string
	}{
		"nothing spreads": {holds(func(*Facts) {}), None, nil},
		"R > L":           {holds(func(f *Facts) { f.KillTime = 10 * time.Second }), Active, nil},
		"by the back-off alone, R > L": {holds(func(f *Facts) {
			f.StartUp, f.KillTime, f.Replicas[0].Restarts, f.Replicas[0].Died = 0, 10*time.Second, 3, noon
		}), Active, nil},
		"as many as k* are gone":                  {holds(func(f *Facts) { f.Use = 0.5 }), Active, nil},
		"one less than k* is gone":                {holds(func(f *Facts) { f.Use = 0.49 }), None, nil},
		"the autoscaler has no more to give":      {holds(func(f *Facts) { f.Use, f.Scaler = 0, &Scaler{Max: 6, Short: true} }), Active, nil},
		"one handler":                             {holds(func(f *Facts) { f.Coupled = true }), Active, nil},
		"other workloads fail alike":              {holds(func(f *Facts) { f.Elsewhere = 1 }), Active, nil},
		"the margin is not known":                 {holds(func(f *Facts) { f.Use = 0 }), NotAssessable, []string{margin}},
		"no start was seen":                       {holds(func(f *Facts) { f.StartUp = 0 }), NotAssessable, []string{race}},
		"arguments are not kept":                  {holds(func(f *Facts) { f.Hidden = true }), NotAssessable, []string{coupling}},
		"none of them is known":                   {holds(func(f *Facts) { f.StartUp, f.Use, f.Hidden = 0, 0, true }), NotAssessable, []string{race, margin, coupling}},
		"not known, but one spreads":              {holds(func(f *Facts) { f.Use, f.Coupled = 0, true }), Active, nil},
		"not known, but it is a node's":           {holds(func(f *Facts) { f.Use = 0; oneNode(f) }), None, nil},
		"not known, and it is over":               {holds(func(f *Facts) { f.Use, f.Now = 0, noon.Add(20*time.Minute) }), None, nil},
		"not known, of one less than half":        {holds(func(f *Facts) { f.Use, f.Replicas[0].Kills = 0, nil }), None, nil},
		"two of six, as many as k*, not yet half": {holds(func(f *Facts) { f.Use, f.Replicas[0].Kills = 0.7, nil }), Primed, nil},
	} {
		a := Assess(tc.facts)
		if a.Verdict != tc.want || !slices.Equal(a.Missing, tc.missing) {
			t.Errorf("%s: %s, missing %q; want %s, %q (%s)", name, a.Verdict, a.Missing, tc.want, tc.missing, a.Inequality())
		}
	}
}

// oneNode puts those that were killed on a node of their own.
func oneNode(f *Facts) {
	for i := range f.Replicas {
		if f.Replicas[i].Node = "others"; len(f.Replicas[i].Kills) > 0 {
			f.Replicas[i].Node = "ill"
		}
	}
}

// hurt kills the first n replicas, the last one so long ago, and each other one so much earlier.
func hurt(f Facts, n int, last, apart time.Duration) Facts {
	for i := range n {
		f.Replicas[i].Kills = ago(last + time.Duration(i)*apart)
	}
	return f
}

func rolled(f Facts, since time.Duration) Facts {
	f.RolledOut = noon.Add(-since)
	for i := range f.Replicas {
		f.Replicas[i].Newest = true
	}
	return f
}

func TestInequality(t *testing.T) {
	for _, tc := range []struct {
		restarts    int32
		died, lived time.Duration
		startUp     time.Duration
		use         float64
		want        string
	}{
		{0, 0, 0, 20 * time.Second, 0, "R = 20s > L = 10s"},
		{3, time.Minute, time.Minute, 20 * time.Second, 0, "R = 1m0s > L = 10s"},
		{3, 10 * time.Minute, time.Minute, 20 * time.Second, 0, "R = 20s > L = 10s"},
		{3, time.Minute, time.Hour, 20 * time.Second, 0, "R = 30s > L = 10s"},
		{8, 24 * time.Hour, time.Minute, 5 * time.Second, 0, "R = 5s ≤ L = 10s"},
		{0, 0, 0, 5 * time.Second, 0, "R = 5s ≤ L = 10s"},
		{2, time.Minute, 0, 0, 0, "R = at least 20s > L = 10s"},
		{0, 0, 0, 0, 0, "L = 10s, R not known yet"},
		{0, 0, 0, 5 * time.Second, 0.62, "R = 5s ≤ L = 10s; k* = 3 of 6"},
		{0, 0, 0, 5 * time.Second, 0.5, "R = 5s ≤ L = 10s; k* = 3 of 6"},
		{0, 0, 0, 5 * time.Second, 1.2, "R = 5s ≤ L = 10s; k* = 1 of 6"},
	} {
		f := fleet(6)
		f.Use, f.StartUp = tc.use, tc.startUp
		if f.Replicas[0].Restarts, f.Replicas[0].Lived = tc.restarts, tc.lived; tc.restarts > 0 {
			f.Replicas[0].Died = noon.Add(-tc.died)
		}
		if got := Assess(f).Inequality(); got != tc.want {
			t.Errorf("%d restarts, last %s ago after %s, start-up %s, use %v: %q, want %q", tc.restarts, tc.died, tc.lived, tc.startUp, tc.use, got, tc.want)
		}
	}
}

func TestBackOff(t *testing.T) {
	for restarts, want := range map[int32]time.Duration{-1: 0, 0: 0, 1: 10 * time.Second, 2: 20 * time.Second, 5: 160 * time.Second, 6: 5 * time.Minute, 7: 5 * time.Minute, 1000: 5 * time.Minute} {
		if got := BackOff(restarts); got != want {
			t.Errorf("after %d restarts: %s, want %s", restarts, got, want)
		}
	}
}

// TestPeak compares the window that is found with one that is looked for at every moment.
func TestPeak(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	some := func() (out []time.Time) {
		for range r.IntN(4) {
			out = append(out, noon.Add(-time.Duration(r.IntN(70))*time.Minute))
		}
		return out
	}
	for range 500 {
		f := fleet(2 + r.IntN(6))
		var ends []time.Time
		for i := range f.Replicas {
			f.Replicas[i].Kills, f.Replicas[i].Failures = some(), some()
			ends = append(append(ends, f.Replicas[i].Kills...), f.Replicas[i].Failures...)
		}
		slices.SortFunc(ends, time.Time.Compare)
		var want Assessment
		for _, to := range ends {
			if noon.Sub(to) > Remembered {
				continue
			}
			a := Assessment{From: to, To: to}
			within := func(at time.Time) bool {
				yes := !at.After(to) && to.Sub(at) <= Window
				if yes && at.Before(a.From) {
					a.From = at
				}
				return yes
			}
			for _, r := range f.Replicas {
				kills, failures := slices.DeleteFunc(slices.Clone(r.Kills), func(at time.Time) bool { return !within(at) }), slices.DeleteFunc(slices.Clone(r.Failures), func(at time.Time) bool { return !within(at) })
				if len(kills) > 0 {
					a.Killed = append(a.Killed, r.Name)
				}
				if len(kills)+len(failures) > 0 {
					a.Hit = append(a.Hit, r.Name)
				}
			}
			if len(a.Killed) > len(want.Killed) || len(a.Killed) == len(want.Killed) && len(a.Hit) >= len(want.Hit) {
				want = a
			}
		}
		got := Assess(f)
		if !slices.Equal(got.Hit, want.Hit) || !slices.Equal(got.Killed, want.Killed) || !got.From.Equal(want.From) || !got.To.Equal(want.To) {
			t.Fatalf("%v: hit %v, killed %v, %s to %s; want %v, %v, %s to %s", f.Replicas, got.Hit, got.Killed, got.From, got.To, want.Hit, want.Killed, want.From, want.To)
		}
	}
}

// TestPeakOfMany: what is told of a workload must not cost the square of its replicas.
func TestPeakOfMany(t *testing.T) {
	f := fleet(1000)
	for i := range f.Replicas {
		for n := range 10 {
			f.Replicas[i].Failures = append(f.Replicas[i].Failures, noon.Add(-time.Duration(i+n*3)*time.Second))
		}
	}
	if n := testing.AllocsPerRun(1, func() { Assess(f) }); n > 500 {
		t.Errorf("%.0f allocations for 1000 replicas, of which each failed 10 times", n)
	}
}
