package checks_test

// What all checks together cost for each pod, on clusters that are shaped differently.

import (
	"testing"

	corev1 "k8s.io/api/core/v1"

	"github.com/kubectl-scars/kubectl-scars/pkg/analysis"
	"github.com/kubectl-scars/kubectl-scars/pkg/checks"
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

// BenchmarkChecks is linear in the pods: its ns/pod stay when the cluster grows, and when all of it is in one namespace.
func BenchmarkChecks(b *testing.B) {
	for _, bench := range []struct {
		name   string
		pods   int
		change func(snapshot.Object)
	}{
		{"2000", 2000, func(snapshot.Object) {}}, {"20000", 20000, func(snapshot.Object) {}}, {"20000 in one namespace", 20000, oneNamespace},
	} {
		b.Run(bench.name, func(b *testing.B) {
			builder := cluster(b, bench.pods, bench.change)
			found := 0
			for b.Loop() {
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

// BenchmarkCheck is each check by itself, for profiles.
func BenchmarkCheck(b *testing.B) {
	const pods = 20000
	s := cluster(b, pods, oneNamespace).Build(clustertest.Now())
	for _, c := range checks.All() {
		b.Run(c.ID, func(b *testing.B) {
			for b.Loop() {
				analysis.Run(s, []*analysis.Check{c}, nil)
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*pods), "ns/pod")
		})
	}
}

// TestAllocations: what checks allocate is linear in the pods and little, also where all pods are in one namespace.
func TestAllocations(t *testing.T) {
	const pods, most = 2000, 30 // allocations for each pod, by all checks
	for name, change := range map[string]func(snapshot.Object){"spread": func(snapshot.Object) {}, "in one namespace": oneNamespace} {
		s := cluster(t, pods, change).Build(clustertest.Now())
		got := testing.AllocsPerRun(3, func() { analysis.Run(s, checks.All(), nil) }) / pods
		t.Logf("%s: %.1f allocations for each pod", name, got)
		if got > most {
			t.Errorf("%s: %.1f allocations for each pod, at most %d are allowed", name, got, most)
		}
	}
}
