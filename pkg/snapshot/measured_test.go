package snapshot_test

// Tests of numbers about objects: what is kept of them, what they cost, how they are written.

import (
	"encoding/json"
	"reflect"
	"runtime"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	metricsv1beta1 "k8s.io/metrics/pkg/apis/metrics/v1beta1"

	"github.com/kubectl-scars/kubectl-scars/pkg/snapshot"
	"github.com/kubectl-scars/kubectl-scars/pkg/snapshot/clustertest"
)

// TestPodMetricsAreWrittenAsTheyCame: what is held in a form of its own is a PodMetrics again, less what is not kept.
func TestPodMetricsAreWrittenAsTheyCame(t *testing.T) {
	at := time.Date(2026, 11, 23, 17, 59, 40, 0, time.UTC)
	b := snapshot.NewBuilder()
	if err := b.Add(&metricsv1beta1.PodMetrics{
		ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: "web", Labels: map[string]string{"app": "web"}, CreationTimestamp: metav1.NewTime(at)},
		Timestamp:  metav1.NewTime(at), Window: metav1.Duration{Duration: 15 * time.Second},
		Containers: []metricsv1beta1.ContainerMetrics{
			{Name: "app", Usage: corev1.ResourceList{corev1.ResourceMemory: resource.MustParse("204800Ki"), corev1.ResourceCPU: resource.MustParse("3m")}},
			{Name: "idle", Usage: corev1.ResourceList{corev1.ResourceCPU: resource.MustParse("3m")}},
		},
	}); err != nil {
		t.Fatal(err)
	}
	s := b.Build(at)
	got, err := json.Marshal(s.All()[0])
	if err != nil {
		t.Fatal(err)
	}
	const want = `{"kind":"PodMetrics","apiVersion":"metrics.k8s.io/v1beta1","metadata":{"name":"web","namespace":"shop"},` +
		`"timestamp":"2026-11-23T17:59:40Z","window":"15s","containers":[{"name":"app","usage":{"cpu":"3m","memory":"200Mi"}}]}`
	if string(got) != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	var again metricsv1beta1.PodMetrics
	if err := json.Unmarshal(got, &again); err != nil {
		t.Fatal(err)
	}
	if _, ok := s.View().PodUsage("shop", "web").Container("idle"); ok {
		t.Error("a number that nobody told")
	}
}

// TestMemoryOfUsage holds what the numbers of a pod cost: half a KiB, where PodMetrics take four times that.
func TestMemoryOfUsage(t *testing.T) {
	const pods, most = 5000, 512
	var all []*metricsv1beta1.PodMetrics
	for o := range clustertest.Objects(pods) {
		if p, ok := o.(*corev1.Pod); ok {
			all = append(all, clustertest.Usage(p, clustertest.Now()))
		}
	}
	before := heap()
	b := snapshot.NewBuilder()
	for _, m := range all {
		if err := b.Add(m); err != nil {
			t.Fatal(err)
		}
	}
	kept := (heap() - before) / pods
	t.Logf("%d bytes of live heap for the numbers of each pod", kept)
	if kept > most {
		t.Errorf("%d bytes of live heap for the numbers of each pod, at most %d are allowed", kept, most)
	}
	runtime.KeepAlive(b)
	runtime.KeepAlive(all)
}

func TestNodeStats(t *testing.T) {
	b := snapshot.NewBuilder()
	row := func(namespace, pod, container, source string) snapshot.ContainerMemory {
		return snapshot.ContainerMemory{Namespace: namespace, Pod: pod, Container: container, Memory: snapshot.Memory{Source: source}}
	}
	if err := b.Add(&snapshot.NodeStats{ObjectMeta: metav1.ObjectMeta{Name: "node1", Namespace: "stray"}, Rows: []snapshot.ContainerMemory{
		row("shop", "web", "app", "1"), row("a", "web", "app", "2"), row("shop", "web", "", "3"), row("shop", "web", "app", "4"), row("shop", "web-1", "app", "5"),
	}}); err != nil {
		t.Fatal(err)
	}
	s := b.Build(time.Time{})
	n := s.View().KubeletStats("node1")
	if n == nil {
		t.Fatal("no numbers of the node")
	}
	if rows := n.Of("shop", "web", "app"); len(rows) != 2 || rows[0].Memory.Source != "1" || rows[1].Memory.Source != "4" {
		t.Errorf("got %+v", rows)
	}
	if rows := n.Of("shop", "web", ""); len(rows) != 1 || rows[0].Memory.Source != "3" {
		t.Errorf("got %+v", rows)
	}
	if rows := n.Of("shop", "we", "app"); rows != nil {
		t.Errorf("got %+v", rows)
	}
	if len(s.View().AllKubeletStats()) != 1 || len(s.View().PodUsages()) != 0 {
		t.Error("numbers of one kubelet, and none of the metrics API")
	}
}

// TestMemoryMounts: of the mounts only those are kept whose files count as memory.
func TestMemoryMounts(t *testing.T) {
	b := snapshot.NewBuilder()
	if err := b.Add(&corev1.Pod{ObjectMeta: metav1.ObjectMeta{Name: "web"}, Spec: corev1.PodSpec{
		Volumes: []corev1.Volume{
			{Name: "disk", VolumeSource: corev1.VolumeSource{EmptyDir: &corev1.EmptyDirVolumeSource{}}},
			{Name: "ram", VolumeSource: corev1.VolumeSource{EmptyDir: &corev1.EmptyDirVolumeSource{Medium: corev1.StorageMediumMemory}}},
		},
		Containers: []corev1.Container{{Name: "app", VolumeMounts: []corev1.VolumeMount{
			{Name: "disk", MountPath: "/data"}, {Name: "ram", MountPath: "/cache", SubPath: "x", ReadOnly: true}, {Name: "token", MountPath: "/var/run"},
		}}},
	}}); err != nil {
		t.Fatal(err)
	}
	got := b.Build(time.Time{}).View().Pods("")[0].Spec.Containers[0].VolumeMounts
	if want := []corev1.VolumeMount{{Name: "ram", MountPath: "/cache", ReadOnly: true}}; !reflect.DeepEqual(got, want) {
		t.Errorf("kept %+v", got)
	}
}
