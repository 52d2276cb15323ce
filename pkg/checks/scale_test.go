package checks_test

// What all checks together cost for each pod, on clusters that are shaped differently.

import (
	"reflect"
	"runtime"
	"strconv"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/kubectl-scars/kubectl-scars/pkg/analysis"
	"github.com/kubectl-scars/kubectl-scars/pkg/checks"
	"github.com/kubectl-scars/kubectl-scars/pkg/finding"
	"github.com/kubectl-scars/kubectl-scars/pkg/snapshot"
	"github.com/kubectl-scars/kubectl-scars/pkg/snapshot/clustertest"
)

func cluster(tb testing.TB, pods int, change func(snapshot.Object)) *snapshot.Builder {
	tb.Helper()
	b := snapshot.NewBuilder()
	for o := range clustertest.Objects(pods) {
		change(o)
		if p, ok := o.(*corev1.Pod); ok {
			if err := b.Add(clustertest.Usage(p, clustertest.Now())); err != nil {
				tb.Fatal(err)
			}
		}
		if err := b.Add(o); err != nil {
			tb.Fatal(err)
		}
	}
	for _, info := range snapshot.Kinds() {
		b.Seal(info.Kind, "", snapshot.State{Status: snapshot.OK})
	}
	return b
}

// oneNamespace puts everything into one namespace.
func oneNamespace(o snapshot.Object) {
	if o.GetNamespace() != "" {
		o.SetNamespace("team-0000")
	}
}

// crashing puts everything into one namespace, in which every tenth pod crashes.
func crashing() func(snapshot.Object) {
	n := 0
	return func(o snapshot.Object) {
		oneNamespace(o)
		p, ok := o.(*corev1.Pod)
		if n++; !ok || n%10 != 0 {
			return
		}
		died := clustertest.Now().Add(-time.Minute)
		for i := range p.Status.ContainerStatuses {
			s := &p.Status.ContainerStatuses[i]
			s.Ready, s.RestartCount = false, 7
			s.State = corev1.ContainerState{Waiting: &corev1.ContainerStateWaiting{Reason: "CrashLoopBackOff"}}
			s.LastTerminationState = corev1.ContainerState{Terminated: &corev1.ContainerStateTerminated{
				ExitCode: 137, Reason: "OOMKilled", StartedAt: metav1.NewTime(died.Add(-time.Minute)), FinishedAt: metav1.NewTime(died),
			}}
		}
	}
}

// BenchmarkChecks is linear in the pods: its ns/pod stay when the cluster grows, and when all of it is in one namespace, where a tenth of it
// may crash.
func BenchmarkChecks(b *testing.B) {
	for _, bench := range []struct {
		name   string
		pods   int
		change func(snapshot.Object)
	}{
		{"2000", 2000, func(snapshot.Object) {}}, {"20000", 20000, func(snapshot.Object) {}}, {"20000 in one namespace", 20000, oneNamespace},
		{"5000, a tenth of which crash", 5000, crashing()}, {"20000, a tenth of which crash", 20000, crashing()},
	} {
		b.Run(bench.name, func(b *testing.B) {
			last := map[reflect.Type]snapshot.Object{}
			builder := cluster(b, bench.pods, func(o snapshot.Object) {
				bench.change(o)
				last[reflect.TypeOf(o)] = o
			})
			found := 0
			for b.Loop() {
				for _, o := range last { // so that nothing is taken over from the snapshot before
					if err := builder.Add(o); err != nil {
						b.Fatal(err)
					}
				}
				found = 0
				for _, o := range analysis.Run(builder.Build(clustertest.Now()), checks.All(), nil) {
					if o.Err != nil {
						b.Fatal(o.Err)
					}
					found += len(o.Findings)
				}
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*bench.pods), "ns/pod")
			b.ReportMetric(float64(found), "findings")
		})
	}
}

// BenchmarkCheck is each check by itself, for profiles, with what it shares with others, and without the joins.
func BenchmarkCheck(b *testing.B) {
	const pods = 20000
	builder := cluster(b, pods, oneNamespace)
	for _, c := range checks.All() {
		b.Run(c.ID, func(b *testing.B) {
			for b.Loop() {
				analysis.Run(builder.Build(clustertest.Now()), []*analysis.Check{c}, nil)
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*pods), "ns/pod")
		})
	}
}

// BenchmarkView is each view of the whole cluster.
func BenchmarkView(b *testing.B) {
	const pods = 20000
	builder := cluster(b, pods, func(snapshot.Object) {})
	for _, v := range checks.Views() {
		b.Run(v.ID, func(b *testing.B) {
			for b.Loop() {
				if _, err := v.Answer(builder.Build(clustertest.Now()), analysis.Question{}, finding.Metadata{}); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*pods), "ns/pod")
		})
	}
}

// TestAllocations: what checks allocate is linear in the pods and little, also where all pods are in one namespace, and where many crash.
func TestAllocations(t *testing.T) {
	const pods = 2000
	for name, test := range map[string]struct {
		change func(snapshot.Object)
		most   float64 // allocations for each pod, by all checks, without the joins
	}{"spread": {func(snapshot.Object) {}, 10}, "in one namespace": {oneNamespace, 10}, "a tenth of which crash": {crashing(), 40}} {
		b := cluster(t, pods, test.change)
		got := testing.AllocsPerRun(3, func() { analysis.Run(b.Build(clustertest.Now()), checks.All(), nil) }) / pods
		t.Logf("%s: %.1f allocations for each pod", name, got)
		if got > test.most {
			t.Errorf("%s: %.1f allocations for each pod, at most %.0f are allowed", name, got, test.most)
		}
	}
}

// TestManyEventsOfOnePod: what taking in and judging allocates is linear in the events that speak of one pod, whether they are of one kind or
// each of another time.
func TestManyEventsOfOnePod(t *testing.T) {
	const few, many, most = 1000, 100_000, 15 // events, and allocations for each of them: the deaths they tell of are found twice
	allocations := func(events int) float64 {
		now := clustertest.Now()
		all := make([]corev1.Event, events)
		for i := range all {
			at := metav1.NewTime(now.Add(-time.Duration(i%3000) * time.Second))
			all[i] = corev1.Event{
				ObjectMeta:     metav1.ObjectMeta{Namespace: "team-0000", Name: "busy." + strconv.Itoa(i)},
				InvolvedObject: corev1.ObjectReference{Kind: "Pod", Namespace: "team-0000", Name: "busy", UID: "busy", FieldPath: "spec.containers{app}"},
				Type:           corev1.EventTypeNormal, Reason: "Killing", Message: "Container app failed liveness probe, will be restarted", LastTimestamp: at, Count: 1,
			}
			if i%2 == 1 {
				all[i].Type, all[i].Reason, all[i].Message = corev1.EventTypeWarning, "Unhealthy", "Liveness probe failed: HTTP probe failed with statuscode: 500"
			}
		}
		pod := &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Namespace: "team-0000", Name: "busy", UID: "busy", CreationTimestamp: metav1.NewTime(now.Add(-time.Hour))}, Spec: corev1.PodSpec{Containers: []corev1.Container{{Name: "app"}}}}
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		b := cluster(t, 10, func(snapshot.Object) {})
		if err := b.Add(pod); err != nil {
			t.Fatal(err)
		}
		for i := range all {
			if err := b.Add(&all[i]); err != nil {
				t.Fatal(err)
			}
		}
		s := b.Build(now)
		if n := s.Count(snapshot.Events, "team-0000"); n < events {
			t.Fatalf("%d of %d events were taken in", n, events)
		}
		for _, o := range analysis.Run(s, checks.All(), nil) {
			if o.Err != nil {
				t.Error(o.Err)
			}
		}
		runtime.ReadMemStats(&after)
		return float64(after.Mallocs-before.Mallocs) / float64(events)
	}
	a, b := allocations(few), allocations(many)
	t.Logf("%.1f allocations an event with %d events, %.1f with %d", a, few, b, many)
	if b > most || b > a {
		t.Errorf("%.1f allocations an event with %d events, and %.1f with %d", a, few, b, many)
	}
}

// failing is a cluster of so many pods in which so many events tell of liveness probes that failed lately, all of them of one Deployment, or
// some of each.
func failing(tb testing.TB, pods, events int, one bool) *snapshot.Builder {
	tb.Helper()
	var running []*corev1.Pod
	b := cluster(tb, pods, func(o snapshot.Object) {
		if p, ok := o.(*corev1.Pod); ok && (!one || len(running) < 10) {
			running = append(running, p)
		}
	})
	for i := range events {
		p := running[i%len(running)]
		at := metav1.NewTime(clustertest.Now().Add(-time.Duration(i%3000) * time.Second))
		if err := b.Add(&corev1.Event{
			ObjectMeta:     metav1.ObjectMeta{Namespace: p.Namespace, Name: p.Name + ".failed." + strconv.Itoa(i)},
			InvolvedObject: corev1.ObjectReference{Kind: "Pod", Namespace: p.Namespace, Name: p.Name, UID: p.UID, FieldPath: "spec.containers{app}"},
			Type:           corev1.EventTypeWarning, Reason: "Unhealthy", Message: "Liveness probe failed: HTTP probe failed with statuscode: " + strconv.Itoa(500+i%10), FirstTimestamp: at, LastTimestamp: at, Count: 1,
		}); err != nil {
			tb.Fatal(err)
		}
	}
	return b
}

// TestManyFailures: 10,000 failures of probes cost little and no more than ten times what 1,000 do, whether one workload has them or all.
func TestManyFailures(t *testing.T) {
	const pods, few, many, most = 2000, 1000, 10_000, 15 // and allocations for each event
	for name, one := range map[string]bool{"of one workload": true, "of many": false} {
		allocations := func(events int) float64 {
			b := failing(t, pods, events, one)
			found := 0
			got := testing.AllocsPerRun(1, func() {
				found = 0
				for _, o := range analysis.Run(b.Build(clustertest.Now()), checks.All(), nil) {
					if o.Err != nil {
						t.Error(o.Err)
					}
					found += len(o.Findings)
				}
			})
			if (found == 0) != (events == 0) {
				t.Errorf("%s: %d events, %d findings", name, events, found)
			}
			return got
		}
		none := allocations(0)
		a, b := (allocations(few)-none)/few, (allocations(many)-none)/many
		t.Logf("%s: %.1f allocations for each of %d events, %.1f for each of %d", name, a, few, b, many)
		if b > most || b > a+1 {
			t.Errorf("%s: %.1f allocations for each of %d events, %.1f for each of %d", name, a, few, b, many)
		}
	}
}

// TestChecksChangeNothing: what checks share they leave as it is, so that whoever comes later finds the same.
func TestChecksChangeNothing(t *testing.T) {
	for name, b := range map[string]*snapshot.Builder{"failing": failing(t, 200, 1000, false), "crashing": cluster(t, 200, crashing())} {
		s := b.Build(clustertest.Now())
		first := analysis.Run(s, checks.All(), nil)
		found := 0
		for i, o := range analysis.Run(s, checks.All(), nil) {
			if found += len(o.Findings); !reflect.DeepEqual(o, first[i]) {
				t.Errorf("%s: %s finds %d, and then %d", name, o.Check.ID, len(first[i].Findings), len(o.Findings))
			}
		}
		if found == 0 {
			t.Errorf("%s: nothing was found", name)
		}
	}
}

// BenchmarkFailures is linear in the failures that events tell of: its ns/event stay when there are more.
func BenchmarkFailures(b *testing.B) {
	for _, events := range []int{1000, 10_000, 100_000} {
		for name, one := range map[string]bool{"of one workload": true, "of many": false} {
			b.Run(strconv.Itoa(events)+" "+name, func(b *testing.B) {
				builder := failing(b, 2000, events, one)
				for b.Loop() {
					analysis.Run(builder.Build(clustertest.Now()), checks.All(), nil)
				}
				b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*events), "ns/event")
			})
		}
	}
}
