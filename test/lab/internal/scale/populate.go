// Package scale fills a still cluster with as many objects as a production cluster has, healthy ones and a known number of planted
// incidents, and measures what it costs to look at it.
package scale

// This file writes the healthy part, through the API server as controllers and kubelets do: what they create, and then its status.

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/kubernetes/scheme"
	"k8s.io/client-go/rest"

	"github.com/kubectl-scars/kubectl-scars/pkg/snapshot"
	"github.com/kubectl-scars/kubectl-scars/pkg/snapshot/clustertest"
)

// writers is how many objects are under way at once.
const writers = 16

// Populate writes a healthy cluster with a number of pods, beside a number of events of probes of theirs that failed, and returns how many
// objects it wrote and what must be found of the failures.
func Populate(ctx context.Context, config *rest.Config, pods, failures int) (int64, []Planted, error) {
	w, err := newWriter(config)
	if err != nil {
		return 0, nil, err
	}
	u := newUnhealthy(failures, pods, time.Now())
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	groups := make(chan []snapshot.Object)
	var wg sync.WaitGroup
	for range writers {
		wg.Go(func() {
			for group := range groups {
				if err := w.group(ctx, group); err != nil {
					stop(err)
				}
			}
		})
	}
	for group := range clustertest.Groups(pods, u.now) {
		select {
		case groups <- u.add(group):
		case <-ctx.Done():
		}
	}
	close(groups)
	wg.Wait()
	return w.written.Load(), u.failed, context.Cause(ctx)
}

// writer writes objects, and remembers the UIDs that the server gave them instead of those that they were made with.
type writer struct {
	clients map[schema.GroupVersion]rest.Interface
	written atomic.Int64
}

func newWriter(config *rest.Config) (*writer, error) {
	config = rest.CopyConfig(config)
	config.WarningHandler = rest.NoWarnings{} // what is planted is odd on purpose
	config.ContentType, config.AcceptContentTypes = runtime.ContentTypeProtobuf, runtime.ContentTypeProtobuf
	config.NegotiatedSerializer, config.QPS = scheme.Codecs.WithoutConversion(), -1
	clients, err := clientsFor(config)
	return &writer{clients: clients}, err
}

// clientsFor are clients of all kinds that the tool knows, which share their connections.
func clientsFor(config *rest.Config) (map[schema.GroupVersion]rest.Interface, error) {
	client, err := rest.HTTPClientFor(config)
	if err != nil {
		return nil, err
	}
	clients := map[schema.GroupVersion]rest.Interface{}
	for _, gv := range groupVersions() {
		c := rest.CopyConfig(config)
		c.GroupVersion, c.APIPath = &gv, "/apis"
		if gv.Group == "" {
			c.APIPath = "/api"
		}
		if clients[gv], err = rest.RESTClientForConfigAndClient(c, client); err != nil {
			return nil, err
		}
	}
	return clients, nil
}

func groupVersions() []schema.GroupVersion {
	var out []schema.GroupVersion
	seen := map[schema.GroupVersion]bool{}
	for _, info := range snapshot.Kinds() {
		if gv := info.GVK.GroupVersion(); !seen[gv] {
			seen[gv] = true
			out = append(out, gv)
		}
	}
	return out
}

// group writes objects that refer to one another, in their order.
func (w *writer) group(ctx context.Context, objects []snapshot.Object) error {
	uids := map[types.UID]types.UID{}
	for _, o := range objects {
		was := o.GetUID()
		refer(o, uids)
		created, err := w.write(ctx, o)
		if err != nil {
			return err
		}
		uids[was] = created.GetUID()
	}
	return nil
}

// refer puts the real UIDs into an object's references.
func refer(o snapshot.Object, uids map[types.UID]types.UID) {
	fix := func(uid *types.UID) {
		if real, ok := uids[*uid]; ok {
			*uid = real
		}
	}
	owners := o.GetOwnerReferences()
	for i := range owners {
		fix(&owners[i].UID)
	}
	o.SetOwnerReferences(owners)
	switch o := o.(type) {
	case *corev1.Event:
		fix(&o.InvolvedObject.UID)
	case *corev1.PersistentVolume:
		if o.Spec.ClaimRef != nil {
			fix(&o.Spec.ClaimRef.UID)
		}
	case *discoveryv1.EndpointSlice:
		for i := range o.Endpoints {
			if t := o.Endpoints[i].TargetRef; t != nil {
				fix(&t.UID)
			}
		}
	}
}

// write creates an object and then sets its status.
func (w *writer) write(ctx context.Context, o snapshot.Object) (snapshot.Object, error) {
	info, err := infoOf(o)
	if err != nil {
		return nil, err
	}
	withStatus := o.DeepCopyObject().(snapshot.Object)
	o.SetUID("")
	o.SetResourceVersion("")
	o.SetManagedFields(nil)
	created := o.DeepCopyObject().(snapshot.Object)
	client := w.clients[info.GVK.GroupVersion()]
	err = client.Post().NamespaceIfScoped(o.GetNamespace(), info.Namespaced).Resource(info.Resource).
		VersionedParams(&metav1.CreateOptions{FieldManager: "kube-controller-manager"}, scheme.ParameterCodec).Body(o).Do(ctx).Into(created)
	if err != nil {
		return nil, fmt.Errorf("create %s %s/%s: %w", info.Resource, o.GetNamespace(), o.GetName(), err)
	}
	w.written.Add(1)
	if !hasStatus[info.Kind] {
		return created, nil
	}
	withStatus.SetUID(created.GetUID())
	withStatus.SetResourceVersion(created.GetResourceVersion())
	withStatus.SetManagedFields(created.GetManagedFields())
	err = client.Put().NamespaceIfScoped(o.GetNamespace(), info.Namespaced).Resource(info.Resource).Name(o.GetName()).SubResource("status").
		VersionedParams(&metav1.UpdateOptions{FieldManager: "kubelet"}, scheme.ParameterCodec).Body(withStatus).Do(ctx).Error()
	if err != nil {
		return nil, fmt.Errorf("set status of %s %s/%s: %w", info.Resource, o.GetNamespace(), o.GetName(), err)
	}
	return created, nil
}

// hasStatus are the kinds with a status of their own.
var hasStatus = map[snapshot.Kind]bool{
	snapshot.PodDisruptionBudgets: true, snapshot.Autoscalers: true,
	snapshot.Pods: true, snapshot.Nodes: true, snapshot.Deployments: true, snapshot.ReplicaSets: true, snapshot.StatefulSets: true,
	snapshot.DaemonSets: true, snapshot.Jobs: true, snapshot.PersistentVolumeClaims: true, snapshot.PersistentVolumes: true,
}

func infoOf(o snapshot.Object) (snapshot.Info, error) {
	gvks, _, err := scheme.Scheme.ObjectKinds(o)
	if err != nil {
		return snapshot.Info{}, err
	}
	for _, info := range snapshot.Kinds() {
		if info.GVK == gvks[0] {
			return info, nil
		}
	}
	return snapshot.Info{}, fmt.Errorf("%s is no kind that is looked at", strings.ToLower(gvks[0].Kind))
}
