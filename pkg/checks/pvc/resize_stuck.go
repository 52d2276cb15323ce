package pvc

// This file finds claims that asked for more and do not get it.

import (
	"fmt"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"

	"github.com/kubectl-scars/kubectl-scars/pkg/analysis"
	"github.com/kubectl-scars/kubectl-scars/pkg/finding"
	"github.com/kubectl-scars/kubectl-scars/pkg/snapshot"
)

// ResizeStuck is pvc/resize-stuck.
var ResizeStuck = &analysis.Check{
	ID: "pvc/resize-stuck",
	Doc: analysis.Doc{
		Title:    "A claim asked for more space and does not get it",
		Symptom:  "The claim's request is larger than its capacity and stays so; the volume may run full meanwhile.",
		Evidence: "spec.resources.requests against status.capacity; status.allocatedResourceStatuses and the conditions Resizing, FileSystemResizePending, ControllerResizeError and NodeResizeError; the events ExternalExpanding, VolumeResizeFailed and FileSystemResizeFailed. Proven where the driver refuses or complains, strong where nobody has taken the resize up or it drags on, consistent where no trace of its start is left.",
		Why:      "Whoever asked believes that there is space now. A refused resize also blocks every later one until it is taken back.",
		Fix:      "Lower the request to more than the present capacity (never back to it: the API refuses that), free the volume where the driver only grows unused ones, or repair the resizer.",
		Limits:   "Silent for the first two minutes (ten where a resizer is at work without a complaint). The request carries no time; its start is the oldest condition or event. Before Kubernetes 1.34 a request may not be lowered unless feature RecoverVolumeExpansionFailure is on.",
		Sources:  []string{"KEP-1790", "kubernetes v1.37.2 pkg/volume/util/resize_util.go, pkg/controller/volume/expand/expand_controller.go", "external-resizer v2.3.0 pkg/controller"},
	},
	Inputs: analysis.OptionalPodInputs(
		analysis.Need(snapshot.PersistentVolumeClaims), analysis.Optional(snapshot.PersistentVolumes),
		analysis.Optional(snapshot.StorageClasses), analysis.Optional(snapshot.Events),
	),
	Run: resizeStuck,
}

// drags is how long a resize may go on without a complaint.
const drags = 10 * time.Minute

// eventsLive is how long the server keeps events by default (kubernetes v1.37.2 pkg/controlplane/apiserver/options/options.go).
const eventsLive = time.Hour

func resizeStuck(p *analysis.Pass) error {
	for _, c := range p.PersistentVolumeClaims("") {
		r, wanted := resizeOf(c, p.EventsOf(claimKind, c))
		if !wanted || c.DeletionTimestamp != nil {
			continue
		}
		age := p.Now().Sub(r.since)
		switch {
		case r.refused:
		case r.since.IsZero():
			if _, known := p.Completeness(snapshot.Events, c.Namespace); !known {
				p.CannotSay(claimRef(c), fmt.Sprintf("since when its resize to %s waits: the events were not read", r.to.String()))
				continue
			}
			if p.Now().Sub(c.CreationTimestamp.Time) < eventsLive {
				continue // nothing can have expired: it was asked for a moment ago
			}
		case r.failure != "", r.stage == untaken:
			if age < patience {
				continue
			}
		case age < drags && !(r.stage == node && len(consumers(p, c)) == 0):
			continue
		}
		if r.stage == node && !r.refused {
			if _, known := p.Completeness(snapshot.Pods, c.Namespace); !known {
				p.CannotSay(claimRef(c), "whether a pod mounts it, which its file system needs to grow: the pods were not read completely")
				continue
			}
		}
		reportResize(p, c, r)
	}
	return nil
}

func reportResize(p *analysis.Pass, c *corev1.PersistentVolumeClaim, r resize) {
	driver := driverOf(p, c)
	sizes := fmt.Sprintf("from %s to %s", r.from.String(), r.to.String())
	lasted := "longer than events are kept"
	if !r.since.IsZero() {
		lasted = analysis.Ago(p.Now(), r.since)
	}
	f := finding.Finding{Severity: finding.Warning, Confidence: finding.Proven, Object: claimRef(c), FirstSeen: finding.At(r.since)}
	describe := finding.Fix{Text: "Read what was last said about the claim", Command: finding.Kubectl(c.Namespace, "describe", "pvc", c.Name)}
	pods := consumers(p, c)
	switch {
	case r.onlyOffline() && len(pods) > 0:
		w := analysis.Ref(p.WorkloadOf(pods[0]))
		f.Message = fmt.Sprintf("%s grows volumes only while nobody uses them, and pod %s does; the resize %s has waited %s", driver, pods[0].Name, sizes, lasted)
		f.Fix = append(f.Fix, offlineFix(c, w))
	case r.refused && r.stage == controller:
		f.Message = fmt.Sprintf("%s refuses to grow the volume %s: %s", driver, sizes, orNothing(r.failure))
		f.Fix = append(f.Fix, lower(c, r)...)
	case r.refused:
		f.Message = fmt.Sprintf("%s refuses to grow the file system %s on its node: %s", driver, sizes, orNothing(r.failure))
		f.Fix = append(f.Fix, lower(c, r)...)
	case r.failure != "":
		f.Message = fmt.Sprintf("growing the volume %s has failed for %s: %s", sizes, lasted, r.failure)
		f.Fix = append(append(f.Fix, describe), lower(c, r)...)
	case r.stage == untaken:
		f.Confidence = finding.Strong
		f.Message = fmt.Sprintf("no resizer of %s has taken up the resize %s in %s", driver, sizes, lasted)
		f.Fix = append(f.Fix, finding.Fix{Text: "See that the driver's controller runs the container csi-resizer", Command: finding.Kubectl("", "get", "pods", "-A", "-o", "wide")})
	case r.stage == controller:
		f.Confidence = finding.Strong
		f.Message = fmt.Sprintf("%s has been growing the volume %s for %s without saying a word", driver, sizes, lasted)
		f.Fix = append(f.Fix, describe)
	case len(pods) == 0:
		f.Severity = finding.Info
		f.Message = fmt.Sprintf("volume has grown %s; its file system grows when a pod mounts it, and none does", sizes)
		f.Fix = append(f.Fix, finding.Fix{Text: "Nothing is wrong: start the workload that uses the claim, and the rest follows"})
	default:
		f.Confidence = finding.Strong
		w := analysis.Ref(p.WorkloadOf(pods[0]))
		f.Message = fmt.Sprintf("volume has grown %s, but its file system has not in %s though pod %s mounts it", sizes, lasted, pods[0].Name)
		f.Fix = append(f.Fix, restart(c, w))
	}
	if r.since.IsZero() {
		f.Confidence = finding.Consistent
	}
	f.Evidence = resizeEvidence(p, c, r)
	p.Report(f)
}

func orNothing(s string) string {
	if s == "" {
		return "it did not say why"
	}
	return s
}

// driverOf names who has to grow the volume.
func driverOf(p *analysis.Pass, c *corev1.PersistentVolumeClaim) string {
	if name := c.Annotations["volume.kubernetes.io/storage-resizer"]; name != "" {
		return "driver " + name
	}
	if v := p.PersistentVolume(c.Spec.VolumeName); v != nil && v.Spec.CSI != nil {
		return "driver " + v.Spec.CSI.Driver
	}
	return "the volume's driver"
}

func resizeEvidence(p *analysis.Pass, c *corev1.PersistentVolumeClaim, r resize) []finding.Evidence {
	out := []finding.Evidence{{
		Object: claimRef(c), Source: "spec.resources.requests.storage", Value: fmt.Sprintf("%s, and status.capacity.storage is %s", r.to.String(), r.from.String()),
	}}
	if st := c.Status.AllocatedResourceStatuses[corev1.ResourceStorage]; st != "" {
		out = append(out, finding.Evidence{Object: claimRef(c), Source: "status.allocatedResourceStatuses.storage", Value: string(st)})
	}
	for _, cond := range c.Status.Conditions {
		if cond.Status != corev1.ConditionTrue || cond.Type == "Unused" {
			continue
		}
		value := cond.Message
		if value == "" {
			value = string(cond.Status)
		}
		out = append(out, finding.Evidence{Object: claimRef(c), Source: fmt.Sprintf("status.conditions[%s]", cond.Type), Value: value, Time: finding.At(cond.LastTransitionTime.Time)})
	}
	if r.event != nil {
		out = append(out, quote(claimKind, c, r.event))
	}
	if r.failed != nil && r.failed != r.event {
		out = append(out, quote(claimKind, c, r.failed))
	}
	name, _ := className(c)
	if class := p.StorageClass(name); class != nil && (class.AllowVolumeExpansion == nil || !*class.AllowVolumeExpansion) {
		out = append(out, finding.Evidence{Object: finding.ObjectRef{Kind: "StorageClass", Name: name}, Source: "allowVolumeExpansion", Value: "not true (any more): the class permits no resize"})
	}
	if r.stage != node {
		out = append(out, downSidecars.In(p.View)[resizer]...)
	}
	return out
}

// lower offers the smallest request that the API accepts: more than the capacity (kubernetes v1.37.2 pkg/apis/core/validation says
// "field can not be less than status.capacity" of the capacity itself, too).
func lower(c *corev1.PersistentVolumeClaim, r resize) []finding.Fix {
	const mi = 1 << 20
	size := resource.NewQuantity((r.from.Value()/mi+1)*mi, resource.BinarySI)
	fix := finding.Fix{Text: fmt.Sprintf("Take the resize back: lower the request to more than %s and less than %s (Kubernetes 1.34 and later)", r.from.String(), r.to.String())}
	if size.Cmp(r.to) < 0 {
		fix.Command = finding.Kubectl(c.Namespace, "patch", "pvc", c.Name, "-p", fmt.Sprintf(`{"spec":{"resources":{"requests":{"storage":%q}}}}`, size.String()))
	}
	return []finding.Fix{fix}
}

func offlineFix(c *corev1.PersistentVolumeClaim, w finding.ObjectRef) finding.Fix {
	fix := finding.Fix{Text: "Stop the pods that use it until the volume has grown"}
	switch w.Kind {
	case "Deployment", "StatefulSet", "ReplicaSet":
		fix.Command = finding.Kubectl(c.Namespace, "scale", w.String(), "--replicas=0")
	}
	return fix
}

func restart(c *corev1.PersistentVolumeClaim, w finding.ObjectRef) finding.Fix {
	fix := finding.Fix{Text: "Restart the pods that mount it, so that the file system is grown at the mount"}
	switch w.Kind {
	case "Deployment", "StatefulSet", "DaemonSet":
		fix.Command = finding.Kubectl(c.Namespace, "rollout", "restart", w.String())
	case "Pod":
		fix.Text += "; a bare pod has to be made again"
	}
	return fix
}
