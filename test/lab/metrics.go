package lab

// This file runs a metrics-server beside the control plane, so that the cluster serves metrics.k8s.io as most do.

import (
	"context"
	"encoding/base64"
	"fmt"
	"io"
	"path/filepath"
	"time"

	"github.com/kubectl-scars/kubectl-scars/test/lab/internal/netns"
	"github.com/kubectl-scars/kubectl-scars/test/lab/internal/pki"
)

const (
	metricsServer = "metrics-server"
	metricsPort   = "4443"
	metricsUser   = "system:metrics-server"
)

// metricsAPI registers it. The Service names an address because there is no kube-proxy: the API server takes an ExternalName as it is.
const metricsAPI = `apiVersion: v1
kind: Service
metadata: {name: metrics-server, namespace: kube-system}
spec: {type: ExternalName, externalName: %s}
---
apiVersion: apiregistration.k8s.io/v1
kind: APIService
metadata: {name: v1beta1.metrics.k8s.io}
spec:
  group: metrics.k8s.io
  version: v1beta1
  groupPriorityMinimum: 100
  versionPriority: 100
  service: {name: metrics-server, namespace: kube-system, port: %s}
  caBundle: %s
`

// aggregation are the API server's flags for servers behind it: it vouches for users with a certificate of its own.
func (l *Lab) aggregation() []string {
	in := func(file string) string { return filepath.Join(l.Dir, "pki", file) }
	return []string{
		"--requestheader-client-ca-file=" + in("ca.crt"), "--requestheader-allowed-names=" + frontProxy,
		"--requestheader-username-headers=X-Remote-User", "--requestheader-group-headers=X-Remote-Group",
		"--requestheader-extra-headers-prefix=X-Remote-Extra-",
		"--proxy-client-cert-file=" + in(frontProxy+".crt"), "--proxy-client-key-file=" + in(frontProxy+".key"),
	}
}

const frontProxy = "front-proxy-client"

// metricsCertificates are what it and the API server show each other.
func (l *Lab) metricsCertificates(ca *pki.CA) error {
	if err := ca.Issue(frontProxy, pki.Subject{Name: frontProxy}); err != nil {
		return err
	}
	if err := ca.Issue(metricsServer, pki.Subject{Name: metricsServer, Hosts: []string{netns.Control, metricsServer + ".kube-system.svc"}}); err != nil {
		return err
	}
	return ca.Kubeconfig(filepath.Join(l.Dir, metricsServer+".kubeconfig"), Server, "", pki.Subject{Name: metricsUser, Orgs: []string{"system:masters"}})
}

// metrics starts it, registers it, and waits until it answers: the namespaces of a cluster whose API is there in part cannot be deleted.
func (l *Lab) metrics(ctx context.Context, log io.Writer) error {
	in := func(file string) string { return filepath.Join(l.Dir, file) }
	kubeconfig := in(metricsServer + ".kubeconfig")
	if err := l.proc.Start(metricsServer, l.net.Exec(l.metricsProgram,
		"--kubeconfig="+kubeconfig, "--authentication-kubeconfig="+kubeconfig, "--authorization-kubeconfig="+kubeconfig,
		"--bind-address=0.0.0.0", "--secure-port="+metricsPort,
		"--tls-cert-file="+in("pki/"+metricsServer+".crt"), "--tls-private-key-file="+in("pki/"+metricsServer+".key"),
		"--kubelet-certificate-authority="+in("pki/ca.crt"), "--kubelet-preferred-address-types=InternalIP",
		"--metric-resolution=15s", "--kubelet-request-timeout=12s", // emulated nodes are slow
	)...); err != nil {
		return err
	}
	ca, err := l.ca()
	if err != nil {
		return err
	}
	manifest := fmt.Sprintf(metricsAPI, netns.Control, metricsPort, base64.StdEncoding.EncodeToString(ca.Cert()))
	if _, err := l.Run(ctx, []byte(manifest), "apply", "-f", "-"); err != nil {
		return err
	}
	fmt.Fprintln(log, "waiting for the metrics API")
	return Poll(ctx, 6*time.Minute, time.Second, func() (string, error) {
		if !l.proc.Alive(metricsServer) {
			return "", fmt.Errorf("the metrics-server ended, see %s", l.proc.Log(metricsServer))
		}
		nodes, err := l.Run(ctx, nil, "get", "nodes.metrics.k8s.io", "-o", "name")
		switch {
		case err != nil:
			return err.Error(), nil
		case nodes == "":
			return "no numbers of any node yet", nil
		}
		return "", nil
	})
}
