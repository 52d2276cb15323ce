package snapshot_test

// What a large cluster costs: time and memory for each pod.

import (
	"runtime"
	"slices"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/kubectl-scars/kubectl-scars/pkg/snapshot"
	"github.com/kubectl-scars/kubectl-scars/pkg/snapshot/clustertest"
)

const page = 500

// pages are the pods of a cluster as a server sends them.
func pages(tb testing.TB, pods int) [][]byte {
	tb.Helper()
	var out [][]byte
	list := corev1.PodList{}
	flush := func() {
		data, err := list.Marshal()
		if err != nil {
			tb.Fatal(err)
		}
		out = append(out, data)
		list = corev1.PodList{ListMeta: metav1.ListMeta{ResourceVersion: "1"}}
	}
	for o := range clustertest.Objects(pods) {
		if p, ok := o.(*corev1.Pod); ok {
			list.Items = append(list.Items, *p)
			if len(list.Items) == page {
				flush()
			}
		}
	}
	return out
}

func read(tb testing.TB, b *snapshot.Builder, data []byte) {
	tb.Helper()
	var list corev1.PodList
	if err := list.Unmarshal(data); err != nil {
		tb.Fatal(err)
	}
	for i := range list.Items {
		if err := b.Add(&list.Items[i]); err != nil {
			tb.Fatal(err)
		}
	}
}

// heap is what is alive.
func heap() uint64 {
	var m runtime.MemStats
	runtime.GC()
	runtime.GC()
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

// BenchmarkDecode is the part of reading that any client pays; BenchmarkAdd what this one adds to it.
func BenchmarkDecode(b *testing.B) {
	data := pages(b, page)[0]
	b.SetBytes(int64(len(data)))
	for b.Loop() {
		var list corev1.PodList
		if err := list.Unmarshal(data); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*page), "ns/pod")
}

func BenchmarkAdd(b *testing.B) {
	data := pages(b, 4*page)
	for i := 0; b.Loop(); i++ {
		b.StopTimer()
		var list corev1.PodList
		if err := list.Unmarshal(data[i%4]); err != nil {
			b.Fatal(err)
		}
		builder := snapshot.NewBuilder()
		b.StartTimer()
		for i := range list.Items {
			if err := builder.Add(&list.Items[i]); err != nil {
				b.Fatal(err)
			}
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*page), "ns/pod")
}

// BenchmarkBuild is sorting and joining.
func BenchmarkBuild(b *testing.B) {
	const pods = 20000
	builder := snapshot.NewBuilder()
	var last corev1.Pod
	for o := range clustertest.Objects(pods) {
		if p, ok := o.(*corev1.Pod); ok {
			last = *p
		}
		if err := builder.Add(o); err != nil {
			b.Fatal(err)
		}
	}
	for b.Loop() {
		if err := builder.Add(&last); err != nil {
			b.Fatal(err)
		}
		v := builder.Build(clustertest.Now()).View()
		v.Incarnations(v.Workloads()[0])
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*pods), "ns/pod")
}

// TestMemory holds what a pod costs, once read and trimmed: 3 KiB of live heap.
func TestMemory(t *testing.T) {
	const pods, most = 5000, 3 << 10
	data := pages(t, pods)
	before := heap()
	b := snapshot.NewBuilder()
	for _, d := range slices.Clone(data) {
		read(t, b, d)
	}
	kept := (heap() - before) / pods
	t.Logf("%d bytes of live heap for each pod", kept)
	if kept > most {
		t.Errorf("%d bytes of live heap for each pod, at most %d are allowed", kept, most)
	}
	runtime.KeepAlive(b)
	runtime.KeepAlive(data)
}
