package main

// The API servers of the scripts.

import (
	"flag"
	"fmt"
	"net/http"
	"net/http/httputil"
	"net/url"
	"os"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/kubectl-scars/kubectl-scars/pkg/collect/apitest"
)

type serversKey struct{}

// servers are those of one script; only the last is asked what it received.
type servers struct {
	last *apitest.Server
	all  []*apitest.Server
	seen *marker
}

func (s *servers) stop() {
	for _, server := range s.all {
		server.Stop()
	}
}

func serversOf(ts *testscript.TestScript) *servers { return ts.Value(serversKey{}).(*servers) }

// marker tells when a request comes in whose path matches a pattern.
type marker struct {
	mu      sync.Mutex
	pattern *regexp.Regexp
	met     chan struct{}
}

func (m *marker) see(path string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.pattern != nil && m.pattern.MatchString(path) {
		m.pattern = nil
		close(m.met)
	}
}

func (m *marker) wait(pattern string) <-chan struct{} {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.pattern, m.met = regexp.MustCompile(pattern), make(chan struct{})
	return m.met
}

type list []string

func (l *list) String() string     { return strings.Join(*l, ",") }
func (l *list) Set(s string) error { *l = append(*l, s); return nil }

// serve [-context NAME] [-namespace NS] [-token T] [-user-token T] [-tls] [-prefix PATH] [-now TIME] [-page N] [-store URL]
// [-fault PATH=WHAT]... FILE...
//
// starts an API server that holds the objects of the files, and writes $KUBECONFIG. A fault answers requests whose path matches the
// regular expression (a query follows where it is not part of it): with a status (403), or hang, endless, html, warn, or @FILE, its text; 500*2
// only the first two times. The proxy of service monitoring/prometheus-server leads to the store.
func serve(ts *testscript.TestScript, _ bool, args []string) {
	flags := flag.NewFlagSet("serve", flag.ContinueOnError)
	var faults list
	context, namespace := flags.String("context", "fake", ""), flags.String("namespace", "", "")
	token, userToken := flags.String("token", "", ""), flags.String("user-token", "", "")
	tls, prefix := flags.Bool("tls", false, ""), flags.String("prefix", "", "")
	page := flags.Int("page", 0, "")
	now := flags.String("now", "2026-11-23T18:00:00Z", "")
	store := flags.String("store", "", "")
	flags.Var(&faults, "fault", "")
	ts.Check(flags.Parse(args))
	o := apitest.Options{TLS: *tls, Prefix: *prefix, Token: *token, Page: *page}
	for _, name := range flags.Args() {
		objects, err := apitest.Parse([]byte(ts.ReadFile(name)))
		ts.Check(err)
		o.Objects = append(o.Objects, objects...)
	}
	texts := map[string]string{}
	for _, f := range faults {
		if _, name, ok := strings.Cut(f, "=@"); ok {
			texts[name] = ts.ReadFile(name)
		}
	}
	var err error
	o.Now, err = time.Parse(time.RFC3339, *now)
	ts.Check(err)
	var server *apitest.Server
	seen := &marker{}
	var mu sync.Mutex
	played := map[string]int{}
	passed := func(f, times string) bool { // tells whether a fault has been played as often as it was to be
		n, err := strconv.Atoi(times)
		if err != nil {
			return false
		}
		mu.Lock()
		defer mu.Unlock()
		played[f]++
		return played[f] > n
	}
	o.Fault = func(w http.ResponseWriter, r *http.Request, path string) bool {
		if r.URL.RawQuery != "" {
			path += "?" + r.URL.RawQuery
		}
		seen.see(path)
		for _, f := range faults {
			cut := strings.LastIndex(f, "=")
			if regexp.MustCompile("^" + f[:cut] + `(\?.*)?$`).MatchString(path) {
				if name, ok := strings.CutPrefix(f[cut+1:], "@"); ok {
					_, err := fmt.Fprint(w, texts[name])
					return err == nil
				}
				what, times, _ := strings.Cut(f[cut+1:], "*")
				if passed(f, times) {
					continue
				}
				return fault(w, r, what, server)
			}
		}
		if rest, ok := strings.CutPrefix(r.URL.Path, "/api/v1/namespaces/monitoring/services/http:prometheus-server:80/proxy"); ok && *store != "" {
			to, err := url.Parse(*store)
			ts.Check(err)
			r.URL.Path = rest
			httputil.NewSingleHostReverseProxy(to).ServeHTTP(w, r)
			return true
		}
		return false
	}
	server = apitest.Start(o)
	s := serversOf(ts)
	s.last, s.seen, s.all = server, seen, append(s.all, server)
	config, err := server.Kubeconfig(*context, *namespace, *userToken)
	ts.Check(err)
	ts.Check(os.WriteFile(ts.Getenv("KUBECONFIG"), config, 0o600))
	ts.Setenv("SERVER", server.URL+*prefix)
}

func fault(w http.ResponseWriter, r *http.Request, what string, server *apitest.Server) bool {
	switch what {
	case "hang":
		server.Hang(r)
	case "html":
		w.Header().Set("Content-Type", "text/html")
		fmt.Fprint(w, "<html>Please log in</html>")
	case "endless":
		apitest.Endless(w, r)
	case "warn":
		w.Header().Set("Warning", `299 - "this API is \u001b[31mdeprecated"`)
		return false
	default:
		code, err := strconv.Atoi(what)
		if err != nil {
			panic("no such fault: " + what)
		}
		reasons := map[int]metav1.StatusReason{401: "Unauthorized", 403: "Forbidden", 404: "NotFound", 500: "InternalError", 503: "ServiceUnavailable"}
		apitest.Fail(w, code, reasons[code])
	}
	return true
}
