package collect

import (
	"fmt"
	"net/http"
	"time"

	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/kubernetes/scheme"
	"k8s.io/client-go/rest"

	"github.com/kubectl-scars/kubectl-scars/pkg/snapshot"
)

// Client reads one cluster.
type Client struct {
	clients map[schema.GroupVersion]rest.Interface
	clock   *Clock
	timeout time.Duration
}

// DefaultTimeout bounds one request, retries included, where the user gave no --request-timeout.
const DefaultTimeout = 30 * time.Second

// NewClient prepares to read the cluster that config reaches: protobuf where the server speaks it, no client-side rate limit (the
// server's priority and fairness decides), read-only.
func NewClient(config *rest.Config, userAgent string) (*Client, error) {
	config = rest.CopyConfig(config)
	config.QPS = -1
	config.UserAgent = userAgent
	config.ContentType = runtime.ContentTypeProtobuf
	config.AcceptContentTypes = runtime.ContentTypeProtobuf + "," + runtime.ContentTypeJSON
	config.NegotiatedSerializer = scheme.Codecs.WithoutConversion()
	c := &Client{clients: map[schema.GroupVersion]rest.Interface{}, clock: &Clock{}, timeout: config.Timeout}
	if c.timeout <= 0 {
		c.timeout = DefaultTimeout
	}
	config.Timeout = 0 // bounded per request, by context
	config.Wrap(func(next http.RoundTripper) http.RoundTripper { return ReadOnly(c.clock.Wrap(next), Prefix(config)) })
	httpClient, err := rest.HTTPClientFor(config)
	if err != nil {
		return nil, err
	}
	for _, info := range snapshot.Kinds() {
		gv := info.GVK.GroupVersion()
		if c.clients[gv] != nil {
			continue
		}
		gvConfig := rest.CopyConfig(config)
		gvConfig.GroupVersion = &gv
		gvConfig.APIPath = "/apis"
		if gv.Group == "" {
			gvConfig.APIPath = "/api"
		}
		if c.clients[gv], err = rest.RESTClientForConfigAndClient(gvConfig, httpClient); err != nil {
			return nil, fmt.Errorf("client for %s: %w", gv, err)
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

// Prefix is the path of the server's URL, where it stands behind one.
func Prefix(config *rest.Config) string {
	base, _, err := rest.DefaultServerUrlFor(config)
	if err != nil {
		return ""
	}
	return base.Path
}

// ReadOnlyConfig is config with the read-only transport, for clients other than ours (kubectl's resource builder).
func ReadOnlyConfig(config *rest.Config) *rest.Config {
	prefix := Prefix(config)
	config.Wrap(func(next http.RoundTripper) http.RoundTripper { return ReadOnly(next, prefix) })
	return config
}
