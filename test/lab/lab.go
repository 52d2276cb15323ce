// Package lab brings up a real Kubernetes on this machine, built from source, and lets tests play incidents on it.
//
// Control plane on the host inside a network namespace, three nodes as emulated machines: see the README. One lab runs per
// machine; Up reuses what runs, Down leaves nothing but the cache of built programs.
package lab

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"sync"

	"github.com/kubectl-scars/kubectl-scars/test/lab/internal/incident"
	"github.com/kubectl-scars/kubectl-scars/test/lab/internal/machine"
	"github.com/kubectl-scars/kubectl-scars/test/lab/internal/netns"
	"github.com/kubectl-scars/kubectl-scars/test/lab/internal/parts"
	"github.com/kubectl-scars/kubectl-scars/test/lab/internal/pki"
	"github.com/kubectl-scars/kubectl-scars/test/lab/internal/proc"
)

// Nodes of the lab. The first carries ordinary workloads; the others are small and tainted, so that a node's own trouble, with its memory
// or its network, can be played without losing the rest.
var nodes = []machine.Spec{
	{Index: 1, Memory: 4096, Disk: 16384, CPUs: 2, Labels: "scars.dev/role=general", EvictBelow: 100},
	{Index: 2, Memory: 1152, Disk: 8192, CPUs: 1, Labels: "scars.dev/role=memory", Taint: "scars.dev/role=memory",
		EvictBelow: 150, SingleProcess: true},
	{Index: 3, Memory: 1152, Disk: 8192, CPUs: 1, Labels: "scars.dev/role=network", Taint: "scars.dev/role=network",
		EvictBelow: 150, SingleProcess: true},
}

// Server is where the API server listens, for nodes and host alike.
const Server = "https://" + netns.Control + ":6443"

// Lab is a running lab.
type Lab struct {
	Dir string // state: certificates, kubeconfigs, logs, disks; removed by Down
	Bin string // Kubernetes programs, kubectl among them

	cache string
	kinds func() (*kinds, error)

	metricsProgram string // path of metrics-server

	proc proc.Table
	net  netns.Net
}

// open names the directories; nothing need exist yet.
func open() (*Lab, error) {
	cache, err := os.UserCacheDir()
	if err != nil {
		return nil, fmt.Errorf("find the cache directory: %w", err)
	}
	cache = filepath.Join(cache, "kubectl-scars-lab")
	dir := filepath.Join(cache, "run")
	l := &Lab{
		Dir: dir, Bin: parts.Bin(cache), cache: cache,
		proc: proc.Table{Dir: filepath.Join(dir, "proc")}, net: netns.Default,
	}
	l.kinds = sync.OnceValues(l.newKinds)
	return l, nil
}

// ErrNotRunning says that no lab is up.
var ErrNotRunning = errors.New("no lab is running")

// Attach returns the lab that runs on this machine, or ErrNotRunning.
func Attach() (*Lab, error) {
	l, err := open()
	if err != nil {
		return nil, err
	}
	if _, err := os.Stat(l.readyFile()); err != nil || !l.proc.Alive(apiserver) {
		return nil, ErrNotRunning
	}
	return l, nil
}

// Kubeconfig is the administrator's; it works on the host.
func (l *Lab) Kubeconfig() string { return filepath.Join(l.Dir, "admin.kubeconfig") }

// Kubectl is the path of the real kubectl.
func (l *Lab) Kubectl() string { return filepath.Join(l.Bin, "kubectl") }

// AuditLog is the API server's audit log: JSON lines, of all users but the control plane and the nodes.
func (l *Lab) AuditLog() string { return filepath.Join(l.Dir, "audit.log") }

// The versions of cgroups that the lab's nodes can have.
const (
	CgroupV1 = "v1" // a hierarchy for each controller, as on distributions of before 2022; the kubelet takes it only if told to
	CgroupV2 = "v2"
)

// Cgroup is the version that this lab's nodes have.
func (l *Lab) Cgroup() string {
	if _, err := os.Stat(l.v1File()); err == nil {
		return CgroupV1
	}
	return CgroupV2
}

// v1File is there while the lab is one with cgroup v1.
func (l *Lab) v1File() string { return filepath.Join(l.Dir, "cgroup-v1") }

// CanPlay tells whether what an incident is about happens on this lab's kernels.
func (l *Lab) CanPlay(in incident.Incident) bool { return in.Cgroup == "" || in.Cgroup == l.Cgroup() }

// Status tells of each process whether it runs, by name.
func (l *Lab) Status() map[string]bool {
	s := map[string]bool{}
	for _, n := range l.proc.Names() {
		s[n] = l.proc.Alive(n)
	}
	return s
}

func (l *Lab) ca() (*pki.CA, error) { return pki.LoadCA(filepath.Join(l.Dir, "pki")) }

func (l *Lab) readyFile() string { return filepath.Join(l.Dir, "ready") }

// processes in the order in which they must end: nodes, then what they speak to, the store last.
func (l *Lab) processes() []string {
	names := l.proc.Names()
	last := []string{metricsServer, scheduler, controllers, apiserver, store}
	slices.SortFunc(names, func(a, b string) int { return slices.Index(last, a) - slices.Index(last, b) })
	return names
}
