package startup

import (
	"math"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/kubectl-scars/kubectl-scars/pkg/finding"
	"github.com/kubectl-scars/kubectl-scars/pkg/kubeevent"
)

var weeksAgo = time.Date(2026, 11, 3, 12, 0, 0, 0, time.UTC)

// lived is a life that was seen from its beginning, ready after so many seconds (0: never).
func lived(ready int) Life {
	l := Life{Pod: "web-1", Version: "new", Began: weeksAgo, Watched: true}
	if ready > 0 {
		l.Ready = l.Began.Add(time.Duration(ready) * time.Second)
	}
	return l
}

func every(string) bool { return true }

func TestStartsOfThePast(t *testing.T) {
	c := &corev1.Container{Name: "app", LivenessProbe: probe(30, 10, 3, 1), ReadinessProbe: probe(0, 5, 3, 1)} // guarantees 50 s, 61 s at the latest
	alone := &corev1.Pod{Spec: corev1.PodSpec{Containers: []corev1.Container{*c}}}
	beside := alone.DeepCopy()
	beside.Spec.Containers = append(beside.Spec.Containers, corev1.Container{Name: "proxy", ReadinessProbe: probe(0, 5, 3, 1)})
	gated := alone.DeepCopy()
	gated.Spec.ReadinessGates = []corev1.PodReadinessGate{{ConditionType: "lb"}}
	ended := func(after time.Duration, change ...func(*Life)) Life {
		l := lived(0)
		l.Ended, l.Exit = l.Began.Add(after), 137
		for _, ch := range change {
			ch(&l)
		}
		return l
	}
	for name, w := range map[string]struct {
		l    Life
		pod  *corev1.Pod
		want string // of its sum, or the doubt
	}{
		"ready":                     {lived(40), alone, "ready after 40s"},
		"killed by the clock":       {ended(70 * time.Second), alone, "1 killed at ≥50s"},
		"killed at once":            {ended(62*time.Second, func(l *Life) { l.Exit = 143 }), alone, "1 killed at ≥50s"},
		"ended by itself":           {ended(70*time.Second, func(l *Life) { l.Exit = 1 }), alone, "n=0"},
		"ended for its memory":      {ended(70*time.Second, func(l *Life) { l.OOM = true }), alone, "n=0"},
		"ended before any kill":     {ended(20 * time.Second), alone, "n=0"},
		"ended long after":          {ended(3 * time.Minute), alone, "n=0"},
		"killed, but begun unseen":  {ended(70*time.Second, func(l *Life) { l.Watched = false }), alone, "n=0"},
		"still starting":            {lived(0), alone, "n=0"},
		"another is probed":         {lived(40), beside, "container proxy has probes too"},
		"a gate":                    {lived(40), gated, "readiness gates"},
		"begun unseen":              {func() Life { l := lived(40); l.Watched = false; return l }(), alone, "not seen from its beginning"},
		"another began at that end": {func() Life { l := lived(40); l.Beside = []time.Time{l.Ready}; return l }(), alone, "was started at that time"},
		"another began before":      {func() Life { l := lived(40); l.Beside = []time.Time{l.Began}; return l }(), alone, "ready after 40s"},
		"lost and found":            {lived(1200), alone, "rather ready before"},
	} {
		p := &Past{Lives: []Life{w.l}, PodReady: true}
		starts, _ := p.Starts(c, w.pod, every, nil)
		s := SumOf(starts)
		got := s.String()
		for _, m := range s.AtMost {
			got = m.Why
		}
		if !strings.Contains(got, w.want) {
			t.Errorf("%s: got %q, want %q", name, got, w.want)
		}
	}
}

// TestKillsThatTheKubeletDidNotCount: where it counts failures and counted none of that probe, none was killed by it.
func TestKillsThatTheKubeletDidNotCount(t *testing.T) {
	c := &corev1.Container{Name: "app", LivenessProbe: probe(30, 10, 3, 1), ReadinessProbe: probe(0, 5, 3, 1)}
	l := lived(0)
	l.Ended, l.Exit = l.Began.Add(70*time.Second), 137
	p := &Past{Lives: []Life{l}}
	p.Of("new", "Liveness").Succeeded = 100
	if starts, _ := p.Starts(c, &corev1.Pod{}, every, nil); len(starts) > 0 {
		t.Errorf("got %+v", starts)
	}
	p.Of("new", "Liveness").Failed = 3
	if starts, _ := p.Starts(c, &corev1.Pod{}, every, nil); len(starts) != 1 {
		t.Errorf("got %+v", starts)
	}
}

func TestWhichStartsOfThePastCount(t *testing.T) {
	c := &corev1.Container{Name: "app", ReadinessProbe: probe(0, 5, 3, 1)}
	older := lived(90)
	older.Version = "old"
	p := &Past{Lives: []Life{lived(40), older}}
	newest := func(version string) bool { return version == "new" }
	starts, others := p.Starts(c, &corev1.Pod{}, newest, nil)
	if len(starts) != 1 || starts[0].Took != 40*time.Second || others != 1 {
		t.Errorf("got %+v and %d others", starts, others)
	}
	measured := []Start{{Pod: finding.ObjectRef{Name: "web-1"}, Began: weeksAgo.Add(time.Second)}}
	if starts, others := p.Starts(c, &corev1.Pod{}, newest, measured); len(starts)+others > 0 {
		t.Errorf("one that was measured counts twice: %+v", starts)
	}
	p.Of("new", "Readiness").Add(math.Inf(1), 10)
	p.Of("old", "Readiness").Add(math.Inf(1), 5)
	if a, b := p.Answers(kubeevent.Readiness, newest), p.Answers(kubeevent.Readiness, every); a.N() != 10 || b.N() != 15 {
		t.Errorf("got %d and %d answers", a.N(), b.N())
	}
	var none *Past
	if starts, _ := none.Starts(c, &corev1.Pod{}, every, nil); starts != nil || none.Answers(kubeevent.Readiness, every).N() != 0 {
		t.Error("nothing is known of nothing")
	}
}

// answered is a number of answers over days: so many of a thousand within each bound.
func answered(n float64, days float64, perMille map[float64]float64) *Answers {
	a := &Answers{}
	a.Seen(weeksAgo, weeksAgo.Add(time.Duration(days*24*float64(time.Hour))))
	for bound, share := range perMille {
		a.Add(bound, n*share/1000)
	}
	return a
}

func TestTimeOutsByAnswers(t *testing.T) {
	inf := math.Inf(1)
	failing := answered(4000, 20, map[float64]float64{0.25: 990, 0.5: 995, 1: 1000, inf: 1000})
	failing.Failed = 12
	for name, w := range map[string]struct {
		now, exceeded int32
		a             *Answers
		want          int32
		why           string
	}{
		"fast": {1, 0, answered(4000, 20, map[float64]float64{0.01: 900, 0.025: 995, 0.25: 1000, inf: 1000}), 1,
			"of 4000 answers in 20 days 99 % took at most 25ms, the slowest at most 250ms"},
		"slow, and never lowered":      {30, 0, answered(4000, 20, map[float64]float64{0.01: 990, 0.25: 1000, inf: 1000}), 30, "the slowest at most 250ms"},
		"the usual near the time-out":  {1, 0, answered(4000, 20, map[float64]float64{0.5: 980, 1: 1000, inf: 1000}), 2, "99 % took at most 1s"},
		"the slowest above it":         {1, 0, answered(4000, 20, map[float64]float64{0.25: 995, 1: 999, 2.5: 1000, inf: 1000}), 3, "the slowest at most 2.5s"},
		"above what the kubelet tells": {12, 0, answered(4000, 20, map[float64]float64{0.25: 995, 10: 999, inf: 1000}), 20, "the slowest more than 10s; never more than the period"},
		"cut by the time-out":          {1, 0, failing, 3, "the slowest at most 1s, up to the time-out, and 12 attempts failed"},
		"events say more":              {2, 5, answered(4000, 20, map[float64]float64{0.25: 1000, inf: 1000}), 4, "5 attempts got no answer within 2s"},
		"too few":                      {1, 0, answered(299, 20, map[float64]float64{1: 1000, inf: 1000}), 0, ""},
		"too short":                    {1, 0, answered(4000, 0.25, map[float64]float64{1: 1000, inf: 1000}), 0, ""},
		"none":                         {1, 0, nil, 0, ""},
	} {
		p := probe(0, 20, 3, 1)
		p.TimeoutSeconds = w.now
		c := &corev1.Container{ReadinessProbe: p}
		a := Recommend(c, ready(4, 4, 5), TimeOuts{Readiness: w.exceeded}, Replies{Readiness: w.a})
		var got int32
		why := ""
		for _, n := range a.Numbers {
			if n.Field == timeoutSeconds {
				got, why = n.Recommended, n.Reason
			}
		}
		if got != w.want || !strings.Contains(why, w.why) {
			t.Errorf("%s: got %d, %q, want %d, %q", name, got, why, w.want, w.why)
		}
		few := strings.Contains(strings.Join(a.Notes, " "), "no time-out rests on fewer than 300 over 24 h")
		if few != strings.HasPrefix(name, "too ") {
			t.Errorf("%s: notes %q", name, a.Notes)
		}
	}
}

func TestTimeOutOfANewStartupProbe(t *testing.T) {
	c := &corev1.Container{LivenessProbe: probe(30, 10, 3, 1), ReadinessProbe: probe(0, 5, 3, 1)}
	slow := answered(4000, 20, map[float64]float64{1: 500, 2.5: 1000, math.Inf(1): 1000})
	a := Recommend(c, ready(41, 44, 58), TimeOuts{}, Replies{Liveness: slow})
	if got := numbers(a)["startupProbe.timeoutSeconds"]; got != 5 {
		t.Errorf("got %d, want the 5 s that the same question to the liveness probe asks for", got)
	}
}

func FuzzTimeOut(f *testing.F) {
	f.Add(int32(1), int32(10), int32(0), 0.5, 0.99, 3.0)
	f.Add(int32(math.MaxInt32), int32(1), int32(9), math.Inf(1), 0.5, 0.0)
	f.Add(int32(math.MaxInt32), int32(81), int32(0), math.Inf(1), 0.5, 7.0)
	f.Fuzz(func(t *testing.T, now, period, exceeded int32, bound, share, failed float64) {
		if now < 1 || period < 1 || exceeded < 0 || !(bound > 0) || !(share >= 0 && share <= 1) || !(failed >= 0) {
			return
		}
		a := answered(4000, 20, map[float64]float64{bound: 1000 * share, math.Inf(1): 1000})
		a.Failed = failed
		p := probe(0, period, 3, 1)
		p.TimeoutSeconds = now
		for _, n := range Recommend(&corev1.Container{ReadinessProbe: p}, ready(4, 4, 5), TimeOuts{Readiness: exceeded}, Replies{Readiness: a}).Numbers {
			if n.Field != timeoutSeconds {
				continue
			}
			if was := *n.Now; was > now || was < min(now, 1<<28) || n.Recommended < was || n.Recommended > max(was, period) { // years are cut
				t.Errorf("%d of now %d and period %d: %s", n.Recommended, now, period, n.Reason)
			}
		}
	})
}
