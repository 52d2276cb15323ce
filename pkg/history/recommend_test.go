package history

import (
	"math"
	"strings"
	"testing"
	"time"

	"github.com/kubectl-scars/kubectl-scars/pkg/finding"
)

const mi = 1 << 20

var end = time.Date(2026, 11, 23, 18, 0, 0, 0, time.UTC)

// watched is one pod that was looked at for some days until the end, at a level of MiB.
func watched(days float64, level func(at time.Time) float64) (*Record, *Pod) {
	from := end.Add(-time.Duration(days * float64(day)))
	r := NewRecord(end.Add(-4*week), end)
	r.Interval, r.KillsKnown, r.LivesKnown, r.OwnersKnown = 15*time.Second, true, true, true
	p := r.Pod("web-1", "v1")
	feed(p, from, end, level)
	return r, p
}

func feed(p *Pod, from, to time.Time, level func(at time.Time) float64) {
	p.Started(from)
	for at := from.Add(time.Minute); !at.After(to); at = at.Add(time.Minute) {
		p.Peak(at, level(at)*mi)
	}
}

func flat(v float64) func(time.Time) float64 { return func(time.Time) float64 { return v } }

func says(t *testing.T, r finding.Recommendation, want string) {
	t.Helper()
	all := strings.Join(append(r.Notes, r.CannotSay, r.Limit.Reason, r.Request.Reason), "\n")
	if !strings.Contains(all, want) {
		t.Errorf("nothing says %q:\n%s", want, all)
	}
}

func TestTooLittleHistory(t *testing.T) {
	r, p := watched(1.0/24, flat(300))
	got := Recommend(r, Options{})
	if got.Confidence != "" || got.Limit.Recommended != 0 || got.Request.Recommended != 0 {
		t.Errorf("an hour gives %+v", got)
	}
	says(t, got, "59 minutes of history; 3 days are the least")

	p.Killed(end.Add(-time.Minute), 512*mi)
	says(t, Recommend(r, Options{}), "killed at 512Mi")

	says(t, Recommend(NewRecord(end.Add(-week), end), Options{}), "no sample of it since 2026-11-16")
}

func TestKillIsNoPeak(t *testing.T) {
	r, p := watched(20, flat(300))
	p.Killed(end.Add(-40*time.Hour), 512*mi)
	got := Recommend(r, Options{Limit: 512 * mi})
	if got.Limit.Quantity != "640Mi" || got.Confidence != finding.Consistent {
		t.Errorf("got %s, %s", got.Limit.Quantity, got.Confidence)
	}
	says(t, got, "killed once under 512Mi")

	p.Killed(end.Add(-30*time.Hour), 0) // nobody recorded the limit: that of the other kill stands
	if got := Recommend(r, Options{Limit: 1024 * mi}); got.Limit.Quantity != "640Mi" {
		t.Errorf("got %s", got.Limit.Quantity)
	}
	r, p = watched(20, flat(300))
	p.Killed(end.Add(-40*time.Hour), 0)
	got = Recommend(r, Options{Limit: 400 * mi})
	if got.Limit.Quantity != "500Mi" {
		t.Errorf("got %s", got.Limit.Quantity)
	}
	says(t, got, "the present one is taken for it")
}

func TestBelowPresentUse(t *testing.T) {
	r, _ := watched(20, flat(300))
	got := Recommend(r, Options{Uses: 400 * mi})
	if got.Limit.Recommended != 0 || got.Confidence != "" {
		t.Errorf("recommended %s", got.Limit.Quantity)
	}
	says(t, got, "refused: a pod uses 400Mi now, more than the")
}

func TestYoungVersion(t *testing.T) {
	r, _ := watched(20, flat(300))
	feed(r.Pod("web-2", "v2"), end.Add(-6*time.Hour), end, flat(500))
	got := Recommend(r, Options{})
	says(t, got, "the newest version has run for 5 hours only")
	says(t, got, "took 500Mi within 5 hours; 20 % more")
	if got.Limit.Quantity != "600Mi" || got.Confidence != finding.Consistent {
		t.Errorf("got %s, %s", got.Limit.Quantity, got.Confidence)
	}
}

func TestWeekly(t *testing.T) {
	level := func(at time.Time) float64 {
		if at.Weekday() == time.Monday && at.Hour() == 9 {
			return 600
		}
		return 300
	}
	r, _ := watched(26, level)
	says(t, Recommend(r, Options{}), "on Mondays it takes 600Mi at least, on other days 300Mi")
	// Four weeks from a Monday's noon on, until the morning of another: at its beginning and its end no peak was seen.
	monday := time.Date(2026, 10, 26, 12, 0, 0, 0, time.UTC)
	r = NewRecord(monday, monday.Add(28*day-4*time.Hour))
	feed(r.Pod("web-1", "v1"), r.From, r.To, level)
	says(t, Recommend(r, Options{}), "on Mondays it takes 600Mi at least, on other days 300Mi")
	r, _ = watched(10, level)
	says(t, Recommend(r, Options{}), "9 days of history show no weekly peak")
}

func TestStartUpIsApart(t *testing.T) {
	r, p := watched(20, flat(300))
	p.Peak(end.Add(-20*day+5*time.Minute), 700*mi)
	got := Recommend(r, Options{})
	says(t, got, "starting takes 700Mi, running 300Mi")
	if got.Basis.StartUp != 700*mi || got.Request.Recommended > 310*mi || got.Limit.Recommended < 700*mi {
		t.Errorf("got %+v", got)
	}
}

func TestWhatIsNoSizeIsDropped(t *testing.T) {
	r, p := watched(20, flat(300))
	want := Recommend(r, Options{})
	for _, v := range []float64{math.NaN(), math.Inf(1), -1, 1 << 62} {
		p.Peak(end, v)
		p.Usage(end, v)
		p.Kernel(end, v)
		p.Limit(end, v)
	}
	if got := Recommend(r, Options{}); got.Limit != want.Limit || got.Request != want.Request {
		t.Errorf("got %+v, want %+v", got.Limit, want.Limit)
	}
}

func TestGuaranteedStaysGuaranteed(t *testing.T) {
	r, _ := watched(20, flat(300))
	got := Recommend(r, Options{Guaranteed: true})
	if got.Limit.Recommended != got.Request.Recommended {
		t.Errorf("limit %s, request %s", got.Limit.Quantity, got.Request.Quantity)
	}
}

func TestCacheAtTheLimitHasHeld(t *testing.T) {
	r, p := watched(20, flat(1000))
	for at := end.Add(-20 * day); !at.After(end); at = at.Add(time.Hour) {
		p.Cache(at, 600*mi)
	}
	got := Recommend(r, Options{Limit: 1024 * mi})
	if got.Limit.Quantity != "1Gi" {
		t.Errorf("got %s", got.Limit.Quantity)
	}
	says(t, got, "at least 600Mi are page cache")
}

func TestUnseenBurst(t *testing.T) {
	r, p := watched(20, flat(300))
	for at := end.Add(-20 * day); !at.After(end); at = at.Add(time.Hour) {
		p.Usage(at, 400*mi)
		p.Kernel(at, 420*mi)
	}
	p.Kernel(end.Add(-day), 700*mi) // 300 MiB above the highest use with cache
	got := Recommend(r, Options{})
	says(t, got, "the kernel saw 600Mi between two scrapes, which saw 300Mi at most")
}

func TestRenamedPodsOfManyShortVersions(t *testing.T) {
	r := NewRecord(end.Add(-week), end)
	for i := range 6 {
		from := end.Add(-time.Duration(6-i) * day)
		feed(r.Pod("web-"+string(rune('a'+i)), "v"+string(rune('a'+i))), from, from.Add(day), flat(300))
	}
	if got := Recommend(r, Options{}); got.Confidence != finding.Consistent {
		t.Errorf("six versions in six days: %+v", got)
	}
}

func TestOrderDoesNotMatter(t *testing.T) {
	level := func(at time.Time) float64 { return 300 + 100*math.Sin(float64(at.Unix())/7000) }
	r, _ := watched(15, level)
	want := Recommend(r, Options{})
	r, p := watched(0, level)
	from := end.Add(-15 * day)
	p.Started(from)
	for at := end; at.After(from); at = at.Add(-time.Minute) {
		p.Peak(at, level(at)*mi)
	}
	got := Recommend(r, Options{})
	if got.Limit != want.Limit || got.Request != want.Request || got.Basis.Samples != want.Basis.Samples {
		t.Errorf("backwards %+v, forwards %+v", got.Limit, want.Limit)
	}
}

func TestQuantities(t *testing.T) {
	for bytes, want := range map[float64]string{0: "0", 1000: "1000", 4096: "4Ki", 1.5 * mi: "1.5Mi", 640 * mi: "640Mi", 1024 * mi: "1Gi", 1536 * mi: "1536Mi", 1.41e9: "1.31Gi"} {
		if got := Quantity(bytes); got != want {
			t.Errorf("%v: %s, want %s", bytes, got, want)
		}
	}
	for bytes := 1.0; bytes < 1<<45; bytes *= 1.37 {
		if up := float64(RoundUp(bytes)); up < bytes || bytes > 64*mi && up > bytes*1.016 {
			t.Errorf("%v is rounded up to %v", bytes, up)
		}
	}
}

func TestLimitsThatAreTypingErrors(t *testing.T) {
	for _, limit := range []float64{0, 1, 1e18} { // none, 128m, 1E
		r, p := watched(10, func(at time.Time) float64 { return 100 + at.Sub(end.Add(-10*day)).Hours() })
		for at := end.Add(-10 * day).Add(time.Hour); !at.After(end); at = at.Add(time.Hour) {
			p.Limit(at, limit)
		}
		got := Recommend(r, Options{Limit: limit})
		if got.Leak == nil || got.Leak.AtLimit != nil && got.Leak.AtLimit.Before(end) {
			t.Errorf("limit %v: %+v", limit, got.Leak)
		}
		r, _ = watched(20, flat(300))
		if got := Recommend(r, Options{Limit: limit}); got.Limit.Quantity != "316Mi" {
			t.Errorf("limit %v: %+v", limit, got.Limit)
		}
	}
}

func TestRunsOfMinutes(t *testing.T) {
	r := NewRecord(end.Add(-4*week), end)
	r.KillsKnown, r.LivesKnown, r.OwnersKnown = true, true, true
	for i := range 20 { // a job that runs for five minutes every night
		from := end.Add(-time.Duration(20-i) * day)
		feed(r.Pod("nightly-"+string(rune('a'+i)), ""), from, from.Add(5*time.Minute), flat(200))
	}
	got := Recommend(r, Options{})
	says(t, got, "it never ran longer than 10 minutes, and took 200Mi at most")
	says(t, got, "it took 200Mi at most; 15 % more")
	if got.Request.Quantity != "200Mi" || got.Limit.Quantity != "230Mi" || got.Confidence != finding.Consistent {
		t.Errorf("got %+v, %+v", got.Limit, got.Request)
	}
}
