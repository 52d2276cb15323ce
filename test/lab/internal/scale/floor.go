package scale

// This file is the floor: what reading costs anybody, in the way that the tool reads and in other ways.

import (
	"context"
	"fmt"
	"maps"
	"os"
	"slices"

	"golang.org/x/sync/errgroup"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/serializer"
	"k8s.io/apimachinery/pkg/runtime/serializer/cbor"
	"k8s.io/apimachinery/pkg/watch"
	"k8s.io/client-go/kubernetes/scheme"
	"k8s.io/client-go/metadata"
	"k8s.io/client-go/rest"

	"github.com/kubectl-scars/kubectl-scars/pkg/analysis"
	"github.com/kubectl-scars/kubectl-scars/pkg/checks"
	"github.com/kubectl-scars/kubectl-scars/pkg/collect"
	"github.com/kubectl-scars/kubectl-scars/pkg/snapshot"
)

// way is a way to read. The zero way is the tool's.
type way struct {
	page     int64  // objects that a request asks for; 0: as the tool; -1: all
	version  string // resourceVersion: "0" is whatever the watch cache holds
	media    string // type; "": protobuf
	plain    bool   // not compressed
	metadata bool   // not specs and status
	watch    bool   // as events of a watch (KEP-3157)
}

// ways are those that `scale -alternatives` compares, by what `scale -floor -way` calls them.
var ways = map[string]way{
	"":          {},
	"page=100":  {page: 100},
	"page=250":  {page: 250},
	"page=2000": {page: 2000},
	"page=all":  {page: -1},
	"cache":     {version: "0"},
	"watchlist": {watch: true},
	"metadata":  {metadata: true},
	"json":      {media: runtime.ContentTypeJSON},
	"cbor":      {media: runtime.ContentTypeCBOR},
	"plain":     {plain: true},
}

// Floor reads what triage reads, as many inputs at once, decodes each page and drops it.
func Floor(ctx context.Context, config *rest.Config, name string) error {
	how, ok := ways[name]
	if !ok {
		return fmt.Errorf("no way is called %q; there are %q", name, slices.Sorted(maps.Keys(ways)))
	}
	read, err := how.reader(config)
	if err != nil {
		return err
	}
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(collect.InFlight)
	for _, info := range analysis.Wanted(checks.All()) {
		if info.Numbers { // a still cluster has none
			continue
		}
		group.Go(func() error {
			if err := read(ctx, info); err != nil {
				return fmt.Errorf("%s: %w", info.Resource, err)
			}
			return nil
		})
	}
	return group.Wait()
}

func (h way) reader(config *rest.Config) (func(context.Context, snapshot.Info) error, error) {
	config = rest.CopyConfig(config)
	config.QPS = -1 // as the tool: client-go would let five requests a second through, and the floor would be a ceiling
	config.DisableCompression = h.plain
	if h.metadata {
		return h.readMetadata(config)
	}
	config.ContentType, config.NegotiatedSerializer = runtime.ContentTypeProtobuf, scheme.Codecs.WithoutConversion()
	if h.media != "" {
		config.ContentType = h.media
	}
	if h.media == runtime.ContentTypeCBOR { // which client-go does not speak unless it is told to
		if err := os.Setenv("KUBE_FEATURE_ClientsAllowCBOR", "true"); err != nil {
			return nil, err
		}
		config.NegotiatedSerializer = serializer.NewCodecFactory(scheme.Scheme, serializer.WithSerializer(cbor.NewSerializerInfo)).WithoutConversion()
	}
	config.AcceptContentTypes = config.ContentType
	clients, err := clientsFor(config)
	if err != nil {
		return nil, err
	}
	return func(ctx context.Context, info snapshot.Info) error {
		client := clients[info.GVK.GroupVersion()]
		if h.watch {
			return readWatch(ctx, client, info)
		}
		return h.pages(info, func(opts metav1.ListOptions) (runtime.Object, error) {
			return client.Get().Resource(info.Resource).VersionedParams(&opts, scheme.ParameterCodec).Do(ctx).Get()
		})
	}, nil
}

func (h way) readMetadata(config *rest.Config) (func(context.Context, snapshot.Info) error, error) {
	config.ContentType, config.AcceptContentTypes = "", ""
	client, err := metadata.NewForConfig(config)
	if err != nil {
		return nil, err
	}
	return func(ctx context.Context, info snapshot.Info) error {
		gvr := info.GVK.GroupVersion().WithResource(info.Resource)
		return h.pages(info, func(opts metav1.ListOptions) (runtime.Object, error) { return client.Resource(gvr).List(ctx, opts) })
	}, nil
}

func (h way) pages(info snapshot.Info, list func(metav1.ListOptions) (runtime.Object, error)) error {
	opts := metav1.ListOptions{Limit: collect.PageSize, FieldSelector: collect.Selector(info.Kind), ResourceVersion: h.version}
	if h.page != 0 {
		opts.Limit = max(0, h.page)
	}
	for {
		page, err := list(opts)
		if err != nil {
			return err
		}
		list, err := meta.ListAccessor(page)
		if err != nil {
			return err
		}
		opts.ResourceVersion = ""
		if opts.Continue = list.GetContinue(); opts.Continue == "" {
			return nil
		}
	}
}

// readWatch reads the events of a watch until the bookmark that says that all objects have come.
func readWatch(ctx context.Context, client rest.Interface, info snapshot.Info) error {
	opts := metav1.ListOptions{
		Watch: true, SendInitialEvents: new(true), AllowWatchBookmarks: true, ResourceVersionMatch: metav1.ResourceVersionMatchNotOlderThan,
		FieldSelector: collect.Selector(info.Kind),
	}
	w, err := client.Get().Resource(info.Resource).VersionedParams(&opts, scheme.ParameterCodec).Watch(ctx)
	if err != nil {
		return err
	}
	defer w.Stop()
	for e := range w.ResultChan() {
		switch e.Type {
		case watch.Bookmark:
			o, err := meta.Accessor(e.Object)
			if err != nil {
				return err
			}
			if o.GetAnnotations()[metav1.InitialEventsAnnotationKey] == "true" {
				return nil
			}
		case watch.Error:
			return fmt.Errorf("watch: %v", e.Object)
		case watch.Added, watch.Modified, watch.Deleted:
		}
	}
	return fmt.Errorf("the watch ended before all objects had come: %w", context.Cause(ctx))
}
