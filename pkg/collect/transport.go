// Package collect reads a live cluster into a snapshot: each resource listed once, paged, trimmed as it arrives; what is denied or
// fails is noted and is no reason to stop. It only reads, and its transport holds it to that.
package collect

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
)

// ReadOnlyError is what the transport answers to a request that could change something.
type ReadOnlyError struct{ Method, Path string }

func (e ReadOnlyError) Error() string {
	return fmt.Sprintf("refused %s %s: this tool only reads", e.Method, e.Path)
}

// ReadOnly wraps a transport so that it lets through reads and self-access reviews, and nothing else: no other verb, no upgrade, and no
// subresource but two numbers of kubelets and queries of a store of metrics, because a GET is not harmless by itself (exec, attach, portforward and proxy are GETs too). prefix is the path of the
// server's URL, where it stands behind one ("/k8s/clusters/c-1").
func ReadOnly(next http.RoundTripper, prefix string) http.RoundTripper {
	return readOnly{next, strings.TrimSuffix(prefix, "/")}
}

type readOnly struct {
	next   http.RoundTripper
	prefix string
}

func (t readOnly) RoundTrip(r *http.Request) (*http.Response, error) {
	if !t.allowed(r) {
		if r.Body != nil {
			_ = r.Body.Close()
		}
		return nil, ReadOnlyError{r.Method, r.URL.Path}
	}
	return t.next.RoundTrip(r)
}

// WrappedRoundTripper lets client-go find the transport below.
func (t readOnly) WrappedRoundTripper() http.RoundTripper { return t.next }

func (t readOnly) allowed(r *http.Request) bool {
	for name := range r.Header { // not Header.Get: a key that is not in canonical form goes over the wire as well
		if strings.EqualFold(name, "Upgrade") || strings.EqualFold(name, "Connection") {
			return false
		}
	}
	path, ok := strings.CutPrefix(r.URL.Path, t.prefix+"/")
	if !ok {
		return false
	}
	segments := strings.Split(strings.TrimSuffix(path, "/"), "/")
	switch r.Method {
	case http.MethodGet:
		return readablePath(segments)
	case http.MethodPost:
		return len(segments) == 4 && segments[0] == "apis" && segments[1] == "authorization.k8s.io" && segments[2] == "v1" &&
			(segments[3] == "selfsubjectaccessreviews" || segments[3] == "selfsubjectrulesreviews")
	}
	return false
}

// readablePath tells whether a path is the version, discovery, a collection or an object: api[/v1] or apis[/group[/version]], then
// optionally namespaces/NAME, then resource[/name], and no subresource but two numbers of kubelets and a service's proxy to a store of metrics. The path is the decoded one, so that an encoded slash in a name
// counts as what a server might take it for.
func readablePath(path []string) bool {
	for _, segment := range path {
		if segment == "" || segment == "." || segment == ".." {
			return false
		}
	}
	root := 1 // how many segments name the group and version
	switch path[0] {
	case "version":
		return len(path) == 1
	case "apis":
		root = 2
	case "api":
	default:
		return false
	}
	rest := path[1:]
	if len(rest) <= root {
		return true
	}
	rest = rest[root:]
	if rest[0] == "namespaces" && len(rest) > 2 {
		rest = rest[2:]
	}
	if len(rest) > 3 && rest[0] == "services" && rest[2] == "proxy" && path[0] == "api" && len(path) > 4 && path[2] == "namespaces" {
		return storeQuery(rest[3:])
	}
	if len(rest) == 5 && rest[0] == "nodes" && rest[2] == "proxy" && root == 1 { // path[0] is "api"
		return !strings.Contains(rest[1], ":") && slices.Contains([]string{summaryPath, cadvisorPath}, rest[3]+"/"+rest[4]) // a colon names a port
	}
	return len(rest) <= 2 && rest[0] != "watch" && rest[0] != "proxy" // the latter two: forms of old servers
}
