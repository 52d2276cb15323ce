package netpol

// This file finds pods that share an IP, and pods whose IP is not the one that the network plugin gave them.

import (
	"cmp"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/kubectl-scars/kubectl-scars/pkg/analysis"
	"github.com/kubectl-scars/kubectl-scars/pkg/finding"
	"github.com/kubectl-scars/kubectl-scars/pkg/order"
	"github.com/kubectl-scars/kubectl-scars/pkg/snapshot"
)

// DuplicatePodIP is netpol/duplicate-pod-ip.
var DuplicatePodIP = &analysis.Check{
	ID: "netpol/duplicate-pod-ip",
	Doc: analysis.Doc{
		Title:    "Two pods share one IP",
		Symptom:  "Requests reach the wrong pod or nobody, now and then; Services answer with another application; network policies let through or block the wrong pod.",
		Evidence: "status.podIPs of pods that live: not ended, not terminating, not on the host's network, their sandbox ready, their node Ready, all listed at one moment. And Calico's annotation cni.projectcalico.org/podIP against status.podIP, two minutes after the sandbox was made. Proven: the API states both sides.",
		Why:      "Packets for an IP go to one place. Typical after an IP agent lost its memory: a restart with a stale datastore, a node that was made again under its old name.",
		Fix:      "Delete the pod that came later, so that it gets another IP; then repair the IP agent of the node before it gives the next one away.",
		Limits:   "Ended pods keep their IP in the status though it is free again, and are left out; so are terminating pods, pods on nodes that are not Ready, and nodes that are gone. Networks whose subnets overlap on purpose (Kube-OVN's own VPCs) share IPs legitimately: skip the check there.",
		Sources:  []string{"kubernetes issues 92697, 109414", "projectcalico/calico issue 13858"},
	},
	Inputs: analysis.PodInputs(analysis.Optional(snapshot.Nodes)),
	Run:    duplicatePodIP,
}

// renewed is how long after its sandbox was made a pod's status and annotation may disagree: they are written by two programs.
const renewed = 2 * time.Minute

func duplicatePodIP(p *analysis.Pass) error {
	pods := p.Pods("")
	one := make(map[netip.Addr]*corev1.Pod, len(pods)) // that has the IP: most are the only one
	byIP := map[netip.Addr][]*corev1.Pod{}             // those that are not
	var ips []netip.Addr
	mismatched := map[finding.ObjectRef][]*corev1.Pod{} // pods by workload
	var owners []finding.ObjectRef
	dead := map[string]bool{} // nodes, by name
	var own []netip.Addr
	for _, pod := range pods {
		if !holdsIP(pod) {
			continue
		}
		isDead, known := dead[pod.Spec.NodeName]
		if !known {
			isDead = gone(p, pod.Spec.NodeName)
			dead[pod.Spec.NodeName] = isDead
		}
		if isDead {
			continue
		}
		own = addresses(own[:0], pod)
		for _, ip := range own {
			switch first := one[ip]; {
			case first == nil:
				one[ip] = pod
				continue
			case byIP[ip] == nil:
				ips = append(ips, ip)
				byIP[ip] = []*corev1.Pod{first}
			}
			byIP[ip] = append(byIP[ip], pod)
		}
		if given := calicoIP(pod); given.IsValid() && !slices.Contains(own, given) && p.Now().Sub(sandboxSince(pod)) > renewed {
			if knowsNodes(p, "whether Calico's "+given.String()+" is its IP", pod) {
				w := analysis.Ref(p.WorkloadOf(pod))
				if mismatched[w] == nil {
					owners = append(owners, w)
				}
				mismatched[w] = append(mismatched[w], pod)
			}
		}
	}
	for _, w := range owners {
		reportMismatch(p, w, mismatched[w])
	}
	order.By(ips, func(a, b netip.Addr) int { return cmp.Compare(a.String(), b.String()) })
	shared := map[finding.ObjectRef][]netip.Addr{} // IPs by the workload of the pod that came last
	var latest []finding.ObjectRef
	for _, ip := range ips {
		order.By(byIP[ip], func(a, b *corev1.Pod) int { return begun(a).Compare(begun(b)) })
		what := "whether it shares IP " + ip.String()
		if !knowsNodes(p, what, byIP[ip]...) || !atOnce(p, what, byIP[ip]) {
			continue
		}
		w := analysis.Ref(p.WorkloadOf(byIP[ip][len(byIP[ip])-1]))
		if shared[w] == nil {
			latest = append(latest, w)
		}
		shared[w] = append(shared[w], ip)
	}
	for _, w := range latest {
		reportShared(p, w, shared[w], byIP)
	}
	return nil
}

// holdsIP tells whether the IP in a pod's status is in use by that pod, if its node is alive.
func holdsIP(pod *corev1.Pod) bool {
	switch {
	case pod.Spec.HostNetwork, pod.DeletionTimestamp != nil, pod.Status.Phase == corev1.PodSucceeded, pod.Status.Phase == corev1.PodFailed:
		return false
	}
	for _, c := range pod.Status.Conditions {
		if c.Type == corev1.PodReadyToStartContainers && c.Status != corev1.ConditionTrue {
			return false // its sandbox is gone, the IP in the status is the old one
		}
	}
	return true
}

// gone tells whether a node is known not to be Ready, or not to be there: what its pods say is of yesterday.
func gone(p *analysis.Pass, name string) bool {
	n := p.Node(name)
	if n == nil {
		_, known := p.Absence(snapshot.Nodes, "", name)
		return known
	}
	return !slices.ContainsFunc(n.Status.Conditions, func(c corev1.NodeCondition) bool {
		return c.Type == corev1.NodeReady && c.Status == corev1.ConditionTrue
	})
}

// knowsNodes tells whether the nodes of pods were read; where not, it says what cannot be said.
func knowsNodes(p *analysis.Pass, what string, pods ...*corev1.Pod) bool {
	for _, pod := range pods {
		if p.Node(pod.Spec.NodeName) == nil {
			last := pods[len(pods)-1]
			p.CannotSay(analysis.Ref(p.WorkloadOf(last)), fmt.Sprintf("%s: node %s was not read, and what pods of a dead node say is old", what, pod.Spec.NodeName))
			return false
		}
	}
	return true
}

// atOnce tells whether the pods are known to have been there at one moment, and says where they are not: an IP goes to another pod as soon as
// its first one is gone, so pods of two moments may have the same IP for no fault at all.
func atOnce(p *analysis.Pass, what string, pods []*corev1.Pod) bool {
	for _, pod := range pods {
		if p.State(snapshot.Pods, pod.Namespace).Torn {
			p.CannotSay(analysis.Ref(p.WorkloadOf(pods[len(pods)-1])), what+": pods were read from different moments, because their listing expired meanwhile")
			return false
		}
	}
	return true
}

// addresses lists the IPs of a pod in the place of an empty list.
func addresses(out []netip.Addr, pod *corev1.Pod) []netip.Addr {
	add := func(ip string) {
		if a, err := netip.ParseAddr(ip); err == nil && !slices.Contains(out, a) {
			out = append(out, a)
		}
	}
	add(pod.Status.PodIP)
	for _, ip := range pod.Status.PodIPs {
		if ip.IP != pod.Status.PodIP {
			add(ip.IP)
		}
	}
	return out
}

// calicoIP is the IP that Calico says it gave the pod ("10.0.0.5/32"); not valid where it did not, or took it back.
func calicoIP(pod *corev1.Pod) netip.Addr {
	ip, _, _ := strings.Cut(pod.Annotations["cni.projectcalico.org/podIP"], "/")
	if ip == "" {
		return netip.Addr{}
	}
	a, err := netip.ParseAddr(ip)
	if err != nil || len(addresses(nil, pod)) == 0 {
		return netip.Addr{}
	}
	return a
}

// begun is when a pod came to its node.
func begun(pod *corev1.Pod) time.Time {
	if pod.Status.StartTime != nil {
		return pod.Status.StartTime.Time
	}
	return pod.CreationTimestamp.Time
}

// sandboxSince is when a pod's sandbox was last made, as far as that is known.
func sandboxSince(pod *corev1.Pod) time.Time {
	since := begun(pod)
	for _, c := range pod.Status.Conditions {
		if c.Type == corev1.PodReadyToStartContainers && c.LastTransitionTime.After(since) {
			since = c.LastTransitionTime.Time
		}
	}
	for _, c := range pod.Status.ContainerStatuses {
		if c.State.Running != nil && c.State.Running.StartedAt.After(since) {
			since = c.State.Running.StartedAt.Time
		}
	}
	return since
}

func reportShared(p *analysis.Pass, w finding.ObjectRef, ips []netip.Addr, byIP map[netip.Addr][]*corev1.Pod) {
	pods := byIP[ips[0]]
	last, first := pods[len(pods)-1], pods[0]
	f := finding.Finding{
		Severity: finding.Critical, Confidence: finding.Proven, Object: w, FirstSeen: finding.At(begun(last)),
		Message: fmt.Sprintf("pod %s has the same IP %s as pod %s of namespace %s, which had it first", last.Name, ips[0], first.Name, first.Namespace),
		Fix: []finding.Fix{
			{Text: "Delete the pod that came later, so that it gets another IP", Command: finding.Kubectl(last.Namespace, "delete", "pod", last.Name)},
			{Text: "See why the IP was given twice: the network plugin's IP agent on node " + last.Spec.NodeName, Command: finding.Kubectl("", "get", "pods", "-A", "-o", "wide", "--field-selector", "spec.nodeName="+last.Spec.NodeName)},
		},
	}
	if w.Kind == "Pod" {
		f.Fix[0].Text = "Delete the pod that came later and make it again, so that it gets another IP: nothing else will"
	}
	if len(pods) > 2 {
		f.Message = fmt.Sprintf("%d pods have the same IP %s, pod %s of namespace %s had it first", len(pods), ips[0], first.Name, first.Namespace)
	}
	if len(ips) > 1 {
		f.Message += fmt.Sprintf("; %d IPs of this workload are shared", len(ips))
	}
	for _, ip := range ips[:min(len(ips), 3)] {
		for _, pod := range byIP[ip] {
			f.Evidence = append(f.Evidence, finding.Evidence{
				Object: analysis.RefTo("Pod", pod), Source: "status.podIPs", Value: fmt.Sprintf("%s on node %s", ip, pod.Spec.NodeName), Time: finding.At(begun(pod)),
			})
		}
	}
	p.Report(f)
}

func reportMismatch(p *analysis.Pass, w finding.ObjectRef, pods []*corev1.Pod) {
	first := pods[0]
	f := finding.Finding{
		Severity: finding.Critical, Confidence: finding.Proven, Object: w, Key: "annotation", FirstSeen: finding.At(sandboxSince(first)),
		Message: fmt.Sprintf("Calico gave pod %s the IP %s, but its status says %s: Services and policies use the wrong one", first.Name, calicoIP(first), first.Status.PodIP),
		Fix:     []finding.Fix{{Text: "Delete the pod, so that both sides start anew", Command: finding.Kubectl(first.Namespace, "delete", "pod", first.Name)}},
	}
	if len(pods) > 1 {
		f.Message += fmt.Sprintf("; %d pods of this workload differ so", len(pods))
	}
	if w.Kind == "Pod" {
		f.Fix[0].Text = "Delete the pod and make it again, so that both sides start anew"
	}
	for _, pod := range pods[:min(len(pods), 3)] {
		f.Evidence = append(f.Evidence,
			finding.Evidence{Object: analysis.RefTo("Pod", pod), Source: "metadata.annotations[cni.projectcalico.org/podIP]", Value: calicoIP(pod).String()},
			finding.Evidence{Object: analysis.RefTo("Pod", pod), Source: "status.podIP", Value: pod.Status.PodIP, Time: finding.At(sandboxSince(pod))})
	}
	p.Report(f)
}
