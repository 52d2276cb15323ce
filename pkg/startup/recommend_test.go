package startup

import (
	"math"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
)

// numbers are the recommended ones by "probe.field".
func numbers(a Advice) map[string]int32 {
	out := map[string]int32{}
	for _, n := range a.Numbers {
		out[n.Probe+"."+n.Field] = n.Recommended
	}
	return out
}

func ready(seconds ...int) Sum {
	var starts []Start
	for _, n := range seconds {
		starts = append(starts, Start{Bound: Within, Took: time.Duration(n) * time.Second, Least: time.Duration(n-1) * time.Second})
	}
	return SumOf(starts)
}

// waits gives a probe a time-out.
func waits(p *corev1.Probe, seconds int32) *corev1.Probe {
	p.TimeoutSeconds = seconds
	return p
}

func TestRecommend(t *testing.T) {
	killed := SumOf([]Start{{Bound: AtLeast, Took: 30 * time.Second}, {Bound: AtLeast, Took: 31 * time.Second}})
	for name, c := range map[string]struct {
		c     corev1.Container
		s     Sum
		t     TimeOuts
		want  map[string]int32
		never string // a field that must not be spoken of
	}{
		"a start that liveness cuts short": {
			corev1.Container{LivenessProbe: probe(30, 10, 3, 1), ReadinessProbe: probe(0, 5, 3, 1)}, ready(41, 44, 58), TimeOuts{},
			map[string]int32{"startupProbe.periodSeconds": 6, "startupProbe.failureThreshold": 21, "startupProbe.timeoutSeconds": 3, "livenessProbe.initialDelaySeconds": 0, "livenessProbe.failureThreshold": 3, ".minReadySeconds": 31},
			"livenessProbe.timeoutSeconds",
		},
		"none has succeeded": {
			corev1.Container{LivenessProbe: probe(10, 10, 3, 1), ReadinessProbe: probe(0, 5, 3, 1)}, killed, TimeOuts{},
			map[string]int32{"startupProbe.periodSeconds": 4, "startupProbe.failureThreshold": 76}, "",
		},
		"enough is guaranteed": {
			corev1.Container{LivenessProbe: probe(0, 10, 3, 1), ReadinessProbe: probe(0, 2, 3, 1)}, ready(3, 4, 5), TimeOuts{},
			map[string]int32{"livenessProbe.failureThreshold": 3}, "startupProbe.failureThreshold",
		},
		"a startup probe that is enough stays": {
			corev1.Container{StartupProbe: probe(0, 10, 30, 1), LivenessProbe: probe(0, 10, 3, 1)}, ready(41, 44, 58), TimeOuts{},
			map[string]int32{"startupProbe.failureThreshold": 30}, "startupProbe.periodSeconds",
		},
		"a delay far above the start": {
			corev1.Container{LivenessProbe: probe(120, 10, 3, 1), ReadinessProbe: probe(0, 2, 3, 1)}, ready(8, 8, 9), TimeOuts{},
			map[string]int32{"startupProbe.periodSeconds": 1, "startupProbe.failureThreshold": 19, "startupProbe.timeoutSeconds": 1, "livenessProbe.initialDelaySeconds": 0}, "",
		},
		"a rollout waits for attempts that outlast the period": {
			corev1.Container{LivenessProbe: waits(probe(0, 5, 5, 1), 20), ReadinessProbe: probe(0, 5, 3, 1)}, ready(1, 1, 2), TimeOuts{},
			map[string]int32{"livenessProbe.failureThreshold": 5, ".minReadySeconds": 105}, "",
		},
		"readiness must act first": {
			corev1.Container{LivenessProbe: probe(0, 10, 3, 1), ReadinessProbe: probe(0, 10, 3, 1)}, ready(1, 1, 2), TimeOuts{},
			map[string]int32{"livenessProbe.failureThreshold": 8, ".minReadySeconds": 81}, "",
		},
		"a startup probe's time-out is not lowered": {
			corev1.Container{StartupProbe: waits(probe(0, 10, 2, 1), 10)}, ready(14, 14, 14), TimeOuts{},
			map[string]int32{"startupProbe.periodSeconds": 10, "startupProbe.failureThreshold": 4, "startupProbe.timeoutSeconds": 10}, "",
		},
		"a new startup probe waits as long as what asks the same": {
			corev1.Container{LivenessProbe: waits(probe(10, 10, 3, 1), 10), ReadinessProbe: waits(probe(0, 20, 3, 1), 20)}, ready(40, 41, 41), TimeOuts{},
			map[string]int32{"startupProbe.periodSeconds": 20, "startupProbe.failureThreshold": 6, "startupProbe.timeoutSeconds": 20}, "",
		},
		"time-outs that were seen": {
			corev1.Container{LivenessProbe: probe(0, 10, 4, 1), ReadinessProbe: probe(0, 2, 3, 1)}, ready(1, 1, 2), TimeOuts{Liveness: 4, Readiness: 1},
			map[string]int32{"livenessProbe.timeoutSeconds": 3, "readinessProbe.timeoutSeconds": 2}, "",
		},
	} {
		a := Recommend(&c.c, c.s, c.t, Replies{})
		got := numbers(a)
		for field, n := range c.want {
			if got[field] != n {
				t.Errorf("%s: %s is %d, want %d", name, field, got[field], n)
			}
		}
		if _, ok := got[c.never]; ok || a.CannotSay != "" {
			t.Errorf("%s: speaks of %q: %v %q", name, c.never, got, a.CannotSay)
		}
		for _, n := range a.Numbers {
			if n.Field == "timeoutSeconds" && n.Now != nil && n.Recommended < *n.Now {
				t.Errorf("%s: %s waits %d s and shall wait %d", name, n.Probe, *n.Now, n.Recommended)
			}
			if n.Reason == "" {
				t.Errorf("%s: %s.%s has no reason", name, n.Probe, n.Field)
			}
		}
	}
}

func TestRecommendRefuses(t *testing.T) {
	for want, c := range map[string]struct {
		c corev1.Container
		s Sum
	}{
		"no probes":             {corev1.Container{}, ready(4)},
		"no pod of it is ready": {corev1.Container{LivenessProbe: probe(0, 10, 3, 1), ReadinessProbe: probe(0, 10, 3, 1)}, Sum{}},
		"ready at once":         {corev1.Container{LivenessProbe: probe(0, 10, 3, 1)}, Sum{}},
		"because":               {corev1.Container{ReadinessProbe: probe(0, 10, 3, 1)}, SumOf([]Start{{Bound: AtMost, Why: "because"}})},
	} {
		if a := Recommend(&c.c, c.s, TimeOuts{}, Replies{}); !strings.Contains(a.CannotSay, want) || len(a.Numbers) > 0 {
			t.Errorf("got %q and %v, want %q", a.CannotSay, a.Numbers, want)
		}
	}
}

// FuzzRecommend looks that whatever the API server accepts gives numbers that it accepts too.
func FuzzRecommend(f *testing.F) {
	f.Add(int32(30), int32(10), int32(3), int64(58), true)
	f.Add(int32(math.MaxInt32), int32(math.MaxInt32), int32(math.MaxInt32), int64(1), false)
	f.Add(int32(0), int32(1), int32(1), int64(0), true)
	f.Fuzz(func(t *testing.T, delay, period, failures int32, took int64, has bool) {
		if delay < 0 || period < 1 || failures < 1 || took < 0 || took > math.MaxInt32 {
			return
		}
		c := corev1.Container{LivenessProbe: probe(delay, period, failures, 1), ReadinessProbe: probe(delay, period, failures, 1)}
		if has {
			c.StartupProbe = probe(delay, period, failures, 1)
		}
		for _, p := range []*corev1.Probe{c.StartupProbe, c.LivenessProbe, c.ReadinessProbe} {
			if p != nil {
				p.TimeoutSeconds = failures
			}
		}
		for _, n := range Recommend(&c, ready(int(took)), TimeOuts{1, 1, 1}, Replies{}).Numbers {
			if n.Field == "timeoutSeconds" && n.Now != nil && n.Recommended < *n.Now {
				t.Errorf("%s.%s: %d to %d", n.Probe, n.Field, *n.Now, n.Recommended)
			}
			if n.Recommended < 0 || n.Recommended == 0 && n.Field != "initialDelaySeconds" && n.Field != "minReadySeconds" {
				t.Errorf("%s.%s: %d", n.Probe, n.Field, n.Recommended)
			}
		}
	})
}
