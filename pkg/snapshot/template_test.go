package snapshot

import (
	"slices"
	"testing"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

func named(name string, owner ...metav1.OwnerReference) metav1.ObjectMeta {
	return metav1.ObjectMeta{Namespace: "shop", Name: name, OwnerReferences: owner}
}

func controller(kind, name string) metav1.OwnerReference {
	yes := true
	return metav1.OwnerReference{APIVersion: "apps/v1", Kind: kind, Name: name, Controller: &yes}
}

func TestTemplates(t *testing.T) {
	b := NewBuilder()
	for _, o := range []Object{
		&appsv1.Deployment{ObjectMeta: named("web")},
		&appsv1.ReplicaSet{ObjectMeta: named("web-1", controller("Deployment", "web"))},
		&appsv1.ReplicaSet{ObjectMeta: named("lost-1", controller("Deployment", "lost"))},
		&appsv1.ReplicaSet{ObjectMeta: named("canary-1", controller("Rollout", "canary"))},
		&batchv1.CronJob{ObjectMeta: named("nightly")},
	} {
		if err := b.Add(o); err != nil {
			t.Fatal(err)
		}
	}
	var got []string
	for _, tpl := range b.Build(time.Now()).View().Templates("shop") {
		got = append(got, tpl.Workload.Kind+"/"+tpl.Workload.Name)
	}
	want := []string{"CronJob/nightly", "Deployment/web", "ReplicaSet/canary-1", "ReplicaSet/lost-1"}
	if !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

func TestTemplateUses(t *testing.T) {
	tpl := Template{
		Workload: Ref{Kind: "StatefulSet", Namespace: "shop", Name: "db"},
		Pods: &corev1.PodTemplateSpec{Spec: corev1.PodSpec{Volumes: []corev1.Volume{{Name: "x", VolumeSource: corev1.VolumeSource{
			PersistentVolumeClaim: &corev1.PersistentVolumeClaimVolumeSource{ClaimName: "backup"}}}}}},
		Claims: []corev1.PersistentVolumeClaim{{ObjectMeta: metav1.ObjectMeta{Name: "data"}}},
	}
	for claim, want := range map[string]bool{
		"backup": true, "data-db-0": true, "data-db-12": true, "data-db-": false, "data-db-x": false, "data-db--1": false, "data-db": false, "data": false,
	} {
		if got := tpl.Uses(claim); got != want {
			t.Errorf("Uses(%q) = %v", claim, got)
		}
	}
}

func TestPodsOfClaim(t *testing.T) {
	b := NewBuilder()
	claim := corev1.VolumeSource{PersistentVolumeClaim: &corev1.PersistentVolumeClaimVolumeSource{ClaimName: "data"}}
	twice := &corev1.Pod{ObjectMeta: named("a"), Spec: corev1.PodSpec{Volumes: []corev1.Volume{{Name: "x", VolumeSource: claim}, {Name: "y", VolumeSource: claim}}}}
	own := &corev1.Pod{ObjectMeta: named("b"), Spec: corev1.PodSpec{Volumes: []corev1.Volume{{Name: "tmp", VolumeSource: corev1.VolumeSource{Ephemeral: &corev1.EphemeralVolumeSource{}}}}}}
	for _, p := range []*corev1.Pod{twice, own} {
		if err := b.Add(p); err != nil {
			t.Fatal(err)
		}
	}
	v := b.Build(time.Now()).View(Pods)
	if got := v.PodsOfClaim("shop", "data"); len(got) != 1 || got[0].Name != "a" {
		t.Errorf("data is used by %d pods", len(got))
	}
	if got := v.PodsOfClaim("shop", "b-tmp"); len(got) != 1 {
		t.Errorf("b-tmp is used by %d pods", len(got))
	}
	if got := v.PodsOfClaim("other", "data"); len(got) != 0 {
		t.Errorf("another namespace's data is used by %d pods", len(got))
	}
}
