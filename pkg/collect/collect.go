package collect

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/kubectl-scars/kubectl-scars/pkg/snapshot"
)

// InFlight is how many requests are under way at once.
const InFlight = 4

// Plan says what to read.
type Plan struct {
	Kinds      []snapshot.Info
	Namespaces []string                 // empty: all
	Progress   func(snapshot.Kind, int) // called with each page's objects; may be nil
}

// Listings reads every kind of the plan into the builder and seals it. It returns an error only where nothing at all could be read
// because the server cannot be reached or does not know the user; everything else is a state.
func (c *Client) Listings(ctx context.Context, plan Plan, b *snapshot.Builder) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var (
		wg    sync.WaitGroup
		slots = make(chan struct{}, InFlight)
		mu    sync.Mutex
		fatal []error
		read  bool
	)
	for _, l := range listings(plan) {
		wg.Go(func() {
			select {
			case slots <- struct{}{}:
				defer func() { <-slots }()
			case <-ctx.Done():
				b.Seal(l.info.Kind, l.namespace, snapshot.State{Status: snapshot.Failed, Reason: "interrupted"})
				return
			}
			st, err := c.list(ctx, l, b, func(n int) {
				if plan.Progress != nil {
					plan.Progress(l.info.Kind, n)
				}
			})
			b.Seal(l.info.Kind, l.namespace, st)
			mu.Lock()
			defer mu.Unlock()
			switch {
			case st.Readable() || st.Status == snapshot.Forbidden:
				read = true
			case err != nil:
				fatal = append(fatal, err)
				if !c.clock.Answered() && !errors.Is(err, context.Canceled) {
					cancel(err) // nobody there: do not wait for the others
				}
			}
		})
	}
	wg.Wait()
	if !read && len(fatal) > 0 && (!c.clock.Answered() || allUnauthorized(fatal)) {
		if cause := context.Cause(ctx); cause != nil {
			return cause
		}
		return fatal[0]
	}
	return nil
}

func allUnauthorized(errs []error) bool {
	return !slices.ContainsFunc(errs, func(err error) bool { return !apierrors.IsUnauthorized(err) })
}

// Asked reads single objects by name and seals them.
func (c *Client) Asked(ctx context.Context, asks []snapshot.Ask, b *snapshot.Builder) {
	var wg sync.WaitGroup
	slots := make(chan struct{}, InFlight)
	for _, a := range asks {
		slots <- struct{}{}
		wg.Go(func() {
			defer func() { <-slots }()
			st, err := c.get(ctx, a, b)
			if err != nil && st.Status == "" {
				st = snapshot.State{Status: snapshot.Failed, Reason: reason(err)}
			}
			b.SealAsk(a, st)
		})
	}
	wg.Wait()
}

// NamespaceMissing tells whether a namespace is known not to exist.
func (c *Client) NamespaceMissing(ctx context.Context, name string) bool {
	b := snapshot.NewBuilder()
	st, err := c.get(ctx, snapshot.Ask{Kind: snapshot.Namespaces, Name: name}, b)
	return err == nil && st.Status == snapshot.OK && b.Len() == 0
}

// listings turns a plan into collections, each to be read once. Node events lie in namespace "default"
// (kubernetes v1.37.2 client-go/tools/record/event.go), so a namespace's own listing lacks them.
func listings(plan Plan) []listing {
	var out []listing
	namespaces := plan.Namespaces
	if len(namespaces) == 0 {
		namespaces = []string{metav1.NamespaceAll}
	}
	wantNodes := slices.ContainsFunc(plan.Kinds, func(i snapshot.Info) bool { return i.Kind == snapshot.Nodes })
	for _, info := range plan.Kinds {
		if !info.Namespaced {
			out = append(out, listing{info: info, selector: selector(info.Kind)})
			continue
		}
		for _, ns := range namespaces {
			out = append(out, listing{info: info, namespace: ns, selector: selector(info.Kind)})
		}
		if info.Kind == snapshot.Events && wantNodes && namespaces[0] != metav1.NamespaceAll && !slices.Contains(namespaces, metav1.NamespaceDefault) {
			out = append(out, listing{
				info: info, namespace: metav1.NamespaceDefault, selector: "involvedObject.kind=Node," + selector(info.Kind),
			})
		}
	}
	return out
}

// selector is the field selector of a kind's listing: what the server can leave out because nothing is proven by it.
func selector(kind snapshot.Kind) string {
	switch kind {
	case snapshot.Secrets:
		return "type=kubernetes.io/tls"
	case snapshot.Events:
		terms := make([]string, 0, len(snapshot.NoisyReasons()))
		for _, r := range snapshot.NoisyReasons() {
			terms = append(terms, fmt.Sprintf("reason!=%s", r))
		}
		return strings.Join(terms, ",")
	}
	return ""
}
