package pki

// This file writes kubeconfigs.

import (
	"fmt"
	"os"
	"path/filepath"

	"k8s.io/client-go/tools/clientcmd"
	"k8s.io/client-go/tools/clientcmd/api"
)

// Kubeconfig issues a client certificate for s and writes a kubeconfig to file with everything embedded.
// The context is called after the lab and the user, namespace may be empty.
func (c *CA) Kubeconfig(file, server, namespace string, s Subject) error {
	crt, key, err := c.PEM(s)
	if err != nil {
		return fmt.Errorf("issue %s: %w", s.Name, err)
	}
	cfg := api.NewConfig()
	cfg.Clusters["scars-lab"] = &api.Cluster{Server: server, CertificateAuthorityData: c.Cert()}
	cfg.AuthInfos[s.Name] = &api.AuthInfo{ClientCertificateData: crt, ClientKeyData: key}
	cfg.Contexts["scars-lab"] = &api.Context{Cluster: "scars-lab", AuthInfo: s.Name, Namespace: namespace}
	cfg.CurrentContext = "scars-lab"
	data, err := clientcmd.Write(*cfg)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		return err
	}
	return os.WriteFile(file, data, 0o600)
}
