package pvc

// This file finds claims that wait for ever because the class that they name does not exist.

import (
	"fmt"
	"strings"

	corev1 "k8s.io/api/core/v1"

	"github.com/kubectl-scars/kubectl-scars/pkg/analysis"
	"github.com/kubectl-scars/kubectl-scars/pkg/finding"
	"github.com/kubectl-scars/kubectl-scars/pkg/snapshot"
)

// StorageClassMissing is pvc/storage-class-missing.
var StorageClassMissing = &analysis.Check{
	ID: "pvc/storage-class-missing",
	Doc: analysis.Doc{
		Title:    "A claim names a storage class that does not exist",
		Symptom:  "The claim stays Pending, its pods are unschedulable, and the controller repeats ProvisioningFailed: storageclass.storage.k8s.io \"x\" not found.",
		Evidence: "The claim's class, that no StorageClass of that name exists, and the controller's event. Proven where the classes were read completely or the controller says so itself. The class that was probably meant is the one at most two letters away.",
		Why:      "Nothing will ever provision this claim. A class name that was mistyped once in a chart breaks every new replica.",
		Fix:      "The class of a claim cannot be changed: make it again with the right name (it holds no data yet), or create the class. A StatefulSet's volumeClaimTemplates need the same correction.",
		Limits:   "Silent where any PersistentVolume bears the class name: a class name without a StorageClass is a common way to tie claims to hand-made volumes. Where the volumes cannot be read, that cannot be told. Silent in a claim's first minute as long as no event complains.",
		Sources:  []string{"kubernetes v1.37.2 pkg/controller/volume/persistentvolume/pv_controller.go"},
	},
	Inputs: analysis.OptionalPodInputs(
		analysis.Need(snapshot.PersistentVolumeClaims), analysis.Optional(snapshot.StorageClasses),
		analysis.Optional(snapshot.PersistentVolumes), analysis.Optional(snapshot.Events),
	),
	Run: storageClassMissing,
}

func storageClassMissing(p *analysis.Pass) error {
	static := map[string]bool{} // class names that volumes bear
	for _, v := range p.PersistentVolumes() {
		static[v.Spec.StorageClassName] = true
	}
	for _, c := range p.PersistentVolumeClaims("") {
		class, _ := className(c)
		if class == "" || !waiting(c) || static[class] || p.StorageClass(class) != nil {
			continue
		}
		event := lastEvent(p, claimKind, c, "ProvisioningFailed")
		if event != nil && !saysNotFound(event, class) {
			event = nil
		}
		if event == nil && p.Now().Sub(c.CreationTimestamp.Time) < settle {
			continue
		}
		confidence, known := p.Absence(snapshot.StorageClasses, "", class)
		if event != nil { // the controller looked for us
			confidence, known = finding.Proven, true
		}
		if !known {
			p.CannotSay(claimRef(c), fmt.Sprintf("whether its storage class %s exists: the classes were not read completely", class))
			continue
		}
		volumes, known := p.Completeness(snapshot.PersistentVolumes, "")
		if !known {
			p.CannotSay(claimRef(c), fmt.Sprintf("whether hand-made volumes bear class %s, which does not exist itself: the volumes were not read completely", class))
			continue
		}
		reportMissingClass(p, c, class, event, confidence.Weaker(volumes))
	}
	return nil
}

// saysNotFound recognises the words of the API server, which the controller passes on.
func saysNotFound(e *corev1.Event, class string) bool {
	return strings.Contains(e.Message, fmt.Sprintf("storageclass.storage.k8s.io %q not found", class))
}

func reportMissingClass(p *analysis.Pass, c *corev1.PersistentVolumeClaim, class string, event *corev1.Event, confidence finding.Confidence) {
	who, severity, evidence := waiters(p, c)
	f := finding.Finding{
		Severity: severity, Confidence: confidence, Object: claimRef(c), FirstSeen: finding.At(c.CreationTimestamp.Time),
		Message: fmt.Sprintf("claim names storage class %s, which does not exist; %s", class, who),
		Evidence: []finding.Evidence{{
			Object: claimRef(c), Source: "spec.storageClassName", Value: class + "; status.phase is Pending", Time: finding.At(c.CreationTimestamp.Time),
		}},
	}
	classes := classNames(p.StorageClasses())
	if len(classes) > 0 {
		f.Evidence = append(f.Evidence, finding.Evidence{
			Object: finding.ObjectRef{Kind: "StorageClass", Name: class}, Source: "kubectl get storageclass",
			Value: fmt.Sprintf("not among the cluster's %s: %s", count(len(classes), "class"), some(classes)),
		})
	}
	if event != nil {
		f.Evidence = append(f.Evidence, quote(claimKind, c, event))
	}
	f.Evidence = append(f.Evidence, evidence...)
	if meant, ok := nearest(class, classes); ok {
		f.Message = fmt.Sprintf("claim names storage class %s, which does not exist (%s does); %s", class, meant, who)
		f.Fix = append(f.Fix, finding.Fix{Text: "Make the claim again with class " + meant + "; it holds no data yet. Correct the manifest or volumeClaimTemplates that it came from, too", Command: remake(c, class, meant)})
	} else {
		f.Fix = append(f.Fix, finding.Fix{Text: "Make the claim again with a class that exists, or create class " + class, Command: finding.Kubectl("", "get", "storageclass")})
	}
	p.Report(f)
}

// some lists the first few of many names.
func some(names []string) string {
	const most = 6
	if len(names) > most {
		return strings.Join(names[:most], ", ") + fmt.Sprintf(" and %d more", len(names)-most)
	}
	return strings.Join(names, ", ")
}
