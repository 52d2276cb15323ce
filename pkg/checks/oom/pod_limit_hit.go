package oom

// This file finds containers that the kernel killed at the memory limit of their pod.

import (
	"fmt"

	corev1 "k8s.io/api/core/v1"

	"github.com/kubectl-scars/kubectl-scars/pkg/analysis"
	"github.com/kubectl-scars/kubectl-scars/pkg/checks/deaths"
	"github.com/kubectl-scars/kubectl-scars/pkg/restart"
)

// PodLimitHit is oom/pod-limit-hit.
var PodLimitHit = &analysis.Check{
	ID: "oom/pod-limit-hit",
	Doc: analysis.Doc{
		Title:    "A container was killed at the memory limit of its pod",
		Symptom:  "A container is OOMKilled with exit code 137 although it has no limit of its own, or uses less than that: its pod has one, which all its containers share.",
		Evidence: "OOMKilled in the container's status, and the limit that is written on the pod (spec.resources; in force before asked for): strong where the container has no limit of its own, or a higher one. A limit of the container's own below the pod's is oom/limit-hit, consistent where its neighbours could have exhausted the pod's.",
		Why:      "The kernel picks its victim among all containers of the pod: the one that grew need not be the one that dies, and files in memory volumes count as well.",
		Fix:      "See which container of the pod grows; raise the pod's limit above what they need together, or give the one that grows a limit of its own.",
		Limits:   "How much each container used at that moment no status says. Silent a week after the last kill.",
		Sources:  []string{"KEP-2837", "kubernetes v1.37.2 pkg/kubelet/kuberuntime/kuberuntime_container_linux.go (getMemoryLimit)"},
	},
	Inputs: deaths.Inputs(numberInputs()...),
	Asks:   askKubelets,
	Run:    func(p *analysis.Pass) error { return hits(p, restart.PodLimit) },
}

// sharedBy says with how many containers a container shares its pod's limit.
func sharedBy(c deaths.Case) string {
	if c.Latest == nil {
		return ""
	}
	n := len(c.Latest.Spec.Containers)
	for _, s := range c.Latest.Spec.InitContainers {
		if r := s.RestartPolicy; r != nil && *r == corev1.ContainerRestartPolicyAlways {
			n++ // a sidecar runs beside them
		}
	}
	if n < 2 {
		return ""
	}
	return fmt.Sprintf(" (shared by %d containers)", n)
}
