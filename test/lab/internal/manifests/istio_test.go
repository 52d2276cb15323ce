package manifests

import (
	"bytes"
	"cmp"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/intstr"

	"github.com/kubectl-scars/kubectl-scars/pkg/recording"
	"github.com/kubectl-scars/kubectl-scars/pkg/snapshot"
)

const istio = "istio.io/istio@v0.0.0-20260827124520-eed52ebb66ad"

// TestIstioRewrites holds the probes that are put back to what Istio's own injection makes of its authors' probes: its golden files lie beside
// what they were made from.
func TestIstioRewrites(t *testing.T) {
	dir := filepath.Join(download(t, istio), "pkg/kube/inject/testdata/inject")
	golden, err := filepath.Glob(filepath.Join(dir, "*.injected"))
	if err != nil {
		t.Fatal(err)
	}
	compared, through := 0, 0
	for _, file := range golden {
		authors, err := os.ReadFile(strings.TrimSuffix(file, ".injected"))
		if os.IsNotExist(err) {
			continue // of the same input with other settings
		}
		if err != nil {
			t.Fatal(err)
		}
		rewritten, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Contains(rewritten, []byte("/app-health/")) || bytes.Contains(authors, []byte("/app-health/")) {
			continue // nothing was rewritten, or before already
		}
		injected := probesIn(t, file)
		for at, want := range probesIn(t, strings.TrimSuffix(file, ".injected")) {
			got, ok := injected[at]
			if !ok {
				t.Errorf("%s: no probe %s any more", filepath.Base(file), at)
				continue
			}
			if compared++; snapshot.ThroughAgent(got) {
				through++
				got.Exec = nil
			} else if got.HTTPGet != nil && strings.HasPrefix(got.HTTPGet.Path, "/app-health/") {
				t.Errorf("%s: %s is left as Istio wrote it: %+v", filepath.Base(file), at, got.HTTPGet)
				continue
			}
			if !reflect.DeepEqual(got, want) {
				t.Errorf("%s: %s is %+v, its author wrote %+v", filepath.Base(file), at, got.ProbeHandler, want.ProbeHandler)
			}
		}
	}
	t.Logf("%d probes, %d of them through Istio's agent", compared, through)
	if through < 20 {
		t.Errorf("only %d probes were put back", through)
	}
}

// probesIn are the probes of a manifest by "KIND/NAME CONTAINER PROBE", their ports as numbers and with the scheme that they have by default.
func probesIn(t *testing.T, file string) map[string]*corev1.Probe {
	t.Helper()
	content, err := os.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer content.Close()
	in, err := recording.ReadFrom(file, content, recording.DefaultLimits())
	if err != nil {
		t.Fatalf("%s: %v", file, err)
	}
	out := map[string]*corev1.Probe{}
	add := func(of string, s *corev1.PodSpec) {
		for _, c := range append(append([]corev1.Container{}, s.InitContainers...), s.Containers...) {
			for name, p := range map[string]*corev1.Probe{"liveness": c.LivenessProbe, "readiness": c.ReadinessProbe, "startup": c.StartupProbe} {
				if p == nil {
					continue
				}
				p = p.DeepCopy()
				switch {
				case p.HTTPGet != nil:
					p.HTTPGet.Port, p.HTTPGet.Scheme = numbered(&c, p.HTTPGet.Port), cmp.Or(p.HTTPGet.Scheme, corev1.URISchemeHTTP)
				case p.TCPSocket != nil:
					p.TCPSocket.Port = numbered(&c, p.TCPSocket.Port)
				}
				out[of+" "+c.Name+" "+name] = p
			}
		}
	}
	v := in.Builder.Build(time.Now()).View(append(snapshot.TemplateKinds(), snapshot.Pods)...)
	for _, at := range v.Templates("") {
		add(at.Workload.Kind+"/"+at.Workload.Name, &at.Pods.Spec)
	}
	for _, pod := range v.Pods("") {
		add("Pod/"+pod.Name, &pod.Spec)
	}
	maps.DeleteFunc(out, func(at string, _ *corev1.Probe) bool { return strings.Contains(at, " istio-proxy ") })
	return out
}

func numbered(c *corev1.Container, port intstr.IntOrString) intstr.IntOrString {
	for _, p := range c.Ports {
		if port.Type == intstr.String && p.Name == port.StrVal {
			return intstr.FromInt32(p.ContainerPort)
		}
	}
	return port
}
