// Package still brings up a still cluster: etcd and the API server, without controllers, scheduler and nodes, so that nothing changes by
// itself. It runs beside the lab, on loopback, and needs no root.
package still

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"syscall"
	"time"

	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"

	"github.com/kubectl-scars/kubectl-scars/test/lab/internal/parts"
	"github.com/kubectl-scars/kubectl-scars/test/lab/internal/pki"
	"github.com/kubectl-scars/kubectl-scars/test/lab/internal/proc"
)

const (
	etcd      = "etcd"
	apiserver = "kube-apiserver"
)

// auditPolicy notes who asked for what, without bodies.
const auditPolicy = `apiVersion: audit.k8s.io/v1
kind: Policy
omitStages: [RequestReceived]
rules:
- level: None
  users: [system:apiserver, system:anonymous, ` + Writer + `]
- level: Metadata
`

// The administrators of a cluster. Writer fills it, and the audit log does not note what it does.
const (
	Admin  = "admin"
	Writer = "writer"
)

// Cluster is a running still cluster.
type Cluster struct {
	Dir     string // state; removed by Down
	Kubectl string // path of the real kubectl
	Server  string // URL

	CA *pki.CA // of clients and server

	proc  proc.Table
	serve []string // what the API server is started by
	lock  *os.File
}

// Up starts a cluster whose state lies in dir; one that was left there is ended. What happens is told to log. The API server gets the flags
// besides its own. It collects garbage more often above 8 GB: at 100,000 pods it would otherwise take 16, and whoever is measured beside it
// another ten. Nothing is compacted: of a kind in which nothing changes the API server would have no snapshot any more after five minutes, and
// read each page from etcd, which takes twice as long; where anything changes it has one (kubernetes v1.37.2
// apiserver/pkg/storage/cacher/compactor.go, delegator.go).
func Up(ctx context.Context, dir string, log io.Writer, flags ...string) (*Cluster, error) {
	c := &Cluster{Dir: dir, proc: proc.Table{Dir: filepath.Join(dir, "proc")}}
	if err := c.take(); err != nil {
		return nil, err
	}
	if err := c.Down(); err != nil {
		return nil, err
	}
	if err := parts.Packages(ctx, log); err != nil {
		return nil, err
	}
	module, err := parts.ModuleDir(ctx)
	if err != nil {
		return nil, err
	}
	cache, err := os.UserCacheDir()
	if err != nil {
		return nil, err
	}
	bin, err := parts.Kubernetes(ctx, module, filepath.Join(cache, "kubectl-scars-lab"), log)
	if err != nil {
		return nil, err
	}
	c.Kubectl = filepath.Join(bin, "kubectl")
	if err := c.start(ctx, bin, flags); err != nil {
		return nil, errors.Join(fmt.Errorf("bring up a still cluster in %s: %w", dir, err), c.stop())
	}
	return c, nil
}

// Open gives a cluster that Up brought up in dir and that still runs.
func Open(dir string) (*Cluster, error) {
	c := &Cluster{Dir: dir, proc: proc.Table{Dir: filepath.Join(dir, "proc")}}
	if err := c.take(); err != nil {
		return nil, err
	}
	if !c.proc.Alive(apiserver) || !c.proc.Alive(etcd) {
		return nil, fmt.Errorf("no cluster runs in %s", dir)
	}
	config, err := c.Config(Admin)
	if err != nil {
		return nil, err
	}
	c.Server = config.Host
	cache, err := os.UserCacheDir()
	if err != nil {
		return nil, err
	}
	c.Kubectl = filepath.Join(parts.Bin(filepath.Join(cache, "kubectl-scars-lab")), "kubectl")
	c.CA, err = pki.LoadCA(c.file("pki"))
	return c, err
}

// take waits until no other process uses the place; it is given up when this one ends.
func (c *Cluster) take() (err error) {
	if err := os.MkdirAll(filepath.Dir(c.Dir), 0o755); err != nil {
		return err
	}
	if c.lock, err = os.OpenFile(c.Dir+".lock", os.O_CREATE|os.O_RDWR, 0o644); err != nil {
		return err
	}
	if err := syscall.Flock(int(c.lock.Fd()), syscall.LOCK_EX); err != nil {
		return fmt.Errorf("lock %s: %w", c.lock.Name(), err)
	}
	return nil
}

func (c *Cluster) start(ctx context.Context, bin string, flags []string) (err error) {
	pkiDir := filepath.Join(c.Dir, "pki")
	for _, d := range []string{pkiDir, c.proc.Dir} {
		if err := os.MkdirAll(d, 0o755); err != nil {
			return err
		}
	}
	if c.CA, err = pki.NewCA(pkiDir); err != nil {
		return err
	}
	if err := pki.KeyPair(pkiDir, "sa"); err != nil {
		return err
	}
	if err := c.CA.Issue("apiserver", pki.Subject{Name: apiserver, Hosts: []string{"127.0.0.1", "localhost"}}); err != nil {
		return err
	}
	if err := os.WriteFile(c.file("audit.yaml"), []byte(auditPolicy), 0o644); err != nil {
		return err
	}
	ports, err := freePorts(3)
	if err != nil {
		return err
	}
	c.Server = "https://127.0.0.1:" + ports[2]
	client, peer := "http://127.0.0.1:"+ports[0], "http://127.0.0.1:"+ports[1]
	if err := c.proc.Start(etcd, filepath.Join(bin, etcd), "--data-dir", c.file("etcd"), "--unsafe-no-fsync", "--quota-backend-bytes", strconv.Itoa(16<<30),
		"--listen-client-urls", client, "--advertise-client-urls", client, "--listen-peer-urls", peer,
		"--initial-advertise-peer-urls", peer, "--initial-cluster", "default="+peer); err != nil {
		return err
	}
	c.serve = append([]string{"env", "GOMEMLIMIT=12GiB", filepath.Join(bin, apiserver), "--etcd-servers=" + client, "--secure-port=" + ports[2], "--bind-address=127.0.0.1",
		"--tls-cert-file=" + c.file("pki/apiserver.crt"), "--tls-private-key-file=" + c.file("pki/apiserver.key"), "--client-ca-file=" + c.file("pki/ca.crt"),
		"--service-account-key-file=" + c.file("pki/sa.pub"), "--service-account-signing-key-file=" + c.file("pki/sa.key"),
		"--service-account-issuer=https://kubernetes.default.svc", "--authorization-mode=RBAC", "--service-cluster-ip-range=10.96.0.0/12",
		"--disable-admission-plugins=ServiceAccount,PodSecurity,DefaultTolerationSeconds,TaintNodesByCondition,StorageObjectInUseProtection,DefaultStorageClass",
		"--event-ttl=100h", "--etcd-compaction-interval=0", "--max-requests-inflight=1000", "--max-mutating-requests-inflight=1000",
		"--audit-log-path=" + c.AuditLog(), "--audit-policy-file=" + c.file("audit.yaml"), "--audit-log-maxsize=10000", // in MB: it is read when all has ended, so nothing may be rotated away
	}, flags...)
	if err := c.proc.Start(apiserver, c.serve...); err != nil {
		return err
	}
	for name, orgs := range map[string][]string{Admin: {"system:masters"}, Writer: {"system:masters"}} {
		if _, err := c.User(name, "", orgs...); err != nil {
			return err
		}
	}
	return c.ready(ctx)
}

// Renew ends the API server and starts it anew, which forgets what it remembers of what was written: at 100,000 pods that is more than it may
// hold, and it would do nothing but collect garbage.
func (c *Cluster) Renew(ctx context.Context) error {
	if err := c.proc.Stop(apiserver, 10*time.Second); err != nil {
		return err
	}
	if err := c.proc.Start(apiserver, c.serve...); err != nil {
		return err
	}
	return c.ready(ctx)
}

// ready waits until the API server says so.
func (c *Cluster) ready(ctx context.Context) error {
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(c.CA.Cert())
	client := &http.Client{Timeout: 5 * time.Second, Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: pool}}}
	defer client.CloseIdleConnections()
	for deadline := time.Now().Add(3 * time.Minute); ; {
		resp, err := client.Get(c.Server + "/readyz")
		if err == nil {
			_ = resp.Body.Close()
			if resp.StatusCode == http.StatusOK {
				return nil
			}
			err = errors.New(resp.Status)
		}
		switch {
		case !c.proc.Alive(apiserver), !c.proc.Alive(etcd), time.Now().After(deadline):
			return fmt.Errorf("the API server is not ready (%w), see %s", err, c.proc.Log(apiserver))
		case ctx.Err() != nil:
			return ctx.Err()
		}
		time.Sleep(200 * time.Millisecond)
	}
}

// User makes somebody who may speak to the API server, and returns the kubeconfig. Without groups the user may do nothing yet.
func (c *Cluster) User(name, namespace string, groups ...string) (string, error) {
	file := c.file(name + ".kubeconfig")
	return file, c.CA.Kubeconfig(file, c.Server, namespace, pki.Subject{Name: name, Orgs: groups})
}

// Config reaches the cluster as a user that User made, without client-side limits.
func (c *Cluster) Config(user string) (*rest.Config, error) {
	config, err := clientcmd.BuildConfigFromFlags("", c.file(user+".kubeconfig"))
	if err != nil {
		return nil, err
	}
	config.QPS = -1
	return config, nil
}

// AuditLog is the API server's audit log: JSON lines, of all users but Writer.
func (c *Cluster) AuditLog() string { return c.file("audit.log") }

// Down ends the cluster and removes its state.
func (c *Cluster) Down() error { return errors.Join(c.stop(), os.RemoveAll(c.Dir)) }

func (c *Cluster) stop() error {
	return errors.Join(c.proc.Stop(apiserver, 10*time.Second), c.proc.Stop(etcd, 10*time.Second))
}

func (c *Cluster) file(name string) string { return filepath.Join(c.Dir, name) }

func freePorts(n int) ([]string, error) {
	var ports []string
	for range n {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			return nil, err
		}
		defer l.Close()
		_, port, err := net.SplitHostPort(l.Addr().String())
		if err != nil {
			return nil, err
		}
		ports = append(ports, port)
	}
	return ports, nil
}
