package collect

// This file makes the client that reads one cluster.

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/runtime/serializer"
	"k8s.io/client-go/rest"

	"github.com/kubectl-scars/kubectl-scars/pkg/snapshot"
)

// Client reads one cluster.
type Client struct {
	clients    map[schema.GroupVersion]rest.Interface
	parameters runtime.ParameterCodec
	serializer runtime.NegotiatedSerializer
	clock      *Clock
	timeout    time.Duration                                    // of one request, with what it is asked again; 0: none
	most       int                                              // objects of one listing
	wait       func(ctx context.Context, d time.Duration) error // before asking again
}

// NewClient prepares to read the cluster that config reaches: protobuf where the server speaks it, no client-side rate limit (the
// server's priority and fairness decides), read-only. It needs no discovery. config.Timeout bounds each request, as in kubectl.
func NewClient(config *rest.Config) (*Client, error) {
	c := &Client{
		clients: map[schema.GroupVersion]rest.Interface{}, parameters: runtime.NewParameterCodec(snapshot.Scheme()),
		clock: &Clock{}, timeout: config.Timeout, most: MaxObjects, wait: Wait,
	}
	config = ReadOnlyConfig(config)
	config.QPS = -1
	config.ContentType = runtime.ContentTypeProtobuf
	config.AcceptContentTypes = runtime.ContentTypeProtobuf + "," + runtime.ContentTypeJSON
	c.serializer = serializer.NewCodecFactory(snapshot.Scheme()).WithoutConversion()
	config.NegotiatedSerializer = c.serializer
	config.Timeout = 0 // fetch does it
	config.Wrap(c.clock.Wrap)
	config.Wrap(func(next http.RoundTripper) http.RoundTripper { return limited{next, MaxAnswer} })
	httpClient, err := rest.HTTPClientFor(config)
	if err != nil {
		return nil, fmt.Errorf("client for %s: %w", config.Host, err)
	}
	for _, info := range snapshot.Kinds() {
		gv := info.GVK.GroupVersion()
		if c.clients[gv] != nil || info.OptIn {
			continue
		}
		gvConfig := rest.CopyConfig(config)
		gvConfig.GroupVersion = &gv
		gvConfig.APIPath = "/apis"
		if gv.Group == "" {
			gvConfig.APIPath = "/api"
		}
		if c.clients[gv], err = rest.RESTClientForConfigAndClient(gvConfig, httpClient); err != nil {
			return nil, fmt.Errorf("client for %s at %s: %w", gv, config.Host, err)
		}
	}
	return c, nil
}

// Now is the server's clock, or the given time where the server has told none.
func (c *Client) Now(fallback time.Time) time.Time {
	if now, ok := c.clock.Now(); ok {
		return now
	}
	return fallback
}

// ReadOnlyConfig is a copy of config with the read-only transport, for whatever client is made of it.
func ReadOnlyConfig(config *rest.Config) *rest.Config {
	config = rest.CopyConfig(config)
	prefix := prefix(config)
	config.Wrap(func(next http.RoundTripper) http.RoundTripper { return ReadOnly(next, prefix) })
	return config
}

// prefix is the path of the server's URL, where it stands behind one.
func prefix(config *rest.Config) string {
	base, _, err := rest.DefaultServerUrlFor(config)
	if err != nil {
		return "" // a client made of this config will say so
	}
	return base.Path
}

// Wait waits, or until the context ends.
func Wait(ctx context.Context, d time.Duration) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(d):
		return nil
	}
}
