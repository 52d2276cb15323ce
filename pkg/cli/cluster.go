package cli

// Which cluster: the kubeconfig, its context and namespace, or the cluster that the process runs in.

import (
	"fmt"
	"net/http"
	"time"

	"github.com/spf13/cobra"
	"k8s.io/cli-runtime/pkg/genericclioptions"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"

	"github.com/kubectl-scars/kubectl-scars/pkg/collect"
)

// defaultTimeout bounds one request, with what it is asked again. kubectl's own default is to wait forever.
const defaultTimeout = "30s"

// requestTimeout takes --request-timeout away from client-go: a time-out makes its loader believe that a cluster is configured, and then
// the one that the process runs in is not found (kubernetes v1.37.2 client-go/tools/clientcmd/merged_client_builder.go, IsDefaultConfig).
// Zero is none.
func (r *root) requestTimeout(given bool) (time.Duration, error) {
	value := *r.kube.Timeout
	*r.kube.Timeout = "0"
	if !given {
		value = defaultTimeout
	}
	d, err := clientcmd.ParseTimeout(value)
	if err != nil || d < 0 {
		return 0, fmt.Errorf("--request-timeout: %q is no time like 30s or 2m", value)
	}
	return d, nil
}

// wrapConfig makes sure that whatever is built from a kubeconfig can only read, says who it is (KEP-859: the command, in headers), and
// shows each of the server's warnings once.
func (r *root) wrapConfig(cmd *cobra.Command, args []string, timeout time.Duration) func(*rest.Config) *rest.Config {
	headers := &genericclioptions.CommandHeaderRoundTripper{}
	headers.ParseCommandHeaders(cmd, args)
	warnings := r.newWarnings()
	return func(c *rest.Config) *rest.Config {
		c = collect.ReadOnlyConfig(r.inCluster(c))
		c.UserAgent = "kubectl-scars/" + r.env.Version
		c.Timeout = timeout
		c.WarningHandler = warnings
		c.Wrap(func(next http.RoundTripper) http.RoundTripper {
			return &genericclioptions.CommandHeaderRoundTripper{Delegate: next, Headers: headers.Headers}
		})
		return c
	}
}

// restConfig says how to reach the cluster. Where nothing names one it is an error: kubectl tries localhost:8080 instead, and says
// that the connection was refused.
func (r *root) restConfig() (*rest.Config, error) {
	config, err := r.kube.ToRESTConfig()
	if err != nil {
		return nil, err
	}
	if r.nowhere(config) {
		return nil, clientcmd.ErrEmptyConfig
	}
	return config, nil
}

// nowhere tells whether a configuration is what client-go makes up where nothing names a cluster.
func (r *root) nowhere(c *rest.Config) bool {
	raw, err := r.kube.ToRawKubeConfigLoader().RawConfig()
	_, master := r.env.Getenv("KUBERNETES_MASTER") // kubernetes v1.37.2 client-go/tools/clientcmd/client_config.go
	return err == nil && len(raw.Clusters) == 0 && *r.kube.APIServer == "" && !master && c.Host == clientcmd.ClusterDefaults.Server
}

// inCluster is the configuration of the cluster that the process runs in, where nothing names another. client-go's loader finds it by
// itself, but not beside flags like --as.
func (r *root) inCluster(c *rest.Config) *rest.Config {
	if !r.nowhere(c) {
		return c
	}
	own, err := rest.InClusterConfig()
	if err != nil {
		return c
	}
	own.Impersonate = c.Impersonate
	if c.BearerToken != "" {
		own.BearerToken, own.BearerTokenFile = c.BearerToken, ""
	}
	return own
}

// place says where a live run looks: the name of the context, and the namespace of -n, the context, or the process's own cluster.
func (r *root) place() (context, namespace string, err error) {
	loader := r.kube.ToRawKubeConfigLoader()
	if namespace, _, err = loader.Namespace(); err != nil {
		return "", "", err
	}
	raw, err := loader.RawConfig()
	if err != nil {
		return "", "", err
	}
	if *r.kube.Context != "" {
		return *r.kube.Context, namespace, nil
	}
	return raw.CurrentContext, namespace, nil
}
