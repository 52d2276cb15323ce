package collect

// This file reads what a plan names: the listings side by side, then the single objects that were asked for.

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/kubectl-scars/kubectl-scars/pkg/snapshot"
)

// InFlight is how many requests are under way at once.
const InFlight = 4

// Plan says what to read.
type Plan struct {
	Kinds      []snapshot.Info
	Namespaces []string            // empty: all
	Read       func(snapshot.Kind) // called when nothing more of a kind will be listed; may be nil

	// Progress is told after each page how many objects of a kind have been read, and how many more the server says there are: 0 where it does
	// not say. May be nil.
	Progress func(kind snapshot.Kind, read, left int)
}

// Listings reads every kind of the plan into the builder and seals it. It returns an error only where nothing at all could be read, and
// nobody said that it may not be: the server cannot be reached, does not know the user, or is none. Everything else is a state. A context
// that ends leaves what was read until then.
func (c *Client) Listings(parent context.Context, plan Plan, b *snapshot.Builder) error {
	ctx, giveUp := context.WithCancelCause(parent)
	defer giveUp(nil)
	all := listings(plan)
	states, errs := make([]snapshot.State, len(all)), make([]error, len(all))
	left, progress := plan.counted(all), plan.summed(all)
	read := func(i int) {
		l := all[i]
		if states[i], errs[i] = c.list(ctx, l, b, func(n, left int) { progress(i, n, left) }); errs[i] != nil {
			errs[i] = fmt.Errorf("%s: %w", l, errs[i])
			if !c.clock.Answered() {
				giveUp(errs[i]) // nobody there: do not wait for the others
			}
		}
		progress(i, 0, 0) // nothing more comes
		b.Seal(l.info.Kind, l.namespace, states[i])
		left(l.info.Kind)
	}
	atOnce(len(all), read)
	for _, s := range states {
		if s.Status == snapshot.OK || s.Status == snapshot.Partial || s.Status == snapshot.Forbidden {
			return nil
		}
	}
	if parent.Err() != nil {
		return ended(parent)
	}
	if unreachable := context.Cause(ctx); unreachable != nil {
		return unreachable
	}
	return cmp.Or(errs...)
}

// summed gives a function that is told of each page of a listing, and tells Progress of its kind.
func (p Plan) summed(all []listing) func(i, n, left int) {
	if p.Progress == nil {
		return func(int, int, int) {}
	}
	var mu sync.Mutex
	read, missing, of := map[snapshot.Kind]int{}, map[snapshot.Kind]int{}, make([]int, len(all))
	return func(i, n, left int) {
		mu.Lock()
		defer mu.Unlock()
		kind := all[i].info.Kind
		read[kind] += n
		missing[kind] += left - of[i]
		of[i] = left
		p.Progress(kind, read[kind], missing[kind])
	}
}

// counted gives a function that is told of each listing that ended, and tells Read when it was a kind's last.
func (p Plan) counted(all []listing) func(snapshot.Kind) {
	if p.Read == nil {
		return func(snapshot.Kind) {}
	}
	var mu sync.Mutex
	left := map[snapshot.Kind]int{}
	for _, l := range all {
		left[l.info.Kind]++
	}
	return func(k snapshot.Kind) {
		mu.Lock()
		left[k]--
		last := left[k] == 0
		mu.Unlock()
		if last {
			p.Read(k)
		}
	}
}

// MaxAsks bounds the second round: one request an object, where a listing has hundreds a page.
const MaxAsks = 500

// Asked reads single objects by name and seals them; those beyond MaxAsks are sealed as failed, and not asked for.
func (c *Client) Asked(ctx context.Context, asks []snapshot.Ask, b *snapshot.Builder) {
	for _, a := range asks[min(len(asks), MaxAsks):] {
		b.SealAsk(a, snapshot.State{Status: snapshot.Failed, Reason: fmt.Sprintf("not read: more than %d objects were wanted by name", MaxAsks)})
	}
	asks = asks[:min(len(asks), MaxAsks)]
	atOnce(len(asks), func(i int) {
		read := c.get
		if asks[i].Kind == snapshot.KubeletStats {
			read = c.kubelet
		}
		b.SealAsk(asks[i], read(ctx, asks[i], b))
	})
}

// atOnce does n things, InFlight of them at a time, beginning in order.
func atOnce(n int, do func(i int)) {
	var wg sync.WaitGroup
	next := make(chan int)
	for range min(n, InFlight) {
		wg.Go(func() {
			for i := range next {
				do(i)
			}
		})
	}
	for i := range n {
		next <- i
	}
	close(next)
	wg.Wait()
}

// listings turns a plan into collections, each to be read once. The events of cluster-scoped objects lie in namespace "default"
// (kubernetes v1.37.2 client-go/tools/record/event.go), so a namespace's own listing lacks them.
func listings(plan Plan) []listing {
	var out []listing
	namespaces := plan.Namespaces
	if len(namespaces) == 0 {
		namespaces = []string{metav1.NamespaceAll}
	}
	for _, info := range plan.Kinds {
		if info.OptIn {
			continue
		}
		if !info.Namespaced {
			out = append(out, listing{info: info, selector: Selector(info.Kind)})
			continue
		}
		for _, ns := range namespaces {
			out = append(out, listing{info: info, namespace: ns, selector: Selector(info.Kind)})
		}
		if info.Kind == snapshot.Events && snapshot.ClusterEvents(plan.Kinds) && namespaces[0] != metav1.NamespaceAll && !slices.Contains(namespaces, metav1.NamespaceDefault) {
			out = append(out, listing{
				info: info, namespace: metav1.NamespaceDefault, selector: "involvedObject.namespace=," + Selector(info.Kind),
			})
		}
	}
	return out
}

// Selector is the field selector of a kind's listing: what the server can leave out because nothing is proven by it.
func Selector(kind snapshot.Kind) string {
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
