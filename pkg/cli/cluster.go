package cli

// Which cluster: the kubeconfig, its context and namespace, or the cluster that the process runs in.

import (
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
)

// restConfig says how to reach the cluster. Where nothing names one it is an error: kubectl tries localhost:8080 instead, and says
// that the connection was refused.
func (r *root) restConfig() (*rest.Config, error) {
	config, err := r.kube.ToRESTConfig()
	if err != nil {
		return nil, err
	}
	raw, err := r.kube.ToRawKubeConfigLoader().RawConfig()
	if err != nil {
		return nil, err
	}
	_, master := r.env.Getenv("KUBERNETES_MASTER") // kubernetes v1.37.2 client-go/tools/clientcmd/client_config.go
	inCluster := config.BearerTokenFile != ""
	if len(raw.Clusters) == 0 && *r.kube.APIServer == "" && !master && !inCluster {
		return nil, clientcmd.ErrEmptyConfig
	}
	return config, nil
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
