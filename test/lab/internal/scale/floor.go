package scale

// This file is the floor: what reading costs anybody.

import (
	"context"

	"golang.org/x/sync/errgroup"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes/scheme"
	"k8s.io/client-go/rest"

	"github.com/kubectl-scars/kubectl-scars/pkg/analysis"
	"github.com/kubectl-scars/kubectl-scars/pkg/checks"
	"github.com/kubectl-scars/kubectl-scars/pkg/collect"
	"github.com/kubectl-scars/kubectl-scars/pkg/snapshot"
)

// Floor reads what triage reads, in pages of as many objects and as many at once, decodes each page from protobuf and drops it.
func Floor(ctx context.Context, config *rest.Config) error {
	w, err := newWriter(config)
	if err != nil {
		return err
	}
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(collect.InFlight)
	for _, info := range analysis.Wanted(checks.All()) {
		group.Go(func() error { return w.read(ctx, info) })
	}
	return group.Wait()
}

func (w *writer) read(ctx context.Context, info snapshot.Info) error {
	opts := metav1.ListOptions{Limit: collect.PageSize, FieldSelector: collect.Selector(info.Kind)}
	for {
		page, err := w.clients[info.GVK.GroupVersion()].Get().Resource(info.Resource).VersionedParams(&opts, scheme.ParameterCodec).Do(ctx).Get()
		if err != nil {
			return err
		}
		list, err := meta.ListAccessor(page)
		if err != nil {
			return err
		}
		if opts.Continue = list.GetContinue(); opts.Continue == "" {
			return nil
		}
	}
}
