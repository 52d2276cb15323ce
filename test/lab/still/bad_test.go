package still

import (
	"context"
	"net/http"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/kubernetes"

	"github.com/kubectl-scars/kubectl-scars/pkg/analysis"
	"github.com/kubectl-scars/kubectl-scars/pkg/checks"
	"github.com/kubectl-scars/kubectl-scars/pkg/snapshot"
	"github.com/kubectl-scars/kubectl-scars/test/lab/internal/fault"
	"github.com/kubectl-scars/kubectl-scars/test/lab/internal/still"
)

// TestObjectOfMoreThanAMegabyte: etcd takes 1.5 MiB a request.
func TestObjectOfMoreThanAMegabyte(t *testing.T) {
	want := undisturbed(t, "triage", "-A")
	config, err := rig.Config(still.Writer)
	if err != nil {
		t.Fatal(err)
	}
	api, err := kubernetes.NewForConfig(config)
	if err != nil {
		t.Fatal(err)
	}
	pod := &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Name: "big"}, Spec: corev1.PodSpec{
		NodeName: "node-0000", Containers: []corev1.Container{{Name: "app", Image: "big", Env: []corev1.EnvVar{{Name: "BIG", Value: strings.Repeat("x", 1_450_000)}}}},
	}}
	if pod, err = api.CoreV1().Pods(metav1.NamespaceDefault).Create(t.Context(), pod, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := api.CoreV1().Pods(metav1.NamespaceDefault).Delete(context.Background(), "big", metav1.DeleteOptions{GracePeriodSeconds: new(int64)}); err != nil {
			t.Error(err)
		}
	})
	pod.Status = corev1.PodStatus{Phase: corev1.PodRunning, Conditions: []corev1.PodCondition{
		{Type: corev1.PodReady, Status: corev1.ConditionTrue}, {Type: corev1.ContainersReady, Status: corev1.ConditionTrue},
	}}
	if _, err = api.CoreV1().Pods(metav1.NamespaceDefault).UpdateStatus(t.Context(), pod, metav1.UpdateOptions{}); err != nil {
		t.Fatal(err)
	}
	got := undisturbed(t, "triage", "-A")
	same(t, got, want)
	subset(t, got, want)
}

// TestClockOfTheServer: ages count by the server's clock, however far off the clock here is.
func TestClockOfTheServer(t *testing.T) {
	want := undisturbed(t, "triage", "-A")
	p, kubeconfig := proxy(t, still.Admin, fault.Options{})
	defer p.Close()
	for _, off := range []time.Duration{-2 * time.Hour, 2 * time.Hour} {
		got := lookAt(t, func() time.Time { return clock().Add(off) }, kubeconfig, "triage", "-A")
		same(t, got, want)
		for id, f := range got.findings() {
			if f.Message != want.findings()[id].Message {
				t.Errorf("%s off: %q, want %q", off, f.Message, want.findings()[id].Message)
			}
		}
		if !got.report.Metadata.Time.Equal(want.report.Metadata.Time) {
			t.Errorf("%s off: the report is of %s, want %s", off, got.report.Metadata.Time, want.report.Metadata.Time)
		}
	}
	later, kubeconfig := proxy(t, still.Admin, fault.Options{Clock: func() time.Time { return clock().Add(2 * time.Hour) }})
	defer later.Close()
	got := look(t, kubeconfig, "triage", "-A") // which finds less: some proof is too old by then
	if d := got.report.Metadata.Time.Sub(want.report.Metadata.Time); d != 2*time.Hour {
		t.Errorf("a server two hours ahead: the report is %s later", d)
	}
}

// TestOlderServer: an API server three minor versions older (1.34) does not have the fields that came since, and an older one
// of those that came in the years before does not either. What can be told without them is still told, and nothing else.
func TestOlderServer(t *testing.T) {
	through := func(change func(runtime.Object)) said {
		p, kubeconfig := proxy(t, still.Admin, fault.Options{Change: func(_ *http.Request, o runtime.Object) bool {
			if pod, ok := o.(*corev1.Pod); ok && pod.Spec.Resources != nil {
				return false // it could not have been made there
			}
			change(o)
			return true
		}})
		defer p.Close()
		return look(t, kubeconfig, "triage", "-A")
	}
	same(t, through(older), through(func(runtime.Object) {}))
}

// older takes away what servers before 1.33 do not send of what the tool keeps: resources that were enacted (KEP-1287), resources of pods
// (KEP-2837), generations of conditions (KEP-5067), restart rules of containers (KEP-5307).
func older(o runtime.Object) {
	pod, ok := o.(*corev1.Pod)
	if !ok {
		return
	}
	pod.Spec.Resources, pod.Status.Resources, pod.Status.AllocatedResources = nil, nil, nil
	pod.Status.ObservedGeneration = 0
	for i := range pod.Status.Conditions {
		pod.Status.Conditions[i].ObservedGeneration = 0
	}
	for _, list := range [][]corev1.Container{pod.Spec.Containers, pod.Spec.InitContainers} {
		for i := range list {
			list[i].RestartPolicyRules, list[i].ResizePolicy = nil, nil
		}
	}
	for _, list := range [][]corev1.ContainerStatus{pod.Status.ContainerStatuses, pod.Status.InitContainerStatuses} {
		for i := range list {
			list[i].Resources, list[i].AllocatedResources, list[i].User, list[i].StopSignal = nil, nil, nil, nil
		}
	}
}

// TestNamespaceDeletedMeanwhile: whatever of a namespace is gone by the time it is read, nothing is made of what is missing, and a line says
// that the namespace is on its way out. What is left is what pods themselves prove.
func TestNamespaceDeletedMeanwhile(t *testing.T) {
	doomed := map[string]bool{"team-0000": true} // a healthy one
	for _, p := range rig.Planted {
		if p.Namespace != "" {
			doomed[p.Namespace] = true
		}
	}
	lasting := map[string]bool{}
	for _, c := range checks.All() {
		lasting[c.ID] = analysis.Lasting(c)
	}
	for _, command := range commands() {
		want := undisturbed(t, command, "-A")
		of := checks.All()
		if command != "triage" {
			of = checks.Of(command)
		}
		known, covered := map[string]bool{}, map[string]bool{} // check and namespace; fingerprints
		for _, f := range want.findings() {
			known[f.Check+" "+f.Object.Namespace] = true
			for _, id := range f.Covers {
				covered[id] = true
			}
		}
		for _, gone := range analysis.Wanted(of) {
			if !gone.Namespaced {
				continue
			}
			t.Run(command+" "+string(gone.Kind), func(t *testing.T) {
				p, kubeconfig := proxy(t, still.Admin, fault.Options{
					Plan: func(r *http.Request) fault.Kind { // single objects
						if strings.Contains(r.URL.Path, "/"+gone.Resource+"/") {
							return fault.NotFound
						}
						return fault.None
					},
					Change: func(r *http.Request, o runtime.Object) bool {
						object, ok := o.(snapshot.Object)
						switch {
						case !ok:
							return true
						case strings.HasSuffix(r.URL.Path, "/"+gone.Resource):
							return !doomed[object.GetNamespace()]
						case strings.HasSuffix(r.URL.Path, "/namespaces"):
							return !doomed[object.GetName()]
						}
						return true
					},
				})
				defer p.Close()
				got := look(t, kubeconfig, command, "-A")
				for _, f := range got.report.Findings {
					ns := f.Object.Namespace
					if !known[f.Check+" "+ns] && !covered[f.Fingerprint] || doomed[ns] && !lasting[f.Check] {
						t.Errorf("%s %v: %s", f.Check, f.Object, f.Message)
					}
				}
			})
		}
	}
}
