package snapshot

import (
	"testing"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

func TestNewestRevision(t *testing.T) {
	b := NewBuilder()
	made := time.Date(2026, 11, 23, 18, 0, 0, 0, time.UTC)
	controller := true
	for name, revision := range map[string]string{"web-a": "9", "web-b": "10", "web-c": "no number", "web-d": ""} {
		rs := &appsv1.ReplicaSet{ObjectMeta: metav1.ObjectMeta{
			Name: name, Namespace: "shop", CreationTimestamp: metav1.NewTime(made), Annotations: map[string]string{revisionAnnotation: revision},
			OwnerReferences: []metav1.OwnerReference{{Kind: "Deployment", Name: "web", Controller: &controller}},
		}}
		if err := b.Add(rs); err != nil {
			t.Fatal(err)
		}
	}
	v := b.Build(made).View()
	r, ok := v.NewestRevision(Ref{"apps/v1", "Deployment", "shop", "web"})
	if !ok || r.Number != 10 || r.ReplicaSet != "web-b" || !r.Created.Equal(made) {
		t.Errorf("got %+v, %v", r, ok)
	}
	if !r.Made("web-b-x2x9z") || r.Made("web-a-x2x9z") || r.Made("web-b") || r.Made("") {
		t.Error("Made")
	}
	for _, w := range []Ref{{"apps/v1", "StatefulSet", "shop", "web"}, {"apps/v1", "Deployment", "shop", "api"}, {"apps/v1", "Deployment", "other", "web"}} {
		if r, ok := v.NewestRevision(w); ok {
			t.Errorf("%v: got %+v", w, r)
		}
	}
}

func TestRevisionOf(t *testing.T) {
	owned := func(kind, name string) []metav1.OwnerReference {
		controller := true
		return []metav1.OwnerReference{{Kind: kind, Name: name, Controller: &controller}}
	}
	for name, test := range map[string]struct {
		pod  metav1.ObjectMeta
		want string
	}{
		"Deployment":   {metav1.ObjectMeta{Labels: map[string]string{"pod-template-hash": "5d4c"}, OwnerReferences: owned("ReplicaSet", "web-5d4c")}, "web-5d4c"},
		"Argo Rollout": {metav1.ObjectMeta{Labels: map[string]string{"rollouts-pod-template-hash": "7f8b"}, OwnerReferences: owned("ReplicaSet", "pay-7f8b")}, "pay-7f8b"},
		"StatefulSet":  {metav1.ObjectMeta{Labels: map[string]string{"controller-revision-hash": "db-6c9d"}, OwnerReferences: owned("StatefulSet", "db")}, "db-6c9d"},
		"nothing":      {metav1.ObjectMeta{}, ""},
	} {
		if got := RevisionOf(&corev1.Pod{ObjectMeta: test.pod}); got != test.want {
			t.Errorf("%s: got %q, want %q", name, got, test.want)
		}
	}
}

func TestServiceJoins(t *testing.T) {
	b := NewBuilder()
	web := &corev1.Service{ObjectMeta: metav1.ObjectMeta{Name: "web", Namespace: "shop"}, Spec: corev1.ServiceSpec{Selector: map[string]string{"app": "web"}}}
	for _, o := range []Object{
		web,
		&discoveryv1.EndpointSlice{ObjectMeta: metav1.ObjectMeta{Name: "web-1", Namespace: "shop", Labels: map[string]string{discoveryv1.LabelServiceName: "web"}}},
		&discoveryv1.EndpointSlice{ObjectMeta: metav1.ObjectMeta{Name: "web-2", Namespace: "other", Labels: map[string]string{discoveryv1.LabelServiceName: "web"}}},
		&corev1.Pod{ObjectMeta: metav1.ObjectMeta{Name: "p", Namespace: "shop", Labels: map[string]string{"app": "web", "tier": "x"}}},
		&corev1.Pod{ObjectMeta: metav1.ObjectMeta{Name: "q", Namespace: "shop", Labels: map[string]string{"app": "api"}}},
	} {
		if err := b.Add(o); err != nil {
			t.Fatal(err)
		}
	}
	v := b.Build(time.Unix(0, 0)).View()
	if got := v.SlicesOf(web); len(got) != 1 || got[0].Name != "web-1" {
		t.Errorf("slices: %v", got)
	}
	if got := v.SelectedBy(web); len(got) != 1 || got[0].Name != "p" {
		t.Errorf("pods: %v", got)
	}
	if got := v.SelectedBy(&corev1.Service{ObjectMeta: metav1.ObjectMeta{Namespace: "shop"}}); got != nil {
		t.Errorf("a Service without selector selects nothing, got %v", got)
	}
}
