package startup

import (
	"math/rand/v2"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"

	"github.com/kubectl-scars/kubectl-scars/pkg/finding"
	"github.com/kubectl-scars/kubectl-scars/pkg/kubeevent"
	"github.com/kubectl-scars/kubectl-scars/pkg/restart"
)

var t0 = time.Date(2026, 11, 23, 18, 0, 0, 0, time.UTC)

func probe(delay, period, failures, success int32) *corev1.Probe {
	p := &corev1.Probe{InitialDelaySeconds: delay, PeriodSeconds: period, FailureThreshold: failures, SuccessThreshold: success, TimeoutSeconds: 1}
	p.HTTPGet = &corev1.HTTPGetAction{Path: "/ready", Port: intstr.FromInt32(80)}
	return p
}

// pod has a container "app" that was ready so long after its start.
func pod(took time.Duration, readiness, liveness, startup *corev1.Probe) *corev1.Pod {
	return &corev1.Pod{
		Spec: corev1.PodSpec{Containers: []corev1.Container{{Name: "app", ReadinessProbe: readiness, LivenessProbe: liveness, StartupProbe: startup}}},
		Status: corev1.PodStatus{
			Conditions: []corev1.PodCondition{{Type: corev1.ContainersReady, Status: corev1.ConditionTrue, LastTransitionTime: metav1.NewTime(t0.Add(took))}},
			ContainerStatuses: []corev1.ContainerStatus{{
				Name: "app", Ready: true, State: corev1.ContainerState{Running: &corev1.ContainerStateRunning{StartedAt: metav1.NewTime(t0)}},
			}},
		},
	}
}

func observe(p *corev1.Pod, events ...*corev1.Event) (Start, bool) {
	return Observe(restart.Facts{Namespace: "shop", Name: "web-0", Pod: p, Events: events, Now: t0.Add(time.Hour)}, &p.Spec.Containers[0])
}

func TestObserve(t *testing.T) {
	sidecar := func(p *corev1.Pod, readiness *corev1.Probe, began time.Duration) *corev1.Pod {
		p.Spec.Containers = append(p.Spec.Containers, corev1.Container{Name: "proxy", ReadinessProbe: readiness})
		p.Status.ContainerStatuses = append(p.Status.ContainerStatuses, corev1.ContainerStatus{
			Name: "proxy", Ready: true, State: corev1.ContainerState{Running: &corev1.ContainerStateRunning{StartedAt: metav1.NewTime(t0.Add(began))}},
		})
		return p
	}
	failedAt := func(at time.Duration) *corev1.Event {
		return &corev1.Event{
			Reason: "Unhealthy", Message: "Readiness probe failed: HTTP probe failed with statuscode: 503", Count: 1,
			InvolvedObject: corev1.ObjectReference{FieldPath: "spec.containers{app}"},
			FirstTimestamp: metav1.NewTime(t0.Add(at)), LastTimestamp: metav1.NewTime(t0.Add(at)),
		}
	}
	failedFrom := func(first, last time.Duration, count int32) *corev1.Event {
		e := failedAt(last)
		e.FirstTimestamp, e.Count = metav1.NewTime(t0.Add(first)), count
		return e
	}
	refused := func(first, last time.Duration, count int32) *corev1.Event {
		e := failedFrom(first, last, count)
		e.Message = `Readiness probe failed: Get "http://10.1.2.3:80/ready": dial tcp 10.1.2.3:80: connect: connection refused`
		return e
	}
	notReady := pod(40*time.Second, probe(0, 5, 3, 1), nil, nil)
	notReady.Status.Conditions[0].Status = corev1.ConditionFalse
	other := probe(0, 10, 3, 1)
	other.HTTPGet.Path = "/live"
	hooked := pod(41*time.Second, probe(0, 5, 3, 1), nil, nil)
	hooked.Spec.Containers[0].Lifecycle = &corev1.Lifecycle{PostStart: &corev1.LifecycleHandler{Sleep: &corev1.SleepAction{Seconds: 9}}}
	for name, c := range map[string]struct {
		pod         *corev1.Pod
		events      []*corev1.Event
		ok          bool
		bound       Bound
		took, least time.Duration
	}{
		"readiness":                         {pod(41*time.Second, probe(0, 5, 3, 1), nil, nil), nil, true, Within, 41 * time.Second, 34 * time.Second},
		"first attempt":                     {pod(33*time.Second, probe(30, 5, 3, 1), nil, nil), nil, true, Within, 33 * time.Second, 0},
		"successes are taken off":           {pod(41*time.Second, probe(0, 5, 3, 3), nil, nil), nil, true, Within, 32 * time.Second, 24 * time.Second},
		"startup alone":                     {pod(41*time.Second, nil, nil, probe(0, 2, 60, 1)), nil, true, Within, 41 * time.Second, 37 * time.Second},
		"startup and readiness":             {pod(41*time.Second, probe(0, 5, 3, 1), nil, probe(0, 2, 60, 1)), nil, true, Within, 41 * time.Second, 31 * time.Second},
		"no probe that waits":               {pod(41*time.Second, nil, probe(0, 5, 3, 1), nil), nil, false, "", 0, 0},
		"not ready":                         {notReady, nil, false, "", 0, 0},
		"ready before the start":            {pod(-time.Second, probe(0, 5, 3, 1), nil, nil), nil, false, "", 0, 0},
		"another probed container":          {sidecar(pod(41*time.Second, probe(0, 5, 3, 1), nil, nil), probe(0, 5, 3, 1), 0), nil, true, AtMost, 41 * time.Second, 0},
		"another, unprobed":                 {sidecar(pod(41*time.Second, probe(0, 5, 3, 1), nil, nil), nil, 0), nil, true, Within, 41 * time.Second, 34 * time.Second},
		"held back by another":              {sidecar(pod(25*time.Second, probe(0, 5, 3, 1), nil, nil), nil, 20*time.Second), nil, true, Within, 25 * time.Second, 0},
		"held back by a hook":               {hooked, nil, true, Within, 41 * time.Second, 0},
		"another came late":                 {sidecar(pod(41*time.Second, probe(0, 5, 3, 1), nil, nil), nil, 40*time.Second), nil, true, AtMost, 41 * time.Second, 0},
		"failed again later":                {pod(61*time.Second, probe(0, 5, 3, 1), nil, nil), []*corev1.Event{failedAt(50 * time.Second)}, true, AtMost, 61 * time.Second, 0},
		"failed throughout":                 {pod(61*time.Second, probe(0, 5, 3, 1), nil, nil), []*corev1.Event{failedFrom(time.Second, 56*time.Second, 12)}, true, Within, 61 * time.Second, 54 * time.Second},
		"all but one failed":                {pod(61*time.Second, probe(0, 5, 3, 1), nil, nil), []*corev1.Event{failedFrom(time.Second, 56*time.Second, 11)}, true, AtMost, 61 * time.Second, 0},
		"failed from the second on":         {pod(61*time.Second, probe(0, 5, 3, 1), nil, nil), []*corev1.Event{failedFrom(11*time.Second, 56*time.Second, 10)}, true, AtMost, 61 * time.Second, 0},
		"failed, and nothing is known then": {pod(61*time.Second, probe(0, 5, 3, 1), nil, nil), []*corev1.Event{failedFrom(time.Second, 31*time.Second, 7)}, true, AtMost, 61 * time.Second, 0},
		"failed in another way, too":        {pod(61*time.Second, probe(0, 5, 3, 1), nil, nil), []*corev1.Event{failedFrom(time.Second, 26*time.Second, 6), refused(31*time.Second, 56*time.Second, 6)}, true, Within, 61 * time.Second, 54 * time.Second},
		"failed while starting":             {pod(16*time.Second, probe(0, 5, 3, 1), nil, nil), []*corev1.Event{failedAt(11 * time.Second)}, true, Within, 16 * time.Second, 9 * time.Second},
		"longer than startup allows":        {pod(90*time.Second, nil, nil, probe(0, 5, 3, 1)), nil, true, AtMost, 90 * time.Second, 0},
		"longer than liveness allows":       {pod(90*time.Second, probe(0, 10, 3, 1), probe(0, 10, 3, 1), nil), nil, true, AtMost, 90 * time.Second, 0},
		"liveness that asks another thing":  {pod(90*time.Second, probe(0, 10, 3, 1), other, nil), nil, true, Within, 90 * time.Second, 78 * time.Second},
		"after days":                        {pod(50*time.Hour, probe(0, 10, 3, 1), nil, nil), nil, true, AtMost, 50 * time.Hour, 0},
	} {
		s, ok := observe(c.pod, c.events...)
		if ok != c.ok || s.Bound != c.bound || s.Took != c.took || s.Least != c.least {
			t.Errorf("%s: got %v %s %v..%v (%s), want %v %s %v..%v", name, ok, s.Bound, s.Least, s.Took, s.Why, c.ok, c.bound, c.least, c.took)
		}
		if ok && (len(s.Evidence()) != 2 || s.Bound == AtMost && s.Why == "") {
			t.Errorf("%s: evidence or doubt is missing: %v", name, s)
		}
	}
}

// TestBoundsHoldTheTruth plays the kubelet's ticker (kubernetes v1.37.2 pkg/kubelet/prober/worker.go), with attempts that take their time, and
// looks whether the true start lies within the bounds that are made of what the API would show.
func TestBoundsHoldTheTruth(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	upTo := func(d time.Duration) time.Duration { return time.Duration(r.Int64N(int64(d) + 1)) }
	for range 20000 {
		p := probe(r.Int32N(40), 1+r.Int32N(15), 3, 1+r.Int32N(3))
		p.TimeoutSeconds = 1 + r.Int32N(10)
		b := restart.BudgetOf(p)
		truth := upTo(2 * time.Minute)
		began := t0.Add(upTo(time.Second - 1))
		tick := began.Add(upTo(b.Period))
		var ready time.Time
		for good, free := int32(0), began; good < p.SuccessThreshold; tick = tick.Add(b.Period) {
			if next := tick.Add(b.Period); free.After(next) {
				continue // one tick waits for the attempt before it to end, others are lost
			}
			at := tick
			if free.After(at) {
				at = free
			}
			if at.Sub(began) < time.Duration(p.InitialDelaySeconds)*time.Second {
				continue
			}
			took := upTo(b.Timeout)
			if r.Int32N(2) == 0 {
				took = upTo(b.Timeout / 100)
			}
			ready, good = at.Add(took), good+1
			if at.Add(upTo(took)).Sub(began) < truth {
				good = 0
			}
			free = ready
		}
		seen := pod(0, p, nil, nil)
		seen.Status.Conditions[0].LastTransitionTime = metav1.NewTime(ready.Truncate(time.Second))
		seen.Status.ContainerStatuses[0].State.Running.StartedAt = metav1.NewTime(began.Truncate(time.Second))
		s, ok := observe(seen)
		if !ok || s.Bound != Within || truth < s.Least || truth > s.Took+resolution {
			t.Fatalf("start of %v, %+v: got %v %v..%v", truth, b, s.Bound, s.Least, s.Took)
		}
	}
}

func death(cause restart.Cause, life time.Duration, killing time.Duration) restart.Death {
	d := restart.Death{
		Pod: finding.ObjectRef{Kind: "Pod", Namespace: "shop", Name: "web-0", Container: "app"}, Cause: cause, Started: t0, Finished: t0.Add(life), Count: 1,
	}
	if killing > 0 {
		d.Evidence = []finding.Evidence{{Source: "event Killing", Time: finding.At(t0.Add(killing))}}
	}
	return d
}

func TestKilled(t *testing.T) {
	grace := int64(30)
	p := pod(0, nil, probe(0, 10, 3, 1), nil)
	p.Spec.TerminationGracePeriodSeconds = &grace
	for name, c := range map[string]struct {
		death restart.Death
		took  time.Duration // 0: no start
	}{
		"by the clock, grace spent":    {death(restart.Liveness, 55*time.Second, 0), 23 * time.Second},
		"by the clock, decision known": {death(restart.Liveness, 55*time.Second, 25*time.Second), 23 * time.Second},
		"by the clock, at once":        {death(restart.Liveness, 24*time.Second, 0), 20 * time.Second},
		"after a long life":            {death(restart.Liveness, 10*time.Minute, 0), 0},
		"sooner than the probe could":  {death(restart.Liveness, 5*time.Second, 0), 0},
		"of its own":                   {death(restart.OwnExit, 25*time.Second, 0), 0},
		"startup, where there is none": {death(restart.Startup, 25*time.Second, 0), 0},
	} {
		starts := Killed(p, &p.Spec.Containers[0], []restart.Death{c.death})
		switch {
		case c.took == 0 && len(starts) > 0:
			t.Errorf("%s: got %v", name, starts)
		case c.took > 0 && (len(starts) != 1 || starts[0].Took != c.took || starts[0].Bound != AtLeast):
			t.Errorf("%s: got %v, want at least %v", name, starts, c.took)
		}
	}
}

func TestSum(t *testing.T) {
	within := func(least, took int) Start {
		return Start{Bound: Within, Least: time.Duration(least) * time.Second, Took: time.Duration(took) * time.Second}
	}
	s := SumOf([]Start{
		within(50, 58), within(35, 41), {Bound: AtMost, Took: time.Hour}, within(40, 44),
		{Bound: AtLeast, Least: 50 * time.Second, Took: 50 * time.Second}, {Bound: AtLeast, Least: 52 * time.Second, Took: 52 * time.Second},
	})
	if got := s.String(); got != "n=5: ready after 41–58s, 2 killed at ≥50s" || s.N() != 5 {
		t.Errorf("got %q, n=%d", got, s.N())
	}
	worst, best := s.Margin(restart.Budget{Guaranteed: 50 * time.Second})
	if worst != -8*time.Second || best != -2*time.Second {
		t.Errorf("margin %v to %v", worst, best)
	}
	if one := SumOf([]Start{within(3, 8)}); one.String() != "n=1: ready after 8s" {
		t.Errorf("got %q", one)
	}
}

func TestShown(t *testing.T) {
	other := probe(0, 1, 1, 1)
	other.HTTPGet.Path = "/live"
	exec := func(command ...string) *corev1.Probe {
		return &corev1.Probe{ProbeHandler: corev1.ProbeHandler{Exec: &corev1.ExecAction{Command: command}}}
	}
	get := func(change func(*corev1.HTTPGetAction)) *corev1.Probe {
		p := probe(0, 1, 1, 1)
		change(p.HTTPGet)
		return p
	}
	query := get(func(g *corev1.HTTPGetAction) { g.Path = "/ready?…" })
	header := get(func(g *corev1.HTTPGetAction) { g.HTTPHeaders = []corev1.HTTPHeader{{Name: "Accept"}} })
	https := get(func(g *corev1.HTTPGetAction) { g.Scheme = corev1.URISchemeHTTPS })
	bare := get(func(g *corev1.HTTPGetAction) { g.Path, g.Scheme = "ready", corev1.URISchemeHTTP })
	service := func(name string) *corev1.Probe {
		return &corev1.Probe{ProbeHandler: corev1.ProbeHandler{GRPC: &corev1.GRPCAction{Port: 80, Service: &name}}}
	}
	for name, c := range map[string]struct {
		c    corev1.Container
		name kubeevent.Probe
		want bool
	}{
		"same":            {corev1.Container{LivenessProbe: probe(9, 9, 9, 1), ReadinessProbe: probe(0, 1, 1, 1)}, kubeevent.Liveness, true},
		"another path":    {corev1.Container{LivenessProbe: other, ReadinessProbe: probe(0, 1, 1, 1)}, kubeevent.Liveness, false},
		"startup alone":   {corev1.Container{StartupProbe: other, LivenessProbe: other}, kubeevent.Startup, true},
		"liveness alone":  {corev1.Container{LivenessProbe: other}, kubeevent.Liveness, false},
		"cut arguments":   {corev1.Container{LivenessProbe: exec("sh", "…"), ReadinessProbe: exec("sh", "…")}, kubeevent.Liveness, false},
		"a command":       {corev1.Container{LivenessProbe: exec("up"), ReadinessProbe: exec("up")}, kubeevent.Liveness, true},
		"cut queries":     {corev1.Container{LivenessProbe: query, ReadinessProbe: query}, kubeevent.Liveness, false},
		"headers":         {corev1.Container{LivenessProbe: header, ReadinessProbe: header}, kubeevent.Liveness, false},
		"another scheme":  {corev1.Container{LivenessProbe: https, ReadinessProbe: probe(0, 1, 1, 1)}, kubeevent.Liveness, false},
		"written another": {corev1.Container{LivenessProbe: bare, ReadinessProbe: probe(0, 1, 1, 1)}, kubeevent.Liveness, true},
		"gRPC":            {corev1.Container{LivenessProbe: service("live"), ReadinessProbe: service("live")}, kubeevent.Liveness, true},
		"gRPC services":   {corev1.Container{LivenessProbe: service("live"), ReadinessProbe: service("ready")}, kubeevent.Liveness, false},
		"nothing governs": {corev1.Container{ReadinessProbe: other}, "", false},
	} {
		if _, name2 := Governing(&c.c); name2 != c.name || Shown(&c.c) != c.want {
			t.Errorf("%s: governed by %q, shown %v", name, name2, Shown(&c.c))
		}
	}
}

func TestHidden(t *testing.T) {
	get := func(path string, headers ...corev1.HTTPHeader) *corev1.Probe {
		p := probe(0, 10, 3, 1)
		p.HTTPGet.Path, p.HTTPGet.HTTPHeaders = path, headers
		return p
	}
	exec := func(command ...string) *corev1.Probe {
		return &corev1.Probe{ProbeHandler: corev1.ProbeHandler{Exec: &corev1.ExecAction{Command: command}}}
	}
	for name, c := range map[string]struct {
		a, b *corev1.Probe
		want bool
	}{
		"the same path":                 {get("/up"), get("/up"), false},
		"another path":                  {get("/up?a"), get("/down?a"), false},
		"queries":                       {get("/up?a"), get("/up?b"), true},
		"a header":                      {get("/up", corev1.HTTPHeader{Name: "Host"}), get("up"), true},
		"commands without arguments":    {exec("check"), exec("check"), false},
		"commands with arguments":       {exec("sh", "-c"), exec("sh", "-c"), true},
		"one of them has an argument":   {exec("check"), exec("check", "x"), true},
		"other commands":                {exec("sh", "-c"), exec("bash", "-c"), false},
		"handlers of another kind each": {exec("sh", "-c"), get("/up?a"), false},
		"none":                          {nil, get("/up?a"), false},
	} {
		if got := Hidden(c.a, c.b); got != c.want {
			t.Errorf("%s: %v", name, got)
		}
	}
}
