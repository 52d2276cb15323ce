package clustertest

// This file makes pods as they are on a cluster: two containers with probes and environment, a token volume, a full status.

import (
	"fmt"
	"maps"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	"k8s.io/apimachinery/pkg/util/intstr"
)

// template is that of an application: its name is its volume's claim and its program's.
func template(labels map[string]string, name string) corev1.PodTemplateSpec {
	t := corev1.PodTemplateSpec{Spec: corev1.PodSpec{Containers: containers(name), Volumes: volumes(name)}}
	t.Labels = labels
	return t
}

func volumes(claim string) []corev1.Volume {
	return []corev1.Volume{{Name: "data", VolumeSource: corev1.VolumeSource{PersistentVolumeClaim: &corev1.PersistentVolumeClaimVolumeSource{ClaimName: claim}}}}
}

// containers are an application's own program, and a proxy as everywhere.
func containers(app string) []corev1.Container {
	probe := func(path, port string, period int32) *corev1.Probe {
		return &corev1.Probe{PeriodSeconds: period, TimeoutSeconds: 1, FailureThreshold: 3, SuccessThreshold: 1,
			ProbeHandler: corev1.ProbeHandler{HTTPGet: &corev1.HTTPGetAction{Path: path, Port: intstr.FromString(port), Scheme: "HTTP"}}}
	}
	var out []corev1.Container
	for n, name := range []string{"app", "proxy"} {
		port := []string{"http", "admin"}[n]
		c := corev1.Container{Name: name, Image: "registry.example/" + []string{app, "proxy"}[n] + ":1.4.2", Resources: resources(),
			Ports:         []corev1.ContainerPort{{Name: port, ContainerPort: int32(8080 + n), Protocol: corev1.ProtocolTCP}},
			LivenessProbe: probe("/healthz", port, 20), ReadinessProbe: probe("/ready", port, 10),
			VolumeMounts: []corev1.VolumeMount{{Name: "data", MountPath: "/data"}}}
		for i := range 12 {
			c.Env = append(c.Env, corev1.EnvVar{Name: fmt.Sprintf("SETTING_%d", i), Value: fmt.Sprintf("http://%s-%d.team.svc.cluster.local:8080/path", app, i)})
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

const tokens = "/var/run/secrets/kubernetes.io/serviceaccount"

// pod is the pod of a number in the cluster.
func (m maker) pod(rs *appsv1.ReplicaSet, labels map[string]string, number int) *corev1.Pod {
	p := &corev1.Pod{ObjectMeta: m.meta(rs.Namespace, fmt.Sprintf("%s-%s", rs.Name, suffix(number)))}
	p.GenerateName, p.OwnerReferences, p.Labels = rs.Name+"-", controller("apps/v1", "ReplicaSet", rs), map[string]string{"pod-template-hash": rs.Name[len(rs.Name)-8:]}
	maps.Copy(p.Labels, labels)
	p.Annotations = map[string]string{"prometheus.io/scrape": "true", "prometheus.io/port": "8080"}
	token := fmt.Sprintf("kube-api-access-%05d", number)
	app := labels["app.kubernetes.io/name"]
	p.Spec = corev1.PodSpec{NodeName: nodeName(number / perNode), Containers: containers(app), Volumes: volumes(app), RestartPolicy: corev1.RestartPolicyAlways,
		ServiceAccountName: "default", SchedulerName: "default-scheduler", DNSPolicy: corev1.DNSClusterFirst, TerminationGracePeriodSeconds: new(int64(30)),
		Tolerations: []corev1.Toleration{{Key: "node.kubernetes.io/not-ready", Operator: corev1.TolerationOpExists, Effect: corev1.TaintEffectNoExecute, TolerationSeconds: new(int64(300))}}}
	p.Spec.Volumes = append(p.Spec.Volumes, corev1.Volume{Name: token, VolumeSource: corev1.VolumeSource{Projected: &corev1.ProjectedVolumeSource{
		Sources: []corev1.VolumeProjection{{ServiceAccountToken: &corev1.ServiceAccountTokenProjection{Path: "token", ExpirationSeconds: new(int64(3607))}}}}}})
	for i := range p.Spec.Containers {
		c := &p.Spec.Containers[i]
		c.VolumeMounts = append(c.VolumeMounts, corev1.VolumeMount{Name: token, MountPath: tokens, ReadOnly: true})
	}
	ip, host := fmt.Sprintf("10.%d.%d.%d", 16+number>>16, number>>8&255, number&255), fmt.Sprintf("192.168.%d.%d", number/perNode>>8, number/perNode&255)
	p.Status = corev1.PodStatus{
		Phase: corev1.PodRunning, HostIP: host, HostIPs: []corev1.HostIP{{IP: host}}, PodIP: ip, PodIPs: []corev1.PodIP{{IP: ip}},
		QOSClass: corev1.PodQOSBurstable, StartTime: new(m.ago(24 * time.Hour)),
	}
	for _, t := range []corev1.PodConditionType{"PodReadyToStartContainers", "Initialized", "Ready", "ContainersReady", "PodScheduled"} {
		p.Status.Conditions = append(p.Status.Conditions, corev1.PodCondition{Type: t, Status: corev1.ConditionTrue, LastTransitionTime: m.ago(23 * time.Hour)})
	}
	for _, c := range p.Spec.Containers {
		p.Status.ContainerStatuses = append(p.Status.ContainerStatuses, corev1.ContainerStatus{
			Name: c.Name, Image: c.Image, ImageID: "registry.example/app@sha256:7d8f4d8f1e9c", ContainerID: fmt.Sprintf("containerd://%064d", number),
			Ready: true, Started: new(true), State: corev1.ContainerState{Running: &corev1.ContainerStateRunning{StartedAt: m.ago(23 * time.Hour)}},
			Resources: new(resources()), AllocatedResources: resources().Requests,
		})
	}
	return p
}

// suffix is five signs that the API server's name generator could have made.
func suffix(n int) string {
	const signs = "bcdfghjklmnpqrstvwxz2456789"
	out := make([]byte, 5)
	for i := range out {
		out[i], n = signs[n%len(signs)], n/len(signs)
	}
	return string(out)
}
