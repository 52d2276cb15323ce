package lab

// This file puts manifests into the cluster and takes them away again. It does so itself: a process of kubectl for each takes longer than the
// rest.

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/util/yaml"
	"k8s.io/client-go/discovery"
	"k8s.io/client-go/discovery/cached/memory"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/restmapper"
)

// Run runs the real kubectl as administrator and returns its standard output.
func (l *Lab) Run(ctx context.Context, stdin []byte, args ...string) (string, error) {
	cmd := exec.CommandContext(ctx, l.Kubectl(), append([]string{"--kubeconfig", l.Kubeconfig()}, args...)...)
	var stdout, stderr bytes.Buffer
	cmd.Stdin, cmd.Stdout, cmd.Stderr = bytes.NewReader(stdin), &stdout, &stderr
	if err := cmd.Run(); err != nil {
		return stdout.String(), fmt.Errorf("kubectl %s: %w: %s", strings.Join(args, " "), err, strings.TrimSpace(stderr.String()))
	}
	return stdout.String(), nil
}

// Paste runs a command of a finding in a shell, as an administrator pastes it.
func (l *Lab) Paste(ctx context.Context, command string) error {
	cmd := exec.CommandContext(ctx, "sh", "-c", command)
	cmd.Env = append(os.Environ(), "KUBECONFIG="+l.Kubeconfig(), "PATH="+l.Bin+":"+os.Getenv("PATH"))
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("%s: %w: %s", command, err, bytes.TrimSpace(out))
	}
	return nil
}

// kinds are clients of every kind of object, for the administrator.
type kinds struct {
	client dynamic.Interface
	mapper *restmapper.DeferredDiscoveryRESTMapper
}

func (l *Lab) newKinds() (*kinds, error) {
	c, err := l.Config()
	if err != nil {
		return nil, err
	}
	client, err := dynamic.NewForConfig(c)
	if err != nil {
		return nil, err
	}
	disco, err := discovery.NewDiscoveryClientForConfig(c)
	if err != nil {
		return nil, err
	}
	return &kinds{client, restmapper.NewDeferredDiscoveryRESTMapper(memory.NewMemCacheClient(disco))}, nil
}

// of is the client of a kind, in a namespace where it has any.
func (k *kinds) of(kind schema.GroupVersionKind, namespace string) (dynamic.ResourceInterface, error) {
	m, err := k.mapper.RESTMapping(kind.GroupKind(), kind.Version)
	if err != nil {
		return nil, err
	}
	if m.Scope.Name() == meta.RESTScopeNameRoot {
		return k.client.Resource(m.Resource), nil
	}
	return k.client.Resource(m.Resource).Namespace(namespace), nil
}

// each does something with every object of a manifest, in its order. An object that names a namespace is in that one.
func (k *kinds) each(manifest []byte, namespace string, do func(dynamic.ResourceInterface, *unstructured.Unstructured) error) error {
	documents := yaml.NewYAMLOrJSONDecoder(bytes.NewReader(manifest), 4096)
	for {
		var o unstructured.Unstructured
		if err := documents.Decode(&o); errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return err
		}
		one := func(o *unstructured.Unstructured) error {
			in := namespace
			if o.GetNamespace() != "" {
				in = o.GetNamespace()
			}
			api, err := k.of(o.GroupVersionKind(), in)
			if err == nil {
				err = do(api, o)
			}
			if err != nil {
				return fmt.Errorf("%s %s: %w", o.GetKind(), o.GetName(), err)
			}
			return nil
		}
		var err error
		switch {
		case len(o.Object) == 0:
		case o.IsList():
			err = o.EachListItem(func(item runtime.Object) error { return one(item.(*unstructured.Unstructured)) })
		default:
			err = one(&o)
		}
		if err != nil {
			return err
		}
	}
}

// Apply creates the namespace where it is missing and applies a manifest in it.
func (l *Lab) Apply(ctx context.Context, namespace string, manifest []byte) error {
	k, err := l.kinds()
	if err != nil {
		return err
	}
	apply := func(api dynamic.ResourceInterface, o *unstructured.Unstructured) error {
		data, err := o.MarshalJSON()
		if err != nil {
			return err
		}
		force := true
		_, err = api.Patch(ctx, o.GetName(), "application/apply-patch+yaml", data,
			metav1.PatchOptions{FieldManager: "lab", Force: &force, FieldValidation: metav1.FieldValidationStrict})
		return err
	}
	ns := fmt.Sprintf(`{"apiVersion":"v1","kind":"Namespace","metadata":{"name":%q}}`, namespace)
	if err := k.each([]byte(ns), "", apply); err != nil {
		return err
	}
	// Pods need the default ServiceAccount, which a controller makes a moment later.
	accounts, err := k.of(schema.GroupVersionKind{Version: "v1", Kind: "ServiceAccount"}, namespace)
	if err != nil {
		return err
	}
	err = Poll(ctx, time.Minute, 100*time.Millisecond, func() (string, error) {
		_, err := accounts.Get(ctx, "default", metav1.GetOptions{})
		if apierrors.IsNotFound(err) {
			return err.Error(), nil
		}
		return "", err
	})
	if err != nil {
		return err
	}
	return k.each(manifest, namespace, apply)
}

// Delete removes what Apply made: the manifest's objects, cluster-scoped ones among them, and the namespace. It does not
// wait until they are gone.
func (l *Lab) Delete(ctx context.Context, namespace string, manifest []byte) error {
	return l.delete(ctx, namespace, manifest, nil)
}

// Clear is Delete, and returns when everything is gone.
func (l *Lab) Clear(ctx context.Context, namespace string, manifest []byte) error {
	return l.delete(ctx, namespace, manifest, func(api dynamic.ResourceInterface, o *unstructured.Unstructured) error {
		return Poll(ctx, 6*time.Minute, time.Second, func() (string, error) {
			_, err := api.Get(ctx, o.GetName(), metav1.GetOptions{})
			if apierrors.IsNotFound(err) {
				return "", nil
			}
			return o.GetName() + " is still being deleted", err
		})
	})
}

// delete deletes everything, and then does something with each.
func (l *Lab) delete(ctx context.Context, namespace string, manifest []byte, then func(dynamic.ResourceInterface, *unstructured.Unstructured) error) error {
	k, err := l.kinds()
	if err != nil {
		return err
	}
	background := metav1.DeletePropagationBackground
	remove := func(api dynamic.ResourceInterface, o *unstructured.Unstructured) error {
		err := api.Delete(ctx, o.GetName(), metav1.DeleteOptions{PropagationPolicy: &background})
		if apierrors.IsNotFound(err) {
			return nil
		}
		return err
	}
	ns := fmt.Appendf(nil, `{"apiVersion":"v1","kind":"Namespace","metadata":{"name":%q}}`, namespace)
	for _, m := range [][]byte{manifest, ns} {
		if err := k.each(m, namespace, remove); err != nil {
			return err
		}
	}
	if then == nil {
		return nil
	}
	for _, m := range [][]byte{ns, manifest} {
		if err := k.each(m, namespace, then); err != nil {
			return err
		}
	}
	return nil
}
