package analysis

// This file keeps of a report what the user asked for. It runs after the checks: subjects choose findings, never what is read, because a
// Service, a policy or "5 of 6 replicas" needs the neighbours.

import (
	"slices"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"

	"github.com/kubectl-scars/kubectl-scars/pkg/finding"
	"github.com/kubectl-scars/kubectl-scars/pkg/snapshot"
)

// Filter says what to keep.
type Filter struct {
	Namespaces []string            // empty: all
	Subjects   []finding.ObjectRef // empty: all
	Selector   labels.Selector     // nil: all
	Severity   finding.Severity    // this or worse
	Since      time.Duration       // 0: all
}

// Keep drops from the report what the filter does not want, and counts anew; what is hidden is counted over several filters.
func Keep(r *finding.Report, s *snapshot.Snapshot, f Filter) {
	v := s.View()
	subjects, labelled := expand(v, f.Subjects), labelled(s, v, f.Selector)
	wanted := func(object finding.ObjectRef, evidence []finding.Evidence) bool {
		return inScope(object, evidence, f.Namespaces) &&
			(len(f.Subjects) == 0 || aboutSubject(object, evidence, subjects)) &&
			labelled(object)
	}
	hidden := map[string]int{}
	r.Findings = slices.DeleteFunc(r.Findings, func(x finding.Finding) bool {
		if !wanted(x.Object, x.Evidence) {
			return true
		}
		ended := f.Since > 0 && x.LastSeen != nil && x.LastSeen.Before(s.Now().Add(-f.Since))
		if ended || !x.Severity.AtLeast(f.Severity) {
			hidden[finding.Area(x.Check)]++
			return true
		}
		return false
	})
	for i := range r.Summary.Areas {
		r.Summary.Areas[i].Hidden += hidden[r.Summary.Areas[i].Area]
	}
	r.CannotSay = slices.DeleteFunc(r.CannotSay, func(g finding.Gap) bool { return !wanted(g.Object, nil) })
	for i := range r.Unexplained {
		u := &r.Unexplained[i]
		u.Pods = slices.DeleteFunc(u.Pods, func(p finding.ObjectRef) bool { return !wanted(p, nil) })
		u.Count = len(u.Pods)
	}
	r.Unexplained = slices.DeleteFunc(r.Unexplained, func(u finding.Unexplained) bool { return u.Count == 0 })
	r.Sort()
}

// inScope tells whether an object lies in the namespaces asked for. A cluster-scoped object does if any of its evidence does, or if
// none of it lies in a namespace.
func inScope(o finding.ObjectRef, evidence []finding.Evidence, namespaces []string) bool {
	if len(namespaces) == 0 {
		return true
	}
	if o.Namespace != "" {
		return slices.Contains(namespaces, o.Namespace)
	}
	elsewhere := false
	for _, e := range evidence {
		if slices.Contains(namespaces, e.Object.Namespace) {
			return true
		}
		elsewhere = elsewhere || e.Object.Namespace != ""
	}
	return !elsewhere
}

// expand adds to the subjects what they roll up to (the workload of a pod, of a ReplicaSet, of a Job) and the pods that they own, on
// whose word a finding about another object may rest (a claim that keeps them from starting).
func expand(v *snapshot.View, subjects []finding.ObjectRef) []finding.ObjectRef {
	out := slices.Clone(subjects)
	add := func(o finding.ObjectRef) {
		if !slices.ContainsFunc(out, o.SameObject) {
			out = append(out, o)
		}
	}
	if len(subjects) == 0 {
		return nil
	}
	for _, p := range v.Pods(metav1.NamespaceAll) {
		pod, workload := RefTo("Pod", p), Ref(v.WorkloadOf(p))
		owner := workload
		if c := metav1.GetControllerOf(p); c != nil {
			owner = finding.ObjectRef{APIVersion: c.APIVersion, Kind: c.Kind, Namespace: p.Namespace, Name: c.Name}
		}
		if slices.ContainsFunc(subjects, workload.SameObject) || slices.ContainsFunc(subjects, owner.SameObject) {
			add(pod)
			add(workload)
		}
		if slices.ContainsFunc(subjects, pod.SameObject) {
			add(workload)
		}
	}
	return out
}

// aboutSubject tells whether a finding is about one of the subjects, or rests on what one of them said.
func aboutSubject(o finding.ObjectRef, evidence []finding.Evidence, subjects []finding.ObjectRef) bool {
	return slices.ContainsFunc(subjects, func(s finding.ObjectRef) bool {
		return s.SameObject(o) || slices.ContainsFunc(evidence, func(e finding.Evidence) bool { return s.SameObject(e.Object) })
	})
}

// labelled gives a function that tells whether an object has the labels asked for: what has pods, as wears says.
func labelled(s *snapshot.Snapshot, v *snapshot.View, selector labels.Selector) func(finding.ObjectRef) bool {
	if selector == nil {
		return func(finding.ObjectRef) bool { return true }
	}
	worn := map[finding.ObjectRef][]map[string]string{}
	for _, t := range v.Templates(metav1.NamespaceAll) {
		object := bare(Ref(t.Workload))
		worn[object] = append(worn[object], t.Pods.Labels)
	}
	for _, p := range v.Pods(metav1.NamespaceAll) {
		object := bare(Ref(v.WorkloadOf(p)))
		worn[object] = append(worn[object], p.Labels)
	}
	return func(o finding.ObjectRef) bool {
		pods := worn[bare(o)]
		for _, info := range snapshot.Kinds() {
			if info.GVK.Kind != o.Kind {
				continue
			}
			if object, ok := s.Find(info.Kind, o.Namespace, o.Name); ok {
				return wears(selector, object.GetLabels(), pods)
			}
		}
		return len(pods) > 0 && wears(selector, nil, pods)
	}
}

// wears tells whether a selector means an object with labels of its own or, where there are pods or a template, the object and any of them
// together: of a label that both have, the pod's counts. So "all but" leaves out what either has.
func wears(selector labels.Selector, own map[string]string, pods []map[string]string) bool {
	if len(pods) == 0 {
		return selector.Matches(labels.Set(own))
	}
	return slices.ContainsFunc(pods, func(l map[string]string) bool { return selector.Matches(labels.Merge(own, l)) })
}

// bare is a reference by what tells objects apart: kind, namespace and name.
func bare(o finding.ObjectRef) finding.ObjectRef {
	return finding.ObjectRef{Kind: o.Kind, Namespace: o.Namespace, Name: o.Name}
}

// NodesOf lists the nodes on which pods run that the subjects and the selector, either of which may be empty, choose.
func NodesOf(s *snapshot.Snapshot, subjects []finding.ObjectRef, selector labels.Selector) map[string]bool {
	out := map[string]bool{}
	v := s.View()
	chosen := expand(v, subjects)
	for _, p := range v.Pods(metav1.NamespaceAll) {
		if len(subjects) > 0 && !slices.ContainsFunc(chosen, RefTo("Pod", p).SameObject) || selector != nil && !selector.Matches(labels.Set(p.Labels)) {
			continue
		}
		out[p.Spec.NodeName] = true
	}
	return out
}
