package pvc

// This file finds claims that wait for a provisioner that does not answer: it was never installed, or it is down.

import (
	"fmt"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/kubectl-scars/kubectl-scars/pkg/analysis"
	"github.com/kubectl-scars/kubectl-scars/pkg/finding"
	"github.com/kubectl-scars/kubectl-scars/pkg/kubeevent"
	"github.com/kubectl-scars/kubectl-scars/pkg/snapshot"
)

// ProvisionerMissing is pvc/provisioner-missing.
var ProvisionerMissing = &analysis.Check{
	ID: "pvc/provisioner-missing",
	Doc: analysis.Doc{
		Title:    "A claim waits for a provisioner that does not answer",
		Symptom:  "The claim stays Pending; the only event is a Normal one, ExternalProvisioning, \"Waiting for a volume to be created either by the external provisioner …\".",
		Evidence: "The controller's ExternalProvisioning for at least two minutes, and no Provisioning, ProvisioningFailed or ProvisioningSucceeded event from the provisioner, which says Provisioning the moment it takes a claim up. Strong where also no CSIDriver, no CSINode and no volume bears the provisioner's name, or a provisioner's container is down; else consistent.",
		Why:      "The cluster accepts a class whose provisioner does not exist, and nothing ever calls that an error.",
		Fix:      "Install the driver that the class names, correct the class (its provisioner cannot be changed: make it again), or repair the provisioner's pods.",
		Limits:   "Silent where the provisioner has answered and failed, answers other claims, or belongs to Kubernetes itself (kubernetes.io/…); class kubernetes.io/no-provisioner is legitimate. A provisioner without CSI registers nowhere. Controllers in a hosted control plane cannot be seen. Without events it cannot say.",
		Sources:  []string{"kubernetes v1.37.2 pkg/controller/volume/persistentvolume/pv_controller.go", "sig-storage-lib-external-provisioner controller.go (event Provisioning)"},
	},
	Inputs: analysis.OptionalPodInputs(
		analysis.Need(snapshot.PersistentVolumeClaims), analysis.Optional(snapshot.Events), analysis.Optional(snapshot.CSIDrivers),
		analysis.Optional(snapshot.CSINodes), analysis.Optional(snapshot.PersistentVolumes),
	),
	Run: provisionerMissing,
}

const (
	// patience is how long a provisioner may take to say that it has seen a claim.
	patience = 2 * time.Minute
	// silence is how long a provisioner that began may say nothing: it tries again every 5 minutes at the latest
	// (external-provisioner v6.4.0 --retry-interval-max), and recorders let a repeated event through every 5 minutes at the least
	// (client-go v0.37.2 tools/record/events_cache.go).
	silence = 15 * time.Minute
)

func provisionerMissing(p *analysis.Pass) error {
	spoke := heard(p)
	for _, c := range p.PersistentVolumeClaims("") {
		name := provisionerOf(c)
		if !waiting(c) || name == "" || strings.HasPrefix(name, "kubernetes.io/") {
			continue
		}
		asked := lastEvent(p, claimKind, c, "ExternalProvisioning")
		if asked == nil {
			if _, known := p.Completeness(snapshot.Events, c.Namespace); !known && p.Now().Sub(c.CreationTimestamp.Time) > patience {
				p.CannotSay(claimRef(c), fmt.Sprintf("whether provisioner %s has answered: the events were not read", name))
			}
			continue
		}
		since, _, _ := kubeevent.Span(asked)
		answer := lastEvent(p, claimKind, c, "Provisioning", "ProvisioningFailed", "ProvisioningSucceeded")
		if answer != nil {
			_, last, _ := kubeevent.Span(answer)
			if answer.Reason != "Provisioning" || p.Now().Sub(last) < silence {
				continue
			}
			since = last
		}
		if p.Now().Sub(since) < patience || p.Now().Sub(spoke[name]) < silence {
			continue
		}
		reportSilentProvisioner(p, c, name, asked, answer, since)
	}
	return nil
}

// provisionerOf is the provisioner that the controller asked for a claim; empty until it has asked.
func provisionerOf(c *corev1.PersistentVolumeClaim) string {
	if name := c.Annotations["volume.kubernetes.io/storage-provisioner"]; name != "" {
		return name
	}
	return c.Annotations["volume.beta.kubernetes.io/storage-provisioner"]
}

// heard says when each component last spoke about anything. A provisioner's component is its name, or NAME_POD_UUID, which counts as NAME.
func heard(p *analysis.Pass) map[string]time.Time {
	out := map[string]time.Time{}
	for _, e := range p.Events("") {
		from := e.Source.Component
		if from == "" {
			from = e.ReportingController
		}
		from, _, _ = strings.Cut(from, "_")
		if _, last, _ := kubeevent.Span(e); last.After(out[from]) {
			out[from] = last
		}
	}
	return out
}

func reportSilentProvisioner(p *analysis.Pass, c *corev1.PersistentVolumeClaim, name string, asked, answer *corev1.Event, since time.Time) {
	who, severity, evidence := waiters(p, c)
	reg := registrationOf(p, name)
	down := downSidecars.In(p.View)[provisioner]
	f := finding.Finding{
		Severity: severity, Confidence: finding.Consistent, Object: claimRef(c), FirstSeen: finding.At(since),
		Evidence: []finding.Evidence{quote(claimKind, c, asked)},
	}
	silent := analysis.Ago(p.Now(), since)
	switch {
	case answer != nil:
		f.Message = fmt.Sprintf("provisioner %s began %s ago and has been silent since; %s", name, silent, who)
		f.Evidence = append(f.Evidence, quote(claimKind, c, answer))
	case reg.nowhere:
		f.Confidence = finding.Strong
		f.Message = fmt.Sprintf("provisioner %s is not installed: no CSIDriver, node or volume bears its name%s, and it has not answered in %s; %s", name, reg.meant, silent, who)
	default:
		f.Message = fmt.Sprintf("provisioner %s has not answered in %s; %s", name, silent, who)
	}
	f.Evidence = append(append(f.Evidence, reg.evidence...), down...)
	f.Evidence = append(f.Evidence, evidence...)
	if len(down) > 0 {
		f.Confidence = finding.Strong
		d := down[0].Object
		f.Fix = append(f.Fix, finding.Fix{
			Text: "Repair the provisioner's pods; this one is down", Command: finding.Kubectl(d.Namespace, "describe", "pod", d.Name),
		})
	}
	if class, _ := className(c); reg.nowhere && class != "" {
		f.Fix = append(f.Fix, finding.Fix{
			Text:    fmt.Sprintf("Install the driver %s, or correct class %s (its provisioner cannot be changed: delete the class and make it again)", name, class),
			Command: finding.Kubectl("", "get", "storageclass", class, "-o", "yaml"),
		})
	} else if len(down) == 0 {
		f.Fix = append(f.Fix, finding.Fix{
			Text: "Look at the driver's controller pods and their container csi-provisioner", Command: finding.Kubectl("", "get", "csidriver,csinode", "-o", "wide"),
		})
	}
	p.Report(f)
}

// registration is what the cluster knows of a driver.
type registration struct {
	nowhere  bool   // known: nothing bears its name
	meant    string // " (ebs.csi.aws.com is registered)", where a name is close
	evidence []finding.Evidence
}

func registrationOf(p *analysis.Pass, name string) (r registration) {
	var drivers []string
	found := false
	for _, d := range p.CSIDrivers() {
		drivers = append(drivers, d.Name)
		if d.Name == name {
			found = true
			r.evidence = append(r.evidence, finding.Evidence{Object: finding.ObjectRef{Kind: "CSIDriver", Name: name}, Source: "metadata.name", Value: "registered", Time: finding.At(d.CreationTimestamp.Time)})
		}
	}
	nodes := 0
	for _, n := range p.CSINodes() {
		for _, d := range n.Spec.Drivers {
			if d.Name == name {
				nodes++
			}
		}
	}
	if nodes > 0 {
		found = true
		r.evidence = append(r.evidence, finding.Evidence{Object: finding.ObjectRef{Kind: "CSINode", Name: p.CSINodes()[0].Name}, Source: "spec.drivers", Value: fmt.Sprintf("%d of %d nodes run the driver", nodes, len(p.CSINodes()))})
	}
	for _, v := range p.PersistentVolumes() {
		if v.Annotations["pv.kubernetes.io/provisioned-by"] == name {
			found = true
			r.evidence = append(r.evidence, finding.Evidence{Object: analysis.RefTo(volumeKind, v), Source: "metadata.annotations[pv.kubernetes.io/provisioned-by]", Value: name, Time: finding.At(v.CreationTimestamp.Time)})
			break
		}
	}
	r.nowhere = !found
	for _, k := range []snapshot.Kind{snapshot.CSIDrivers, snapshot.CSINodes, snapshot.PersistentVolumes} {
		if _, known := p.Completeness(k, ""); !known {
			r.nowhere = false
		}
	}
	if r.nowhere {
		value := "none of that name"
		if len(drivers) > 0 {
			value += " among " + some(drivers)
		}
		r.evidence = append(r.evidence, finding.Evidence{Object: finding.ObjectRef{Kind: "CSIDriver", Name: name}, Source: "kubectl get csidriver", Value: value})
		if meant, ok := nearest(name, drivers); ok {
			r.meant = " (" + meant + " is registered)"
		}
	}
	return r
}
