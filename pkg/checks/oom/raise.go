package oom

// This file proposes a higher limit, in the form that fits the workload.

import (
	"fmt"
	"strings"

	"k8s.io/apimachinery/pkg/api/resource"

	"github.com/kubectl-scars/kubectl-scars/pkg/checks/deaths"
	"github.com/kubectl-scars/kubectl-scars/pkg/finding"
	"github.com/kubectl-scars/kubectl-scars/pkg/restart"
	"github.com/kubectl-scars/kubectl-scars/pkg/snapshot"
)

// raise says how to raise the limit that was hit. How much is needed is not known, so it proposes twice the limit as a first step.
func raise(c deaths.Case, l restart.Limit) []finding.Fix {
	if l.Owner == restart.NodeLimit {
		return nil
	}
	more := resource.NewQuantity(l.Bytes.Value()*2, resource.BinarySI)
	return set(c.Workload, c.Container, l.Owner, *more, fmt.Sprintf("The need is above %s, how far is not known: if it is real, try twice as much and watch", l.Bytes.String()))
}

// set says how to write a limit where the workload has it.
func set(w snapshot.Ref, container string, owner restart.Owner, limit resource.Quantity, text string) []finding.Fix {
	switch w.Kind {
	case "Deployment", "StatefulSet", "DaemonSet", "ReplicaSet", "CronJob":
	default: // the template of a Job cannot be changed, nor that of a custom resource be guessed
		return []finding.Fix{{Text: text + "; the limit is written where the " + w.Kind + " is made"}}
	}
	switch {
	case owner == restart.OwnLimit:
		return []finding.Fix{{Text: text, Command: finding.Kubectl(w.Namespace,
			"set", "resources", strings.ToLower(w.Kind)+"/"+w.Name, "-c", container, "--limits=memory="+limit.String())}}
	case w.Kind == "CronJob":
		return []finding.Fix{{Text: text, Patch: fmt.Sprintf(
			"spec:\n  jobTemplate:\n    spec:\n      template:\n        spec:\n          resources:\n            limits:\n              memory: %s\n", limit.String())}}
	default:
		return []finding.Fix{{Text: text, Patch: fmt.Sprintf("spec:\n  template:\n    spec:\n      resources:\n        limits:\n          memory: %s\n", limit.String())}}
	}
}
