package collect

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/rest"

	"github.com/kubectl-scars/kubectl-scars/pkg/collect/apitest"
	"github.com/kubectl-scars/kubectl-scars/pkg/snapshot"
)

// One collection that cannot be read is a state, and the others are read all the same.
func TestOneFails(t *testing.T) {
	html := func(w http.ResponseWriter, _ *http.Request, _ int) bool {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		_, err := io.WriteString(w, "<html>Please log in</html>")
		return err == nil
	}
	proto := func(body string) func(w http.ResponseWriter, _ *http.Request, _ int) bool {
		return func(w http.ResponseWriter, _ *http.Request, _ int) bool {
			w.Header().Set("Content-Type", "application/vnd.kubernetes.protobuf")
			_, err := io.WriteString(w, body)
			return err == nil
		}
	}
	for name, test := range map[string]struct {
		fault    func(w http.ResponseWriter, r *http.Request, n int) bool
		status   snapshot.Status
		reason   string
		requests int
	}{
		"forbidden":              {fail(403, "Forbidden"), snapshot.Forbidden, "the server does not allow it to this user", 1},
		"forbidden by a proxy":   {plainly(403, "no"), snapshot.Forbidden, "the server does not allow it to this user", 1},
		"no such resource":       {fail(404, "NotFound"), snapshot.NotServed, "this cluster does not serve it", 1},
		"no such group":          {plainly(404, "404 page not found"), snapshot.NotServed, "this cluster does not serve it", 1},
		"404 of something else":  {plainly(404, "<h1>nothing here</h1>"), snapshot.Failed, "could not find the requested resource", 1},
		"no list":                {fail(405, "MethodNotAllowed"), snapshot.NotServed, "this cluster does not serve it", 1},
		"half installed":         {fail(503, "ServiceUnavailable"), snapshot.Failed, "service unavailable", 3},
		"server error":           {fail(500, "InternalError"), snapshot.Failed, "internal server error", 3},
		"expired at once":        {fail(410, "Expired"), snapshot.Failed, "gone", 2},
		"credentials for others": {fail(401, "Unauthorized"), snapshot.Failed, "the server does not accept the credentials", 1},
		"login page":             {html, snapshot.Failed, `content type "text/html; charset=utf-8"; a proxy or a login page in between?`, 1},
		"truncated protobuf":     {proto("k8s\x00\x0a\x0d\x0a\x02v1\x12\x07PodList\x12\xff\x01\x0a"), snapshot.Failed, "the answer is no API object", 1},
		"no protobuf":            {proto("k8s"), snapshot.Failed, "the answer is no API object", 1},
		"empty":                  {proto(""), snapshot.Failed, "the answer is no API object", 1},
		"an object, not a list": {func(w http.ResponseWriter, _ *http.Request, _ int) bool {
			w.Header().Set("Content-Type", "application/json")
			_, err := io.WriteString(w, `{"kind":"Pod","apiVersion":"v1","metadata":{"name":"web"}}`)
			return err == nil
		}, snapshot.Failed, "the answer is a *v1.Pod and not a list", 1},
		"all is well, and no list": {func(w http.ResponseWriter, _ *http.Request, _ int) bool {
			w.Header().Set("Content-Type", "application/json")
			_, err := io.WriteString(w, `{"kind":"Status","apiVersion":"v1","metadata":{},"status":"Success"}`)
			return err == nil
		}, snapshot.Failed, "the answer is a *v1.Status and not a list", 1},
		"a list of something else": {
			proto(string(inProtobuf(t, &corev1.ConfigMapList{TypeMeta: metav1.TypeMeta{APIVersion: "v1", Kind: "ConfigMapList"}, Items: []corev1.ConfigMap{{}}}))),
			snapshot.Failed, "not a kind that is looked at", 1,
		},
		"redirect to a proxy path": {func(w http.ResponseWriter, r *http.Request, _ int) bool {
			http.Redirect(w, r, "/api/v1/nodes/node1/proxy/pods", http.StatusFound)
			return true
		}, snapshot.Failed, "refused GET /api/v1/nodes/node1/proxy/pods: this tool only reads", 1},
	} {
		t.Run(name, func(t *testing.T) {
			server, c, _ := start(t, apitest.Options{Objects: pods("shop", 2), Fault: on("/api/v1/services", test.fault)})
			s, err := read(t, c, "", snapshot.Services, snapshot.Pods)
			if err != nil {
				t.Error(err)
			}
			wantState(t, s, snapshot.Pods, "", snapshot.OK, "")
			wantState(t, s, snapshot.Services, "", test.status, test.reason)
			if s.Count(snapshot.Pods) != 2 {
				t.Errorf("%d pods of 2", s.Count(snapshot.Pods))
			}
			if n := count(server, "/api/v1/services"); n != test.requests {
				t.Errorf("%d requests, want %d", n, test.requests)
			}
		})
	}
}

func plainly(code int, body string) func(w http.ResponseWriter, _ *http.Request, _ int) bool {
	return func(w http.ResponseWriter, _ *http.Request, _ int) bool { http.Error(w, body, code); return true }
}

// Where nothing at all can be read, and nobody said that it may not be, that is an error.
func TestNothingRead(t *testing.T) {
	everything := func(answer func(w http.ResponseWriter, r *http.Request, n int) bool) apitest.Fault {
		return func(w http.ResponseWriter, r *http.Request, _ string) bool { return answer(w, r, 1) }
	}
	kinds := []snapshot.Kind{snapshot.Pods, snapshot.Services, snapshot.Nodes, snapshot.Deployments, snapshot.Jobs, snapshot.Ingresses}
	for name, test := range map[string]struct {
		fault apitest.Fault
		check func(error) bool
	}{
		"expired credentials": {everything(fail(401, "Unauthorized")), apierrors.IsUnauthorized},
		"broken server":       {everything(fail(500, "InternalError")), apierrors.IsInternalError},
		"not an API server":   {everything(plainly(404, "404 page not found")), apierrors.IsNotFound},
		"login page": {everything(func(w http.ResponseWriter, _ *http.Request, _ int) bool {
			w.Header().Set("Content-Type", "text/html")
			_, err := io.WriteString(w, "<html>")
			return err == nil
		}), func(err error) bool { return errors.As(err, new(answerError)) }},
		"forbidden is an answer": {everything(fail(403, "Forbidden")), func(err error) bool { return err == nil }},
	} {
		t.Run(name, func(t *testing.T) {
			_, c, _ := start(t, apitest.Options{Fault: test.fault})
			_, err := read(t, c, "shop", kinds...)
			if !test.check(err) {
				t.Errorf("got %v", err)
			}
			if err != nil && !strings.HasPrefix(err.Error(), `list pods in "shop": `) {
				t.Errorf("the error does not say what was tried first: %v", err)
			}
		})
	}
}

func TestUnreachable(t *testing.T) {
	listener, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := listener.Addr().String()
	_ = listener.Close() // nobody listens there now
	c, err := NewClient(&rest.Config{Host: "https://" + address, Timeout: time.Hour})
	if err != nil {
		t.Fatal(err)
	}
	c.wait = func(context.Context, time.Duration) error {
		t.Error("waits for a server that is not there")
		return nil
	}
	_, err = read(t, c, "", snapshot.Pods, snapshot.Services, snapshot.Nodes, snapshot.Events, snapshot.Secrets, snapshot.Jobs)
	var dial *net.OpError
	if !errors.As(err, &dial) || dial.Op != "dial" {
		t.Errorf("got %v, want what dialling said", err)
	}
}

func TestUntrusted(t *testing.T) {
	server, _, _ := start(t, apitest.Options{TLS: true})
	c, err := NewClient(&rest.Config{Host: server.URL})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := read(t, c, "", snapshot.Pods); err == nil || !strings.Contains(err.Error(), "x509: certificate signed by unknown authority") {
		t.Errorf("got %v", err)
	}
	if n := len(server.Requests()); n != 0 {
		t.Errorf("%d requests to a server that is not trusted", n)
	}
}

// A server that hangs is given up after the time of one request.
func TestHang(t *testing.T) {
	var server *apitest.Server
	server, c, _ := start(t, apitest.Options{Fault: func(_ http.ResponseWriter, r *http.Request, _ string) bool { server.Hang(r); return true }})
	c.timeout = 20 * time.Millisecond
	if _, err := read(t, c, "", snapshot.Pods, snapshot.Nodes); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("got %v", err)
	}
	if got := reason(context.DeadlineExceeded); got != "no answer in time (--request-timeout)" {
		t.Errorf("reason %q", got)
	}
}

// late fails requests for one path as a deadline does.
type late struct {
	next http.RoundTripper
	path string
}

func (l late) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.URL.Path == l.path {
		return nil, context.DeadlineExceeded
	}
	return l.next.RoundTrip(r)
}

// One collection that hangs is a state, and the others are read.
func TestOneHangs(t *testing.T) {
	server, _, _ := start(t, apitest.Options{Objects: pods("shop", 3)})
	config := server.Config()
	config.Wrap(func(next http.RoundTripper) http.RoundTripper { return late{next, "/api/v1/events"} })
	c, err := NewClient(config)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := read(t, c, "", snapshot.Pods); err != nil { // the server is known to be there
		t.Fatal(err)
	}
	s, err := read(t, c, "", snapshot.Events, snapshot.Pods)
	if err != nil {
		t.Error(err)
	}
	wantState(t, s, snapshot.Events, "", snapshot.Failed, "no answer in time (--request-timeout)")
	wantState(t, s, snapshot.Pods, "", snapshot.OK, "")
}

// An interrupt ends the reading at once, and leaves what was read.
func TestInterrupt(t *testing.T) {
	var server *apitest.Server
	hanging := make(chan struct{})
	var once sync.Once
	server, c, _ := start(t, apitest.Options{Objects: pods("shop", 5), Page: 2, Fault: func(_ http.ResponseWriter, r *http.Request, path string) bool {
		if path != allPods || r.URL.Query().Get("continue") == "" {
			return false
		}
		once.Do(func() { close(hanging) })
		server.Hang(r)
		return true
	}})
	ctx, interrupt := context.WithCancelCause(t.Context())
	done := make(chan error)
	b := snapshot.NewBuilder()
	go func() { done <- c.Listings(ctx, Plan{Kinds: infos(t, snapshot.Pods, snapshot.Nodes)}, b) }()
	<-hanging
	interrupt(errors.New("interrupt signal received")) // as signal.NotifyContext does
	if err := <-done; err != nil {
		t.Errorf("got %v, want what was read", err)
	}
	s := b.Build(time.Now())
	if s.Count(snapshot.Pods) != 2 {
		t.Errorf("%d pods, want the 2 of the first page", s.Count(snapshot.Pods))
	}
	wantState(t, s, snapshot.Pods, "", snapshot.Partial, "2 read, then: interrupted")
	if _, err := read(t, c, "", snapshot.Nodes); err != nil {
		t.Error(err)
	}
}

func TestInterruptBeforeAnything(t *testing.T) {
	_, c, _ := start(t, apitest.Options{})
	ctx, interrupt := context.WithCancelCause(t.Context())
	interrupt(errors.New("interrupt signal received"))
	b := snapshot.NewBuilder()
	if err := c.Listings(ctx, Plan{Kinds: snapshot.Kinds()}, b); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	for _, st := range b.Build(time.Now()).Sealed() {
		if st.State.Status != snapshot.Failed || st.State.Reason != "interrupted" {
			t.Errorf("%s: %v", st.Kind, st.State)
		}
	}
}

// Each collection is read once, at most InFlight requests are under way, and when all is read nothing is left running.
func TestOnce(t *testing.T) {
	before := runtime.NumGoroutine()
	func() {
		server := apitest.Start(apitest.Options{Objects: pods("shop", 3), TLS: true})
		defer server.Stop()
		c, err := NewClient(server.Config())
		if err != nil {
			t.Fatal(err)
		}
		var mu sync.Mutex
		counts := map[snapshot.Kind]int{}
		b := snapshot.NewBuilder()
		plan := Plan{Kinds: snapshot.Kinds(), Namespaces: []string{"shop", "cart"}, Progress: func(k snapshot.Kind, read, _ int) {
			mu.Lock()
			defer mu.Unlock()
			counts[k] = read
		}}
		if err := c.Listings(t.Context(), plan, b); err != nil {
			t.Fatal(err)
		}
		asked := map[string]int{}
		for _, r := range server.Requests() {
			asked[r.Path]++
			if r.Method != http.MethodGet || !strings.Contains(r.Header.Get("Accept"), "protobuf") {
				t.Errorf("%s, Accept: %s", r, r.Header.Get("Accept"))
			}
		}
		want := 1 // Node events
		for _, info := range plan.Kinds {
			if info.OptIn {
				continue
			}
			if info.Namespaced {
				want++
			}
			want++
		}
		if len(asked) != want {
			t.Errorf("%d collections, want %d", len(asked), want)
		}
		for path, n := range asked {
			if n != 1 {
				t.Errorf("%s was asked for %d times", path, n)
			}
		}
		if n := server.MostAtOnce(); n > InFlight {
			t.Errorf("%d requests at once", n)
		}
		if counts[snapshot.Pods] != 3 {
			t.Errorf("progress told of %d pods", counts[snapshot.Pods])
		}
	}()
	for range 1000 { // what was told to end ends when it is next scheduled
		if runtime.NumGoroutine() <= before {
			return
		}
		http.DefaultClient.CloseIdleConnections()
		runtime.Gosched()
		time.Sleep(time.Millisecond)
	}
	stacks := make([]byte, 1<<20)
	t.Errorf("%d goroutines before, %d after:\n%s", before, runtime.NumGoroutine(), stacks[:runtime.Stack(stacks, true)])
}

// The server filters: noisy events and Secrets that hold no certificate stay there. Node events are fetched from where they lie.
func TestSelectors(t *testing.T) {
	secret := func(name string, kind corev1.SecretType) *corev1.Secret {
		return &corev1.Secret{
			TypeMeta: metav1.TypeMeta{APIVersion: "v1", Kind: "Secret"}, ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: name}, Type: kind,
		}
	}
	noisy := snapshot.NoisyReasons()[0]
	objects := []apitest.Object{
		secret("web-tls", corev1.SecretTypeTLS), secret("db", corev1.SecretTypeOpaque),
		event("shop", "Pod", "Killing"), event("shop", "Pod", noisy),
		event("default", "Node", "SystemOOM"), event("default", "Pod", "Killing"), event("cart", "Pod", "Killing"),
	}
	for name, test := range map[string]struct {
		namespace string
		kinds     []snapshot.Kind
		events    []string
	}{
		"one namespace, with nodes":    {"shop", []snapshot.Kind{snapshot.Secrets, snapshot.Events, snapshot.Nodes}, []string{"default/node-systemoom", "shop/pod-killing"}},
		"one namespace, without nodes": {"shop", []snapshot.Kind{snapshot.Secrets, snapshot.Events}, []string{"shop/pod-killing"}},
		"namespace default":            {"default", []snapshot.Kind{snapshot.Secrets, snapshot.Events, snapshot.Nodes}, []string{"default/node-systemoom", "default/pod-killing"}},
		"everywhere": {"", []snapshot.Kind{snapshot.Secrets, snapshot.Events, snapshot.Nodes}, []string{
			"cart/pod-killing", "default/node-systemoom", "default/pod-killing", "shop/pod-killing",
		}},
	} {
		t.Run(name, func(t *testing.T) {
			server, c, _ := start(t, apitest.Options{Objects: objects})
			s, err := read(t, c, test.namespace, test.kinds...)
			if err != nil {
				t.Fatal(err)
			}
			var events []string
			for _, e := range s.View().Events("") {
				events = append(events, e.Namespace+"/"+e.Name)
			}
			if !slices.Equal(events, test.events) {
				t.Errorf("events %q, want %q", events, test.events)
			}
			for _, x := range s.View().Secrets("") {
				if x.Type != corev1.SecretTypeTLS {
					t.Errorf("Secret %s of type %s was read", x.Name, x.Type)
				}
			}
			for _, r := range server.Requests() {
				if strings.HasSuffix(r.Path, "/secrets") && !strings.Contains(r.Query, "fieldSelector=type%3Dkubernetes.io%2Ftls") ||
					strings.HasSuffix(r.Path, "/events") && !strings.Contains(r.Query, "reason%21%3D"+noisy) ||
					strings.Contains(r.Query, "type%21%3D") {
					t.Errorf("filter of %s", r)
				}
			}
		})
	}
}

func TestNow(t *testing.T) {
	at := time.Date(2026, 11, 23, 18, 0, 0, 0, time.UTC)
	_, c, _ := start(t, apitest.Options{Now: at})
	if got := c.Now(at.Add(time.Hour)); !got.Equal(at.Add(time.Hour)) {
		t.Errorf("before any answer: %s", got)
	}
	s, err := read(t, c, "", snapshot.Pods)
	if err != nil || !s.Now().Equal(at) {
		t.Errorf("the server's clock is %s: got %s, %v", at, s.Now(), err)
	}
}
