package oom

// This file finds limits that nobody wrote for the workload, where they were hit.

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/kubectl-scars/kubectl-scars/pkg/analysis"
	"github.com/kubectl-scars/kubectl-scars/pkg/checks/deaths"
	"github.com/kubectl-scars/kubectl-scars/pkg/finding"
	"github.com/kubectl-scars/kubectl-scars/pkg/restart"
	"github.com/kubectl-scars/kubectl-scars/pkg/snapshot"
)

// InjectedLimit is oom/injected-limit.
var InjectedLimit = &analysis.Check{
	ID: "oom/injected-limit",
	Doc: analysis.Doc{
		Title:    "A container was killed at a limit that its workload does not ask for",
		Symptom:  "Containers are OOMKilled at a limit that stands in no manifest; raising the one in the chart, or looking for it, leads nowhere.",
		Evidence: "A container killed at its own memory limit (as in oom/limit-hit), and what wrote the limit: the annotation kubernetes.io/limit-ranger or vpaUpdates on its pod names the writer. A LimitRange that gives this very limit by default, and is older than the pod, is named. Without either, a limit that differs from the one in the template that the pod was made from came from an admission webhook or a MutatingAdmissionPolicy, or from a resize where the pod's generation has moved: the template of its ReplicaSet or Job, which cannot change, or that of its StatefulSet or DaemonSet while the pod is of the newest revision (controller-revision-hash, pod-template-generation).",
		Why:      "The limit fits an average workload of the namespace and not this one, and it comes back with every new pod until its source is changed or the workload asks for a limit of its own.",
		Fix:      "Give the container a limit of its own in its template: a LimitRange fills in only what is missing. For VPA set minAllowed, or controlledValues: RequestsOnly.",
		Limits:   "Whether the limit that was hit is this one, nothing states: strong at most. Pods of an older revision of a StatefulSet or DaemonSet are compared with nothing. Which webhook or policy it was, the API does not tell. Silent where the limit was not hit. Where it speaks, oom/limit-hit of the same kill is left out.",
		Sources: []string{
			"kubernetes v1.37.2 plugin/pkg/admission/limitranger/admission.go", "kubernetes/autoscaler vertical-pod-autoscaler/pkg/admission-controller/resource/pod/patch",
			"KEP-1287", "kubernetes v1.37.2 pkg/controller/statefulset/stateful_set_utils.go (newVersionedStatefulSetPod)",
			"kubernetes v1.37.2 pkg/controller/daemon/util/daemonset_util.go (CreatePodTemplate)",
		},
	},
	Inputs: deaths.Inputs(append(templateInputs(), analysis.Optional(snapshot.LimitRanges))...),
	Run:    injectedLimit,
}

func injectedLimit(p *analysis.Pass) error {
	hit := func(d *restart.Death) bool {
		return d.Cause == restart.MemoryLimit && d.Limit.Owner == restart.OwnLimit
	}
	for _, c := range deaths.Gather(p, false, hit) {
		severity, lately := c.Severity(p.Now())
		by, known := injector(p, c)
		if !lately || !known {
			continue
		}
		if by.ranged {
			by.name(p, c)
		}
		last := c.Toll.Latest()
		f := finding.Finding{
			Severity: severity, Confidence: last.Limit.Confidence.Weaker(by.confidence), Object: c.Object(),
			Message: fmt.Sprintf("the memory limit of %s at which %s was killed was set by %s, not by its %s: %s",
				last.Limit.Bytes.String(), c.Who(), by.who, by.instead, c.Lately(p.Now())),
			Evidence:  append(by.evidence, c.Evidence()...),
			FirstSeen: c.FirstSeen(), LastSeen: c.LastSeen(), Fix: by.fix,
		}
		f.Message = strings.TrimSuffix(f.Message, ": ") + c.Tail()
		for _, fix := range raise(c, last.Limit) {
			fix.Text = "Or ask for a limit in the workload itself, which then counts. " + fix.Text
			f.Fix = append(f.Fix, fix)
		}
		f.Fix = append(f.Fix, c.Look()...)
		p.Report(f)
	}
	return nil
}

// injected says who set a limit.
type injected struct {
	who, instead string
	ranged       bool // by a LimitRange, which the annotation does not name
	evidence     []finding.Evidence
	confidence   finding.Confidence
	fix          []finding.Fix
}

var byVPA = regexp.MustCompile(`^Pod resources updated by (\S+): (.*)$`)

// injector finds who set the memory limit of a container that was killed at it, and false where nobody but its template did, or that is
// not known.
func injector(p *analysis.Pass, c deaths.Case) (injected, bool) {
	pod, container := c.Latest, c.Container
	if last := c.Toll.Latest(); pod == nil || last.Cause != restart.MemoryLimit || last.Limit.Owner != restart.OwnLimit {
		return injected{}, false
	}
	instead := "template"
	if metav1.GetControllerOf(pod) == nil {
		instead = "manifest"
	}
	annotation := func(name string) []finding.Evidence {
		return []finding.Evidence{{Object: analysis.RefTo("Pod", pod), Source: "metadata.annotations[" + name + "]", Value: pod.Annotations[name]}}
	}
	const ranger, vpa = "kubernetes.io/limit-ranger", "vpaUpdates"
	if m := byVPA.FindStringSubmatch(pod.Annotations[vpa]); m != nil && updated(pod, container, m[2]) {
		return injected{
			who: "the VerticalPodAutoscaler " + m[1], instead: instead, evidence: annotation(vpa), confidence: finding.Strong,
			fix: []finding.Fix{{Text: "See what it recommends, and bound it with minAllowed or controlledValues: RequestsOnly", Command: finding.Kubectl(pod.Namespace, "get", "verticalpodautoscaler", m[1], "-o", "yaml")}},
		}, true
	}
	if ranged(pod.Annotations[ranger], container) {
		return injected{
			who: "a LimitRange of namespace " + pod.Namespace, ranged: true, instead: instead, evidence: annotation(ranger), confidence: finding.Strong,
			fix: []finding.Fix{{Text: "See the default that the namespace gives", Command: finding.Kubectl(pod.Namespace, "describe", "limitranges")}},
		}, true
	}
	return byOthers(p, pod, container)
}

// ranged tells whether a LimitRange set the memory limit of a container: "LimitRanger plugin set: cpu, memory request for container app;
// memory limit for init container x".
func ranged(text, container string) bool {
	_, list, found := strings.Cut(text, "plugin set: ")
	if !found {
		return false
	}
	for part := range strings.SplitSeq(list, "; ") {
		what, name, found := strings.Cut(part, " limit for ")
		if found && (name == "container "+container || name == "init container "+container) && slices.Contains(strings.Split(what, ", "), "memory") {
			return true
		}
	}
	return false
}

// name finds the LimitRange that a limit came from, of those that are older than the pod and give this very limit. Where none is there, it
// was changed since, or could not be read.
func (by *injected) name(p *analysis.Pass, c deaths.Case) {
	set := named(&c.Latest.Spec, c.Container)
	if set == nil {
		return
	}
	var names []string
	for _, r := range p.LimitRanges(c.Latest.Namespace) {
		for _, item := range r.Spec.Limits {
			q, gives := item.Default[corev1.ResourceMemory]
			if item.Type != corev1.LimitTypeContainer || !gives || q.Cmp(*set.Resources.Limits.Memory()) != 0 || r.CreationTimestamp.After(c.Latest.CreationTimestamp.Time) {
				continue
			}
			names = append(names, r.Name)
			by.evidence = append(by.evidence, finding.Evidence{
				Object: analysis.RefTo("LimitRange", r), Source: "spec.limits[Container].default.memory", Value: q.String(),
			})
			break
		}
	}
	switch len(names) {
	case 0:
	case 1:
		by.who = "LimitRange " + names[0] + " of namespace " + c.Latest.Namespace
	default:
		by.who = "one of the LimitRanges " + strings.Join(names, ", ") + " of namespace " + c.Latest.Namespace
	}
}

// updated tells whether the Vertical Pod Autoscaler set the memory limit of a container, which it names by its index: "container 0: cpu
// request, memory request, memory limit".
func updated(pod *corev1.Pod, container, list string) bool {
	at := slices.IndexFunc(pod.Spec.Containers, func(c corev1.Container) bool { return c.Name == container })
	for part := range strings.SplitSeq(list, "; ") {
		if what, found := strings.CutPrefix(part, fmt.Sprintf("container %d: ", at)); found {
			return slices.Contains(strings.Split(what, ", "), "memory limit")
		}
	}
	return false
}

// byOthers compares a limit with the one in the template that the pod was made from.
func byOthers(p *analysis.Pass, pod *corev1.Pod, container string) (injected, bool) {
	owner := metav1.GetControllerOfNoCopy(pod)
	if owner == nil {
		return injected{}, false
	}
	template := madeFrom(p, pod, owner)
	if template == nil {
		return injected{}, false
	}
	now, was := named(&pod.Spec, container), named(template, container)
	if now == nil || was == nil || now.Resources.Limits.Memory().IsZero() || now.Resources.Limits.Memory().Cmp(*was.Resources.Limits.Memory()) == 0 {
		return injected{}, false
	}
	asked := "no memory limit"
	if q := was.Resources.Limits.Memory(); !q.IsZero() {
		asked = "a memory limit of " + q.String()
	}
	who := "an admission webhook or policy"
	if pod.Generation > 1 {
		who = "an admission webhook or policy, or a resize"
	}
	return injected{
		who: who, instead: "template, which asks for " + asked, confidence: finding.Strong,
		evidence: []finding.Evidence{{
			Object: finding.ObjectRef{APIVersion: owner.APIVersion, Kind: owner.Kind, Namespace: pod.Namespace, Name: owner.Name},
			Source: "spec.template.spec.containers[" + container + "].resources.limits.memory", Value: was.Resources.Limits.Memory().String(),
		}},
		fix: []finding.Fix{
			{Text: "See which webhooks change pods", Command: finding.Kubectl("", "get", "mutatingwebhookconfigurations")},
			{Text: "See which policies do, from Kubernetes 1.36 on", Command: finding.Kubectl("", "get", "mutatingadmissionpolicies")},
		},
	}, true
}

// templateInputs are what has the templates that limits are compared with, besides ReplicaSets and Jobs.
func templateInputs() []analysis.Input {
	return []analysis.Input{analysis.Optional(snapshot.StatefulSets), analysis.Optional(snapshot.DaemonSets)}
}

// madeFrom is the template that a pod was made from, nil where it is not known: a ReplicaSet's and a Job's never change, a StatefulSet's and a
// DaemonSet's is the one that is there for pods that bear the mark of its newest revision.
func madeFrom(p *analysis.Pass, pod *corev1.Pod, owner *metav1.OwnerReference) *corev1.PodSpec {
	switch owner.Kind {
	case "ReplicaSet":
		if r := p.ReplicaSet(pod.Namespace, owner.Name); r != nil && r.UID == owner.UID {
			return &r.Spec.Template.Spec
		}
	case "Job":
		if j := p.Job(pod.Namespace, owner.Name); j != nil && j.UID == owner.UID {
			return &j.Spec.Template.Spec
		}
	case "StatefulSet": // its controller names the newest revision, once it has seen it
		made := pod.Labels[appsv1.ControllerRevisionHashLabelKey]
		if s := p.StatefulSet(pod.Namespace, owner.Name); s != nil && s.UID == owner.UID && made != "" && made == s.Status.UpdateRevision && s.Status.ObservedGeneration == s.Generation {
			return &s.Spec.Template.Spec
		}
	case "DaemonSet": // the API server counts the editions of its template
		made := pod.Labels["pod-template-generation"]
		if d := p.DaemonSet(pod.Namespace, owner.Name); d != nil && d.UID == owner.UID && made != "" && made == d.Annotations[appsv1.DeprecatedTemplateGeneration] {
			return &d.Spec.Template.Spec
		}
	}
	return nil
}

// named is a container of a pod by name, nil where there is none.
func named(spec *corev1.PodSpec, name string) *corev1.Container {
	for _, list := range [][]corev1.Container{spec.Containers, spec.InitContainers} {
		for i := range list {
			if list[i].Name == name {
				return &list[i]
			}
		}
	}
	return nil
}
