package collect

// What the tests of this package share: a cluster to read, and a client that waits for nothing.

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/kubectl-scars/kubectl-scars/pkg/collect/apitest"
	"github.com/kubectl-scars/kubectl-scars/pkg/snapshot"
)

func pods(namespace string, n int) []apitest.Object {
	out := make([]apitest.Object, n)
	for i := range out {
		out[i] = &corev1.Pod{
			TypeMeta: metav1.TypeMeta{APIVersion: "v1", Kind: "Pod"}, ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: fmt.Sprintf("pod-%d", i)},
		}
	}
	return out
}

func event(namespace, kind, reason string) *corev1.Event {
	about := corev1.ObjectReference{Kind: kind, Namespace: namespace}
	if kind == "Node" {
		about.Namespace = ""
	}
	return &corev1.Event{
		TypeMeta: metav1.TypeMeta{APIVersion: "v1", Kind: "Event"}, Reason: reason, InvolvedObject: about,
		ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: strings.ToLower(kind + "-" + reason)},
	}
}

// start runs a server and makes a client for it, whose pauses are noted and not waited for.
func start(t *testing.T, o apitest.Options) (*apitest.Server, *Client, *[]time.Duration) {
	t.Helper()
	s := apitest.Start(o)
	t.Cleanup(s.Stop)
	c, err := NewClient(s.Config())
	if err != nil {
		t.Fatal(err)
	}
	pauses := &[]time.Duration{}
	guard := make(chan struct{}, 1)
	c.wait = func(ctx context.Context, d time.Duration) error {
		guard <- struct{}{}
		*pauses = append(*pauses, d)
		<-guard
		return ctx.Err()
	}
	return s, c, pauses
}

func infos(t *testing.T, kinds ...snapshot.Kind) []snapshot.Info {
	t.Helper()
	var out []snapshot.Info
	for _, k := range kinds {
		info, ok := snapshot.InfoOf(k)
		if !ok {
			t.Fatalf("no kind %s", k)
		}
		out = append(out, info)
	}
	return out
}

// read lists kinds of a namespace ("" for all) and gives what came of it.
func read(t *testing.T, c *Client, namespace string, kinds ...snapshot.Kind) (*snapshot.Snapshot, error) {
	t.Helper()
	plan := Plan{Kinds: infos(t, kinds...)}
	if namespace != "" {
		plan.Namespaces = []string{namespace}
	}
	b := snapshot.NewBuilder()
	err := c.Listings(t.Context(), plan, b)
	return b.Build(c.Now(time.Time{})), err
}

// wantState fails where reading a kind did not go as wanted; reason is a part of the state's reason.
func wantState(t *testing.T, s *snapshot.Snapshot, kind snapshot.Kind, namespace string, status snapshot.Status, reason string) {
	t.Helper()
	got := s.StateOf(kind, namespace)
	if got.Status != status || !strings.Contains(got.Reason, reason) || reason == "" && got.Reason != "" {
		t.Errorf("%s: state %q (%s), want %q (%s)", kind, got.Status, got.Reason, status, reason)
	}
}

// on answers requests for one path in the server's place; answer gets the number of the request, from 1.
func on(path string, answer func(w http.ResponseWriter, r *http.Request, n int) bool) apitest.Fault {
	n := make(chan int, 1)
	n <- 0
	return func(w http.ResponseWriter, r *http.Request, got string) bool {
		if got != path {
			return false
		}
		i := <-n + 1
		n <- i
		return answer(w, r, i)
	}
}

func fail(code int, reason metav1.StatusReason) func(http.ResponseWriter, *http.Request, int) bool {
	return func(w http.ResponseWriter, _ *http.Request, _ int) bool { apitest.Fail(w, code, reason); return true }
}

func count(s *apitest.Server, path string) int {
	return len(slices.DeleteFunc(s.Requests(), func(r apitest.Request) bool { return r.Path != path }))
}
