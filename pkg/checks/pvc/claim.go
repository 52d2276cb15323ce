package pvc

// This file holds what the checks of this area say about claims in common: their class, who waits for them, what events say of them.

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/agnivade/levenshtein"
	corev1 "k8s.io/api/core/v1"
	storagev1 "k8s.io/api/storage/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/kubectl-scars/kubectl-scars/pkg/analysis"
	"github.com/kubectl-scars/kubectl-scars/pkg/finding"
	"github.com/kubectl-scars/kubectl-scars/pkg/kubeevent"
	"github.com/kubectl-scars/kubectl-scars/pkg/snapshot"
)

const (
	claimKind  = "PersistentVolumeClaim"
	volumeKind = "PersistentVolume"

	// settle is how long the controllers may take to act on a new claim before its being Pending means anything. They resync every 15 s
	// (kube-controller-manager v1.37.2 --pvclaimbinder-sync-period).
	settle = time.Minute

	betaClass = "volume.beta.kubernetes.io/storage-class"
)

func claimRef(c *corev1.PersistentVolumeClaim) finding.ObjectRef { return analysis.RefTo(claimKind, c) }

// className is the class that a claim asks for, and whether it names one at all; the empty name asks for static volumes. The beta
// annotation goes before the field (kubernetes v1.37.2 pkg/apis/core/v1/helper/helpers.go).
func className(c *corev1.PersistentVolumeClaim) (name string, set bool) {
	if name, set = c.Annotations[betaClass]; set {
		return name, true
	}
	if c.Spec.StorageClassName != nil {
		return *c.Spec.StorageClassName, true
	}
	return "", false
}

// waiting tells whether a claim waits for a volume that is yet to be found or made.
func waiting(c *corev1.PersistentVolumeClaim) bool {
	return c.Status.Phase == corev1.ClaimPending && c.Spec.VolumeName == "" && c.DeletionTimestamp == nil
}

// lastEvent is the newest event about an object that has one of the reasons, or nil.
func lastEvent(p *analysis.Pass, kind string, o metav1.Object, reasons ...string) *corev1.Event {
	var best *corev1.Event
	var newest time.Time
	for _, e := range p.EventsOf(kind, o) {
		if _, last, _ := kubeevent.Span(e); slices.Contains(reasons, e.Reason) && (best == nil || last.After(newest)) {
			best, newest = e, last
		}
	}
	return best
}

// quote makes an event a line of evidence.
func quote(kind string, o metav1.Object, e *corev1.Event) finding.Evidence {
	_, last, count := kubeevent.Span(e)
	return finding.Evidence{
		Object: analysis.RefTo(kind, o), Source: "event " + e.Reason, Value: e.Message, Time: finding.At(last), Count: count,
	}
}

// consumers are the pods that use a claim and have not ended.
func consumers(p *analysis.Pass, c *corev1.PersistentVolumeClaim) []*corev1.Pod {
	var out []*corev1.Pod
	for _, pod := range p.PodsOfClaim(c.Namespace, c.Name) {
		if pod.Status.Phase != corev1.PodSucceeded && pod.Status.Phase != corev1.PodFailed && pod.DeletionTimestamp == nil {
			out = append(out, pod)
		}
	}
	return out
}

// waiters says who waits for a claim, as the end of a sentence, and how bad that is: a pod that cannot start hurts now.
func waiters(p *analysis.Pass, c *corev1.PersistentVolumeClaim) (string, finding.Severity, []finding.Evidence) {
	since := analysis.Ago(p.Now(), c.CreationTimestamp.Time)
	pods := consumers(p, c)
	if len(pods) == 0 {
		return "the claim has waited " + since, finding.Warning, nil
	}
	w := analysis.Ref(p.WorkloadOf(pods[0]))
	who := w.String()
	if w.Kind != "Pod" {
		who = count(len(pods), "pod") + " of " + who
	}
	ev := finding.Evidence{Object: analysis.RefTo("Pod", pods[0]), Source: "spec.volumes.persistentVolumeClaim.claimName", Value: c.Name}
	for _, cond := range pods[0].Status.Conditions {
		if cond.Type == corev1.PodScheduled && cond.Status == corev1.ConditionFalse && cond.Message != "" {
			ev.Source, ev.Value, ev.Time = "status.conditions[PodScheduled]", cond.Message, finding.At(cond.LastTransitionTime.Time)
		}
	}
	return who + " cannot start, the claim has waited " + since, finding.Critical, []finding.Evidence{ev}
}

func count(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	if noun == "class" {
		return fmt.Sprintf("%d classes", n)
	}
	return fmt.Sprintf("%d %ss", n, noun)
}

// nearest is the name that was probably meant: at most two letters away and less than half of it wrong.
func nearest(word string, names []string) (string, bool) {
	best, distance := "", 3
	for _, name := range names {
		if d := levenshtein.ComputeDistance(word, name); d < distance && 2*d < len(word) {
			best, distance = name, d
		}
	}
	return best, best != ""
}

// classNames lists the names of classes, in their order.
func classNames(classes []*storagev1.StorageClass) []string {
	names := make([]string, len(classes))
	for i, c := range classes {
		names[i] = c.Name
	}
	return names
}

// remake is the command that makes a waiting claim again with another class; it holds no data yet.
func remake(c *corev1.PersistentVolumeClaim, from, to string) string {
	return finding.Kubectl(c.Namespace, "get", "pvc", c.Name, "-o", "yaml") +
		fmt.Sprintf(" | sed 's/storageClassName: %s$/storageClassName: %s/' | ", from, to) + finding.Kubectl("", "replace", "--force", "-f", "-")
}

// The words in the names of images by which the sidecars of a CSI driver are known.
const (
	provisioner = "provisioner"
	resizer     = "resizer"
)

// downSidecars are, by the word that the name of its image bears, the first few sidecars of CSI drivers that do not run.
var downSidecars = snapshot.Derived[map[string][]finding.Evidence]{Kinds: []snapshot.Kind{snapshot.Pods}, Make: func(v *snapshot.View) map[string][]finding.Evidence {
	out := map[string][]finding.Evidence{}
	for _, pod := range v.Pods("") {
		for _, st := range pod.Status.ContainerStatuses {
			if st.State.Waiting == nil || pod.Status.Phase == corev1.PodSucceeded {
				continue
			}
			for _, c := range pod.Spec.Containers {
				image := c.Image[strings.LastIndexByte(c.Image, '/')+1:]
				for _, word := range []string{provisioner, resizer} {
					if c.Name == st.Name && strings.Contains(image, word) && len(out[word]) < 3 {
						out[word] = append(out[word], finding.Evidence{
							Object: analysis.RefTo("Pod", pod), Source: fmt.Sprintf("status.containerStatuses[%s].state.waiting", c.Name),
							Value: fmt.Sprintf("%s, restarted %d times", st.State.Waiting.Reason, st.RestartCount),
						})
					}
				}
			}
		}
	}
	return out
}}
