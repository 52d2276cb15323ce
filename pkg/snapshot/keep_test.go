package snapshot

// What holds for every kind: what comes out of the builder, recorded and read again, comes out unchanged; and nothing that may hold a
// secret comes through.

import (
	"encoding/json"
	"math/rand"
	"reflect"
	"strconv"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/intstr"
	"sigs.k8s.io/randfill"
)

func TestTrimIsIdempotentForEveryKind(t *testing.T) {
	fill := randfill.NewWithSeed(7).NilChance(0.2).NumElements(1, 3).MaxDepth(20).Funcs(
		func(q *resource.Quantity, c randfill.Continue) {
			*q = resource.MustParse(strconv.Itoa(1+c.Intn(1000)) + "Mi")
		},
		func(m *metav1.Time, c randfill.Continue) { *m = metav1.Unix(c.Int63n(2e9), 0) },
		func(m *metav1.MicroTime, c randfill.Continue) {
			*m = metav1.MicroTime{Time: time.Unix(c.Int63n(2e9), 0)}
		},
		func(i *intstr.IntOrString, c randfill.Continue) { *i = intstr.FromInt32(c.Int31n(65536)) },
		func(f *metav1.FieldsV1, _ randfill.Continue) { f.SetRawString(`{"f:data":{}}`) },
		func(r *runtime.RawExtension, _ randfill.Continue) { r.Raw = []byte(`{"a":1}`) },
		func(s *string, c randfill.Continue) { *s = text(c) },
	)
	table := NewBuilder().table
	for _, info := range Kinds() {
		t.Run(string(info.Kind), func(t *testing.T) {
			var typ reflect.Type
			for known, i := range table {
				if i.Kind == info.Kind {
					typ = known.Elem()
				}
			}
			for range 10 {
				o := reflect.New(typ).Interface().(Object)
				fill.Fill(o)
				o.SetName("name")
				once := through(t, info.Kind, o)
				read := reflect.New(typ).Interface().(Object)
				if err := json.Unmarshal(once, read); err != nil {
					t.Fatal(err)
				}
				if again := through(t, info.Kind, read); string(again) != string(once) {
					i := 0
					for i < min(len(once), len(again)) && once[i] == again[i] {
						i++
					}
					t.Fatalf("changed on the second way through:\n%.200s\n%.200s", once[max(0, i-60):], again[max(0, i-60):])
				}
				for _, gone := range []string{"last-applied", "managedFields", "f:data"} {
					if strings.Contains(string(once), gone) {
						t.Fatalf("%s survives: %s", gone, once)
					}
				}
			}
		})
	}
}

// text is a random string of the kinds that are met.
func text(c randfill.Continue) string {
	some := []string{
		"", "x", "web-5d4c9b8f7-abcde", "password=" + strings.Repeat("é", c.Intn(900)), "Get http://10.0.0.1/x?sig=1: EOF", "/healthz?token=1#f",
		"-----BEGIN PRIVATE KEY-----\nQUJD\n", strings.Repeat("word ", c.Intn(500)), "sh -c 'curl -H secret'",
	}
	return some[c.Intn(len(some))]
}

func through(t *testing.T, kind Kind, o Object) []byte {
	t.Helper()
	b := NewBuilder()
	if err := b.Add(o); err != nil {
		t.Fatal(err)
	}
	found, ok := b.Build(time.Time{}).Find(kind, o.GetNamespace(), o.GetName())
	if !ok {
		t.Fatalf("%s was not taken in", kind)
	}
	data, err := json.Marshal(found)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func TestNothingSecretOfAPodSurvives(t *testing.T) {
	const secret = "hunter2-q7Zx"
	probe := func() *corev1.Probe {
		return &corev1.Probe{ProbeHandler: corev1.ProbeHandler{
			Exec: &corev1.ExecAction{Command: []string{"/bin/sh", "-c", "curl -u " + secret}},
			HTTPGet: &corev1.HTTPGetAction{
				Path: "/healthz?token=" + secret + "#" + secret, HTTPHeaders: []corev1.HTTPHeader{{Name: "Authorization", Value: secret}},
			},
		}}
	}
	oneWord := &corev1.Probe{ProbeHandler: corev1.ProbeHandler{Exec: &corev1.ExecAction{Command: []string{"pg_isready -d postgres://a:" + secret}}}}
	container := corev1.Container{
		Name: "app", Image: "registry.example/web:1.0", Command: []string{"run", secret}, Args: []string{secret},
		Env:           []corev1.EnvVar{{Name: "PASSWORD", Value: secret}, {Name: secret}},
		EnvFrom:       []corev1.EnvFromSource{{Prefix: secret}},
		LivenessProbe: probe(), ReadinessProbe: probe(), StartupProbe: oneWord,
		Lifecycle: &corev1.Lifecycle{
			PreStop:   &corev1.LifecycleHandler{Exec: probe().Exec, HTTPGet: probe().HTTPGet},
			PostStart: &corev1.LifecycleHandler{Exec: oneWord.Exec.DeepCopy()},
		},
	}
	said := "password=" + secret
	status := corev1.ContainerStatus{
		Name: "app", State: corev1.ContainerState{Waiting: &corev1.ContainerStateWaiting{Reason: "CrashLoopBackOff", Message: said}},
		LastTerminationState: corev1.ContainerState{Terminated: &corev1.ContainerStateTerminated{ExitCode: 1, Message: said}},
	}
	pod := &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{
			Namespace: "shop", Name: "web", Annotations: map[string]string{"kubectl.kubernetes.io/last-applied-configuration": secret, "vault.example/x": secret},
			ManagedFields: []metav1.ManagedFieldsEntry{{Manager: secret}},
		},
		Spec: corev1.PodSpec{
			Containers: []corev1.Container{container}, InitContainers: []corev1.Container{*container.DeepCopy()},
			EphemeralContainers: []corev1.EphemeralContainer{{EphemeralContainerCommon: corev1.EphemeralContainerCommon{Name: "debug", Args: []string{secret}}}},
			Volumes: []corev1.Volume{
				{Name: "csi", VolumeSource: corev1.VolumeSource{CSI: &corev1.CSIVolumeSource{VolumeAttributes: map[string]string{"key": secret}}}},
				{Name: "own", VolumeSource: corev1.VolumeSource{Ephemeral: &corev1.EphemeralVolumeSource{VolumeClaimTemplate: &corev1.PersistentVolumeClaimTemplate{
					ObjectMeta: metav1.ObjectMeta{Annotations: map[string]string{"note": secret}}}}}},
				{Name: "keys", VolumeSource: corev1.VolumeSource{Secret: &corev1.SecretVolumeSource{SecretName: "tls", Items: []corev1.KeyToPath{{Key: "a", Path: secret}}}}},
			},
			ImagePullSecrets: []corev1.LocalObjectReference{{Name: secret}}, HostAliases: []corev1.HostAlias{{Hostnames: []string{secret}}},
		},
		Status: corev1.PodStatus{
			Message: said, Conditions: []corev1.PodCondition{{Type: corev1.PodReady, Message: said}},
			ContainerStatuses: []corev1.ContainerStatus{status}, InitContainerStatuses: []corev1.ContainerStatus{*status.DeepCopy()},
			EphemeralContainerStatuses: []corev1.ContainerStatus{*status.DeepCopy()},
		},
	}
	out := string(through(t, Pods, pod))
	if strings.Contains(out, secret) || strings.Contains(out, "hunter2") {
		t.Errorf("a secret survives: %s", out)
	}
	for _, kept := range []string{`["/bin/sh","…"]`, `["pg_isready","…"]`, `"/healthz?…"`, `"name":"Authorization"`, `"secretName":"tls"`, `"CrashLoopBackOff"`, "registry.example/web:1.0"} {
		if !strings.Contains(out, kept) {
			t.Errorf("%s is gone: %s", kept, out)
		}
	}
}

func TestNothingSecretOfAnEventSurvives(t *testing.T) {
	out := string(through(t, Events, &corev1.Event{
		ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: "e", Annotations: map[string]string{"x": "hunter2"}},
		Reason:     "Unhealthy", Message: "Liveness probe failed: token=hunter2\n-----BEGIN EC PRIVATE KEY-----\nhunter2",
	}))
	if strings.Contains(out, "hunter2") {
		t.Errorf("a secret survives: %s", out)
	}
}

// The builder is fed by several goroutines and holds equal container lists once.
func TestBuilderSharesContainers(t *testing.T) {
	b := NewBuilder()
	done := make(chan error)
	for range 2 {
		go func() {
			var err error
			for i := range 50 {
				p := &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: "p" + string(rune('a'+i%26)) + string(rune('a'+i/26))}}
				p.Spec.Containers = []corev1.Container{{Name: "app", Image: "web", Args: []string{string(rune(rand.Intn(100)))}}}
				if e := b.Add(p); e != nil {
					err = e
				}
			}
			done <- err
		}()
	}
	for range 2 {
		if err := <-done; err != nil {
			t.Fatal(err)
		}
	}
	pods := b.Build(time.Time{}).View(Pods).Pods("shop")
	if len(pods) != 50 {
		t.Fatalf("%d pods, want 50", len(pods))
	}
	for _, p := range pods {
		if &p.Spec.Containers[0] != &pods[0].Spec.Containers[0] {
			t.Fatal("equal container lists are held more than once")
		}
	}
}
