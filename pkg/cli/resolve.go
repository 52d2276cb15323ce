package cli

// Subjects of a live cluster: the server knows what a TYPE is and whether there is a NAME.

import (
	"context"
	"fmt"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/cli-runtime/pkg/resource"

	"github.com/kubectl-scars/kubectl-scars/pkg/finding"
)

// resolve asks the server for the subjects by name, as kubectl does, with kubectl's errors. Without arguments it asks nothing: what
// follows needs no discovery.
func (o *analyseOptions) resolve(ctx context.Context, namespace string) ([]finding.ObjectRef, error) {
	targets, err := o.targets()
	if err != nil || len(targets) == 0 {
		return nil, err
	}
	type result struct {
		refs []finding.ObjectRef
		err  error
	}
	done := make(chan result, 1)
	go func() { // cli-runtime's builder takes no context
		var r result
		for _, t := range targets {
			refs, err := o.resolveOne(t, namespace)
			if err != nil {
				r.err = err
				break
			}
			r.refs = append(r.refs, refs...)
		}
		done <- r
	}()
	select {
	case r := <-done:
		return r.refs, r.err
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// resolveOne finds one subject. What the user may not get is taken at its word, since it may still be seen in listings.
func (o *analyseOptions) resolveOne(t target, namespace string) ([]finding.ObjectRef, error) {
	infos, err := resource.NewBuilder(o.kube).Unstructured().NamespaceParam(namespace).DefaultNamespace().
		ResourceTypeOrNameArgs(false, t.kind+"/"+t.name).Latest().Flatten().Do().Infos()
	if apierrors.IsForbidden(err) {
		return o.unread(t, namespace)
	}
	if err != nil {
		return nil, err
	}
	var out []finding.ObjectRef
	for _, info := range infos {
		out = append(out, reference(info.Mapping.GroupVersionKind, info.Namespace, info.Name))
	}
	return out, nil
}

// unread names a subject by what discovery says of its type.
func (o *analyseOptions) unread(t target, namespace string) ([]finding.ObjectRef, error) {
	mapper, err := o.kube.ToRESTMapper()
	if err != nil {
		return nil, err
	}
	resource, group := schema.ParseResourceArg(t.kind)
	if resource == nil {
		r := group.WithVersion("")
		resource = &r
	}
	gvk, err := mapper.KindFor(*resource)
	if err != nil {
		return nil, fmt.Errorf("type %q: %w", t.kind, err)
	}
	mapping, err := mapper.RESTMapping(gvk.GroupKind(), gvk.Version)
	if err != nil {
		return nil, fmt.Errorf("type %q: %w", t.kind, err)
	}
	if mapping.Scope.Name() == meta.RESTScopeNameRoot {
		namespace = ""
	}
	return []finding.ObjectRef{reference(gvk, namespace, t.name)}, nil
}

func reference(gvk schema.GroupVersionKind, namespace, name string) finding.ObjectRef {
	return finding.ObjectRef{APIVersion: gvk.GroupVersion().String(), Kind: gvk.Kind, Namespace: namespace, Name: name}
}
