package restart

// This file looks for trouble of the node around a death: a reboot, or a change of its readiness.

import (
	"fmt"
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/kubectl-scars/kubectl-scars/pkg/finding"
	"github.com/kubectl-scars/kubectl-scars/pkg/kubeevent"
)

// troubleWindow is how far the node's trouble may lie from a death to be consistent with it.
const troubleWindow = 3 * time.Minute

// nodeTrouble finds a sign that the node was in trouble at that time: its events Rebooted and NodeNotReady, or a Ready condition that
// is not true, or has just become so.
func nodeTrouble(f Facts, at time.Time) (finding.Evidence, bool) {
	near := func(t time.Time) bool { return !at.IsZero() && !t.IsZero() && t.Sub(at).Abs() <= troubleWindow }
	node := finding.ObjectRef{Kind: "Node", Name: f.NodeName}
	for _, e := range f.NodeEvents {
		first, last, count := kubeevent.Span(e)
		if (e.Reason == "Rebooted" || e.Reason == "NodeNotReady") && (near(first) || near(last)) {
			return finding.Evidence{Object: node, Source: "event " + e.Reason, Value: e.Message, Time: finding.At(last), Count: count}, true
		}
	}
	if f.Node == nil {
		return finding.Evidence{}, false
	}
	for _, c := range f.Node.Status.Conditions {
		if c.Type != corev1.NodeReady || !near(c.LastTransitionTime.Time) || c.LastTransitionTime.Sub(f.Node.CreationTimestamp.Time) < troubleWindow {
			continue
		}
		return finding.Evidence{
			Object: node, Source: "status.conditions[Ready]", Value: fmt.Sprintf("%s since then: %s", c.Status, c.Reason),
			Time: finding.At(c.LastTransitionTime.Time),
		}, true
	}
	return finding.Evidence{}, false
}
