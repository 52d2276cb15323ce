package lab

// This file starts the control plane: certificates, etcd, API server, controllers, scheduler.

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	_ "embed"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"github.com/kubectl-scars/kubectl-scars/test/lab/internal/netns"
	"github.com/kubectl-scars/kubectl-scars/test/lab/internal/pki"
)

// names of the control plane's processes.
const (
	store       = "etcd"
	apiserver   = "kube-apiserver"
	controllers = "kube-controller-manager"
	scheduler   = "kube-scheduler"
)

//go:embed audit.yaml
var auditPolicy []byte

const etcdURL = "http://127.0.0.1:12379"

// certificates makes the authority, the serving certificates and the kubeconfigs of control plane and nodes.
func (l *Lab) certificates() error {
	dir := filepath.Join(l.Dir, "pki")
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	ca, err := pki.NewCA(dir)
	if err != nil {
		return err
	}
	if err := pki.KeyPair(dir, "sa"); err != nil {
		return err
	}
	if err := ca.Issue("apiserver", pki.Subject{Name: "kube-apiserver", Hosts: []string{
		netns.Control, "127.0.0.1", "10.96.0.1", "localhost", "kubernetes", "kubernetes.default", "kubernetes.default.svc"}}); err != nil {
		return err
	}
	if err := ca.Issue("kubelet-client", pki.Subject{Name: "kube-apiserver-kubelet-client", Orgs: []string{"system:masters"}}); err != nil {
		return err
	}
	if err := l.metricsCertificates(ca); err != nil {
		return err
	}
	users := map[string]pki.Subject{
		"admin":     {Name: "admin", Orgs: []string{"system:masters"}},
		controllers: {Name: "system:kube-controller-manager"},
		scheduler:   {Name: "system:kube-scheduler"},
	}
	for _, n := range nodes {
		users[n.Name()] = pki.Subject{Name: "system:node:" + n.Name(), Orgs: []string{"system:nodes"}}
		if err := ca.Issue(n.Name(), pki.Subject{Name: n.Name(), Hosts: []string{n.Name(), netns.Node(n.Index)}}); err != nil {
			return err
		}
	}
	for name, s := range users {
		if err := ca.Kubeconfig(filepath.Join(l.Dir, name+".kubeconfig"), Server, "", s); err != nil {
			return err
		}
	}
	return nil
}

// control starts etcd, the API server and, once that is ready, controllers and scheduler.
func (l *Lab) control(ctx context.Context, log io.Writer) error {
	in := func(file string) string { return filepath.Join(l.Dir, file) }
	if err := os.WriteFile(in("audit.yaml"), auditPolicy, 0o644); err != nil {
		return err
	}
	if err := l.proc.Start(store, l.net.Exec(filepath.Join(l.Bin, store), "--data-dir", in("etcd"), "--unsafe-no-fsync",
		"--listen-client-urls", etcdURL, "--advertise-client-urls", etcdURL,
		"--listen-peer-urls", "http://127.0.0.1:12380")...); err != nil {
		return err
	}
	if err := l.proc.Start(apiserver, append(l.net.Exec(filepath.Join(l.Bin, apiserver),
		"--etcd-servers="+etcdURL, "--secure-port=6443", "--bind-address=0.0.0.0", "--advertise-address="+netns.Control,
		"--tls-cert-file="+in("pki/apiserver.crt"), "--tls-private-key-file="+in("pki/apiserver.key"),
		"--client-ca-file="+in("pki/ca.crt"),
		"--service-account-key-file="+in("pki/sa.pub"), "--service-account-signing-key-file="+in("pki/sa.key"),
		"--service-account-issuer=https://kubernetes.default.svc",
		"--authorization-mode=RBAC,Node", "--enable-admission-plugins=NodeRestriction",
		"--service-cluster-ip-range=10.96.0.0/16", "--allow-privileged=true",
		"--kubelet-client-certificate="+in("pki/kubelet-client.crt"), "--kubelet-client-key="+in("pki/kubelet-client.key"),
		"--kubelet-certificate-authority="+in("pki/ca.crt"), "--kubelet-preferred-address-types=InternalIP",
		"--audit-log-path="+l.AuditLog(), "--audit-policy-file="+in("audit.yaml"),
	), l.aggregation()...)...); err != nil {
		return err
	}
	fmt.Fprintln(log, "waiting for the API server")
	if err := l.ready(ctx); err != nil {
		return err
	}
	if err := l.proc.Start(controllers, l.net.Exec(filepath.Join(l.Bin, controllers),
		"--kubeconfig", in(controllers+".kubeconfig"), "--authentication-kubeconfig", in(controllers+".kubeconfig"),
		"--authorization-kubeconfig", in(controllers+".kubeconfig"),
		"--service-account-private-key-file="+in("pki/sa.key"), "--root-ca-file="+in("pki/ca.crt"),
		"--cluster-signing-cert-file="+in("pki/ca.crt"), "--cluster-signing-key-file="+in("pki/ca.key"),
		"--use-service-account-credentials=true", "--leader-elect=false",
	)...); err != nil {
		return err
	}
	return l.proc.Start(scheduler, l.net.Exec(filepath.Join(l.Bin, scheduler),
		"--kubeconfig", in(scheduler+".kubeconfig"), "--authentication-kubeconfig", in(scheduler+".kubeconfig"),
		"--authorization-kubeconfig", in(scheduler+".kubeconfig"), "--leader-elect=false")...)
}

// ready waits until the API server says so.
func (l *Lab) ready(ctx context.Context) error {
	ca, err := l.ca()
	if err != nil {
		return err
	}
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(ca.Cert())
	client := &http.Client{Timeout: 5 * time.Second, Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: pool}}}
	return Poll(ctx, 3*time.Minute, 300*time.Millisecond, func() (string, error) {
		if !l.proc.Alive(apiserver) {
			return "", fmt.Errorf("the API server ended, see %s", l.proc.Log(apiserver))
		}
		resp, err := client.Get(Server + "/readyz")
		if err != nil {
			return err.Error(), nil
		}
		defer resp.Body.Close()
		if resp.StatusCode != http.StatusOK {
			return resp.Status, nil
		}
		return "", nil
	})
}
