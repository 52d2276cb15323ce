package lab

// This file brings the lab up and takes it down.

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"syscall"
	"time"

	"github.com/kubectl-scars/kubectl-scars/test/lab/internal/image"
	"github.com/kubectl-scars/kubectl-scars/test/lab/internal/machine"
	"github.com/kubectl-scars/kubectl-scars/test/lab/internal/parts"
)

// Up returns the running lab, or brings one up whose nodes have that version of cgroups: packages, programs, control plane, nodes. What
// happens is told to log.
func Up(ctx context.Context, log io.Writer, cgroup string) (*Lab, error) {
	if cgroup != CgroupV1 && cgroup != CgroupV2 {
		return nil, fmt.Errorf("cgroup %q: want %s or %s", cgroup, CgroupV1, CgroupV2)
	}
	l, _, err := up(ctx, log, cgroup)
	if err == nil && l.Cgroup() != cgroup {
		return nil, fmt.Errorf("a lab with cgroup %s runs: take it down first", l.Cgroup())
	}
	return l, err
}

// up is Up, one at a time on a machine; fresh is true where it brought the lab up.
func up(ctx context.Context, log io.Writer, cgroup string) (l *Lab, fresh bool, err error) {
	if l, err = open(); err != nil {
		return nil, false, err
	}
	alone, err := lock(l.cache, "up", syscall.LOCK_EX)
	if err != nil {
		return nil, false, err
	}
	defer alone.Close()
	if running, err := Attach(); err == nil {
		return running, false, running.renew(ctx, log)
	}
	if os.Getuid() != 0 {
		return nil, false, errors.New("bring up the lab: network namespaces and taps need root")
	}
	begin := time.Now()
	m, err := l.prepare(ctx, log, cgroup)
	if err != nil {
		return nil, false, err
	}
	if err := l.boot(ctx, m, log); err != nil {
		return nil, false, fmt.Errorf("bring up the lab (state and logs in %s): %w", l.Dir, err)
	}
	fmt.Fprintf(log, "lab is up after %s\n", time.Since(begin).Round(time.Second))
	return l, true, nil
}

// Build fetches and builds whatever takes long the first time, and runs nothing: Debian's packages, the programs of Kubernetes, the kernel.
func Build(ctx context.Context, log io.Writer) error {
	l, err := open()
	if err != nil {
		return err
	}
	_, err = l.fetch(ctx, log)
	return err
}

func (l *Lab) fetch(ctx context.Context, log io.Writer) (parts.Kernel, error) {
	if err := parts.Packages(ctx, log); err != nil {
		return parts.Kernel{}, err
	}
	module, err := parts.ModuleDir(ctx)
	if err != nil {
		return parts.Kernel{}, err
	}
	if l.Bin, err = parts.Kubernetes(ctx, module, l.cache, log); err != nil {
		return parts.Kernel{}, err
	}
	if l.metricsProgram, err = parts.MetricsServer(ctx, module, l.cache, log); err != nil {
		return parts.Kernel{}, err
	}
	return parts.FetchKernel(ctx, l.cache, log)
}

// prepare makes whatever the nodes see of this lab: programs of its own, and images.
func (l *Lab) prepare(ctx context.Context, log io.Writer, cgroup string) (m machine.Machines, err error) {
	kernel, err := l.fetch(ctx, log)
	if err != nil {
		return m, err
	}
	if err := l.Down(); err != nil {
		return m, err
	}
	module, err := parts.ModuleDir(ctx)
	if err != nil {
		return m, err
	}
	bin := filepath.Join(l.Dir, "bin")
	for _, d := range []string{bin, l.proc.Dir, filepath.Join(l.Dir, "images")} {
		if err := os.MkdirAll(d, 0o755); err != nil {
			return m, err
		}
	}
	if cgroup == CgroupV1 {
		if err := os.WriteFile(l.v1File(), nil, 0o644); err != nil {
			return m, err
		}
	}
	if _, err := parts.Own(ctx, module, bin, "nodeagent"); err != nil {
		return m, err
	}
	load, err := parts.Own(ctx, module, bin, "load")
	if err != nil {
		return m, err
	}
	if err := l.images(load); err != nil {
		return m, err
	}
	return l.machines(kernel), nil
}

func (l *Lab) machines(k parts.Kernel) machine.Machines {
	return machine.Machines{Dir: l.Dir, Bin: l.Bin, Kernel: k, Cgroup: l.Cgroup(), Net: l.net, Proc: l.proc}
}

// images writes what the nodes import.
func (l *Lab) images(load string) error {
	if err := l.application(load, "app.tar"); err != nil {
		return err
	}
	pause := image.Image{Tags: []string{"registry.k8s.io/pause:3.10"}, Programs: map[string]string{"bin/busybox": "/bin/busybox"},
		Links: links, Entrypoint: []string{"/bin/sleep", "2147483647"}}
	return pause.Write(filepath.Join(l.Dir, "images", "pause.tar"))
}

// links are the programs of busybox in the images.
var links = []string{"sh", "cat", "sleep", "dd", "head", "tail", "nc", "echo", "ls", "ps", "kill", "true", "false",
	"touch", "rm", "mkdir", "test", "date", "env", "tee", "yes", "grep"}

// application writes the application's image, which has several names, as if a team had pushed them.
func (l *Lab) application(load, archive string) error {
	files := map[string]string{"bin/busybox": "/bin/busybox", "bin/load": load}
	var tags []string
	for _, name := range []string{"web", "api", "worker", "db", "batch", "agent"} {
		tags = append(tags, "registry.example/"+name+":1.0", "registry.example/"+name+":1.1")
	}
	app := image.Image{Tags: tags, Programs: files, Links: links, Entrypoint: []string{"/bin/load"}}
	return app.Write(filepath.Join(l.Dir, "images", archive))
}

// boot starts network, control plane and nodes and waits until all nodes are Ready.
func (l *Lab) boot(ctx context.Context, m machine.Machines, log io.Writer) error {
	if err := l.net.Up(len(nodes)); err != nil {
		return err
	}
	if err := l.certificates(); err != nil {
		return err
	}
	for _, n := range nodes {
		if err := m.Prepare(n); err != nil {
			return err
		}
		fmt.Fprintf(log, "booting %s (%d MiB)\n", n.Name(), n.Memory)
		if err := m.Start(n); err != nil {
			return err
		}
	}
	if err := l.control(ctx, log); err != nil {
		return err
	}
	for _, n := range nodes {
		fmt.Fprintf(log, "waiting for %s\n", n.Name())
		if err := l.booted(ctx, m, n, log); err != nil {
			return err
		}
	}
	if err := l.metrics(ctx, log); err != nil {
		return err
	}
	return os.WriteFile(l.readyFile(), nil, 0o644)
}

// booted waits until a node that was powered on is Ready. One that hangs as it boots, as emulated machines do now and then, is powered on
// once more, and that is said.
func (l *Lab) booted(ctx context.Context, m machine.Machines, n machine.Spec, log io.Writer) error {
	err := l.WaitNode(ctx, n.Name(), true)
	if err == nil || ctx.Err() != nil {
		return err
	}
	fmt.Fprintf(log, "%s did not come up: %v\n%s\nbooting it again\n", n.Name(), err, l.lastWords(ctx, n.Name()))
	if err := errors.Join(m.Stop(n), m.Start(n)); err != nil {
		return err
	}
	return l.WaitNode(ctx, n.Name(), true)
}

// lastWords are what a node last said: on its console, and, where its agent answers, in its kubelet's log.
func (l *Lab) lastWords(ctx context.Context, node string) string {
	console, err := os.ReadFile(l.proc.Log(node))
	if err != nil {
		return err.Error()
	}
	ctx, cancel := context.WithTimeout(ctx, 20*time.Second)
	defer cancel()
	kubelet, err := l.InNode(ctx, node, "tail -n 20 /var/lib/lab/log/kubelet /var/lib/lab/log/containerd; ip addr")
	if err != nil {
		kubelet = err.Error()
	}
	return string(console[max(0, len(console)-1000):]) + "\n" + kubelet
}

// Down ends everything and removes the state directory. The cache of built programs stays.
func Down() error {
	l, err := open()
	if err != nil {
		return err
	}
	return l.Down()
}

// Down ends this lab, see the function of the same name.
func (l *Lab) Down() error {
	var errs []error
	for _, name := range l.processes() {
		grace := 10 * time.Second
		if name != store && name != apiserver && name != controllers && name != scheduler && name != metricsServer {
			grace = 0 // a node's disk goes anyway
		}
		errs = append(errs, l.proc.Stop(name, grace))
	}
	errs = append(errs, l.net.Down(), os.RemoveAll(l.Dir))
	return errors.Join(errs...)
}
