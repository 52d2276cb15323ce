package probes

import (
	"fmt"
	"slices"
	"testing"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	autoscalingv2 "k8s.io/api/autoscaling/v2"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/kubectl-scars/kubectl-scars/pkg/analysis"
	"github.com/kubectl-scars/kubectl-scars/pkg/cascade"
	"github.com/kubectl-scars/kubectl-scars/pkg/finding"
	"github.com/kubectl-scars/kubectl-scars/pkg/snapshot"
)

// TestCascadeIsToldOnce: where the cascade is told, the kills that it is made of are not told again; where it is only a risk, what happened
// and is worse stays beside it.
func TestCascadeIsToldOnce(t *testing.T) {
	for _, tc := range []struct {
		killed int
		kills  int32
		want   []string
	}{
		{1, 1, []string{"probes/liveness-kill"}},
		{2, 3, []string{"probes/cascade", "probes/liveness-kill"}},
		{4, 1, []string{"probes/cascade"}},
	} {
		var objects []snapshot.Object
		add := func(o snapshot.Object) { objects = append(objects, o) }
		for i := range 6 {
			suffix := fmt.Sprintf("aaaa%d", i)
			st := corev1.ContainerStatus{State: corev1.ContainerState{Running: &corev1.ContainerStateRunning{StartedAt: before(3 * time.Minute)}}}
			if i < tc.killed {
				st.RestartCount = tc.kills
				st.LastTerminationState.Terminated = &corev1.ContainerStateTerminated{ExitCode: 137, Reason: "Error", StartedAt: before(time.Hour), FinishedAt: before(4 * time.Minute)}
				add(said(suffix, "Killing", "Container app failed liveness probe, will be restarted", 4*time.Minute+5*time.Second, 4*time.Minute+5*time.Second, tc.kills))
				add(said(suffix, "Unhealthy", "Liveness probe failed: HTTP probe failed with statuscode: 503", 5*time.Minute, 4*time.Minute, 3*tc.kills))
			}
			pod := replica(suffix, corev1.ConditionTrue, 165*time.Second, st)
			pod.Spec.NodeName = fmt.Sprintf("node-%d", i%3)
			add(pod)
		}
		if got := checksThatTell(t, objects); !slices.Equal(got, tc.want) {
			t.Errorf("%d of 6 killed %d times: told by %v, want %v", tc.killed, tc.kills, got, tc.want)
		}
	}
}

// TestStartsAreToldBesideACascade: that a start takes longer than the probe waits is another trouble than what killed the first life, and is
// not left out for it.
func TestStartsAreToldBesideACascade(t *testing.T) {
	var objects []snapshot.Object
	add := func(o snapshot.Object) { objects = append(objects, o) }
	for i := range 6 {
		suffix := fmt.Sprintf("aaaa%d", i)
		st := corev1.ContainerStatus{State: corev1.ContainerState{Running: &corev1.ContainerStateRunning{StartedAt: before(3 * time.Minute)}}}
		if i < 3 {
			st.RestartCount = 2
			st.LastTerminationState.Terminated = &corev1.ContainerStateTerminated{ExitCode: 143, Reason: "Error", StartedAt: before(4*time.Minute + 15*time.Second), FinishedAt: before(4 * time.Minute)}
			add(said(suffix, "Killing", "Container app failed liveness probe, will be restarted", 5*time.Minute, 4*time.Minute+time.Second, 2))
			add(said(suffix, "Unhealthy", "Liveness probe failed: HTTP probe failed with statuscode: 503", 6*time.Minute, 4*time.Minute+time.Second, 6))
		}
		pod := replica(suffix, corev1.ConditionTrue, 165*time.Second, st)
		pod.Spec.NodeName = fmt.Sprintf("node-%d", i%3)
		pod.Status.Conditions = append(pod.Status.Conditions, corev1.PodCondition{Type: corev1.ContainersReady, Status: corev1.ConditionTrue, LastTransitionTime: before(165 * time.Second)})
		add(pod)
	}
	if got := checksThatTell(t, objects); !slices.Equal(got, []string{Cascade.ID, KilledWhileStarting.ID}) {
		t.Errorf("told by %v", got)
	}
}

// TestNearMissesAreToldByTheCascade: of replicas that failed beside those that were killed, the cascade tells as well.
func TestNearMissesAreToldByTheCascade(t *testing.T) {
	var objects []snapshot.Object
	for i := range 40 {
		suffix := fmt.Sprintf("aaa%02d", i)
		st := corev1.ContainerStatus{State: corev1.ContainerState{Running: &corev1.ContainerStateRunning{StartedAt: before(2 * time.Hour)}}}
		if i < 30 {
			st.RestartCount = 1
			st.State.Running.StartedAt = before(3 * time.Minute)
			st.LastTerminationState.Terminated = &corev1.ContainerStateTerminated{ExitCode: 137, Reason: "Error", StartedAt: before(time.Hour), FinishedAt: before(4 * time.Minute)}
			objects = append(objects, said(suffix, "Killing", "Container app failed liveness probe, will be restarted", 4*time.Minute+5*time.Second, 4*time.Minute+5*time.Second, 1))
		}
		objects = append(objects, said(suffix, "Unhealthy", "Liveness probe failed: HTTP probe failed with statuscode: 503", 5*time.Minute, 4*time.Minute+5*time.Second, 2))
		pod := replica(suffix, corev1.ConditionTrue, 2*time.Minute, st)
		pod.Spec.NodeName = fmt.Sprintf("node-%d", i%3)
		objects = append(objects, pod)
	}
	if got := checksThatTell(t, objects); !slices.Equal(got, []string{Cascade.ID}) {
		t.Errorf("told by %v", got)
	}
}

// checksThatTell lists the checks that tell of what probes did to the replicas of api.
func checksThatTell(t *testing.T, objects []snapshot.Object) []string {
	t.Helper()
	b := snapshot.NewBuilder()
	for _, info := range snapshot.Kinds() {
		b.Seal(info.Kind, "", snapshot.State{Status: snapshot.OK})
	}
	set := &appsv1.ReplicaSet{ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: "api-6c5d4b8f7", OwnerReferences: controlledBy("Deployment", "api")}}
	for _, o := range append(objects, set) {
		if err := b.Add(o); err != nil {
			t.Fatal(err)
		}
	}
	s := b.Build(timelineNow)
	var out []string
	for _, f := range analysis.Assemble(s, analysis.Run(s, Checks(), nil), finding.Metadata{}).Findings {
		if f.Check == Cascade.ID || f.Check == LivenessKill.ID || f.Check == StartupKill.ID || f.Check == LivenessNearMiss.ID || f.Check == KilledWhileStarting.ID || f.Check == WrongScheme.ID {
			out = append(out, f.Check)
		}
	}
	slices.Sort(out)
	return out
}

func scaledTo(most, now int32) *autoscalingv2.HorizontalPodAutoscaler {
	return &autoscalingv2.HorizontalPodAutoscaler{
		ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: "api"}, Spec: autoscalingv2.HorizontalPodAutoscalerSpec{MaxReplicas: most},
		Status: autoscalingv2.HorizontalPodAutoscalerStatus{CurrentReplicas: now},
	}
}

// TestUseByAutoscaler: what the autoscaler was told is set against the limits of what it was told of.
func TestUseByAutoscaler(t *testing.T) {
	container := func(name, limit string) corev1.Container {
		c := corev1.Container{Name: name}
		if limit != "" {
			c.Resources.Limits = corev1.ResourceList{corev1.ResourceCPU: resource.MustParse(limit)}
		}
		return c
	}
	value := autoscalingv2.MetricValueStatus{AverageValue: new(resource.MustParse("600m"))}
	whole := autoscalingv2.MetricStatus{Resource: &autoscalingv2.ResourceMetricStatus{Name: corev1.ResourceCPU, Current: value}}
	memory := autoscalingv2.MetricStatus{Resource: &autoscalingv2.ResourceMetricStatus{Name: corev1.ResourceMemory, Current: value}}
	one := autoscalingv2.MetricStatus{ContainerResource: &autoscalingv2.ContainerResourceMetricStatus{Name: corev1.ResourceCPU, Container: "app", Current: value}}
	other := autoscalingv2.MetricStatus{ContainerResource: &autoscalingv2.ContainerResourceMetricStatus{Name: corev1.ResourceCPU, Container: "log", Current: value}}
	for name, tc := range map[string]struct {
		containers []corev1.Container
		metrics    []autoscalingv2.MetricStatus
		want       float64
	}{
		"the pod, of one container":       {[]corev1.Container{container("app", "1")}, []autoscalingv2.MetricStatus{memory, whole}, 0.6},
		"the pod, of two":                 {[]corev1.Container{container("app", "1"), container("log", "1")}, []autoscalingv2.MetricStatus{whole}, 0.3},
		"the pod, one without a limit":    {[]corev1.Container{container("app", "1"), container("log", "")}, []autoscalingv2.MetricStatus{whole}, 0},
		"the container":                   {[]corev1.Container{container("app", "2"), container("log", "")}, []autoscalingv2.MetricStatus{one}, 0.3},
		"another container":               {[]corev1.Container{container("app", "2"), container("log", "1")}, []autoscalingv2.MetricStatus{other}, 0},
		"no limit":                        {[]corev1.Container{container("app", "")}, []autoscalingv2.MetricStatus{one, whole}, 0},
		"memory":                          {[]corev1.Container{container("app", "1")}, []autoscalingv2.MetricStatus{memory}, 0},
		"nothing was told (no metrics)":   {[]corev1.Container{container("app", "1")}, []autoscalingv2.MetricStatus{{}}, 0},
		"no value, as of a metric unread": {[]corev1.Container{container("app", "1")}, []autoscalingv2.MetricStatus{{Resource: &autoscalingv2.ResourceMetricStatus{Name: corev1.ResourceCPU}}}, 0},
	} {
		h := scaledTo(4, 4)
		h.Status.CurrentMetrics = tc.metrics
		if got := cpuUse(h, &corev1.PodSpec{Containers: tc.containers}, "app"); got != tc.want {
			t.Errorf("%s: %v, want %v", name, got, tc.want)
		}
	}
}

// TestCascadeScales: more replicas are advised only where they help, and in numbers only where it is known how many there should be.
func TestCascadeScales(t *testing.T) {
	for name, tc := range map[string]struct {
		kind      string
		partition cascade.Partition
		surge     bool
		scaler    *autoscalingv2.HorizontalPodAutoscaler
		want      string
	}{
		"load on a Deployment": {"Deployment", cascade.Shared, false, nil, "kubectl -n shop scale deployment/api --replicas=8"},
		"during a rollout":     {"Deployment", cascade.Shared, true, nil, ""},
		"a quorum":             {"StatefulSet", cascade.Shared, false, nil, ""},
		"a dependency":         {"Deployment", cascade.Dependency, false, nil, ""},
		"an autoscaler":        {"Deployment", cascade.Shared, false, scaledTo(10, 4), `kubectl -n shop patch horizontalpodautoscaler/api -p '{"spec":{"minReplicas":8}}'`},
		"near its maximum":     {"StatefulSet", cascade.Shared, true, scaledTo(5, 4), `kubectl -n shop patch horizontalpodautoscaler/api -p '{"spec":{"minReplicas":5}}'`},
		"at its maximum":       {"Deployment", cascade.Shared, false, scaledTo(4, 4), `kubectl -n shop patch horizontalpodautoscaler/api -p '{"spec":{"minReplicas":8,"maxReplicas":8}}'`},
	} {
		f := &falling{
			scaler:    tc.scaler,
			workload:  snapshot.Ref{Kind: tc.kind, Namespace: "shop", Name: "api"},
			container: &corev1.Container{Name: "app", LivenessProbe: &corev1.Probe{}},
			facts:     cascade.Facts{Replicas: []cascade.Replica{{Newest: true}, {Newest: true}, {Newest: true}, {Newest: !tc.surge}}},
		}
		if got := f.fixes(cascade.Assessment{Replicas: 4, Partition: tc.partition})[0].Command; got != tc.want {
			t.Errorf("%s: %q, want %q", name, got, tc.want)
		}
	}
}

// TestADependencyIsToldOnce: where liveness and readiness ask for one dependency, one finding speaks of it, with one patch: of what failed, or
// of what would.
func TestADependencyIsToldOnce(t *testing.T) {
	for name, tc := range map[string]struct {
		path    string
		text    string
		failing int
		want    string
	}{
		"nothing failed":         {"/health/db", "", 0, "info consistent probes/liveness-checks-dependency pay/app"},
		"half of them fail":      {"/health/db", "HTTP probe failed with statuscode: 503", 2, "warning strong probes/cascade pay/app: cascade PRIMED"},
		"two of five fail":       {"/health/db", "HTTP probe failed with statuscode: 503", -2, "warning strong probes/liveness-checks-dependency pay/app"},
		"half of them are slow":  {"/healthz", `Get "http://10.1.0.7:8080/healthz": context deadline exceeded (Client.Timeout exceeded while awaiting headers)`, 2, "warning strong probes/cascade pay/app: cascade PRIMED"},
		"nothing asks for a one": {"/healthz", "", 0, "info proven probes/liveness-not-later-than-readiness pay/app"},
	} {
		objects := []snapshot.Object{&corev1.Service{ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: "pay"}, Spec: corev1.ServiceSpec{Selector: map[string]string{"app": "pay"}}}}
		of, failing := 4, tc.failing
		if failing < 0 {
			of, failing = 5, -failing
		}
		for i := range of {
			pod := lone(fmt.Sprintf("pay-%d", i), func(p *corev1.Pod) {
				p.OwnerReferences, p.Spec.NodeName, p.Labels = controlledBy("StatefulSet", "pay"), fmt.Sprintf("node-%d", i), map[string]string{"app": "pay"}
				p.Spec.Containers[0].LivenessProbe.HTTPGet.Path, p.Spec.Containers[0].ReadinessProbe.HTTPGet.Path = tc.path, tc.path
			})
			objects = append(objects, pod)
			if i < failing {
				objects = append(objects, about(pod, "Unhealthy", "Liveness probe failed: "+tc.text, 4*time.Minute, 3*time.Minute, 2), about(pod, "Unhealthy", "Readiness probe failed: "+tc.text, 4*time.Minute, 3*time.Minute, 2))
			}
		}
		got, _ := heard(t, nil, objects...)
		wants(t, name, got, tc.want)
	}
}

// TestGRPCThatIsTooBusyToConnect: after a long life a gRPC server to which no connection is made in time may be overloaded; at its start it is
// one that does not listen yet.
func TestGRPCThatIsTooBusyToConnect(t *testing.T) {
	for life, want := range map[time.Duration][]string{
		3 * time.Hour:    {"probes/cascade"},
		22 * time.Second: {"probes/killed-while-starting"},
	} {
		var objects []snapshot.Object
		for i := range 4 {
			suffix := fmt.Sprintf("aaaa%d", i)
			pod := replica(suffix, corev1.ConditionTrue, 160*time.Second, corev1.ContainerStatus{
				RestartCount: 1, State: corev1.ContainerState{Running: &corev1.ContainerStateRunning{StartedAt: before(3 * time.Minute)}},
				LastTerminationState: corev1.ContainerState{Terminated: &corev1.ContainerStateTerminated{
					ExitCode: 143, Reason: "Error", StartedAt: before(4*time.Minute + life), FinishedAt: before(4 * time.Minute),
				}},
			})
			pod.Spec.NodeName = fmt.Sprintf("node-%d", i%3)
			pod.Spec.Containers[0].LivenessProbe = &corev1.Probe{ProbeHandler: corev1.ProbeHandler{GRPC: &corev1.GRPCAction{Port: 5000}}, PeriodSeconds: 10, FailureThreshold: 3, TimeoutSeconds: 1}
			pod.Spec.Containers[0].ReadinessProbe = pod.Spec.Containers[0].LivenessProbe.DeepCopy()
			pod.Status.Conditions = append(pod.Status.Conditions, corev1.PodCondition{Type: corev1.ContainersReady, Status: corev1.ConditionTrue, LastTransitionTime: before(160 * time.Second)})
			objects = append(objects, pod,
				said(suffix, "Killing", "Container app failed liveness probe, will be restarted", 4*time.Minute, 4*time.Minute, 1),
				said(suffix, "Unhealthy", `Liveness probe failed: timeout: failed to connect service "10.0.0.1:5000" within 1s: context deadline exceeded`, 4*time.Minute+20*time.Second, 4*time.Minute, 3))
		}
		if got := checksThatTell(t, objects); !slices.Equal(got, want) {
			t.Errorf("after a life of %s: told by %v, want %v", life, got, want)
		}
	}
}
