package probes

// Pods and probes as clusters hold them besides the usual: each test is one kind that must neither mislead nor break a check.

import (
	"fmt"
	"math"
	"strings"
	"testing"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/intstr"

	"github.com/kubectl-scars/kubectl-scars/pkg/analysis"
	"github.com/kubectl-scars/kubectl-scars/pkg/finding"
	"github.com/kubectl-scars/kubectl-scars/pkg/snapshot"
)

// TestProbesAtTheLimits: the server takes any positive number (kubernetes v1.37.2 pkg/apis/core/validation/validation.go, validateProbe).
func TestProbesAtTheLimits(t *testing.T) {
	for name, n := range map[string]int32{"least": 1, "none": 0, "most": math.MaxInt32} {
		set := func(p *corev1.Probe) {
			p.InitialDelaySeconds, p.PeriodSeconds, p.TimeoutSeconds, p.FailureThreshold, p.SuccessThreshold = n, n, n, n, 1
		}
		var objects []snapshot.Object
		for i := range 3 {
			pod := replica(fmt.Sprintf("aaaa%d", i), corev1.ConditionTrue, time.Hour, corev1.ContainerStatus{State: corev1.ContainerState{Running: &corev1.ContainerStateRunning{StartedAt: before(2 * time.Hour)}}})
			pod.Status.Conditions = append(pod.Status.Conditions, corev1.PodCondition{Type: corev1.ContainersReady, Status: corev1.ConditionTrue, LastTransitionTime: before(time.Hour)})
			c := &pod.Spec.Containers[0]
			c.StartupProbe = c.LivenessProbe.DeepCopy()
			for _, p := range []*corev1.Probe{c.StartupProbe, c.LivenessProbe, c.ReadinessProbe} {
				set(p)
			}
			c.ReadinessProbe.SuccessThreshold = max(n, 1)
			c.Lifecycle = &corev1.Lifecycle{PreStop: &corev1.LifecycleHandler{Sleep: &corev1.SleepAction{Seconds: math.MaxInt64}}}
			pod.Spec.TerminationGracePeriodSeconds = new(int64(math.MaxInt64))
			if i == 0 {
				restarted(137, 4*time.Minute)(pod)
			}
			objects = append(objects, pod,
				about(pod, "Killing", "Container app failed startup probe, will be restarted", 5*time.Minute, 4*time.Minute, math.MaxInt32),
				about(pod, "Unhealthy", failedText, 5*time.Minute, 4*time.Minute, math.MaxInt32))
		}
		if got, _ := heard(t, nil, objects...); len(got) == 0 || !strings.Contains(got[0], "critical proven probes/startup-kill") {
			t.Errorf("%s: %s", name, got)
		}
		for _, v := range Views() {
			if _, err := v.Answer(clusterOf(t, nil, objects...), analysis.Question{}, finding.Metadata{}); err != nil {
				t.Errorf("%s: %s: %v", name, v.ID, err)
			}
		}
	}
	for _, port := range []intstr.IntOrString{intstr.FromInt32(0), intstr.FromInt32(65535), intstr.FromString("")} {
		pod := lone("port", func(p *corev1.Pod) { p.Spec.Containers[0].LivenessProbe.HTTPGet.Port = port })
		got, _ := heard(t, nil, pod)
		wants(t, port.String(), got)
	}
}

// TestNamedPortTwice: of two containers that name a port alike a Service reaches the first, and each probe asks its own.
func TestNamedPortTwice(t *testing.T) {
	pod := lone("twice", func(p *corev1.Pod) {
		p.Labels = map[string]string{"app": "twice"}
		c := &p.Spec.Containers[0]
		c.Ports = []corev1.ContainerPort{{Name: "web", ContainerPort: 8080}}
		c.LivenessProbe.HTTPGet.Port, c.ReadinessProbe.HTTPGet.Port = intstr.FromString("web"), intstr.FromString("web")
		p.Spec.Containers = append(p.Spec.Containers, corev1.Container{Name: "log", Ports: []corev1.ContainerPort{{Name: "web", ContainerPort: 9090}}})
		p.Status.ContainerStatuses = append(p.Status.ContainerStatuses, corev1.ContainerStatus{Name: "log", Ready: true, State: corev1.ContainerState{Running: &corev1.ContainerStateRunning{StartedAt: before(2 * time.Hour)}}})
	})
	service := &corev1.Service{ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: "twice"}, Spec: corev1.ServiceSpec{Selector: pod.Labels, Ports: []corev1.ServicePort{{Port: 80, TargetPort: intstr.FromString("web")}}}}
	got, _ := heard(t, nil, pod, service)
	wants(t, "the first has a readiness probe", got)
	pod.Spec.Containers[0].ReadinessProbe = nil
	got, _ = heard(t, nil, pod, service)
	wants(t, "the first has none", got, "info proven probes/no-readiness-behind-service twice/app")
}

// TestPodsThatFinish: failures of a pod that has done its work are no trouble; one that its probe ended for good is.
func TestPodsThatFinish(t *testing.T) {
	done := func(code int32, phase corev1.PodPhase) func(*corev1.Pod) {
		return func(p *corev1.Pod) {
			p.Spec.RestartPolicy, p.Status.Phase = corev1.RestartPolicyOnFailure, phase
			p.Status.Conditions[0] = corev1.PodCondition{Type: corev1.PodReady, Status: corev1.ConditionFalse, LastTransitionTime: before(4 * time.Minute), Reason: "PodCompleted"}
			p.Status.ContainerStatuses[0] = corev1.ContainerStatus{Name: "app", State: corev1.ContainerState{Terminated: &corev1.ContainerStateTerminated{ExitCode: code, Reason: "Completed", StartedAt: before(2 * time.Hour), FinishedAt: before(4 * time.Minute)}}}
		}
	}
	pod := lone("done", done(0, corev1.PodSucceeded))
	got, _ := heard(t, nil, pod, about(pod, "Unhealthy", failedText, 50*time.Minute, 5*time.Minute, 7))
	wants(t, "done", got)
	pod = lone("ended", done(0, corev1.PodSucceeded))
	got, _ = heard(t, nil, pod, about(pod, "Killing", killedText, 4*time.Minute, 4*time.Minute, 1))
	wants(t, "ended by its probe, with code 0", got, "warning proven probes/liveness-kill ended/app")
}

// TestStaticPods: their events bear the UID that the kubelet gave them.
func TestStaticPods(t *testing.T) {
	pod := lone("kube-apiserver-node-1", restarted(137, 4*time.Minute), func(p *corev1.Pod) {
		p.Annotations = map[string]string{corev1.MirrorPodAnnotationKey: "hash"}
		p.OwnerReferences = []metav1.OwnerReference{{APIVersion: "v1", Kind: "Node", Name: "node-1", Controller: new(true)}}
	})
	e := about(pod, "Killing", killedText, 4*time.Minute, 4*time.Minute, 1)
	e.InvolvedObject.UID = "hash"
	got, _ := heard(t, nil, pod, e)
	wants(t, "static", got, "warning proven probes/liveness-kill kube-apiserver-node-1/app")
	for _, f := range analysis.Run(clusterOf(t, nil, pod, e), []*analysis.Check{LivenessKill}, nil)[0].Findings {
		for _, fix := range f.Fix {
			if strings.Contains(fix.Command, " patch ") {
				t.Errorf("no patch changes a static pod: %s", fix.Command)
			}
		}
	}
}

// TestRestartPolicies: with Never nothing is restarted, and the text says so by leaving it out; a container may have a policy of its own.
func TestRestartPolicies(t *testing.T) {
	pod := lone("never", func(p *corev1.Pod) {
		p.Spec.RestartPolicy, p.Status.Phase = corev1.RestartPolicyNever, corev1.PodFailed
		p.Status.Conditions[0] = corev1.PodCondition{Type: corev1.PodReady, Status: corev1.ConditionFalse, LastTransitionTime: before(4 * time.Minute), Reason: "PodFailed"}
		p.Status.ContainerStatuses[0] = corev1.ContainerStatus{Name: "app", State: corev1.ContainerState{Terminated: &corev1.ContainerStateTerminated{ExitCode: 137, Reason: "Error", StartedAt: before(2 * time.Hour), FinishedAt: before(4 * time.Minute)}}}
	})
	got, _ := heard(t, nil, pod, about(pod, "Killing", "Container app failed liveness probe", 4*time.Minute+30*time.Second, 4*time.Minute+30*time.Second, 1))
	wants(t, "Never", got, "warning proven probes/liveness-kill never/app", "info strong probes/ignores-sigterm")

	pod = lone("all", restarted(137, 4*time.Minute), func(p *corev1.Pod) {
		c := &p.Spec.Containers[0]
		c.RestartPolicy = new(corev1.ContainerRestartPolicyNever)
		c.RestartPolicyRules = []corev1.ContainerRestartRule{{Action: "RestartAllContainers", ExitCodes: &corev1.ContainerRestartRuleOnExitCodes{Operator: "In", Values: []int32{3}}}}
		p.Status.ContainerStatuses[0].LastTerminationState.Terminated.Reason = "RestartingAllContainers"
	})
	got, gaps := heard(t, nil, pod, about(pod, "Unhealthy", failedText, 5*time.Minute, 4*time.Minute+time.Second, 3))
	wants(t, "a rule restarted all containers, not the probe", got)
	wants(t, "a rule restarted all containers, not the probe", gaps)

	pod = lone("always", func(p *corev1.Pod) {
		c := &p.Spec.Containers[0]
		c.RestartPolicy = new(corev1.ContainerRestartPolicyAlways)
		c.ReadinessProbe.HTTPGet.Port = intstr.FromString("web")
	})
	for _, f := range analysis.Run(clusterOf(t, nil, pod), []*analysis.Check{NeverReadyPort}, nil)[0].Findings {
		if got := f.Evidence[0].Source; got != "spec.containers[app].readinessProbe" {
			t.Errorf("a container proper with restartPolicy Always is no sidecar: %s", got)
		}
	}
}

// TestAPIsAbsent: what a cluster does not serve is no failure, and nothing is claimed on it.
func TestAPIsAbsent(t *testing.T) {
	pod := lone("ill", func(p *corev1.Pod) {
		p.Status.Conditions[0].Status, p.Status.ContainerStatuses[0].Ready = corev1.ConditionFalse, false
	})
	absent := unread{snapshot.PodDisruptionBudgets: snapshot.NotServed, snapshot.Autoscalers: snapshot.NotServed, snapshot.PodMetrics: snapshot.NotServed, snapshot.EndpointSlices: snapshot.NotServed}
	got, gaps := heard(t, absent, pod, about(pod, "Killing", killedText, 4*time.Minute, 4*time.Minute, 1))
	wants(t, "absent", got, "probes/liveness-kill ill/app")
	wants(t, "absent", gaps)

	var fleet []snapshot.Object
	for i := range 4 {
		pod := lone(fmt.Sprintf("web-%d", i), restarted(137, 4*time.Minute), func(p *corev1.Pod) {
			p.OwnerReferences, p.Spec.NodeName = controlledBy("StatefulSet", "web"), fmt.Sprintf("node-%d", i)
			p.Spec.Containers[0].LivenessProbe.PeriodSeconds = 1
		})
		fleet = append(fleet, pod, about(pod, "Killing", killedText, 4*time.Minute, 4*time.Minute, 1))
	}
	got, _ = heard(t, absent, fleet...)
	wants(t, "a cascade without an autoscaler", got, "critical strong probes/cascade web/app: cascade ACTIVE: the liveness probe killed 4 of 4 replicas")
}

// TestManifestsHaveNothingToLookAt: of what no server has there is nothing to describe, and no pod that a change would replace.
func TestManifestsHaveNothingToLookAt(t *testing.T) {
	for _, uid := range []types.UID{"", "d"} {
		c := lone("x").Spec.Containers[0]
		c.LivenessProbe.PeriodSeconds, c.LivenessProbe.TimeoutSeconds = 10, 20
		d := &appsv1.Deployment{ObjectMeta: metav1.ObjectMeta{Name: "web", Namespace: "shop", UID: uid}}
		d.Spec.Template.Spec.Containers = []corev1.Container{c}
		r := analysis.Assemble(clusterOf(t, nil, d), analysis.Run(clusterOf(t, nil, d), []*analysis.Check{TimeoutExceedsPeriod}, nil), finding.Metadata{})
		if len(r.Findings) != 1 {
			t.Fatalf("%q: %+v", uid, r.Findings)
		}
		fix := fmt.Sprint(r.Findings[0].Fix)
		if stored := uid != ""; strings.Contains(fix, "describe") != stored || strings.Contains(fix, "rolls the workload over") != stored || !strings.Contains(fix, "patch") {
			t.Errorf("%q: %s", uid, fix)
		}
	}
}
