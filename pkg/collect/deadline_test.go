package collect

// When the time of the whole run is up, what was read until then counts, and what was cut says so.

import (
	"context"
	"errors"
	"net/http"
	"testing"
	"time"

	"github.com/kubectl-scars/kubectl-scars/pkg/collect/apitest"
	"github.com/kubectl-scars/kubectl-scars/pkg/snapshot"
)

func TestDeadline(t *testing.T) {
	const cut = "the time for the whole run was up (--timeout)"
	for name, hang := range map[string]bool{"a page that hangs": true, "pages without end": false} {
		t.Run(name, func(t *testing.T) {
			ctx, up := context.WithCancelCause(t.Context())
			var server *apitest.Server
			pages := 0
			server, c, _ := start(t, apitest.Options{Objects: pods("shop", 5), Page: 2, Fault: func(w http.ResponseWriter, r *http.Request, path string) bool {
				if path != allPods || r.URL.Query().Get("continue") == "" {
					return false
				}
				if pages++; pages == 20 || hang {
					up(ErrDeadline)
				}
				if hang {
					server.Hang(r)
				} else {
					apitest.Endless(w, r)
				}
				return true
			}})
			b := snapshot.NewBuilder()
			if err := c.Listings(ctx, Plan{Kinds: infos(t, snapshot.Pods)}, b); err != nil {
				t.Fatal(err)
			}
			ask := snapshot.Ask{Kind: snapshot.Secrets, Namespace: "shop", Name: "tls"}
			c.Asked(ctx, []snapshot.Ask{ask}, b)
			s := b.Build(time.Now())
			wantState(t, s, snapshot.Pods, "", snapshot.Partial, "2 read, then: "+cut)
			for _, st := range s.Sealed() {
				if st.Name == ask.Name && (st.State.Status != snapshot.Failed || st.State.Reason != cut) {
					t.Errorf("asked for: %v", st.State)
				}
			}
		})
	}
}

func TestDeadlineBeforeAnything(t *testing.T) {
	_, c, _ := start(t, apitest.Options{})
	ctx, up := context.WithCancelCause(t.Context())
	up(ErrDeadline)
	if err := c.Listings(ctx, Plan{Kinds: snapshot.Kinds()}, snapshot.NewBuilder()); !errors.Is(err, ErrDeadline) {
		t.Errorf("got %v", err)
	}
}
