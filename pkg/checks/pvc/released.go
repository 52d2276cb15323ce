package pvc

// This file finds volumes that outlived their claim: kept on purpose (Retain) and forgotten, or impossible to delete.

import (
	"fmt"
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/kubectl-scars/kubectl-scars/pkg/analysis"
	"github.com/kubectl-scars/kubectl-scars/pkg/finding"
	"github.com/kubectl-scars/kubectl-scars/pkg/kubeevent"
	"github.com/kubectl-scars/kubectl-scars/pkg/snapshot"
)

// Released is pvc/released.
var Released = &analysis.Check{
	ID: "pvc/released",
	Doc: analysis.Doc{
		Title:    "A volume outlived its claim",
		Symptom:  "A PersistentVolume is Released or Failed: its claim is gone, its data is not, and no other claim can bind it. The disk is still paid for.",
		Evidence: "The volume's phase, reclaim policy, size, spec.claimRef and status.lastPhaseTransitionTime; status.message and the event VolumeFailedDelete where it should have been deleted; a claim of the same name in the same namespace.",
		Why:      "With Retain this is what was asked for, and often forgotten. It becomes trouble where a new claim of the same name waits for the old data or was given an empty volume, and where the deletion fails for ever.",
		Fix:      "To give the data back, take uid and resourceVersion out of spec.claimRef: the volume becomes Available for the claim of that name. To be rid of it, set the reclaim policy to Delete first: deleting the object alone leaves the disk behind.",
		Limits:   "Only volumes whose claim lay in a namespace that was read. Age is known from Kubernetes 1.31 on. A deletion may take ten minutes before it counts as failed, unless the volume itself says Failed.",
		Sources:  []string{"kubernetes v1.37.2 pkg/controller/volume/persistentvolume/pv_controller.go", "KEP-3762"},
	},
	Inputs: []analysis.Input{
		analysis.Need(snapshot.PersistentVolumes), analysis.Need(snapshot.PersistentVolumeClaims), analysis.Optional(snapshot.Events),
	},
	Run: released,
}

// deleting is how long the deletion of a volume may take.
const deleting = 10 * time.Minute

func released(p *analysis.Pass) error {
	for _, v := range p.PersistentVolumes() {
		ref := v.Spec.ClaimRef
		if ref == nil || v.Status.Phase != corev1.VolumeReleased && v.Status.Phase != corev1.VolumeFailed {
			continue
		}
		if !p.State(snapshot.PersistentVolumeClaims, ref.Namespace).Readable() {
			continue // out of scope
		}
		if v.Spec.PersistentVolumeReclaimPolicy == corev1.PersistentVolumeReclaimRetain && v.DeletionTimestamp == nil {
			reportRetained(p, v)
		} else {
			reportUndeleted(p, v)
		}
	}
	return nil
}

// phaseSince is when the volume took its present phase, and how long ago, as the end of a sentence; empty on servers that do not say.
func phaseSince(p *analysis.Pass, v *corev1.PersistentVolume) (time.Time, string) {
	t := v.Status.LastPhaseTransitionTime
	if t.IsZero() {
		return time.Time{}, ""
	}
	return t.Time, " for " + analysis.Ago(p.Now(), t.Time)
}

func volumeFinding(p *analysis.Pass, v *corev1.PersistentVolume) finding.Finding {
	at, _ := phaseSince(p, v)
	ref := v.Spec.ClaimRef
	size := v.Spec.Capacity[corev1.ResourceStorage]
	return finding.Finding{
		Severity: finding.Info, Confidence: finding.Proven, Object: analysis.RefTo(volumeKind, v), FirstSeen: finding.At(at),
		Evidence: []finding.Evidence{
			{Object: analysis.RefTo(volumeKind, v), Source: "status.phase", Value: fmt.Sprintf("%s; persistentVolumeReclaimPolicy is %s, capacity %s", v.Status.Phase, v.Spec.PersistentVolumeReclaimPolicy, size.String()), Time: finding.At(at)},
			{Object: analysis.RefTo(volumeKind, v), Source: "spec.claimRef", Value: fmt.Sprintf("%s/%s, uid %s", ref.Namespace, ref.Name, ref.UID)},
		},
	}
}

func reportRetained(p *analysis.Pass, v *corev1.PersistentVolume) {
	f := volumeFinding(p, v)
	ref, size := v.Spec.ClaimRef, v.Spec.Capacity[corev1.ResourceStorage]
	_, lasted := phaseSince(p, v)
	f.Message = fmt.Sprintf("%s of the deleted claim %s/%s have been kept%s, bound to nothing", size.String(), ref.Namespace, ref.Name, lasted)
	giveBack := finding.Fix{
		Text:    fmt.Sprintf("To give the data back: free the volume for a claim named %s with volumeName %s", ref.Name, v.Name),
		Command: finding.Kubectl("", "patch", "pv", v.Name, "--type=json", "-p", `[{"op":"remove","path":"/spec/claimRef/uid"},{"op":"remove","path":"/spec/claimRef/resourceVersion"}]`),
	}
	if c := p.PersistentVolumeClaim(ref.Namespace, ref.Name); c != nil && c.UID != ref.UID {
		f.Severity = finding.Warning
		f.Evidence = append(f.Evidence, finding.Evidence{
			Object: claimRef(c), Source: "metadata.uid", Value: fmt.Sprintf("%s; status.phase is %s, spec.volumeName %q", c.UID, c.Status.Phase, c.Spec.VolumeName), Time: finding.At(c.CreationTimestamp.Time),
		})
		if waiting(c) {
			f.Message = fmt.Sprintf("claim %s/%s was made again and waits for a volume, while %s of its predecessor's data lie here, kept%s", ref.Namespace, ref.Name, size.String(), lasted)
		} else {
			f.Message = fmt.Sprintf("claim %s/%s was made again and has another volume, while %s of its predecessor's data lie here, kept%s", ref.Namespace, ref.Name, size.String(), lasted)
			giveBack.Text = fmt.Sprintf("To give the data back: stop the pods, delete claim %s, free this volume and make the claim again with volumeName %s", ref.Name, v.Name)
		}
	}
	f.Fix = []finding.Fix{giveBack, {
		Text:    "To be rid of it, and of the data: let the disk be deleted with the volume",
		Command: finding.Kubectl("", "patch", "pv", v.Name, "-p", `{"spec":{"persistentVolumeReclaimPolicy":"Delete"}}`),
	}}
	p.Report(f)
}

func reportUndeleted(p *analysis.Pass, v *corev1.PersistentVolume) {
	at, lasted := phaseSince(p, v)
	f := volumeFinding(p, v)
	f.Severity = finding.Warning
	size := v.Spec.Capacity[corev1.ResourceStorage]
	why := complaint(v.Status.Message)
	for _, e := range p.EventsNamed(volumeKind, "", v.Name) {
		if e.Reason == "VolumeFailedDelete" {
			_, last, count := kubeevent.Span(e)
			f.Evidence = append(f.Evidence, finding.Evidence{Object: f.Object, Source: "event VolumeFailedDelete", Value: e.Message, Time: finding.At(last), Count: count})
			if why == "" {
				why = complaint(e.Message)
			}
		}
	}
	if why == "" && (at.IsZero() || p.Now().Sub(at) < deleting) {
		return
	}
	f.Message = fmt.Sprintf("%s should have been deleted with its claim and have not been%s", size.String(), lasted)
	if why != "" {
		f.Message += ": " + why
		if v.Status.Message != "" {
			f.Evidence = append(f.Evidence, finding.Evidence{Object: f.Object, Source: "status.message", Value: v.Status.Message, Time: finding.At(at)})
		}
	} else {
		f.Confidence = finding.Strong
		f.Message += ", and nobody says why: does the driver's provisioner run?"
	}
	f.Fix = []finding.Fix{
		{Text: "Remove what holds the volume, or repair the driver; the controller tries again by itself", Command: finding.Kubectl("", "describe", "pv", v.Name)},
	}
	p.Report(f)
}
