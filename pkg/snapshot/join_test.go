package snapshot

// Owners, replaced pods, events and Services, joined.

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
)

func by(apiVersion, kind, name string) metav1.OwnerReference {
	return metav1.OwnerReference{APIVersion: apiVersion, Kind: kind, Name: name, Controller: new(true)}
}

// pod is a pod with a UID of its own.
func pod(name string, owners ...metav1.OwnerReference) *corev1.Pod {
	p := &corev1.Pod{ObjectMeta: named(name, owners...)}
	p.UID = types.UID("uid-" + name)
	return p
}

// about is an event of a pod.
func about(name, uid string) *corev1.Event {
	e := &corev1.Event{ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: fmt.Sprintf("%s.%x", name, len(uid))}}
	e.InvolvedObject = corev1.ObjectReference{Kind: "Pod", Namespace: "shop", Name: name, UID: types.UID(uid)}
	return e
}

func build(t *testing.T, objects ...Object) *Snapshot {
	t.Helper()
	b := NewBuilder()
	for _, o := range objects {
		if err := b.Add(o); err != nil {
			t.Fatal(err)
		}
	}
	return b.Build(time.Unix(1e9, 0))
}

// TestEventsSince: only an event that was written once tells how long events live, by the server's clock.
func TestEventsSince(t *testing.T) {
	made := func(name string, minute int, change func(*corev1.Event)) *corev1.Event {
		e := about(name, "u")
		e.CreationTimestamp = metav1.NewTime(time.Unix(1e9, 0).Add(time.Duration(minute) * time.Minute))
		change(e)
		return e
	}
	plain := func(*corev1.Event) {}
	s := build(t, made("a", -30, plain), made("b", -70, plain), made("c", -600, func(e *corev1.Event) { e.Count = 9 }),
		made("d", -600, func(e *corev1.Event) { e.Series = &corev1.EventSeries{Count: 2} }), about("no times", "u"))
	if got := s.View(Events).EventsSince(); !got.Equal(time.Unix(1e9, 0).Add(-70 * time.Minute)) {
		t.Errorf("since %s", got)
	}
	if got := build(t).View(Events).EventsSince(); !got.IsZero() {
		t.Errorf("without events since %s", got)
	}
}

func TestWorkloadOf(t *testing.T) {
	hashed := pod("web-5d4c9b8f7-abcde", by("apps/v1", "ReplicaSet", "web-5d4c9b8f7"))
	hashed.Labels = map[string]string{"pod-template-hash": "5d4c9b8f7"}
	notController := by("apps/v1", "ReplicaSet", "web-1")
	notController.Controller = nil
	for name, c := range map[string]struct {
		pod  *corev1.Pod
		more []Object
		want string
	}{
		"on its own": {pod: pod("p"), want: "v1 Pod shop/p"},
		"Deployment": {pod("p", by("apps/v1", "ReplicaSet", "web-1")),
			[]Object{&appsv1.ReplicaSet{ObjectMeta: named("web-1", by("apps/v1", "Deployment", "web"))}}, "apps/v1 Deployment shop/web"},
		"bare ReplicaSet": {pod("p", by("apps/v1", "ReplicaSet", "web-1")), []Object{&appsv1.ReplicaSet{ObjectMeta: named("web-1")}}, "apps/v1 ReplicaSet shop/web-1"},
		"ReplicaSet of a custom resource": {pod("p", by("apps/v1", "ReplicaSet", "web-1")),
			[]Object{&appsv1.ReplicaSet{ObjectMeta: named("web-1", by("argoproj.io/v1alpha1", "Rollout", "web"))}}, "argoproj.io/v1alpha1 Rollout shop/web"},
		"ReplicaSet not read, hash in the label":    {pod: hashed, want: "apps/v1 Deployment shop/web"},
		"ReplicaSet not read, no label":             {pod: pod("p", by("apps/v1", "ReplicaSet", "web-1")), want: "apps/v1 ReplicaSet shop/web-1"},
		"ReplicaSet of the same name and namespace": {pod("p", by("apps/v1", "ReplicaSet", "web-1")), []Object{&appsv1.ReplicaSet{ObjectMeta: metav1.ObjectMeta{Namespace: "other", Name: "web-1", OwnerReferences: []metav1.OwnerReference{by("apps/v1", "Deployment", "web")}}}}, "apps/v1 ReplicaSet shop/web-1"},
		"CronJob": {pod("p", by("batch/v1", "Job", "nightly-1")),
			[]Object{&batchv1.Job{ObjectMeta: named("nightly-1", by("batch/v1", "CronJob", "nightly"))}}, "batch/v1 CronJob shop/nightly"},
		"Job not read":    {pod: pod("p", by("batch/v1", "Job", "nightly-1")), want: "batch/v1 Job shop/nightly-1"},
		"StatefulSet":     {pod: pod("db-0", by("apps/v1", "StatefulSet", "db")), want: "apps/v1 StatefulSet shop/db"},
		"DaemonSet":       {pod: pod("p", by("apps/v1", "DaemonSet", "agent")), want: "apps/v1 DaemonSet shop/agent"},
		"custom resource": {pod: pod("p", by("postgresql.cnpg.io/v1", "Cluster", "pg")), want: "postgresql.cnpg.io/v1 Cluster shop/pg"},
		"static pod":      {pod: pod("kube-proxy-node1", by("v1", "Node", "node1")), want: "v1 Pod shop/kube-proxy-node1"},
		"owner that is no controller": {pod("p", notController),
			[]Object{&appsv1.ReplicaSet{ObjectMeta: named("web-1")}}, "v1 Pod shop/p"},
		"owners in a circle": {pod("p", by("apps/v1", "ReplicaSet", "a")),
			[]Object{&appsv1.ReplicaSet{ObjectMeta: named("a", by("apps/v1", "ReplicaSet", "a"))}}, "apps/v1 ReplicaSet shop/a"},
		"another group's ReplicaSet": {pod("p", by("apps.kruise.io/v1", "ReplicaSet", "web-1")),
			[]Object{&appsv1.ReplicaSet{ObjectMeta: named("web-1", by("apps/v1", "Deployment", "web"))}}, "apps.kruise.io/v1 ReplicaSet shop/web-1"},
	} {
		t.Run(name, func(t *testing.T) {
			for _, uid := range []types.UID{c.pod.UID, ""} { // objects from files may have none
				c.pod.UID = uid
				v := build(t, append(c.more, c.pod.DeepCopy())...).View()
				p := v.Pods("shop")[0]
				got := v.WorkloadOf(p)
				if s := fmt.Sprintf("%s %s %s/%s", got.APIVersion, got.Kind, got.Namespace, got.Name); s != c.want {
					t.Errorf("with UID %q: %s, want %s", uid, s, c.want)
				}
				if pods := v.PodsOf(got); len(pods) != 1 || pods[0] != p {
					t.Errorf("with UID %q: the workload has %d pods", uid, len(pods))
				}
			}
		})
	}
}

func TestIncarnations(t *testing.T) {
	long := strings.Repeat("x", 60) // longer than what of a name stands before a generated suffix
	indexed := &batchv1.Job{ObjectMeta: named("batch")}
	web := []Object{
		&appsv1.ReplicaSet{ObjectMeta: named("web-5d4c9b8f7", by("apps/v1", "Deployment", "web"))},
		pod("web-5d4c9b8f7-aaaaa", by("apps/v1", "ReplicaSet", "web-5d4c9b8f7")),
	}
	for name, c := range map[string]struct {
		gone    string
		objects []Object
		want    string
	}{
		"replaced, same ReplicaSet":              {"web-5d4c9b8f7-zzzzz", web, "Deployment/web"},
		"replaced, ReplicaSet is gone":           {"web-77fdd4c6b-zzzzz", web, "Deployment/web"},
		"a bare pod of a like name":              {"web-debug", web, "Pod/web-debug"},
		"a bare pod that looks like a copy":      {"web-5d4c9b8f7-debug", web, "Pod/web-5d4c9b8f7-debug"},
		"another workload with a longer name":    {"web-admin-77fdd4c6b-zzzzz", web, "Pod/web-admin-77fdd4c6b-zzzzz"},
		"StatefulSet":                            {"db-2", []Object{pod("db-0", by("apps/v1", "StatefulSet", "db"))}, "StatefulSet/db"},
		"an operator's StatefulSet":              {"prom-1", []Object{pod("prom-0", by("apps/v1", "StatefulSet", "prom")), &appsv1.StatefulSet{ObjectMeta: named("prom", by("monitoring.coreos.com/v1", "Prometheus", "prom"))}}, "StatefulSet/prom"},
		"not of the StatefulSet":                 {"db-zzzzz", []Object{pod("db-0", by("apps/v1", "StatefulSet", "db"))}, "Pod/db-zzzzz"},
		"DaemonSet":                              {"agent-zzzzz", []Object{pod("agent-aaaaa", by("apps/v1", "DaemonSet", "agent"))}, "DaemonSet/agent"},
		"CronJob's Job":                          {"nightly-1-zzzzz", []Object{&batchv1.Job{ObjectMeta: named("nightly-1", by("batch/v1", "CronJob", "nightly"))}}, "CronJob/nightly"},
		"indexed Job":                            {"batch-3-zzzzz", []Object{indexed}, "Job/batch"},
		"name cut by the generator":              {(long + "-")[:58] + "zzzzz", []Object{pod("long", by("apps/v1", "DaemonSet", long))}, "DaemonSet/" + long},
		"custom resource, by ordinal":            {"pg-2", []Object{pod("pg-1", by("postgresql.cnpg.io/v1", "Cluster", "pg"))}, "Cluster/pg"},
		"two workloads share the name":           {"agent-zzzzz", []Object{pod("agent-aaaaa", by("apps/v1", "DaemonSet", "agent")), &batchv1.Job{ObjectMeta: named("agent")}}, "Pod/agent-zzzzz"},
		"same name, but the forms tell them":     {"agent-0", []Object{pod("agent-aaaaa", by("apps/v1", "DaemonSet", "agent")), pod("agent-1", by("apps/v1", "StatefulSet", "agent"))}, "StatefulSet/agent"},
		"nothing is known":                       {"zzzzz", nil, "Pod/zzzzz"},
		"a name that is shorter than any suffix": {"db", []Object{pod("d-0", by("apps/v1", "StatefulSet", "d"))}, "Pod/db"},
	} {
		t.Run(name, func(t *testing.T) {
			objects := append(slices.Clone(c.objects), about(c.gone, "gone"))
			var copies []Object
			for _, o := range objects {
				copies = append(copies, o.DeepCopyObject().(Object))
			}
			s := build(t, copies...)
			var found []string
			for w, list := range s.joins.events().incarnations {
				for _, i := range list {
					if i.UID == "gone" && i.Pod == nil && len(i.Events) == 1 && i.Name == c.gone {
						found = append(found, w.Kind+"/"+w.Name)
					}
				}
			}
			if !slices.Equal(found, []string{c.want}) {
				t.Errorf("belongs to %v, want %s", found, c.want)
			}
		})
	}
}

func TestIncarnationsOfWorkload(t *testing.T) {
	here := pod("web-5d4c9b8f7-ccccc", by("apps/v1", "ReplicaSet", "web-5d4c9b8f7"))
	v := build(t,
		&appsv1.ReplicaSet{ObjectMeta: named("web-5d4c9b8f7", by("apps/v1", "Deployment", "web"))}, here,
		about("web-5d4c9b8f7-ccccc", "uid-web-5d4c9b8f7-ccccc"), about("web-5d4c9b8f7-bbbbb", "gone"), about("other", "x"),
	).View()
	list := v.Incarnations(Ref{"apps/v1", "Deployment", "shop", "web"})
	if len(list) != 2 || list[0].Pod == nil || len(list[0].Events) != 1 || list[1].Pod != nil || list[1].Name != "web-5d4c9b8f7-bbbbb" {
		t.Errorf("incarnations: %+v", list)
	}
}

// The kubelet speaks of a static pod by the hash of its file, which stands in an annotation of the mirror pod.
func TestEventsOfStaticPod(t *testing.T) {
	mirror := pod("kube-proxy-node1", by("v1", "Node", "node1"))
	mirror.Annotations = map[string]string{corev1.MirrorPodAnnotationKey: "f00d"}
	v := build(t, mirror, about("kube-proxy-node1", "f00d")).View()
	if got := v.EventsOf("Pod", v.Pods("shop")[0]); len(got) != 1 {
		t.Errorf("%d events, want 1", len(got))
	}
	if list := v.Incarnations(Ref{"v1", "Pod", "shop", "kube-proxy-node1"}); len(list) != 1 || len(list[0].Events) != 1 {
		t.Errorf("incarnations: %+v", list)
	}
}

func TestEventsWithoutUID(t *testing.T) {
	p := pod("p")
	p.UID = ""
	e := about("p", "")
	v := build(t, p, e, about("q", "")).View()
	if got := v.EventsOf("Pod", p); len(got) != 1 || got[0].Name != e.Name {
		t.Errorf("EventsOf: %v", got)
	}
	if got := v.EventsNamed("Pod", "shop", "p"); len(got) != 1 {
		t.Errorf("EventsNamed: %v", got)
	}
}

func TestSelectedBy(t *testing.T) {
	labelled := func(name string, labels map[string]string) *corev1.Pod {
		p := pod(name)
		p.Labels = labels
		return p
	}
	service := func(ns, name string, selector map[string]string) *corev1.Service {
		return &corev1.Service{ObjectMeta: metav1.ObjectMeta{Namespace: ns, Name: name}, Spec: corev1.ServiceSpec{Selector: selector}}
	}
	v := build(t, labelled("a", map[string]string{"app": "web", "tier": "front"}), labelled("b", map[string]string{"app": "web"}), labelled("c", nil),
		service("shop", "both", map[string]string{"app": "web", "tier": "front"}), service("shop", "web", map[string]string{"app": "web"}),
		service("shop", "none", nil), service("shop", "wrong", map[string]string{"app": "web", "tier": "back"}),
		service("other", "elsewhere", map[string]string{"app": "web"})).View()
	want := map[string][]string{"both": {"a"}, "web": {"a", "b"}}
	for _, svc := range v.Services("") {
		var got []string
		for _, p := range v.SelectedBy(svc) {
			got = append(got, p.Name)
		}
		if !slices.Equal(got, want[svc.Name]) {
			t.Errorf("%s selects %v, want %v", svc.Name, got, want[svc.Name])
		}
	}
}
