package cli

// Subjects: what TYPE/NAME, bare NAME and -l mean.

import (
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"k8s.io/apimachinery/pkg/labels"

	"github.com/kubectl-scars/kubectl-scars/pkg/finding"
	"github.com/kubectl-scars/kubectl-scars/pkg/snapshot"
)

// naturalType is what a bare NAME means to a command.
var naturalType = map[string]string{"oom": "pod", "probes": "pod", "triage": "pod", "netpol": "networkpolicy", "certs": "secret", "pvc": "persistentvolumeclaim"}

// shortNames are the short names that the server would know (kubernetes v1.37.2 pkg/registry, ShortNames), for input without a server.
var shortNames = map[string]string{
	"po": "Pod", "no": "Node", "ns": "Namespace", "ev": "Event", "svc": "Service", "pvc": "PersistentVolumeClaim", "pv": "PersistentVolume",
	"rs": "ReplicaSet", "deploy": "Deployment", "sts": "StatefulSet", "ds": "DaemonSet", "cj": "CronJob",
	"netpol": "NetworkPolicy", "ing": "Ingress", "sc": "StorageClass", "pdb": "PodDisruptionBudget", "hpa": "HorizontalPodAutoscaler",
	"limits": "LimitRange",
}

// target is one argument, not yet resolved.
type target struct{ kind, name string }

// targets splits the arguments: TYPE/NAME, or NAME of the command's natural type.
func (o *analyseOptions) targets() ([]target, error) {
	var out []target
	for _, arg := range o.args {
		kind, name, found := strings.Cut(arg, "/")
		if !found {
			kind, name = o.natural(), arg
			if _, isType := knownKind(arg); isType {
				return nil, usageError{o.path, fmt.Errorf("%q is a type: write %s/NAME", arg, arg)}
			}
		}
		if kind == "" || name == "" || strings.Contains(name, "/") {
			return nil, usageError{o.path, fmt.Errorf("%q is neither TYPE/NAME nor NAME", arg)}
		}
		if known, ok := knownKind(kind); o.view != nil && !(ok && o.taken(known)) {
			return nil, usageError{o.path, fmt.Errorf("%q: %s takes no %s", arg, o.path, kind)}
		}
		out = append(out, target{kind, name})
	}
	return out, nil
}

// natural is what a bare NAME means.
func (o *analyseOptions) natural() string {
	if o.view != nil {
		info, _ := snapshot.InfoOf(o.view.Takes[0])
		return info.Resource
	}
	return naturalType[o.command]
}

// taken tells whether the arguments of a view may name objects of a kind.
func (o *analyseOptions) taken(kind string) bool {
	return slices.ContainsFunc(o.view.Takes, func(k snapshot.Kind) bool {
		info, _ := snapshot.InfoOf(k)
		return info.GVK.Kind == kind
	})
}

// takesNamespaced tells whether a NAME may be one of a namespace, so that several namespaces may have it.
func (o *analyseOptions) takesNamespaced() bool {
	return o.view == nil || slices.ContainsFunc(o.view.Takes, func(k snapshot.Kind) bool {
		info, _ := snapshot.InfoOf(k)
		return info.Namespaced
	})
}

// subjects resolves the arguments against the snapshot: of a live cluster they were resolved before it was read.
func (o *analyseOptions) subjects(in *loaded) ([]finding.ObjectRef, error) {
	if !o.offline() {
		return o.resolved, o.seen(in.snapshot)
	}
	targets, err := o.targets()
	if err != nil {
		return nil, err
	}
	var out []finding.ObjectRef
	for _, t := range targets {
		kind, ok := knownKind(t.kind)
		if !ok {
			return nil, fmt.Errorf("the input doesn't have a resource type %q", t.kind)
		}
		found := existing(in.snapshot, kind, t.name, in.scope.Namespaces)
		if len(found) == 0 {
			err := fmt.Errorf("%s %q not found in the input", strings.ToLower(kind), t.name)
			return nil, didYouMean(err, o.others(in, t.name))
		}
		out = append(out, found...)
	}
	return out, nil
}

// others are the objects of the same name that arguments may mean, of other types.
func (o *analyseOptions) others(in *loaded, name string) []string {
	var out []string
	for _, kind := range []string{"Deployment", "StatefulSet", "DaemonSet", "CronJob", "Job", "Service", "Ingress", "Pod"} {
		if o.view != nil && !o.taken(kind) {
			continue
		}
		for _, found := range existing(in.snapshot, kind, name, in.scope.Namespaces) {
			if !slices.Contains(out, found.String()) {
				out = append(out, found.String())
			}
		}
	}
	return out
}

// existing finds the objects of a kind and name in a snapshot, or the workload of that name that pods belong to.
func existing(s *snapshot.Snapshot, kind, name string, namespaces []string) []finding.ObjectRef {
	var out []finding.ObjectRef
	add := func(o finding.ObjectRef) {
		if o.Kind == kind && o.Name == name && !slices.ContainsFunc(out, o.SameObject) &&
			(o.Namespace == "" || len(namespaces) == 0 || slices.Contains(namespaces, o.Namespace)) {
			out = append(out, o)
		}
	}
	for _, object := range s.All() {
		add(finding.ObjectRef{Kind: object.GetObjectKind().GroupVersionKind().Kind, Namespace: object.GetNamespace(), Name: object.GetName()})
	}
	v := s.View()
	for _, w := range v.Workloads() {
		add(finding.ObjectRef{Kind: w.Kind, Namespace: w.Namespace, Name: w.Name})
	}
	return out
}

// knownKind turns what a user types for a type into a kind, without a server: singular, plural, short name, with or without group.
func knownKind(typed string) (string, bool) {
	word, _, _ := strings.Cut(strings.ToLower(typed), ".")
	if kind, ok := shortNames[word]; ok {
		return kind, true
	}
	for _, info := range snapshot.Kinds() {
		if info.Numbers {
			continue
		}
		if word == info.Resource || word == strings.ToLower(info.GVK.Kind) {
			return info.GVK.Kind, true
		}
	}
	return "", false
}

// labels is the label query, nil where there is none; validate has parsed it before.
func (o *analyseOptions) labels() labels.Selector {
	if o.selector == "" {
		return nil
	}
	s, _ := labels.Parse(o.selector)
	return s
}

// completeSubjects completes TYPE/ for the types that findings are about.
func (r *root) completeSubjects(_ *cobra.Command, _ []string, _ string) ([]string, cobra.ShellCompDirective) {
	var out []string
	for _, info := range snapshot.Kinds() {
		if info.Numbers {
			continue
		}
		out = append(out, strings.ToLower(info.GVK.Kind)+"/")
	}
	return out, cobra.ShellCompDirectiveNoSpace | cobra.ShellCompDirectiveNoFileComp
}
