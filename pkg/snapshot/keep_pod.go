package snapshot

// The keep table for pods, pod templates and their containers: what of them survives.

import (
	"slices"
	"strings"
	"unicode"

	corev1 "k8s.io/api/core/v1"
)

func trimPod(p *corev1.Pod) {
	trimMeta(&p.ObjectMeta)
	trimPodSpec(&p.Spec)
	st := p.Status
	p.Status = corev1.PodStatus{
		Phase: st.Phase, Conditions: st.Conditions, Message: redact(st.Message), Reason: st.Reason,
		NominatedNodeName: st.NominatedNodeName, HostIP: st.HostIP, PodIP: st.PodIP, PodIPs: st.PodIPs, StartTime: st.StartTime,
		InitContainerStatuses: st.InitContainerStatuses, ContainerStatuses: st.ContainerStatuses,
		EphemeralContainerStatuses: st.EphemeralContainerStatuses, QOSClass: st.QOSClass, Resize: st.Resize, Resources: st.Resources,
	}
	sidecars := slices.ContainsFunc(p.Spec.InitContainers, func(c corev1.Container) bool {
		return c.RestartPolicy != nil && *c.RestartPolicy == corev1.ContainerRestartPolicyAlways
	})
	p.Status.Conditions = slices.DeleteFunc(p.Status.Conditions, func(c corev1.PodCondition) bool { return passed(c, sidecars) })
	for i := range p.Status.Conditions {
		p.Status.Conditions[i].LastProbeTime.Reset()
		p.Status.Conditions[i].Message = redact(p.Status.Conditions[i].Message)
	}
	for _, list := range [][]corev1.ContainerStatus{
		p.Status.InitContainerStatuses, p.Status.ContainerStatuses, p.Status.EphemeralContainerStatuses,
	} {
		for i := range list {
			trimContainerStatus(&list[i])
		}
	}
}

// passed tells of a condition that it only says that a step on the way to running was taken, which whatever came after says too. When a pod
// with sidecars was initialized, tells how long the last of these took to start.
func passed(c corev1.PodCondition, sidecars bool) bool {
	return (c.Type == corev1.PodScheduled || c.Type == corev1.PodInitialized && !sidecars) && c.Status == corev1.ConditionTrue
}

func trimContainerStatus(c *corev1.ContainerStatus) {
	*c = corev1.ContainerStatus{
		Name: c.Name, State: c.State, LastTerminationState: c.LastTerminationState, Ready: c.Ready, RestartCount: c.RestartCount,
		Started: c.Started, Resources: c.Resources, AllocatedResources: c.AllocatedResources,
	}
	for _, st := range []*corev1.ContainerState{&c.State, &c.LastTerminationState} {
		if st.Waiting != nil {
			st.Waiting.Message = redact(st.Waiting.Message)
		}
		if st.Terminated != nil {
			keepTerminated(st.Terminated)
		}
	}
}

func trimTemplate(t *corev1.PodTemplateSpec) {
	trimMeta(&t.ObjectMeta)
	trimPodSpec(&t.Spec)
}

func trimPodSpec(s *corev1.PodSpec) {
	restoreProbes(s)
	old := *s
	*s = corev1.PodSpec{
		NodeName: old.NodeName, HostNetwork: old.HostNetwork, RestartPolicy: old.RestartPolicy, DNSPolicy: old.DNSPolicy,
		TerminationGracePeriodSeconds: old.TerminationGracePeriodSeconds, ActiveDeadlineSeconds: old.ActiveDeadlineSeconds,
		NodeSelector: old.NodeSelector, Priority: old.Priority, PriorityClassName: old.PriorityClassName,
		ReadinessGates: old.ReadinessGates, Resources: old.Resources, SchedulerName: old.SchedulerName,
		ServiceAccountName: old.ServiceAccountName, RuntimeClassName: old.RuntimeClassName, Overhead: old.Overhead,
		Containers: trimContainers(old.Containers, old.Volumes, false), InitContainers: trimContainers(old.InitContainers, old.Volumes, true),
		Volumes: trimVolumes(old.Volumes),
	}
}

// trimContainers keeps the restartPolicy of init containers alone: there it makes a sidecar, elsewhere (KEP-5307) it only says what the kubelet
// does anyway.
func trimContainers(list []corev1.Container, volumes []corev1.Volume, init bool) []corev1.Container {
	for i, c := range list {
		if !init {
			c.RestartPolicy = nil
		}
		list[i] = corev1.Container{
			Name: c.Name, Image: c.Image, Ports: c.Ports, Resources: c.Resources, ResizePolicy: c.ResizePolicy,
			Env: runtimeVariables(c.Env), Args: runtimeArguments(c.Command, c.Args),
			RestartPolicy: c.RestartPolicy, VolumeMounts: memoryMounts(c.VolumeMounts, volumes), Lifecycle: trimLifecycle(c.Lifecycle),
			LivenessProbe: trimProbe(c.LivenessProbe), ReadinessProbe: trimProbe(c.ReadinessProbe), StartupProbe: trimProbe(c.StartupProbe),
		}
	}
	return list
}

// memoryMounts keeps the mounts of volumes whose files lie in memory: they count as memory of the container that writes them.
func memoryMounts(mounts []corev1.VolumeMount, volumes []corev1.Volume) []corev1.VolumeMount {
	var kept []corev1.VolumeMount
	for _, v := range volumes {
		if v.EmptyDir == nil || v.EmptyDir.Medium != corev1.StorageMediumMemory {
			continue
		}
		for _, m := range mounts {
			if m.Name == v.Name {
				kept = append(kept, corev1.VolumeMount{Name: m.Name, MountPath: redact(m.MountPath), ReadOnly: m.ReadOnly})
			}
		}
	}
	return kept
}

func trimProbe(p *corev1.Probe) *corev1.Probe {
	if p != nil {
		trimExec(p.Exec)
		trimHTTP(p.HTTPGet)
	}
	return p
}

func trimLifecycle(l *corev1.Lifecycle) *corev1.Lifecycle {
	if l == nil {
		return nil
	}
	for _, h := range []*corev1.LifecycleHandler{l.PostStart, l.PreStop} {
		if h != nil {
			trimExec(h.Exec)
			trimHTTP(h.HTTPGet)
		}
	}
	return l
}

// trimExec keeps the program and drops its arguments, which may hold secrets, also where they were written into one word with it.
func trimExec(e *corev1.ExecAction) {
	if e == nil || len(e.Command) == 0 {
		return
	}
	program, arguments := e.Command[0], len(e.Command) > 1
	if i := strings.IndexFunc(program, unicode.IsSpace); i >= 0 {
		program, arguments = program[:i], true
	}
	e.Command = []string{redact(program)}
	if arguments {
		e.Command = append(e.Command, cutMark)
	}
}

// trimHTTP drops what may hold secrets: the query of the path and the values of headers.
func trimHTTP(h *corev1.HTTPGetAction) {
	if h == nil {
		return
	}
	h.Path = redact(cutQuery(h.Path))
	for i := range h.HTTPHeaders {
		h.HTTPHeaders[i].Value = ""
	}
}

// trimVolumes keeps the volumes that tie a pod to something that is looked at: claims, Secrets, memory. The projected token volume,
// whose name differs in every pod, goes.
func trimVolumes(list []corev1.Volume) []corev1.Volume {
	var kept []corev1.Volume
	for _, v := range list {
		from := v.VolumeSource
		v.VolumeSource = corev1.VolumeSource{PersistentVolumeClaim: from.PersistentVolumeClaim, EmptyDir: from.EmptyDir}
		if from.Ephemeral != nil {
			v.Ephemeral = from.Ephemeral
			if t := v.Ephemeral.VolumeClaimTemplate; t != nil {
				trimMeta(&t.ObjectMeta)
			}
		}
		if from.Secret != nil {
			v.Secret = &corev1.SecretVolumeSource{SecretName: from.Secret.SecretName, Optional: from.Secret.Optional}
		}
		if v.VolumeSource != (corev1.VolumeSource{}) {
			kept = append(kept, v)
		}
	}
	return kept
}
