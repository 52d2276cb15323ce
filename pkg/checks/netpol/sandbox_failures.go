package netpol

// This file finds pods that cannot start, or cannot end, because their sandbox and its network cannot be made or taken down.

import (
	"fmt"
	"slices"

	"github.com/kubectl-scars/kubectl-scars/pkg/analysis"
	"github.com/kubectl-scars/kubectl-scars/pkg/cni"
	"github.com/kubectl-scars/kubectl-scars/pkg/finding"
	"github.com/kubectl-scars/kubectl-scars/pkg/snapshot"
)

// SandboxFailures is netpol/sandbox-failures.
var SandboxFailures = &analysis.Check{
	ID: "netpol/sandbox-failures",
	Doc: analysis.Doc{
		Title:    "Pods do not start because their sandbox or its network cannot be made",
		Symptom:  "Pods stay in ContainerCreating after they were scheduled, often on one node and after a restart of the network agent.",
		Evidence: "The events FailedCreatePodSandBox, NetworkNotReady and FailedKillPod, whose text names the cause, and the pod's condition PodReadyToStartContainers, which says whether it lasts. Proven where an event names the failure. Strong where only SandboxChanged is left, over and over, of a sandbox that never becomes ready.",
		Why:      "No retry helps while the cause lasts: no new pod starts on that node, and nothing that is rescheduled there comes up.",
		Fix:      "Depends on the cause, which the finding names: the network agent, IP addresses, a stale bridge, a missing plugin, the runtime.",
		Limits:   "Silent as soon as the sandbox is ready, for a first failure that is younger than half a minute, and for two minutes where the node only says that its network is not ready yet, as each does when it joins. The kubelet may say the cause once and then only SandboxChanged: after an hour the cause is gone. Where one cause of the node stops pods of several workloads on it, the finding is about the node.",
		Sources:  []string{"kubernetes v1.37.2 pkg/kubelet/kuberuntime/kuberuntime_manager.go, pkg/kubelet/types/constants.go", "containerd internal/cri/server/sandbox_run.go"},
	},
	Inputs: analysis.PodInputs(analysis.Need(snapshot.Events)),
	Run:    sandboxFailures,
}

// trouble is one cause that stops pods of one workload.
type trouble struct {
	workload snapshot.Ref
	cause    cni.Cause
	pods     []stuckPod // that are there, by name
	gone     int        // replaced pods that met the same cause
}

func sandboxFailures(p *analysis.Pass) error {
	var all []trouble
	for _, w := range p.Workloads() {
		all = append(all, troublesOf(p, w)...)
	}
	for _, group := range byNode(all) {
		if len(group.troubles) > 1 {
			reportNode(p, group)
		} else {
			reportWorkload(p, group.troubles[0])
		}
	}
	return nil
}

// troublesOf groups the stuck pods of a workload by cause, in the order of the first pod.
func troublesOf(p *analysis.Pass, w snapshot.Ref) []trouble {
	var out []trouble
	at := func(c cni.Cause) *trouble {
		for i := range out {
			if out[i].cause.Class == c.Class && out[i].cause.Teardown == c.Teardown {
				return &out[i]
			}
		}
		return nil
	}
	var gone []cni.Cause
	for _, inc := range p.Incarnations(w) {
		if inc.Pod == nil {
			if c, ok := causeOf(inc.Events); ok {
				gone = append(gone, c)
			}
			continue
		}
		s, ok := stuck(p.Now(), inc)
		if !ok {
			continue
		}
		if t := at(s.cause); t != nil {
			t.pods = append(t.pods, s)
		} else {
			out = append(out, trouble{workload: w, cause: s.cause, pods: []stuckPod{s}})
		}
	}
	for _, c := range gone { // of a workload that is well again nothing is said
		if t := at(c); t != nil {
			t.gone++
		}
	}
	return out
}

// nodeGroup is what one cause does to one node; or, without a node, to one workload.
type nodeGroup struct {
	node     string
	troubles []trouble
}

// byNode puts troubles together that are one trouble of a node: the same cause, which lies in the node, for several workloads on it.
func byNode(all []trouble) []nodeGroup {
	var out []nodeGroup
	for _, t := range all {
		node, one := t.node()
		if !one || !t.cause.Class.OfNode() || t.cause.Teardown {
			out = append(out, nodeGroup{"", []trouble{t}})
			continue
		}
		i := slices.IndexFunc(out, func(g nodeGroup) bool { return g.node == node && g.troubles[0].cause.Class == t.cause.Class })
		if i < 0 {
			out = append(out, nodeGroup{node, []trouble{t}})
		} else {
			out[i].troubles = append(out[i].troubles, t)
		}
	}
	return out
}

// node is the node on which all pods of a trouble are, where it is one.
func (t trouble) node() (string, bool) {
	node := t.pods[0].pod.Spec.NodeName
	for _, s := range t.pods {
		if s.pod.Spec.NodeName != node {
			return "", false
		}
	}
	return node, node != ""
}

func reportWorkload(p *analysis.Pass, t trouble) {
	f := describe(t.cause, t.pods)
	f.Object = analysis.Ref(t.workload)
	f.Key = string(t.cause.Class)
	f.SaidBy = "oom/tiny-limit" // where a limit is too small for the sandbox, this is what it looks like
	total := len(p.PodsOf(t.workload))
	where := ""
	if node, one := t.node(); one {
		where = " on node " + node
	}
	who := fmt.Sprintf("%d of %s%s", len(t.pods), count(total, "pod"), where)
	if total == 1 {
		who = "its pod" + where
	}
	if t.workload.Kind == "Pod" {
		who = "the pod" + where
	}
	f.Message = sentence(p, t.cause, t.pods, who)
	if t.gone > 0 {
		f.Message += fmt.Sprintf("; %s before met the same", count(t.gone, "replaced pod"))
	}
	p.Report(f)
}

func reportNode(p *analysis.Pass, g nodeGroup) {
	var pods []stuckPod
	for _, t := range g.troubles {
		pods = append(pods, t.pods...)
	}
	cause := g.troubles[0].cause
	f := describe(cause, pods)
	f.Object = finding.ObjectRef{APIVersion: "v1", Kind: "Node", Name: g.node}
	f.Key = string(cause.Class)
	f.Message = sentence(p, cause, pods, fmt.Sprintf("%s of %s", count(len(pods), "pod"), count(len(g.troubles), "workload")))
	p.Report(f)
}

// sentence says the cause first, then who has not started because of it.
func sentence(p *analysis.Pass, c cni.Cause, pods []stuckPod, who string) string {
	since := pods[0].since
	for _, s := range pods {
		if s.since.Before(since) {
			since = s.since
		}
	}
	verb := "has"
	if len(pods) > 1 {
		verb = "have"
	}
	did := "not started"
	if c.Teardown {
		did = "not ended"
	}
	return fmt.Sprintf("%s (%s): %s %s %s in %s", c.Class.Says(), c.Detail, who, verb, did, analysis.Ago(p.Now(), since))
}

// describe fills in what findings about a node and about a workload have in common.
func describe(c cni.Cause, pods []stuckPod) finding.Finding {
	f := finding.Finding{Severity: finding.Critical, Confidence: finding.Proven}
	if c.Teardown {
		f.Severity = finding.Warning
	}
	first := pods[0].since
	for i, s := range pods {
		if s.since.Before(first) {
			first = s.since
		}
		if !s.named {
			f.Confidence = finding.Strong
		}
		if i < 3 {
			f.Evidence = append(f.Evidence, s.evidence...)
		}
	}
	f.FirstSeen = finding.At(first)
	node := pods[0].pod.Spec.NodeName
	fix := finding.Fix{Text: c.Class.Todo()}
	switch {
	case c.Class == cni.RuntimeHandler:
		fix.Command = finding.Kubectl("", "get", "runtimeclass")
	case c.Class == cni.Unknown || c.Class == cni.NameReserved || c.Class == cni.Memory:
		fix.Command = finding.Kubectl(pods[0].pod.Namespace, "describe", "pod", pods[0].pod.Name)
	case node != "":
		fix.Command = finding.Kubectl("", "get", "pods", "-A", "-o", "wide", "--field-selector", "spec.nodeName="+node)
	}
	f.Fix = append(f.Fix, fix)
	return f
}
