package probes

// This file finds Services that select pods of which none is ready.

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/labels"

	"github.com/kubectl-scars/kubectl-scars/pkg/analysis"
	"github.com/kubectl-scars/kubectl-scars/pkg/finding"
	"github.com/kubectl-scars/kubectl-scars/pkg/order"
	"github.com/kubectl-scars/kubectl-scars/pkg/snapshot"
)

// ServiceWithoutReadyPods is probes/service-without-ready-pods.
var ServiceWithoutReadyPods = &analysis.Check{
	ID: "probes/service-without-ready-pods",
	Doc: analysis.Doc{
		Title:    "A Service has pods, and none of them is ready",
		Symptom:  "Connections to the Service are refused or time out, although its pods are there and mostly even Running; a headless Service's name does not resolve.",
		Evidence: "No endpoint in the Service's EndpointSlices is ready, and no pod that its selector finds is. The pods' own statuses say why: that all lost their readiness together is said of two or more whose condition Ready turned false within the time that the probe takes to notice, all with the same answer, while their containers ran on. Proven where slices and pods were read completely.",
		Why:      "Nothing answers. Where the readiness of all replicas hangs on one dependency, they all fail together: the Service fails whole.",
		Fix:      "Follow the reason that is named for the pods.",
		Limits:   "Silent for Services without a selector, of type ExternalName, or with publishNotReadyAddresses; where nothing should run (scaled to zero, only finished or terminating pods); and while pods that were never ready are within what their probes, or two minutes, allow for a start (time-outs above the period and successThreshold counted in).",
		Sources:  []string{"kubernetes v1.37.2 staging/src/k8s.io/endpointslice", "k8s.io/api discovery/v1 (a missing ready counts as true)"},
	},
	Inputs: []analysis.Input{
		analysis.Need(snapshot.Services), analysis.Need(snapshot.EndpointSlices), analysis.Need(snapshot.Pods), analysis.Optional(snapshot.Events),
	},
	Run: serviceWithoutReadyPods,
}

func serviceWithoutReadyPods(p *analysis.Pass) error {
	for _, svc := range p.Services("") {
		if svc.Spec.Type == corev1.ServiceTypeExternalName || len(svc.Spec.Selector) == 0 || svc.Spec.PublishNotReadyAddresses || svc.DeletionTimestamp != nil || anyEndpointReady(p, svc) {
			continue
		}
		pods := slices.DeleteFunc(slices.Clone(p.SelectedBy(svc)), func(pod *corev1.Pod) bool {
			return snapshot.Finished(pod) || pod.DeletionTimestamp != nil
		})
		if len(pods) == 0 || slices.ContainsFunc(pods, isReady) {
			continue
		}
		if !slices.ContainsFunc(pods, func(pod *corev1.Pod) bool { return !starting(pod, p.Now()) }) {
			continue
		}
		ref := analysis.RefTo("Service", svc)
		slicesRead, ok := p.Completeness(snapshot.EndpointSlices, svc.Namespace)
		podsRead, podsOK := p.Completeness(snapshot.Pods, svc.Namespace)
		if !ok || !podsOK {
			p.CannotSay(ref, "whether any endpoint is ready: its EndpointSlices or pods were not read completely")
			continue
		}
		p.Report(withoutReadyPods(p, svc, pods, slicesRead.Weaker(podsRead)))
	}
	return nil
}

// anyEndpointReady tells whether a Service has an endpoint that takes requests. A condition that is missing counts as true.
func anyEndpointReady(p *analysis.Pass, svc *corev1.Service) bool {
	for _, slice := range p.SlicesOf(svc) {
		for _, e := range slice.Endpoints {
			if e.Conditions.Ready == nil || *e.Conditions.Ready {
				return true
			}
		}
	}
	return false
}

func withoutReadyPods(p *analysis.Pass, svc *corev1.Service, pods []*corev1.Pod, confidence finding.Confidence) finding.Finding {
	count := map[string]int{}
	evidence := map[string]finding.Evidence{}
	worst := map[string]*corev1.Pod{}
	var since time.Time
	for _, pod := range pods {
		reason, e := unready(pod, p.EventsOf("Pod", pod))
		count[reason]++
		if _, ok := evidence[reason]; !ok {
			evidence[reason], worst[reason] = e, pod
		}
		if at := turned(pod); at.After(since) {
			since = at
		}
	}
	reasons := slices.Collect(maps.Keys(count))
	order.By(reasons, func(a, b string) int { return cmp.Or(cmp.Compare(count[b], count[a]), cmp.Compare(a, b)) })
	var parts []string
	for _, r := range reasons[:min(3, len(reasons))] {
		parts = append(parts, fmt.Sprintf("%d %s", count[r], r))
	}
	effect := "so requests have nowhere to go"
	if svc.Spec.ClusterIP == corev1.ClusterIPNone {
		effect = "so its name resolves to nothing"
	}
	why := strings.Join(parts, ", ")
	fell, times := fellTogether(p, pods)
	if fell != "" {
		why = fell
	}
	f := finding.Finding{
		Severity: finding.Critical, Confidence: confidence, Object: analysis.RefTo("Service", svc),
		Message:   fmt.Sprintf("0 of %d pods are ready, %s: %s", len(pods), effect, why),
		Evidence:  append([]finding.Evidence{slicesEvidence(p, svc)}, times...),
		FirstSeen: finding.At(since),
	}
	if p.Now().Sub(since) >= time.Second && !since.IsZero() {
		f.Message += "; for " + analysis.Ago(p.Now(), since)
	}
	for _, r := range reasons {
		f.Evidence = append(f.Evidence, evidence[r])
	}
	selector := labels.SelectorFromSet(svc.Spec.Selector).String()
	first := worst[reasons[0]]
	f.Fix = []finding.Fix{
		{Text: "See the pods behind it", Command: finding.Kubectl(svc.Namespace, "get", "pods", "-l", selector)},
		{Text: "See why one of them is not ready", Command: finding.Kubectl(svc.Namespace, "describe", "pod", first.Name)},
	}
	return f
}

func slicesEvidence(p *analysis.Pass, svc *corev1.Service) finding.Evidence {
	n := 0
	e := finding.Evidence{Object: analysis.RefTo("Service", svc), Source: "endpointslices"}
	for _, slice := range p.SlicesOf(svc) {
		n += len(slice.Endpoints)
		e.Object, e.Source = analysis.RefTo("EndpointSlice", slice), "endpoints[*].conditions.ready"
	}
	e.Value = fmt.Sprintf("0 of %d endpoints are ready", n)
	return e
}
