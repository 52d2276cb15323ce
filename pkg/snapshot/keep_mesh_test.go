package snapshot_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"

	"github.com/kubectl-scars/kubectl-scars/pkg/snapshot"
)

// meshed is a pod as Istio's injection leaves it, whose proxy has the given variable.
func meshed(name, probers string, native bool) *corev1.Pod {
	probe := func(kind string) *corev1.Probe {
		return &corev1.Probe{PeriodSeconds: 7, TimeoutSeconds: 9, ProbeHandler: corev1.ProbeHandler{HTTPGet: &corev1.HTTPGetAction{
			Path: "/app-health/app/" + kind, Port: intstr.FromInt32(15020), HTTPHeaders: []corev1.HTTPHeader{{Name: "Authorization", Value: "s3cret"}},
		}}}
	}
	proxy := corev1.Container{Name: "istio-proxy", Env: []corev1.EnvVar{{Name: "OTHER", Value: "s3cret"}, {Name: "ISTIO_KUBE_APP_PROBERS", Value: probers}}}
	pod := &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: name}, Spec: corev1.PodSpec{Containers: []corev1.Container{
		{Name: "app", LivenessProbe: probe("livez"), ReadinessProbe: probe("readyz"), StartupProbe: probe("startupz")},
	}}}
	if native {
		pod.Spec.InitContainers = []corev1.Container{proxy}
	} else {
		pod.Spec.Containers = append(pod.Spec.Containers, proxy)
	}
	return pod
}

func kept(t *testing.T, pod *corev1.Pod) *corev1.Pod {
	t.Helper()
	b := snapshot.NewBuilder()
	if err := b.Add(pod); err != nil {
		t.Fatal(err)
	}
	return b.Build(time.Now()).View(snapshot.Pods).Pods("shop")[0]
}

func TestAuthorsProbesArePutBack(t *testing.T) {
	const probers = `{
		"/app-health/app/livez": {"httpGet": {"path": "/live?key=s3cret", "port": 8080, "scheme": "HTTPS", "httpHeaders": [{"name": "X-Key", "value": "s3cret"}]}, "timeoutSeconds": 3},
		"/app-health/app/readyz": {"tcpSocket": {"port": 5432}},
		"/app-health/app/startupz": {"grpc": {"port": 9000, "service": "live"}, "timeoutSeconds": 1},
		"/app-lifecycle/app/prestopz": {"httpGet": {"path": "/s3cret", "port": 8080}}
	}`
	for name, native := range map[string]bool{"container": false, "sidecar": true} {
		once := kept(t, meshed(name, probers, native))
		text, err := json.Marshal(once)
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(string(text), "s3cret") || strings.Contains(string(text), "ISTIO") {
			t.Errorf("%s: more is kept than the probes: %s", name, text)
		}
		// What is recorded is read again.
		var read corev1.Pod
		if err := json.Unmarshal(text, &read); err != nil {
			t.Fatal(err)
		}
		for _, pod := range []*corev1.Pod{once, kept(t, &read)} {
			c := pod.Spec.Containers[0]
			live, ready, start := c.LivenessProbe, c.ReadinessProbe, c.StartupProbe
			if get := live.HTTPGet; get == nil || get.Path != "/live?…" || get.Port != intstr.FromInt32(8080) || get.Scheme != "HTTPS" || len(get.HTTPHeaders) != 1 || live.TimeoutSeconds != 3 || live.PeriodSeconds != 7 {
				t.Errorf("%s: liveness is %+v", name, live)
			}
			if ready.TCPSocket == nil || ready.HTTPGet != nil || ready.TCPSocket.Port != intstr.FromInt32(5432) || ready.TimeoutSeconds != 9 {
				t.Errorf("%s: readiness is %+v", name, ready)
			}
			if start.GRPC == nil || start.HTTPGet != nil || start.GRPC.Port != 9000 || *start.GRPC.Service != "live" {
				t.Errorf("%s: startup is %+v", name, start)
			}
			for _, p := range []*corev1.Probe{live, ready, start} {
				if !snapshot.ThroughAgent(p) {
					t.Errorf("%s: it is not seen that the agent asks %+v", name, p.ProbeHandler)
				}
			}
		}
	}
}

// TestWhatIstioDoesNotSayStays: a probe whose author's form is not known is left in the form that it has.
func TestWhatIstioDoesNotSayStays(t *testing.T) {
	for name, probers := range map[string]string{
		"nothing":       "",
		"cut":           `{"/app-health/app/livez":{"httpGet":{"path":"/s3cret","po`,
		"no object":     `["/app-health/app/livez"]`,
		"wrong type":    `{"/app-health/app/livez":{"httpGet":{"path":"/live","port":{"a":1}}}}`,
		"null":          `{"/app-health/app/livez":null}`,
		"no handler":    `{"/app-health/app/livez":{"timeoutSeconds":1}}`,
		"two handlers":  `{"/app-health/app/livez":{"httpGet":{"path":"/","port":80},"tcpSocket":{"port":80}}}`,
		"port by name":  `{"/app-health/app/livez":{"httpGet":{"path":"/","port":"http"}}}`,
		"another's":     `{"/app-health/other/livez":{"httpGet":{"path":"/","port":80}}}`,
		"unheard-of":    `{"/app-health/app/livez":{"httpGet":{"path":"` + strings.Repeat("a", 64<<10) + `","port":80}}}`,
		"another probe": `{"/app-health/app/alivez":{"httpGet":{"path":"/","port":80}}}`,
	} {
		live := kept(t, meshed("web", probers, false)).Spec.Containers[0].LivenessProbe
		if live.HTTPGet == nil || live.HTTPGet.Path != "/app-health/app/livez" || live.Exec != nil || snapshot.ThroughAgent(live) {
			t.Errorf("%s: liveness is %+v", name, live)
		}
	}
	lone := meshed("web", "", false)
	lone.Spec.Containers = lone.Spec.Containers[:1]
	if live := kept(t, lone).Spec.Containers[0].LivenessProbe; live.HTTPGet.Path != "/app-health/app/livez" {
		t.Errorf("without a proxy liveness is %+v", live)
	}
}

// TestProbesPutBackAreShared: the containers of the pods of one template are one, as others' are.
func TestProbesPutBackAreShared(t *testing.T) {
	const probers = `{"/app-health/app/livez":{"httpGet":{"path":"/live","port":8080}}}`
	b := snapshot.NewBuilder()
	for _, name := range []string{"a", "b"} {
		if err := b.Add(meshed(name, probers, false)); err != nil {
			t.Fatal(err)
		}
	}
	if pods := b.Build(time.Now()).View(snapshot.Pods).Pods("shop"); &pods[0].Spec.Containers[0] != &pods[1].Spec.Containers[0] {
		t.Error("each pod holds containers of its own")
	}
}

// FuzzProbers: whatever stands in the variable, nothing of it but handlers is kept, and what is kept is kept again.
func FuzzProbers(f *testing.F) {
	for _, s := range []string{
		`{"/app-health/app/livez":{"httpGet":{"path":"/live","port":8080},"timeoutSeconds":1}}`,
		`{"/app-health/app/readyz":{"tcpSocket":{"port":1}},"/app-health/app/startupz":{"grpc":{"port":1}}}`,
		`{"/app-health/app/livez":{"httpGet":{"path":"/app-health/app/livez","port":15020}}}`, `{`, `null`,
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, probers string) {
		once := kept(t, meshed("web", probers, false))
		first, err := json.Marshal(once)
		if err != nil {
			t.Fatal(err)
		}
		var read corev1.Pod
		if err := json.Unmarshal(first, &read); err != nil {
			t.Fatal(err)
		}
		second, err := json.Marshal(kept(t, &read))
		if err != nil {
			t.Fatal(err)
		}
		if string(first) != string(second) {
			t.Errorf("changed on the second way through:\n%s\n%s", first, second)
		}
		for _, c := range once.Spec.Containers {
			if len(c.Env) > 0 {
				t.Errorf("of the environment %v is kept", c.Env)
			}
		}
	})
}
