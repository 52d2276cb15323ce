package pvc

// This file finds claims whose class waits for a pod to use them, and which none will: nobody does, or the pod went past the scheduler.

import (
	"fmt"
	"time"

	corev1 "k8s.io/api/core/v1"
	storagev1 "k8s.io/api/storage/v1"

	"github.com/kubectl-scars/kubectl-scars/pkg/analysis"
	"github.com/kubectl-scars/kubectl-scars/pkg/finding"
	"github.com/kubectl-scars/kubectl-scars/pkg/snapshot"
)

// WaitingForConsumer is pvc/waiting-for-consumer.
var WaitingForConsumer = &analysis.Check{
	ID: "pvc/waiting-for-consumer",
	Doc: analysis.Doc{
		Title:    "A claim waits for a pod that never comes",
		Symptom:  "The claim stays Pending with the event WaitForFirstConsumer, \"waiting for first consumer to be created before binding\".",
		Evidence: "The class's volumeBindingMode WaitForFirstConsumer, and that no pod and no workload in the namespace refers to the claim (proven where these were read completely). Or a pod refers to it that was put on its node by spec.nodeName, so that no scheduler ever chose a node for the volume (strong: the claim lacks the annotation volume.kubernetes.io/selected-node).",
		Why:      "A volume of such a class is made only when the scheduler places a pod that uses it. A claim that nobody uses is waste or a slip of the pen; a pod past the scheduler waits for ever.",
		Fix:      "Use the claim or delete it; correct the claim's name in the pod; choose the node by nodeSelector or affinity and not by spec.nodeName.",
		Limits:   "Silent for a claim's first five minutes, and where a pod that is yet to be scheduled, a workload at 0 replicas or a CronJob refers to the claim. Makers of pods that are no built-in workload (operators) cannot be seen. A pod that asks for a claim of a similar name that does not exist makes it a warning.",
		Sources:  []string{"kubernetes v1.37.2 pkg/controller/volume/persistentvolume/pv_controller.go (findNonScheduledPodsByPVC)"},
	},
	Inputs: []analysis.Input{
		analysis.Need(snapshot.PersistentVolumeClaims), analysis.Need(snapshot.Pods), analysis.Optional(snapshot.StorageClasses),
		analysis.Optional(snapshot.Events), analysis.Optional(snapshot.Deployments), analysis.Optional(snapshot.StatefulSets),
		analysis.Optional(snapshot.DaemonSets), analysis.Optional(snapshot.ReplicaSets), analysis.Optional(snapshot.Jobs),
		analysis.Optional(snapshot.CronJobs),
	},
	Run: waitingForConsumer,
}

// unusedFor is how long a claim may wait for a pod before that is worth a word: long enough for a rollout or an installation.
const unusedFor = 5 * time.Minute

func waitingForConsumer(p *analysis.Pass) error {
	for _, c := range p.PersistentVolumeClaims("") {
		if !waiting(c) || c.Annotations["volume.kubernetes.io/selected-node"] != "" {
			continue
		}
		proof, ok := waitsForConsumer(p, c)
		if !ok {
			continue
		}
		if pods := consumers(p, c); len(pods) > 0 {
			reportPastScheduler(p, c, pods, proof)
			continue
		}
		if p.Now().Sub(c.CreationTimestamp.Time) < unusedFor || usedByTemplate(p, c) {
			continue
		}
		confidence := finding.Proven
		for _, kind := range append(snapshot.TemplateKinds(), snapshot.Pods) {
			known, ok := p.Completeness(kind, c.Namespace)
			if !ok {
				p.CannotSay(claimRef(c), fmt.Sprintf("whether anything uses it: %s were not read completely", kind))
				confidence = ""
				break
			}
			confidence = confidence.Weaker(known)
		}
		if confidence != "" {
			reportUnused(p, c, proof, confidence)
		}
	}
	return nil
}

// waitsForConsumer tells whether a claim waits for a pod: its class says so, or the controller does.
func waitsForConsumer(p *analysis.Pass, c *corev1.PersistentVolumeClaim) (proof finding.Evidence, ok bool) {
	if e := lastEvent(p, claimKind, c, "WaitForFirstConsumer"); e != nil {
		return quote(claimKind, c, e), true
	}
	name, _ := className(c)
	class := p.StorageClass(name)
	if class == nil || class.VolumeBindingMode == nil || *class.VolumeBindingMode != storagev1.VolumeBindingWaitForFirstConsumer {
		return finding.Evidence{}, false
	}
	return finding.Evidence{
		Object: finding.ObjectRef{Kind: "StorageClass", Name: name}, Source: "volumeBindingMode", Value: string(*class.VolumeBindingMode),
	}, true
}

func usedByTemplate(p *analysis.Pass, c *corev1.PersistentVolumeClaim) bool {
	for _, t := range p.Templates(c.Namespace) {
		if t.Uses(c.Name) {
			return true
		}
	}
	return false
}

func reportUnused(p *analysis.Pass, c *corev1.PersistentVolumeClaim, proof finding.Evidence, confidence finding.Confidence) {
	since := analysis.Ago(p.Now(), c.CreationTimestamp.Time)
	f := finding.Finding{
		Severity: finding.Info, Confidence: confidence, Object: claimRef(c), FirstSeen: finding.At(c.CreationTimestamp.Time),
		Message: fmt.Sprintf("no pod or workload has used the claim in %s, and its class makes a volume only for a pod", since),
		Evidence: []finding.Evidence{
			{Object: claimRef(c), Source: "status.phase", Value: "Pending", Time: finding.At(c.CreationTimestamp.Time)}, proof,
		},
		Fix: []finding.Fix{{Text: "Delete the claim if nothing is to use it; it holds no data", Command: finding.Kubectl(c.Namespace, "delete", "pvc", c.Name)}},
	}
	if pod, asked := misspelt(p, c); pod != nil {
		f.Severity, f.Confidence = finding.Warning, f.Confidence.Weaker(finding.Strong)
		f.Message = fmt.Sprintf("no pod has used the claim in %s, but pod %s waits for claim %s, which does not exist", since, pod.Name, asked)
		f.Evidence = append(f.Evidence, finding.Evidence{
			Object: analysis.RefTo("Pod", pod), Source: "spec.volumes.persistentVolumeClaim.claimName", Value: asked, Time: finding.At(pod.CreationTimestamp.Time),
		})
		f.Fix = []finding.Fix{{Text: fmt.Sprintf("Let the pod use claim %s where it says %s, in the workload that makes it", c.Name, asked), Command: finding.Kubectl(pod.Namespace, "describe", "pod", pod.Name)}}
	}
	p.Report(f)
}

// misspelt finds a waiting pod that asks for a claim that does not exist and has nearly the name of this one.
func misspelt(p *analysis.Pass, c *corev1.PersistentVolumeClaim) (*corev1.Pod, string) {
	for _, pod := range p.Pods(c.Namespace) {
		if pod.Status.Phase != corev1.PodPending {
			continue
		}
		for _, asked := range snapshot.ClaimsOf(pod) {
			if _, near := nearest(asked, []string{c.Name}); !near {
				continue
			}
			if _, absent := p.Absence(snapshot.PersistentVolumeClaims, c.Namespace, asked); absent {
				return pod, asked
			}
		}
	}
	return nil, ""
}

// reportPastScheduler speaks where a pod sits on a node and waits for a volume for which no node was chosen: nobody will choose one.
func reportPastScheduler(p *analysis.Pass, c *corev1.PersistentVolumeClaim, pods []*corev1.Pod, proof finding.Evidence) {
	for _, pod := range pods {
		if pod.Spec.NodeName == "" || p.Now().Sub(pod.CreationTimestamp.Time) < settle {
			continue
		}
		f := finding.Finding{
			Severity: finding.Critical, Confidence: finding.Strong, Object: claimRef(c), FirstSeen: finding.At(pod.CreationTimestamp.Time),
			Message: fmt.Sprintf("pod %s was put on node %s past the scheduler (spec.nodeName), which alone could have had the volume made; it has waited %s",
				pod.Name, pod.Spec.NodeName, analysis.Ago(p.Now(), pod.CreationTimestamp.Time)),
			Evidence: []finding.Evidence{
				proof,
				{Object: claimRef(c), Source: "metadata.annotations[volume.kubernetes.io/selected-node]", Value: "not set"},
				{Object: analysis.RefTo("Pod", pod), Source: "spec.nodeName", Value: pod.Spec.NodeName, Time: finding.At(pod.CreationTimestamp.Time)},
			},
			Fix: []finding.Fix{
				{Text: "Take spec.nodeName out of the pod and choose the node by nodeSelector instead: kubernetes.io/hostname: " + pod.Spec.NodeName},
				{Text: "To free the pod that waits now, choose the node for the volume by hand", Command: finding.Kubectl(c.Namespace, "annotate", "pvc", c.Name, "volume.kubernetes.io/selected-node="+pod.Spec.NodeName)},
			},
		}
		if e := lastEvent(p, "Pod", pod, "FailedMount"); e != nil {
			f.Evidence = append(f.Evidence, quote("Pod", pod, e))
		}
		p.Report(f)
		return
	}
}
