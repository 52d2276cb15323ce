package headroom

import (
	"fmt"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"

	"github.com/kubectl-scars/kubectl-scars/pkg/finding"
)

const mi = 1 << 20

func mib(n int64) *int64 { return new(n * mi) }

// parts writes an account in short: "program 200Mi + cache 40Mi (gives way) = 240Mi".
func parts(a Account) string {
	var out []string
	for _, p := range a.Parts {
		s := string(p.Name) + " " + finding.Bytes(p.Bytes)
		if p.GivesWay {
			s += " (gives way)"
		}
		out = append(out, s)
	}
	return strings.Join(out, " + ") + " = " + finding.Bytes(a.Total)
}

func TestSplit(t *testing.T) {
	for name, test := range map[string]struct {
		sample Sample
		want   string
		needed int64 // MiB; -1: unknown
	}{
		"all parts": {
			Sample{Usage: mib(500), WorkingSet: mib(400), RSS: mib(200), Cache: mib(280), ActiveFile: mib(80), InactiveFile: mib(100)},
			"program 200Mi + tmpfs 100Mi + kernel 20Mi + cache 80Mi (gives way) + old cache 100Mi (gives way) = 500Mi", 320,
		},
		"nothing but the program": {Sample{Usage: mib(200), RSS: mib(200), Cache: mib(0), ActiveFile: mib(0), InactiveFile: mib(0)}, "program 200Mi = 200Mi", 200},
		"files on lists of a later moment": { // active + inactive > cache
			Sample{Usage: mib(300), RSS: mib(100), Cache: mib(190), ActiveFile: mib(100), InactiveFile: mib(95)},
			"program 100Mi + kernel 10Mi + cache 95Mi (gives way) + old cache 95Mi (gives way) = 300Mi", 110,
		},
		"parts of a later moment": { // rss + cache is a little more than usage
			Sample{Usage: mib(300), RSS: mib(200), Cache: mib(110), ActiveFile: mib(60), InactiveFile: mib(50)},
			"program 200Mi + cache 50Mi (gives way) + old cache 50Mi (gives way) = 300Mi", 200,
		},
		"parts that contradict the sum": { // not believed
			Sample{Usage: mib(300), WorkingSet: mib(280), RSS: mib(300), Cache: mib(110), ActiveFile: mib(60), InactiveFile: mib(50)},
			"working set 280Mi = 280Mi", -1,
		},
		"stats/summary":   {Sample{Usage: mib(500), WorkingSet: mib(400), RSS: mib(200)}, "program 200Mi + tmpfs, kernel, cache 200Mi + old cache 100Mi (gives way) = 500Mi", -1},
		"metrics API":     {Sample{WorkingSet: mib(400)}, "working set 400Mi = 400Mi", -1},
		"Windows":         {Sample{Usage: mib(500), WorkingSet: mib(400)}, "working set 400Mi = 400Mi", -1},
		"usage alone":     {Sample{Usage: mib(400)}, "usage 400Mi = 400Mi", -1},
		"cache not split": {Sample{Usage: mib(400), RSS: mib(100), Cache: mib(200)}, "usage 400Mi = 400Mi", -1},
		"all zero":        {Sample{Usage: mib(0), RSS: mib(0), Cache: mib(0), ActiveFile: mib(0), InactiveFile: mib(0)}, " = 0B", 0},
	} {
		t.Run(name, func(t *testing.T) {
			a, ok := Split(test.sample)
			if got := parts(a); !ok || got != test.want {
				t.Errorf("got  %s\nwant %s", got, test.want)
			}
			if got := a.Needed() / mi; a.Parted != (test.needed >= 0) || a.Parted && got != test.needed {
				t.Errorf("needs %d MiB (known: %v), want %d", got, a.Parted, test.needed)
			}
		})
	}
	if _, ok := Split(Sample{RSS: mib(1)}); ok {
		t.Error("a sample that tells no size was taken for one")
	}
}

// FuzzSplit: whatever a kubelet says, parts are not negative, add up, and are no more than is held.
func FuzzSplit(f *testing.F) {
	f.Add(int64(500), int64(400), int64(200), int64(280), int64(80), int64(100))
	f.Add(int64(300), int64(280), int64(200), int64(110), int64(60), int64(50))
	f.Add(int64(100), int64(0), int64(105), int64(0), int64(1), int64(0))
	f.Add(int64(100), int64(0), int64(5), int64(100), int64(0), int64(0))
	f.Fuzz(func(t *testing.T, usage, ws, rss, cache, active, inactive int64) {
		s := Sample{}
		for v, to := range map[int64]**int64{usage: &s.Usage, ws: &s.WorkingSet, rss: &s.RSS, cache: &s.Cache, active: &s.ActiveFile, inactive: &s.InactiveFile} {
			if v >= 0 && v < 1<<50 {
				*to = &v
			}
		}
		a, ok := Split(s)
		var sum int64
		for _, p := range a.Parts {
			if p.Bytes <= 0 {
				t.Errorf("%s: %d bytes", p.Name, p.Bytes)
			}
			sum += p.Bytes
		}
		if sum != a.Total || a.Needed() < 0 || ok && a.Parted && a.Total != *s.Usage {
			t.Errorf("%s: sum %d, usage %v", parts(a), sum, s.Usage)
		}
	})
}

func account(t *testing.T, s Sample) Account {
	t.Helper()
	a, ok := Split(s)
	if !ok {
		t.Fatal("no account")
	}
	return a
}

func TestWhy(t *testing.T) {
	killed := time.Date(2026, 11, 23, 18, 0, 0, 0, time.UTC)
	limit := Death{Finished: killed, Lived: time.Hour, Limit: 512 * mi, LimitOf: "container"}
	with := func(change func(*Death)) Death { d := limit; change(&d); return d }
	after, before := killed.Add(30*time.Second), killed.Add(-12*time.Second)
	split := func(rss, tmpfs, kernel, active, inactive int64) Sample {
		return Sample{
			Time: after, Usage: mib(rss + tmpfs + kernel + active + inactive), WorkingSet: mib(rss + tmpfs + kernel + active), RSS: mib(rss),
			Cache: mib(tmpfs + active + inactive), ActiveFile: mib(active), InactiveFile: mib(inactive),
		}
	}
	peaked := split(100, 0, 5, 20, 20)
	peaked.Peak = mib(511)
	for name, test := range map[string]struct {
		d    Death
		own  *Sample
		pod  *Sample
		want string
	}{
		"child":      {with(func(d *Death) { d.Survived = true }), nil, nil, "one process of several was killed"},
		"tmpfs":      {limit, new(split(40, 200, 5, 0, 0)), nil, "files in memory (tmpfs, shared memory) hold 200Mi of the 512Mi"},
		"tmpfs left": {limit, new(split(40, 0, 5, 0, 0)), new(split(41, 300, 8, 0, 0)), "hold 300Mi of the 512Mi"}, // by the life before
		"pod-level": {with(func(d *Death) {
			d.LimitOf, d.Others = "pod", []Other{{"proxy", 120 * mi}, {"agent", 90 * mi}, {"log", 8 * mi}}
		}), new(split(100, 0, 5, 0, 0)), nil, "the 512Mi are for all containers of the pod: beside this one proxy uses 120Mi, agent uses 90Mi and log uses 8Mi"},
		"kernel":                {limit, new(split(100, 0, 90, 0, 0)), nil, "the kernel holds 90Mi for it"},
		"start-up":              {with(func(d *Death) { d.Lived = 13500 * time.Millisecond }), new(split(100, 0, 5, 0, 0)), nil, "it lived 13s and was full"},
		"peak missed":           {limit, &peaked, nil, "it has been at 511Mi, 145Mi are seen: numbers that are taken every 15 to 60s miss such a peak"},
		"peak of the pod":       {limit, new(split(100, 0, 5, 0, 0)), &Sample{Usage: mib(120), Peak: mib(512)}, "it has been at 512Mi, 105Mi are seen"},
		"down, peak of the pod": {limit, nil, &Sample{Usage: mib(20), Peak: mib(512)}, "it has been at 512Mi, 20Mi are seen"},
		"down, nothing left":    {limit, nil, &Sample{Usage: mib(20)}, ""},
		"cache counted":         {limit, new(split(240, 0, 5, 200, 50)), nil, "250Mi of the 495Mi in use is file cache, which gives way: what must not reach 512Mi is the other 245Mi"},
		"before the kill":       {limit, &Sample{Time: before, WorkingSet: mib(300)}, nil, "12s before the kill it used 300Mi: it rose to 512Mi between two samples"},
		"after the kill":        {limit, &Sample{Time: after, WorkingSet: mib(100)}, nil, "the 100Mi seen now are of the life after"},
		"full all along":        {limit, &Sample{Time: before, WorkingSet: mib(490)}, nil, ""},
		"no numbers":            {limit, nil, nil, ""},
		"node":                  {with(func(d *Death) { d.LimitOf, d.Limit = "node", 0 }), new(split(100, 90, 90, 0, 0)), nil, ""},
	} {
		t.Run(name, func(t *testing.T) {
			var own, pod Account
			if test.own != nil {
				own = account(t, *test.own)
			}
			if test.pod != nil {
				pod = account(t, *test.pod)
			}
			got := Why(test.d, own, pod)
			if !strings.Contains(got, test.want) || test.want == "" && got != "" {
				t.Errorf("got  %q\nwant %q", got, test.want)
			}
		})
	}
}

func memory(limit string) corev1.ResourceRequirements {
	if limit == "" {
		return corev1.ResourceRequirements{}
	}
	return corev1.ResourceRequirements{Limits: corev1.ResourceList{corev1.ResourceMemory: resource.MustParse(limit)}}
}

func TestLimits(t *testing.T) {
	always := corev1.ContainerRestartPolicyAlways
	pod := func(podLimit string, spec, enacted []string) *corev1.Pod {
		p := &corev1.Pod{}
		if podLimit != "" {
			p.Spec.Resources = new(memory(podLimit))
		}
		for i, l := range spec {
			p.Spec.Containers = append(p.Spec.Containers, corev1.Container{Name: fmt.Sprint("c", i), Resources: memory(l)})
		}
		for i, l := range enacted {
			p.Status.ContainerStatuses = append(p.Status.ContainerStatuses, corev1.ContainerStatus{Name: fmt.Sprint("c", i), Resources: new(memory(l))})
		}
		return p
	}
	inits := pod("", []string{"100Mi"}, nil)
	inits.Spec.InitContainers = []corev1.Container{
		{Name: "once", Resources: memory("300Mi")}, {Name: "sidecar", RestartPolicy: &always, Resources: memory("50Mi")},
	}
	resized := pod("1Gi", []string{"100Mi"}, nil)
	resized.Status.Resources = new(memory("800Mi"))
	for name, test := range map[string]struct {
		pod       *corev1.Pod
		container string
		own, all  int64 // MiB
		source    string
	}{
		"asked for":    {pod("", []string{"100Mi", "50Mi"}, nil), "c0", 100, 150, "spec.containers[c0].resources.limits.memory"},
		"in force":     {pod("", []string{"100Mi"}, []string{"80Mi"}), "c0", 80, 80, "status.containerStatuses[c0].resources.limits.memory"},
		"of the pod":   {pod("1Gi", []string{"", "50Mi"}, nil), "c0", 1024, 1024, "spec.resources.limits.memory"},
		"pod, resized": {resized, "c1", 800, 800, "status.resources.limits.memory"},
		"one without":  {pod("", []string{"100Mi", ""}, nil), "c0", 100, 0, "spec.containers[c0].resources.limits.memory"},
		"none":         {pod("", []string{""}, []string{""}), "c0", 0, 0, ""},
		"init":         {inits, "once", 300, 300, "spec.initContainers[once].resources.limits.memory"},
		"no such":      {pod("", []string{"100Mi"}, nil), "x", 0, 100, ""},
	} {
		t.Run(name, func(t *testing.T) {
			if got := ContainerLimit(test.pod, test.container); got.Bytes != test.own*mi || got.Source() != test.source {
				t.Errorf("own limit %+v, want %d MiB by %s", got, test.own, test.source)
			}
			if got := EffectivePodLimit(test.pod); got != test.all*mi {
				t.Errorf("limit of the pod's cgroup %d MiB, want %d", got/mi, test.all)
			}
		})
	}
}

func TestPicture(t *testing.T) {
	a := account(t, Sample{Source: "metrics API", Time: time.Date(2026, 11, 23, 18, 0, 0, 0, time.UTC), WorkingSet: mib(100), Peak: mib(120)})
	m := a.Picture(finding.ObjectRef{Kind: "Pod", Name: "web"}, Limit{Bytes: 128 * mi, Of: "container"}, 64*mi)
	if m.Total != 100*mi || m.Limit != 128*mi || m.Request != 64*mi || m.Peak != 120*mi || m.Source != "metrics API" || m.Time == nil || len(m.Parts) != 1 {
		t.Errorf("got %+v", m)
	}
}
