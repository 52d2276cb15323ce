package collect

// Tests of the second round: single objects, asked for by name.

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/kubectl-scars/kubectl-scars/pkg/collect/apitest"
	"github.com/kubectl-scars/kubectl-scars/pkg/snapshot"
)

func TestAsked(t *testing.T) {
	_, c, _ := start(t, apitest.Options{
		Objects: []apitest.Object{&corev1.Secret{
			TypeMeta: metav1.TypeMeta{APIVersion: "v1", Kind: "Secret"}, ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: "web"}, Type: corev1.SecretTypeOpaque,
		}},
		Fault: func(w http.ResponseWriter, r *http.Request, path string) bool {
			switch {
			case strings.HasSuffix(path, "/secrets/forbidden"):
				return fail(403, "Forbidden")(w, r, 1)
			case strings.HasSuffix(path, "/secrets/lost"):
				return plainly(404, "404 page not found")(w, r, 1)
			case strings.HasSuffix(path, "/secrets/broken"):
				return fail(500, "InternalError")(w, r, 1)
			}
			return false
		},
	})
	var asks []snapshot.Ask
	want := map[string]snapshot.Status{
		"web": snapshot.OK, "missing": snapshot.OK, "forbidden": snapshot.Forbidden, "lost": snapshot.Failed, "broken": snapshot.Failed,
	}
	for name := range want {
		asks = append(asks, snapshot.Ask{Kind: snapshot.Secrets, Namespace: "shop", Name: name})
	}
	asks = append(asks, snapshot.Ask{Kind: "widgets.example.com", Name: "w"}, snapshot.Ask{Kind: snapshot.Secrets, Namespace: "shop", Name: "../nodes"})
	b := snapshot.NewBuilder()
	c.Asked(t.Context(), asks, b)
	s := b.Build(time.Now())
	got := map[string]snapshot.Status{}
	for _, st := range s.Sealed() {
		got[st.Name] = st.State.Status
	}
	want["w"], want["../nodes"] = snapshot.Failed, snapshot.Failed
	for name, status := range want {
		if got[name] != status {
			t.Errorf("%s: %q, want %q", name, got[name], status)
		}
	}
	v := s.View()
	for name, presence := range map[string]snapshot.Presence{
		"web": snapshot.Present, "missing": snapshot.Absent, "forbidden": snapshot.CannotTell, "lost": snapshot.CannotTell, "broken": snapshot.CannotTell,
	} {
		if got := v.Absent(snapshot.Secrets, "shop", name); got != presence {
			t.Errorf("%s: presence %d, want %d", name, got, presence)
		}
	}
}

// Beyond the bound nothing is asked, and that is said.
func TestAskedIsBounded(t *testing.T) {
	server, c, _ := start(t, apitest.Options{})
	var asks []snapshot.Ask
	for i := range MaxAsks + 3 {
		asks = append(asks, snapshot.Ask{Kind: snapshot.Secrets, Namespace: "shop", Name: fmt.Sprint("s", i)})
	}
	b := snapshot.NewBuilder()
	c.Asked(t.Context(), asks, b)
	if got := len(server.Requests()); got != MaxAsks {
		t.Errorf("%d requests, want %d", got, MaxAsks)
	}
	failed := 0
	for _, s := range b.Build(time.Time{}).Sealed() {
		if s.State.Status == snapshot.Failed {
			failed++
		}
	}
	if failed != 3 {
		t.Errorf("%d objects are said to be unread, want 3", failed)
	}
}
