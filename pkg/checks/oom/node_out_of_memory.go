package oom

// This file finds containers that the kernel killed because their node as a whole had no memory left.

import (
	"fmt"
	"strings"

	"github.com/kubectl-scars/kubectl-scars/pkg/analysis"
	"github.com/kubectl-scars/kubectl-scars/pkg/checks/deaths"
	"github.com/kubectl-scars/kubectl-scars/pkg/finding"
	"github.com/kubectl-scars/kubectl-scars/pkg/restart"
)

// NodeOutOfMemory is oom/node-out-of-memory.
var NodeOutOfMemory = &analysis.Check{
	ID: "oom/node-out-of-memory",
	Doc: analysis.Doc{
		Title:    "A container was killed because its node ran out of memory",
		Symptom:  "A container is OOMKilled although it has no limit, or far below it.",
		Evidence: "A kill for memory in the container's status, and the Node's event SystemOOM within two minutes of it: strong. On cgroup v1 no runtime sees such a kill and it is called Error, as after a lost race on v2: 137 within ten seconds of the event is consistent. Without that event, a kill without any limit leaves only the node's memory or the share of it that pods may use: consistent. A kubelet that is started says again what the kernel's log still holds, with new times: what was said of the same process before, or within a minute of the start on a machine that was not booted meanwhile, is not counted, and shown as old.",
		Why:      "The kernel picks its victim by how far it is above its request: it hits whoever asked for little, not who is to blame.",
		Fix:      "Give what runs there requests that fit what it uses, and limits, so that the scheduler spreads it and one container cannot take the node down.",
		Limits:   "SystemOOM names the victim's process, not its container. A kill at the share for pods (kubepods) leaves no event. A kill within a minute of the kubelet's start passes for old. Silent a week after the last kill.",
		Sources:  []string{"kubernetes v1.37.2 pkg/kubelet/oom/oom_watcher_linux.go", "kubernetes v1.37.2 third_party/forked/cadvisor/oomparser", "kubernetes v1.37.2 pkg/kubelet/qos/policy.go", "kubernetes#133260"},
	},
	Inputs: deaths.Inputs(numberInputs()...),
	Asks:   askKubelets,
	Run:    nodeOutOfMemory,
}

func nodeOutOfMemory(p *analysis.Pass) error {
	for _, c := range deaths.Gather(p, false, func(d *restart.Death) bool { return d.Cause == restart.NodeMemory }) {
		severity, ok := c.Severity(p.Now())
		if !ok {
			continue
		}
		last := c.Toll.Latest()
		node := "the node"
		if c.Latest != nil && c.Latest.Spec.NodeName != "" {
			node = "node " + c.Latest.Spec.NodeName
		}
		why := ""
		switch {
		case last.Confidence == finding.Strong:
			why = ", and " + c.Who() + ", which has no memory limit, was killed"
		case last.Limit.Owner == restart.NodeLimit:
			why = " or its share for pods, most likely: " + c.Who() + " was OOM-killed without any memory limit"
		default:
			why = ", most likely, and " + c.Who() + " was killed" + or(last.Detail)
		}
		f := finding.Finding{
			Severity: severity, Confidence: last.Confidence, Object: c.Object(), Evidence: c.Evidence(),
			Message:   strings.TrimSuffix(fmt.Sprintf("%s ran out of memory%s: %s", node, why, c.Lately(p.Now())), ": ") + c.Tail(),
			FirstSeen: c.FirstSeen(), LastSeen: c.LastSeen(),
		}
		f.Fix = append(c.Look(), finding.Fix{
			Text: "See what uses the node's memory, and give it requests and limits that fit", Command: finding.Kubectl("", "top", "pods", "-A", "--sort-by=memory"),
		})
		if c.Latest != nil && c.Latest.Spec.NodeName != "" {
			f.Fix = append(f.Fix, finding.Fix{Text: "See what was promised to whom there", Command: finding.Kubectl("", "describe", "node", c.Latest.Spec.NodeName)})
		}
		explain(p, c, last, &f)
		p.Report(f)
	}
	return nil
}
