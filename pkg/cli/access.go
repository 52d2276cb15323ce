package cli

// How to get into a store of metrics: tokens, passwords, headers, certificates. Secrets come from files and the environment alone: a
// command line is seen by everybody on the machine and kept in the shell's history.

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"strings"
	"time"

	"github.com/spf13/pflag"
	"golang.org/x/net/http/httpguts"
	"k8s.io/client-go/rest"
)

// queryTimeout bounds one question to a store; what takes longer is asked for in smaller slices.
const queryTimeout = 60 * time.Second

// access is how the user gets in.
type access struct {
	root                          *root
	tokenFile, user, passwordFile string
	headers                       []string
	ca, certificate, key          string
	insecure                      bool
	header                        http.Header
}

func (a *access) addFlags(f *pflag.FlagSet) {
	f.StringVar(&a.tokenFile, "prometheus-token-file", "", "File with the bearer token (default: the variable SCARS_PROMETHEUS_TOKEN)")
	f.StringVar(&a.user, "prometheus-user", "", "User for basic authentication; the password is in SCARS_PROMETHEUS_PASSWORD or in a file")
	f.StringVar(&a.passwordFile, "prometheus-password-file", "", "File with the password for basic authentication")
	f.StringArrayVar(&a.headers, "prometheus-header", nil, "Header to send, like X-Scope-OrgID=team-a; not for secrets")
	f.StringVar(&a.ca, "prometheus-ca", "", "File with the certificates that sign the store's")
	f.StringVar(&a.certificate, "prometheus-cert", "", "File with a client certificate")
	f.StringVar(&a.key, "prometheus-key", "", "File with the client certificate's key")
	f.BoolVar(&a.insecure, "prometheus-insecure", false, "Do not verify the store's certificate")
}

func (a *access) validate() error {
	a.header = http.Header{}
	for _, h := range a.headers {
		name, value, ok := strings.Cut(h, "=")
		switch {
		case !ok || !httpguts.ValidHeaderFieldName(name) || !httpguts.ValidHeaderFieldValue(value):
			return errors.New("--prometheus-header: not NAME=VALUE") // not repeated: it may be a secret after all
		case strings.EqualFold(name, "Authorization") || strings.EqualFold(name, "Cookie"):
			return fmt.Errorf("--prometheus-header: %s is a secret and does not belong on a command line: use --prometheus-token-file or --prometheus-password-file", name)
		}
		a.header.Add(name, value)
	}
	switch {
	case a.tokenFile != "" && a.user != "":
		return errors.New("--prometheus-token-file and --prometheus-user exclude each other")
	case a.passwordFile != "" && a.user == "":
		return errors.New("--prometheus-password-file needs --prometheus-user")
	case (a.certificate == "") != (a.key == ""):
		return errors.New("--prometheus-cert and --prometheus-key need each other")
	}
	return nil
}

// client makes the HTTP client. client-go's reads the files again when tokens and certificates are renewed.
func (a *access) client(base *url.URL) (*http.Client, error) {
	config := &rest.Config{
		Host: base.Scheme + "://" + base.Host, UserAgent: "kubectl-scars/" + a.root.env.Version, BearerTokenFile: a.tokenFile,
		TLSClientConfig: rest.TLSClientConfig{CAFile: a.ca, CertFile: a.certificate, KeyFile: a.key, Insecure: a.insecure},
	}
	switch {
	case a.user != "":
		config.Username = a.user
		config.Password, _ = a.root.env.Getenv("SCARS_PROMETHEUS_PASSWORD")
		if a.passwordFile != "" {
			text, err := os.ReadFile(a.passwordFile)
			if err != nil {
				return nil, fmt.Errorf("--prometheus-password-file: %w", err)
			}
			config.Password = strings.TrimRight(string(text), "\r\n")
		}
	case a.tokenFile == "":
		config.BearerToken, _ = a.root.env.Getenv("SCARS_PROMETHEUS_TOKEN")
	}
	if len(a.header) > 0 {
		config.Wrap(func(next http.RoundTripper) http.RoundTripper { return headers{a.header, next} })
	}
	client, err := rest.HTTPClientFor(config)
	if err != nil {
		return nil, fmt.Errorf("client for %s: %w", base.Host, err)
	}
	return client, nil
}

// headers adds headers to each request.
type headers struct {
	add  http.Header
	next http.RoundTripper
}

func (h headers) RoundTrip(r *http.Request) (*http.Response, error) {
	r = r.Clone(r.Context())
	for name, values := range h.add {
		r.Header[http.CanonicalHeaderKey(name)] = values
	}
	return h.next.RoundTrip(r)
}
