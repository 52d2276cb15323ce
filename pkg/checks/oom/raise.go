package oom

// This file proposes a higher limit, in the form that fits the workload.

import (
	"fmt"
	"strings"

	"k8s.io/apimachinery/pkg/api/resource"

	"github.com/kubectl-scars/kubectl-scars/pkg/checks/deaths"
	"github.com/kubectl-scars/kubectl-scars/pkg/finding"
	"github.com/kubectl-scars/kubectl-scars/pkg/restart"
)

// raise says how to raise the limit that was hit. How much is needed is not known, so it proposes twice the limit as a first step.
func raise(c deaths.Case, l restart.Limit) []finding.Fix {
	if l.Owner == restart.NodeLimit {
		return nil
	}
	more := resource.NewQuantity(l.Bytes.Value()*2, resource.BinarySI)
	text := fmt.Sprintf("The need is above %s, how far is not known: if it is real, try twice as much and watch", l.Bytes.String())
	if fractional(l.Bytes) {
		meant := resource.MustParse(strings.TrimSuffix(l.Bytes.String(), "m") + "Mi")
		more, text = &meant, fmt.Sprintf("Write the unit that was meant: %s", meant.String())
	}
	if l.Owner == restart.PodLimit {
		return []finding.Fix{{Text: text, Patch: fmt.Sprintf("spec:\n  template:\n    spec:\n      resources:\n        limits:\n          memory: %s\n", more)}}
	}
	switch c.Workload.Kind {
	case "Deployment", "StatefulSet", "DaemonSet", "ReplicaSet", "CronJob":
		return []finding.Fix{{Text: text, Command: finding.Kubectl(c.Workload.Namespace,
			"set", "resources", strings.ToLower(c.Workload.Kind)+"/"+c.Workload.Name, "-c", c.Container, "--limits=memory="+more.String())}}
	default: // the template of a Job cannot be changed, nor that of a custom resource be guessed
		return []finding.Fix{{Text: text + "; the limit is written where the " + c.Workload.Kind + " is made"}}
	}
}
