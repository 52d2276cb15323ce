package clustertest

// This file makes pods as they are on a cluster: two containers with probes and environment, a token volume, a full status.

import (
	"fmt"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	"k8s.io/apimachinery/pkg/util/intstr"
)

func template(labels map[string]string) corev1.PodTemplateSpec {
	t := corev1.PodTemplateSpec{Spec: corev1.PodSpec{Containers: containers(), RestartPolicy: corev1.RestartPolicyAlways}}
	t.Labels = labels
	return t
}

func containers() []corev1.Container {
	probe := func(path string, period int32) *corev1.Probe {
		return &corev1.Probe{PeriodSeconds: period, TimeoutSeconds: 1, FailureThreshold: 3, SuccessThreshold: 1,
			ProbeHandler: corev1.ProbeHandler{HTTPGet: &corev1.HTTPGetAction{Path: path, Port: intstr.FromString("http"), Scheme: "HTTP"}}}
	}
	var out []corev1.Container
	for _, name := range []string{"app", "sidecar"} {
		c := corev1.Container{Name: name, Image: "registry.example/" + name + ":1.4.2", Resources: resources(),
			Ports: []corev1.ContainerPort{{Name: "http", ContainerPort: 8080, Protocol: corev1.ProtocolTCP}}, ImagePullPolicy: corev1.PullIfNotPresent,
			LivenessProbe: probe("/healthz", 20), ReadinessProbe: probe("/ready", 10),
			VolumeMounts: []corev1.VolumeMount{{Name: "kube-api-access", MountPath: "/var/run/secrets/kubernetes.io/serviceaccount", ReadOnly: true}}}
		for i := range 12 {
			c.Env = append(c.Env, corev1.EnvVar{Name: fmt.Sprintf("SETTING_%d", i), Value: fmt.Sprintf("http://service-%d.team.svc.cluster.local:8080/path", i)})
		}
		out = append(out, c)
	}
	return out
}

func resources() corev1.ResourceRequirements {
	return corev1.ResourceRequirements{
		Limits:   corev1.ResourceList{corev1.ResourceMemory: resource.MustParse("512Mi")},
		Requests: corev1.ResourceList{corev1.ResourceCPU: resource.MustParse("250m"), corev1.ResourceMemory: resource.MustParse("256Mi")},
	}
}

// pod is the n-th pod of the i-th Deployment.
func pod(rs *appsv1.ReplicaSet, labels map[string]string, hash string, i, n int) *corev1.Pod {
	number := i*replicas + n
	p := &corev1.Pod{ObjectMeta: meta(rs.Namespace, fmt.Sprintf("%s-%05d", rs.Name, n), number)}
	p.GenerateName, p.OwnerReferences, p.Labels = rs.Name+"-", controller("apps/v1", "ReplicaSet", rs), map[string]string{"pod-template-hash": hash}
	for k, v := range labels {
		p.Labels[k] = v
	}
	p.Annotations = map[string]string{"prometheus.io/scrape": "true", "prometheus.io/port": "8080"}
	p.Spec = corev1.PodSpec{NodeName: nodeName(number % (number/perNode + 1)), Containers: containers(), RestartPolicy: corev1.RestartPolicyAlways,
		ServiceAccountName: "default", SchedulerName: "default-scheduler", DNSPolicy: corev1.DNSClusterFirst, TerminationGracePeriodSeconds: ptr(int64(30)),
		Tolerations: []corev1.Toleration{{Key: "node.kubernetes.io/not-ready", Operator: corev1.TolerationOpExists, Effect: corev1.TaintEffectNoExecute, TolerationSeconds: ptr(int64(300))}},
		Volumes: []corev1.Volume{
			{Name: fmt.Sprintf("kube-api-access-%05d", number), VolumeSource: corev1.VolumeSource{Projected: &corev1.ProjectedVolumeSource{
				Sources: []corev1.VolumeProjection{{ServiceAccountToken: &corev1.ServiceAccountTokenProjection{Path: "token"}}}}}},
			{Name: "data", VolumeSource: corev1.VolumeSource{PersistentVolumeClaim: &corev1.PersistentVolumeClaimVolumeSource{ClaimName: labels["app.kubernetes.io/name"]}}},
		}}
	ip := fmt.Sprintf("10.%d.%d.%d", number>>16&255, number>>8&255, number&255)
	p.Status = corev1.PodStatus{Phase: corev1.PodRunning, HostIP: "192.0.2.1", PodIP: ip, PodIPs: []corev1.PodIP{{IP: ip}}, QOSClass: corev1.PodQOSBurstable, StartTime: ptr(ago(24 * time.Hour))}
	for _, t := range []corev1.PodConditionType{"PodReadyToStartContainers", "Initialized", "Ready", "ContainersReady", "PodScheduled"} {
		p.Status.Conditions = append(p.Status.Conditions, corev1.PodCondition{Type: t, Status: corev1.ConditionTrue, LastTransitionTime: ago(23 * time.Hour)})
	}
	for _, c := range p.Spec.Containers {
		st := corev1.ContainerStatus{Name: c.Name, Image: c.Image, ImageID: "registry.example/app@sha256:7d8f4d8f1e9c", ContainerID: fmt.Sprintf("containerd://%064d", number),
			Ready: true, Started: ptr(true), State: corev1.ContainerState{Running: &corev1.ContainerStateRunning{StartedAt: ago(23 * time.Hour)}},
			Resources: ptr(resources()), AllocatedResources: resources().Requests}
		if i%sickEvery == sickEvery-1 && c.Name == "app" {
			st.RestartCount = 4
			st.LastTerminationState.Terminated = &corev1.ContainerStateTerminated{ExitCode: 137, Reason: "OOMKilled", StartedAt: ago(time.Hour), FinishedAt: ago(30 * time.Minute)}
			st.State.Running.StartedAt = ago(29 * time.Minute)
		}
		p.Status.ContainerStatuses = append(p.Status.ContainerStatuses, st)
	}
	return p
}
