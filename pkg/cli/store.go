package cli

// The store of metrics: the one that the user names, or the first that answers of those that run in the cluster.

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/client-go/rest"

	"github.com/kubectl-scars/kubectl-scars/pkg/collect"
	"github.com/kubectl-scars/kubectl-scars/pkg/prometheus"
	"github.com/kubectl-scars/kubectl-scars/pkg/term"
)

// welcomeTimeout bounds the search for a store that is welcome, and not needed.
const welcomeTimeout = 15 * time.Second

// store is a client of the store, and what to call it.
func (p *past) store(ctx context.Context) (*prometheus.Client, string, error) {
	if p.base != nil {
		httpClient, err := p.access.client(p.base)
		if err != nil {
			return nil, "", err
		}
		return p.client(p.base, httpClient, p.base.Host), p.base.Host, nil
	}
	const hint = "name a store with --prometheus"
	if p.o.offline() {
		return nil, "", noStoreError{"no file holds them: " + hint}
	}
	if !p.needed() {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, welcomeTimeout)
		defer cancel()
	}
	config, err := p.o.restConfig()
	if err != nil {
		return nil, "", err
	}
	server, err := collect.NewClient(config)
	if err != nil {
		return nil, "", err
	}
	stores, err := server.Stores(ctx)
	switch {
	case apierrors.IsForbidden(err):
		return nil, "", p.none("you may not list the services of all namespaces, to find a store of metrics: " + hint)
	case err != nil:
		return nil, "", err
	case len(stores) == 0:
		return nil, "", p.none("no service of the cluster looks like a store of metrics: " + hint)
	}
	config = rest.CopyConfig(config)
	config.Timeout = 0 // each question has its own
	httpClient, err := rest.HTTPClientFor(config)
	if err != nil {
		return nil, "", fmt.Errorf("client for %s: %w", config.Host, err)
	}
	root, _, err := rest.DefaultServerUrlFor(config)
	if err != nil {
		return nil, "", fmt.Errorf("client for %s: %w", config.Host, err)
	}
	var refusals []string
	for _, s := range stores {
		client := p.client(root.JoinPath(s.Path()), httpClient, s.String())
		if err = client.Probe(ctx); err == nil {
			return client, s.String(), nil
		}
		if ctx.Err() != nil {
			return nil, "", err
		}
		refusals = append(refusals, s.String()+": "+p.refusal(err))
	}
	return nil, "", fmt.Errorf("no store of metrics in the cluster answers; %s, or allow get of services/proxy: %s", hint, strings.Join(refusals, "; "))
}

// noStoreError is that there is no store to ask.
type noStoreError struct{ reason string }

func (e noStoreError) Error() string { return e.reason }

// none says that there is no store to ask.
func (p *past) none(reason string) error {
	if p.needed() {
		return fmt.Errorf("weeks of history are needed, and %w", noStoreError{reason})
	}
	return noStoreError{reason}
}

// refusal is an error without the long URL of the service proxy.
func (p *past) refusal(err error) string {
	if refused, ok := errors.AsType[*prometheus.Error](err); ok {
		return fmt.Sprintf("%d %s", refused.Status, refused.Message)
	}
	return err.Error()
}

func (p *past) client(base *url.URL, httpClient *http.Client, name string) *prometheus.Client {
	return prometheus.New(base, httpClient, prometheus.Options{
		Timeout: queryTimeout, Now: p.o.env.Now, Wait: collect.Wait, Denied: p.denied, SeriesOnly: p.base != nil && p.base.Hostname() == googleHost,
		Warn: func(text string) { _, _ = fmt.Fprintf(p.o.stderr, "warning: %s: %s\n", name, term.Sanitize(text)) },
	})
}
