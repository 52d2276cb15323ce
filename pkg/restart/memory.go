package restart

// This file grades kills for memory: the kill itself is stated by OOMKilled, whose limit it was is not.

import (
	"fmt"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"

	"github.com/kubectl-scars/kubectl-scars/pkg/finding"
)

// Owner says whose memory limit it was.
type Owner string

// The owners of limits.
const (
	OwnLimit  Owner = "own"  // the container's
	PodLimit  Owner = "pod"  // the pod's (KEP-2837); a container without one has the pod's on its own cgroup
	NodeLimit Owner = "node" // the node's memory, or the share of it that pods may use
)

// Limit is the limit that most likely was hit.
type Limit struct {
	Owner      Owner
	Bytes      resource.Quantity // zero for NodeLimit
	Source     string            // field path
	Enacted    bool              // read from what is in force, not from what was asked for
	Confidence finding.Confidence
	Other      string // a second limit that could have been it, in words; empty for none
}

// String names the limit: "its own memory limit of 64Mi".
func (l Limit) String() string {
	switch l.Owner {
	case OwnLimit:
		return "its own memory limit of " + l.Bytes.String()
	case PodLimit:
		return "its pod's memory limit of " + l.Bytes.String()
	default:
		return "no memory limit of its own, so the node's"
	}
}

// Tiny tells whether no program can plausibly start within the limit: less than 4 MiB, or thousandths of a byte.
func (l Limit) Tiny() bool { return l.Owner != NodeLimit && l.Bytes.Cmp(smallest) < 0 }

// whose weighs the limits of a container. What is enacted (status, KEP-1287) is believed before what is asked for; a limit that is being
// changed may have been another at the time of the kill, which nothing records.
func whose(f Facts, c container) Limit {
	own, source, enacted, changing := ownLimit(c)
	pod, podSource, podEnacted := podLimit(f.Pod)
	switch {
	case !own.IsZero() && pod.IsZero():
		l := Limit{Owner: OwnLimit, Bytes: own, Source: source, Enacted: enacted, Confidence: finding.Strong}
		if changing {
			l.Confidence, l.Other = finding.Consistent, "the limit has been changed since"
		}
		return l
	case !own.IsZero() && own.Cmp(pod) <= 0 && sumOfLimits(f.Pod).Cmp(pod) <= 0:
		return Limit{Owner: OwnLimit, Bytes: own, Source: source, Enacted: enacted, Confidence: finding.Strong}
	case !own.IsZero() && own.Cmp(pod) <= 0:
		return Limit{Owner: OwnLimit, Bytes: own, Source: source, Enacted: enacted, Confidence: finding.Consistent, Other: "its pod's limit of " + pod.String()}
	case !pod.IsZero():
		return Limit{Owner: PodLimit, Bytes: pod, Source: podSource, Enacted: podEnacted, Confidence: finding.Strong}
	default:
		return Limit{Owner: NodeLimit, Confidence: finding.Consistent}
	}
}

func ownLimit(c container) (q resource.Quantity, source string, enacted, changing bool) {
	var asked resource.Quantity
	if c.spec != nil {
		asked = c.spec.Resources.Limits[corev1.ResourceMemory]
	}
	if r := c.status.Resources; r != nil {
		if now, ok := r.Limits[corev1.ResourceMemory]; ok {
			return now, c.path() + ".resources.limits.memory", true, asked.Cmp(now) != 0
		}
	}
	list := "spec.containers["
	if c.kind == Init || c.kind == Sidecar {
		list = "spec.initContainers["
	}
	return asked, list + c.status.Name + "].resources.limits.memory", false, false
}

// podLimit is the limit that is written on the pod itself. status.resources holds sums too where none is written (1.34 and later).
func podLimit(p *corev1.Pod) (q resource.Quantity, source string, enacted bool) {
	if p == nil || p.Spec.Resources == nil {
		return q, "", false
	}
	asked, ok := p.Spec.Resources.Limits[corev1.ResourceMemory]
	if !ok {
		return q, "", false
	}
	if r := p.Status.Resources; r != nil {
		if now, ok := r.Limits[corev1.ResourceMemory]; ok {
			return now, "status.resources.limits.memory", true
		}
	}
	return asked, "spec.resources.limits.memory", false
}

// sumOfLimits adds up what all containers that run beside each other may use; a container without a limit makes it endless.
func sumOfLimits(p *corev1.Pod) *resource.Quantity {
	sum := resource.NewQuantity(0, resource.BinarySI)
	eachContainer(p, func(c container) {
		if c.kind != Regular && c.kind != Sidecar {
			return
		}
		own, _, _, _ := ownLimit(c)
		if own.IsZero() {
			own = *resource.NewQuantity(1<<60, resource.BinarySI)
		}
		sum.Add(own)
	})
	return sum
}

// oom is a kill for memory that ended the container: OOMKilled with 137.
func (d Death) oom(f Facts) Death {
	if d.Limit.Owner == NodeLimit {
		evidence, ok := systemOOM(f, d.Finished, nodeWindow)
		d.Evidence = append(d.Evidence, evidence...)
		if ok {
			return d.because(NodeMemory, finding.Strong, "")
		}
	} else if evidence, ok := systemOOM(f, d.Finished, raceWindow); ok { // a limit explains it as well
		d.Evidence = append(d.Evidence, evidence...)
		d.Limit.Confidence, d.Limit.Other = finding.Consistent, "or that of the node, which ran out at the same time"
	}
	d.Evidence = append(d.Evidence, d.Limit.evidence(f, d.Pod.Container)...)
	if d.Limit.Owner == NodeLimit {
		return d.because(NodeMemory, finding.Consistent, "no event SystemOOM: it may have been the share of the node that pods may use")
	}
	d.TooSmall = d.Limit.Tiny()
	return d.because(MemoryLimit, d.Limit.Confidence, files(f.Pod, d.Limit))
}

// files says that files in a volume in memory may have a share in a limit's being hit: where they may grow to a quarter of it.
func files(p *corev1.Pod, l Limit) string {
	v := memoryVolume(p)
	if v == nil || v.EmptyDir.SizeLimit != nil && v.EmptyDir.SizeLimit.Value() < l.Bytes.Value()/4 {
		return ""
	}
	return "files in its memory volume " + v.Name + " count towards it"
}

// evidence shows the limit, and what counts against it besides the program: files in memory.
func (l Limit) evidence(f Facts, name string) []finding.Evidence {
	if l.Owner == NodeLimit {
		return []finding.Evidence{{Object: f.ref(name), Source: "spec", Value: "neither the container nor its pod has a memory limit"}}
	}
	value := l.Bytes.String()
	if l.Enacted {
		value += " (in force)"
	}
	out := []finding.Evidence{{Object: f.ref(name), Source: l.Source, Value: value}}
	if v := memoryVolume(f.Pod); v != nil {
		size := "no sizeLimit"
		if v.EmptyDir.SizeLimit != nil {
			size = "sizeLimit " + v.EmptyDir.SizeLimit.String()
		}
		out = append(out, finding.Evidence{
			Object: f.ref(""), Source: fmt.Sprintf("spec.volumes[%s].emptyDir", v.Name),
			Value: "medium Memory, " + size + ": its files count as memory and survive a restart",
		})
	}
	return out
}

// memoryVolume is the first volume of the pod whose files lie in memory, or nil.
func memoryVolume(p *corev1.Pod) *corev1.Volume {
	for i := range p.Spec.Volumes {
		if v := &p.Spec.Volumes[i]; inMemory(v) {
			return v
		}
	}
	return nil
}

func inMemory(v *corev1.Volume) bool {
	return v.EmptyDir != nil && v.EmptyDir.Medium == corev1.StorageMediumMemory
}

// tooLow tells whether a runtime says that the limit did not even suffice for its own first process: runc "container init was
// OOM-killed (memory limit too low?)", CRI-O "set memory limit %d too low; should be at least %d bytes".
func tooLow(message string) bool {
	return strings.Contains(message, "memory limit too low") || strings.Contains(message, "set memory limit") && strings.Contains(message, "too low")
}
