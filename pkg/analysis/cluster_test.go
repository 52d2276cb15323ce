package analysis

// The cluster that the tests of this package look at.

import (
	"testing"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/kubectl-scars/kubectl-scars/pkg/finding"
	"github.com/kubectl-scars/kubectl-scars/pkg/snapshot"
)

func clock() time.Time { return time.Date(2026, 11, 23, 18, 0, 0, 0, time.UTC) }

func build(t *testing.T, objects ...snapshot.Object) *snapshot.Snapshot {
	t.Helper()
	b := snapshot.NewBuilder()
	for _, o := range objects {
		if err := b.Add(o); err != nil {
			t.Fatal(err)
		}
	}
	return b.Build(clock())
}

func owned(by, name string) []metav1.OwnerReference {
	yes := true
	return []metav1.OwnerReference{{APIVersion: "apps/v1", Kind: by, Name: name, UID: types.UID(name), Controller: &yes}}
}

// pod makes a pod that has been running for an hour, and whatever change makes of it.
func pod(namespace, name string, change ...func(*corev1.Pod)) *corev1.Pod {
	p := &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{
			Namespace: namespace, Name: name, UID: types.UID(namespace + name), CreationTimestamp: metav1.NewTime(clock().Add(-time.Hour)),
		},
		Status: corev1.PodStatus{Phase: corev1.PodRunning},
	}
	for _, c := range change {
		c(p)
	}
	return p
}

// shop is Deployment web with pods web-5d4c-a and -b, StatefulSet db with db-0, and a bare pod, in "shop"; and another web in "cart".
func shop(t *testing.T) *snapshot.Snapshot {
	t.Helper()
	of := func(kind, name string, labels map[string]string) func(*corev1.Pod) {
		return func(p *corev1.Pod) { p.OwnerReferences, p.Labels = owned(kind, name), labels }
	}
	web := map[string]string{"app": "web"}
	return build(t,
		&appsv1.ReplicaSet{ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: "web-5d4c", UID: "web-5d4c", OwnerReferences: owned("Deployment", "web")}},
		&appsv1.Deployment{
			ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: "web", UID: "web", Labels: map[string]string{"team": "front"}},
			Spec:       appsv1.DeploymentSpec{Template: corev1.PodTemplateSpec{ObjectMeta: metav1.ObjectMeta{Labels: web}}},
		},
		pod("shop", "web-5d4c-a", of("ReplicaSet", "web-5d4c", web)), pod("shop", "web-5d4c-b", of("ReplicaSet", "web-5d4c", web)),
		pod("shop", "db-0", of("StatefulSet", "db", map[string]string{"app": "db"})), pod("shop", "bare"),
		pod("cart", "web-5d4c-a"),
	)
}

func ref(kind, namespace, name string) finding.ObjectRef {
	return finding.ObjectRef{Kind: kind, Namespace: namespace, Name: name}
}
