package pvc

// This file finds claims that wait for ever because they name no class and the cluster has no default one.

import (
	"fmt"

	corev1 "k8s.io/api/core/v1"
	storagev1 "k8s.io/api/storage/v1"

	"github.com/kubectl-scars/kubectl-scars/pkg/analysis"
	"github.com/kubectl-scars/kubectl-scars/pkg/finding"
	"github.com/kubectl-scars/kubectl-scars/pkg/snapshot"
)

// NoStorageClass is pvc/no-storage-class.
var NoStorageClass = &analysis.Check{
	ID: "pvc/no-storage-class",
	Doc: analysis.Doc{
		Title:    "A claim names no storage class and the cluster has no default",
		Symptom:  "The claim stays Pending and its pods are unschedulable; the only event is a Normal one, FailedBinding.",
		Evidence: "The claim's phase and its missing spec.storageClassName, and that no StorageClass carries the annotation storageclass.kubernetes.io/is-default-class: \"true\". Proven where the classes were read completely.",
		Why:      "Nothing will ever provision this claim; only a hand-made volume without a class could still bind it.",
		Fix:      "Name a class in the claim (it has to be made anew), or mark a class as default: since Kubernetes 1.28 that also reaches claims that are already waiting.",
		Limits:   "Silent where the claim selects volumes by label or name (static provisioning) and for an empty class name, which asks for static volumes on purpose.",
		Sources:  []string{"KEP-3333", "kubernetes v1.37.2 pkg/controller/volume/persistentvolume/pv_controller.go"},
	},
	Inputs: []analysis.Input{
		analysis.Need(snapshot.PersistentVolumeClaims), analysis.Need(snapshot.StorageClasses), analysis.Optional(snapshot.Events),
	},
	Run: noStorageClass,
}

func noStorageClass(p *analysis.Pass) error {
	for _, c := range p.PersistentVolumeClaims("") {
		if c.Status.Phase != corev1.ClaimPending || c.Spec.StorageClassName != nil || c.Spec.VolumeName != "" || c.Spec.Selector != nil {
			continue
		}
		classes := p.StorageClasses()
		if defaultClass(classes) != nil {
			continue
		}
		confidence, known := p.Completeness(snapshot.StorageClasses, "")
		if !known {
			p.CannotSay(analysis.RefTo("PersistentVolumeClaim", c), "whether there is a default StorageClass: the classes were not read completely")
			continue
		}
		f := finding.Finding{
			Severity: finding.Critical, Confidence: confidence, Object: analysis.RefTo("PersistentVolumeClaim", c),
			Message: fmt.Sprintf("claim has waited %s for a volume: it names no storage class and none of the cluster's %d classes is the default",
				analysis.Ago(p.Now(), c.CreationTimestamp.Time), len(classes)),
			Evidence: []finding.Evidence{
				{Object: analysis.RefTo("PersistentVolumeClaim", c), Source: "status.phase", Value: "Pending; spec.storageClassName is not set", Time: finding.At(c.CreationTimestamp.Time)},
			},
			Fix: []finding.Fix{
				{Text: "Mark a class as the cluster's default; the waiting claim takes it", Command: finding.Kubectl("", "get", "storageclass")},
			},
			FirstSeen: finding.At(c.CreationTimestamp.Time),
		}
		for _, e := range p.EventsOf("PersistentVolumeClaim", c) {
			if e.Reason == "FailedBinding" {
				f.Evidence = append(f.Evidence, finding.Evidence{
					Object: f.Object, Source: "event FailedBinding", Value: e.Message, Time: finding.At(e.LastTimestamp.Time), Count: e.Count,
				})
			}
		}
		if len(classes) > 0 {
			f.Fix[0].Command = finding.Kubectl("", "annotate", "storageclass", classes[0].Name, storageDefault+"=true")
		}
		p.Report(f)
	}
	return nil
}

const storageDefault = "storageclass.kubernetes.io/is-default-class"

// defaultClass is the class that claims without one get: of several defaults the newest, of equally old ones the first by name
// (kubernetes v1.37.2 pkg/volume/util/storageclass.go).
func defaultClass(classes []*storagev1.StorageClass) *storagev1.StorageClass {
	var best *storagev1.StorageClass
	for _, c := range classes {
		if c.Annotations[storageDefault] != "true" && c.Annotations["storageclass.beta.kubernetes.io/is-default-class"] != "true" {
			continue
		}
		if best == nil || best.CreationTimestamp.Before(&c.CreationTimestamp) {
			best = c
		}
	}
	return best
}
