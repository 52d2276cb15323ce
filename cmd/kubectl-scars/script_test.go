// The scripts in testdata/script are the specification of the command line. They run the real binary, under its own name, mostly
// against an API server that lives in the test.
package main

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/kubectl-scars/kubectl-scars/pkg/collect/apitest"
)

var update = flag.Bool("update", false, "rewrite the golden files in the scripts")

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"kubectl-scars": main, "kubectl_complete-scars": main})
}

func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir: filepath.Join("testdata", "script"), UpdateScripts: *update, RequireExplicitExec: true, RequireUniqueNames: true,
		Setup: func(env *testscript.Env) error {
			env.Values[serversKey{}] = &servers{}
			env.Defer(env.Values[serversKey{}].(*servers).stop)
			env.Setenv("HOME", env.WorkDir)
			env.Setenv("KUBECONFIG", filepath.Join(env.WorkDir, "kubeconfig"))
			env.Setenv("LC_ALL", "C.UTF-8")
			return nil
		},
		Cmds: map[string]func(ts *testscript.TestScript, neg bool, args []string){
			"serve": serve, "requests": requests, "exits": exits, "interrupt": interrupt, "shorten": shorten,
		},
	})
}

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

// serve [-context NAME] [-namespace NS] [-token T] [-user-token T] [-tls] [-prefix PATH] [-now TIME] [-fault PATH=WHAT]... FILE...
//
// starts an API server that holds the objects of the files, and writes $KUBECONFIG. A fault answers requests whose path matches the
// regular expression: with a status (403), or hang, html, warn.
func serve(ts *testscript.TestScript, _ bool, args []string) {
	flags := flag.NewFlagSet("serve", flag.ContinueOnError)
	var faults list
	context, namespace := flags.String("context", "fake", ""), flags.String("namespace", "", "")
	token, userToken := flags.String("token", "", ""), flags.String("user-token", "", "")
	tls, prefix := flags.Bool("tls", false, ""), flags.String("prefix", "", "")
	now := flags.String("now", "2026-11-23T18:00:00Z", "")
	flags.Var(&faults, "fault", "")
	ts.Check(flags.Parse(args))
	o := apitest.Options{TLS: *tls, Prefix: *prefix, Token: *token}
	for _, name := range flags.Args() {
		objects, err := apitest.Parse([]byte(ts.ReadFile(name)))
		ts.Check(err)
		o.Objects = append(o.Objects, objects...)
	}
	var err error
	o.Now, err = time.Parse(time.RFC3339, *now)
	ts.Check(err)
	var server *apitest.Server
	seen := &marker{}
	o.Fault = func(w http.ResponseWriter, r *http.Request, path string) bool {
		defer seen.see(path)
		for _, f := range faults {
			pattern, what, _ := strings.Cut(f, "=")
			if regexp.MustCompile("^" + pattern + "$").MatchString(path) {
				if what == "hang" {
					seen.see(path)
				}
				return fault(w, r, what, server)
			}
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

// requests FILE writes what the server was asked, a line each, sorted.
func requests(ts *testscript.TestScript, _ bool, args []string) {
	if len(args) != 1 {
		ts.Fatalf("usage: requests FILE")
	}
	var lines []string
	for _, r := range serversOf(ts).last.Requests() {
		lines = append(lines, fmt.Sprintf("%s command=%q agent=%q", r, r.Header.Get("Kubectl-Command"), r.Header.Get("User-Agent")))
	}
	slices.Sort(lines)
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), []byte(strings.Join(append(lines, ""), "\n")), 0o600))
}

// exits CODE COMMAND ARG... runs a command that must end with this exit code.
func exits(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: exits CODE COMMAND ARG...")
	}
	code := 0
	var exit *exec.ExitError
	if err := ts.Exec(args[1], args[2:]...); errors.As(err, &exit) {
		code = exit.ExitCode()
	} else {
		ts.Check(err)
	}
	if strconv.Itoa(code) != args[0] {
		ts.Fatalf("exit code %d, want %s", code, args[0])
	}
}

// interrupt PATH CODE COMMAND ARG... runs a command, waits until the server is asked for a path that matches, sends SIGINT, and wants the
// exit code. What it wrote is in interrupt.stdout and interrupt.stderr.
func interrupt(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 3 {
		ts.Fatalf("usage: interrupt PATH CODE COMMAND ARG...")
	}
	met := serversOf(ts).seen.wait(args[0])
	program, err := lookPath(ts.Getenv("PATH"), args[2])
	ts.Check(err)
	var stdout, stderr bytes.Buffer
	cmd := exec.Command(program, args[3:]...) //nolint:noctx // it is ended by a signal: that is what is tested
	cmd.Stdout, cmd.Stderr, cmd.Dir = &stdout, &stderr, ts.MkAbs(".")
	for _, name := range []string{"HOME", "KUBECONFIG", "LC_ALL", "PATH"} {
		cmd.Env = append(cmd.Env, name+"="+ts.Getenv(name))
	}
	ts.Check(cmd.Start())
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	select {
	case <-met:
		ts.Check(cmd.Process.Signal(syscall.SIGINT))
		<-ended
	case <-ended:
		ts.Fatalf("ended before it asked for %s:\n%s%s", args[0], &stdout, &stderr)
	}
	ts.Check(os.WriteFile(ts.MkAbs("interrupt.stdout"), stdout.Bytes(), 0o600))
	ts.Check(os.WriteFile(ts.MkAbs("interrupt.stderr"), stderr.Bytes(), 0o600))
	if code := cmd.ProcessState.ExitCode(); strconv.Itoa(code) != args[1] {
		ts.Fatalf("exit code %d, want %s\n%s%s", code, args[1], &stdout, &stderr)
	}
}

func lookPath(path, program string) (string, error) {
	for _, dir := range filepath.SplitList(path) {
		full := filepath.Join(dir, program)
		if _, err := os.Stat(full); err == nil {
			return full, nil
		}
	}
	return "", fmt.Errorf("%s: %w", program, exec.ErrNotFound)
}

// shorten FILE cuts from a help text what grows with every check: the list of checks.
func shorten(ts *testscript.TestScript, _ bool, args []string) {
	text := ts.ReadFile("stdout")
	text = regexp.MustCompile(`(?m)^  (oom|probes|netpol|certs|pvc)/\S+ .*\n`).ReplaceAllString(text, "")
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), []byte(text), 0o600))
}
