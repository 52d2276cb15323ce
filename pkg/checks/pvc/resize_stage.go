package pvc

// This file reads from a claim's status, and from what was said about it, how far its resize has come.

import (
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"

	"github.com/kubectl-scars/kubectl-scars/pkg/kubeevent"
)

// stage is how far a resize has come.
type stage int

const (
	untaken    stage = iota // no resizer has touched the claim
	controller              // the driver's controller grows the volume
	node                    // the volume has grown, its file system has not
)

// resize is a claim's wish for more and what became of it.
type resize struct {
	from, to resource.Quantity // status.capacity, spec.resources.requests
	stage    stage
	refused  bool          // the driver said that it never will: Kubernetes 1.32 and later, KEP-1790
	since    time.Time     // the earliest sign of this resize; zero where none is left
	failure  string        // what the driver or the kubelet complained of, or empty
	event    *corev1.Event // the newest event about it, or nil
	failed   *corev1.Event // the newest event that complains, or nil
}

// resizeOf reads a bound claim; false where it wants no more than it has.
func resizeOf(c *corev1.PersistentVolumeClaim, events []*corev1.Event) (r resize, wanted bool) {
	r.to, r.from = c.Spec.Resources.Requests[corev1.ResourceStorage], c.Status.Capacity[corev1.ResourceStorage]
	if c.Status.Phase != corev1.ClaimBound || r.from.IsZero() || r.to.Cmp(r.from) <= 0 {
		return r, false
	}
	switch c.Status.AllocatedResourceStatuses[corev1.ResourceStorage] {
	case corev1.PersistentVolumeClaimControllerResizeInfeasible:
		r.stage, r.refused = controller, true
	case corev1.PersistentVolumeClaimNodeResizeInfeasible:
		r.stage, r.refused = node, true
	case corev1.PersistentVolumeClaimControllerResizeInProgress:
		r.stage = controller
	case corev1.PersistentVolumeClaimNodeResizePending, corev1.PersistentVolumeClaimNodeResizeInProgress:
		r.stage = node
	}
	r.readConditions(c.Status.Conditions)
	r.readEvents(events)
	return r, true
}

// readConditions also finds the stage on servers that do not write allocatedResourceStatuses (before Kubernetes 1.32).
func (r *resize) readConditions(conditions []corev1.PersistentVolumeClaimCondition) {
	for _, cond := range conditions {
		if cond.Status != corev1.ConditionTrue {
			continue
		}
		switch cond.Type {
		case corev1.PersistentVolumeClaimResizing:
			r.stage = max(r.stage, controller)
		case corev1.PersistentVolumeClaimFileSystemResizePending:
			r.stage = node
		case corev1.PersistentVolumeClaimControllerResizeError, corev1.PersistentVolumeClaimNodeResizeError:
			r.failure = complaint(cond.Message)
		default:
			continue
		}
		r.seen(cond.LastTransitionTime.Time)
	}
}

// readEvents leaves out what was said about an earlier resize, which a success has ended.
func (r *resize) readEvents(events []*corev1.Event) {
	var done, newest, complained time.Time
	for _, e := range events {
		if _, last, _ := kubeevent.Span(e); (e.Reason == "VolumeResizeSuccessful" || e.Reason == "FileSystemResizeSuccessful") && last.After(done) {
			done = last
		}
	}
	for _, e := range events {
		first, last, _ := kubeevent.Span(e)
		bad := e.Reason == "VolumeResizeFailed" || e.Reason == "FileSystemResizeFailed"
		switch {
		case !last.After(done):
			continue
		case bad, e.Reason == "ExternalExpanding", e.Reason == "Resizing", e.Reason == "FileSystemResizeRequired":
		default:
			continue
		}
		if first.Before(done) {
			first = done
		}
		r.seen(first)
		if r.event == nil || last.After(newest) {
			r.event, newest = e, last
		}
		if bad && (r.failed == nil || last.After(complained)) {
			r.failed, complained = e, last
		}
	}
	if r.failed != nil && r.failure == "" {
		r.failure = complaint(r.failed.Message)
	}
}

func (r *resize) seen(t time.Time) {
	if !t.IsZero() && (r.since.IsZero() || t.Before(r.since)) {
		r.since = t
	}
}

// onlyOffline recognises a driver that grows volumes only while nobody uses them (external-resizer v2.3.0
// pkg/controller/expand_and_recover.go; drivers themselves say "in-use" in words of their own).
func (r *resize) onlyOffline() bool {
	return strings.Contains(r.failure, "only supports offline expansion")
}

// complaint takes the driver's own words out of what the sidecars wrap around them: the part after the last "desc = ", where there is one.
func complaint(message string) string {
	if i := strings.LastIndex(message, "desc = "); i >= 0 {
		message = message[i+len("desc = "):]
	}
	message = strings.TrimPrefix(message, "failed to expand pvc with ")
	return strings.TrimRight(strings.Join(strings.Fields(message), " "), ". ")
}
