package cli

// Subjects of a live cluster: the server knows what a TYPE is and whether there is a NAME.

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/cli-runtime/pkg/resource"
	"k8s.io/client-go/rest"

	"github.com/kubectl-scars/kubectl-scars/pkg/collect"
	"github.com/kubectl-scars/kubectl-scars/pkg/finding"
	"github.com/kubectl-scars/kubectl-scars/pkg/snapshot"
)

// resolve asks the server for the subjects by name, as kubectl does, with kubectl's errors. Without arguments it asks nothing: what
// follows needs no discovery.
func (o *analyseOptions) resolve(ctx context.Context, namespace string) error {
	targets, err := o.targets()
	if err != nil || len(targets) == 0 {
		return err
	}
	wrap := o.kube.WrapConfigFn
	o.kube.WrapConfigFn = func(c *rest.Config) *rest.Config {
		c = wrap(c)
		c.Wrap(func(next http.RoundTripper) http.RoundTripper { return collect.Bounded(ctx, next) })
		return c
	}
	done := make(chan error, 1)
	go func() { // cli-runtime's builder takes no context
		for _, t := range targets {
			if err := o.resolveOne(t, namespace); err != nil {
				done <- err
				return
			}
		}
		done <- nil
	}()
	select {
	case err := <-done:
		o.kube.WrapConfigFn = wrap
		return err
	case <-ctx.Done():
		if errors.Is(context.Cause(ctx), collect.ErrDeadline) {
			return collect.ErrDeadline
		}
		return ctx.Err()
	}
}

// resolveOne finds one subject. What the user may not get is taken at its word, since it may still be seen in listings.
func (o *analyseOptions) resolveOne(t target, namespace string) error {
	infos, err := resource.NewBuilder(o.kube).Unstructured().NamespaceParam(namespace).DefaultNamespace().
		ResourceTypeOrNameArgs(false, t.kind+"/"+t.name).Latest().Flatten().Do().Infos()
	if apierrors.IsForbidden(err) {
		ref, err := o.named(t, namespace)
		o.resolved, o.unread = append(o.resolved, ref), append(o.unread, ref)
		return err
	}
	if err != nil {
		return err
	}
	for _, info := range infos {
		// The mapping may have the kind as it was typed, where a request of discovery failed at first.
		o.resolved = append(o.resolved, reference(info.Object.GetObjectKind().GroupVersionKind(), info.Namespace, info.Name))
	}
	return nil
}

// seen refuses a subject that was not got and is not in a listing either, where that was read to the end.
func (o *analyseOptions) seen(s *snapshot.Snapshot) error {
	for _, ref := range o.unread {
		for _, info := range snapshot.Kinds() {
			if info.GVK.Kind != ref.Kind || info.Filtered || s.StateOf(info.Kind, ref.Namespace).Status != snapshot.OK {
				continue
			}
			if _, ok := s.Find(info.Kind, ref.Namespace, ref.Name); !ok {
				return apierrors.NewNotFound(info.GVR().GroupResource(), ref.Name)
			}
		}
	}
	return nil
}

// named makes a reference of a subject by what discovery says of its type.
func (o *analyseOptions) named(t target, namespace string) (finding.ObjectRef, error) {
	mapper, err := o.kube.ToRESTMapper()
	if err != nil {
		return finding.ObjectRef{}, err
	}
	resource, group := schema.ParseResourceArg(t.kind)
	if resource == nil {
		r := group.WithVersion("")
		resource = &r
	}
	gvk, err := mapper.KindFor(*resource)
	if err != nil {
		return finding.ObjectRef{}, fmt.Errorf("type %q: %w", t.kind, err)
	}
	mapping, err := mapper.RESTMapping(gvk.GroupKind(), gvk.Version)
	if err != nil {
		return finding.ObjectRef{}, fmt.Errorf("type %q: %w", t.kind, err)
	}
	if mapping.Scope.Name() == meta.RESTScopeNameRoot {
		namespace = ""
	}
	return reference(gvk, namespace, t.name), nil
}

func reference(gvk schema.GroupVersionKind, namespace, name string) finding.ObjectRef {
	return finding.ObjectRef{APIVersion: gvk.GroupVersion().String(), Kind: gvk.Kind, Namespace: namespace, Name: name}
}
