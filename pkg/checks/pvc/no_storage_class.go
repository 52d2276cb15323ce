package pvc

// This file finds claims that wait for ever because they name no class and the cluster has no default one.

import (
	"fmt"

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
		Symptom:  "The claim stays Pending and its pods are unschedulable (\"pod has unbound immediate PersistentVolumeClaims\"); the only event about the claim is a Normal one, FailedBinding.",
		Evidence: "The claim's phase and its missing spec.storageClassName, and that no StorageClass carries the annotation storageclass.kubernetes.io/is-default-class: \"true\". Proven where the classes were read completely.",
		Why:      "Nothing will ever provision this claim; only a hand-made volume without a class could still bind it.",
		Fix:      "Mark a class as default: since Kubernetes 1.28 that also reaches claims that are already waiting. Or make the claim again with a class named.",
		Limits:   "Silent where the claim selects volumes by label or name (static provisioning), for an empty class name, which asks for static volumes on purpose, and in a claim's first minute as long as no event complains. Without the pods it cannot tell whether one waits, and says warning.",
		Sources:  []string{"KEP-3333", "kubernetes v1.37.2 pkg/controller/volume/persistentvolume/pv_controller.go"},
	},
	Inputs: analysis.OptionalPodInputs(
		analysis.Need(snapshot.PersistentVolumeClaims), analysis.Need(snapshot.StorageClasses), analysis.Optional(snapshot.Events),
	),
	Run: noStorageClass,
}

func noStorageClass(p *analysis.Pass) error {
	for _, c := range p.PersistentVolumeClaims("") {
		if _, set := className(c); set || !waiting(c) || c.Spec.Selector != nil {
			continue
		}
		classes := p.StorageClasses()
		event := lastEvent(p, claimKind, c, "FailedBinding")
		if defaultClass(classes) != nil || event == nil && p.Now().Sub(c.CreationTimestamp.Time) < settle {
			continue
		}
		confidence, known := p.Completeness(snapshot.StorageClasses, "")
		if !known {
			p.CannotSay(claimRef(c), "whether there is a default StorageClass: the classes were not read completely")
			continue
		}
		who, severity, evidence := waiters(p, c)
		f := finding.Finding{
			Severity: severity, Confidence: confidence, Object: claimRef(c),
			Message: fmt.Sprintf("claim names no storage class and %s; %s", noDefault(len(classes)), who),
			Evidence: []finding.Evidence{
				{Object: claimRef(c), Source: "status.phase", Value: "Pending; spec.storageClassName is not set", Time: finding.At(c.CreationTimestamp.Time)},
			},
			Fix:       defaultFix(c.Namespace, c.Name, classes),
			FirstSeen: finding.At(c.CreationTimestamp.Time),
		}
		if event != nil {
			f.Evidence = append(f.Evidence, quote(claimKind, c, event))
		}
		f.Evidence = append(f.Evidence, evidence...)
		p.Report(f)
	}
	return nil
}

func noDefault(classes int) string {
	switch classes {
	case 0:
		return "the cluster has none at all"
	case 1:
		return "the cluster's only class is not its default"
	default:
		return fmt.Sprintf("none of the cluster's %d classes is the default", classes)
	}
}

func defaultFix(namespace, claim string, classes []*storagev1.StorageClass) []finding.Fix {
	var usable []*storagev1.StorageClass
	for _, c := range classes {
		if c.Provisioner != noProvisioner {
			usable = append(usable, c)
		}
	}
	if len(usable) == 0 {
		return []finding.Fix{{Text: "Install a provisioner with its StorageClass, or make a PersistentVolume without a class by hand", Command: finding.Kubectl("", "get", "storageclass,csidriver")}}
	}
	fix := finding.Fix{
		Text:    "Mark a class as the cluster's default; the waiting claim takes it (Kubernetes 1.28 and later)",
		Command: finding.Kubectl("", "annotate", "storageclass", usable[0].Name, storageDefault+"=true", "--overwrite"),
	}
	if len(usable) > 1 {
		fix.Text += fmt.Sprintf("; %s is one of %d", usable[0].Name, len(usable))
	}
	return []finding.Fix{fix, {
		Text:    "Or name a class in this claim alone, which an unbound claim still permits where none is set",
		Command: finding.Kubectl(namespace, "patch", "pvc", claim, "-p", fmt.Sprintf(`{"spec":{"storageClassName":%q}}`, usable[0].Name)),
	}}
}

const (
	storageDefault = "storageclass.kubernetes.io/is-default-class"
	noProvisioner  = "kubernetes.io/no-provisioner" // volumes of such a class are made by hand
)

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
