package parts

// This file builds programs: those of Kubernetes, the lab's own, and the tool.

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// KubernetesVersion is what go.mod requires of k8s.io/kubernetes; a test holds the two together.
const KubernetesVersion = "v1.37.2"

// MetricsServerVersion is what metrics-server/go.mod requires of sigs.k8s.io/metrics-server; a test holds the two together.
const MetricsServerVersion = "v0.9.0"

// Module is this module's path.
const Module = "github.com/kubectl-scars/kubectl-scars/test/lab"

// programs of Kubernetes, and the etcd that its go.mod names, in the order in which they are built. With Debian's etcd, 3.4.23, the API server
// cannot answer lists from its watch cache.
var programs = []string{"kube-apiserver", "kubectl", "kube-controller-manager", "kubelet", "kube-scheduler", "etcd"}

// ModuleDir finds this module's directory from anywhere inside the repository's checkout.
func ModuleDir(ctx context.Context) (string, error) {
	out, err := output(ctx, "", nil, "go", "list", "-m", "-f", "{{.Dir}}", Module)
	if err != nil {
		return "", fmt.Errorf("find the module of the lab (run this inside test/lab): %w", err)
	}
	return strings.TrimSpace(out), nil
}

// Bin is where programs of Kubernetes lie in a cache.
func Bin(cache string) string { return filepath.Join(cache, "bin", KubernetesVersion) }

// Kubernetes builds the programs of Kubernetes that are not in the cache yet and returns their directory.
// The first time takes 8 to 20 minutes on two cores.
func Kubernetes(ctx context.Context, moduleDir, cache string, log io.Writer) (string, error) {
	dir := Bin(cache)
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return "", err
	}
	for i, p := range programs {
		file := filepath.Join(dir, p)
		if _, err := os.Stat(file); err == nil {
			continue
		}
		stop := progress(log, fmt.Sprintf("building %s for Kubernetes %s (%d of %d)", p, KubernetesVersion, i+1, len(programs)))
		source := "k8s.io/kubernetes/cmd/" + p
		if p == "etcd" {
			source = "go.etcd.io/etcd/server/v3"
		}
		err := build(ctx, moduleDir, file, versionFlags(), source)
		stop()
		if err != nil {
			return "", err
		}
	}
	return dir, nil
}

// ErrNotBuilt is for tests, which go test gives less time than the first build takes.
var ErrNotBuilt = errors.New("Kubernetes is not built yet, which takes longer than go test waits: go run ./cmd/lab build")

// Built returns ErrNotBuilt unless all programs of Kubernetes are in the cache, and metrics-server.
func Built(cache string) error {
	files := []string{metricsServerFile(cache)}
	for _, p := range programs {
		files = append(files, filepath.Join(Bin(cache), p))
	}
	for _, file := range files {
		if _, err := os.Stat(file); err != nil {
			return ErrNotBuilt
		}
	}
	return nil
}

// MetricsServer builds metrics-server, from a module of its own because it wants other versions of what Kubernetes wants, if it is not in
// the cache yet, and returns its path.
func MetricsServer(ctx context.Context, moduleDir, cache string, log io.Writer) (string, error) {
	file := metricsServerFile(cache)
	if _, err := os.Stat(file); err == nil {
		return file, nil
	}
	defer progress(log, "building metrics-server "+MetricsServerVersion)()
	return file, build(ctx, filepath.Join(moduleDir, "metrics-server"), file, "-s -w", "sigs.k8s.io/metrics-server/cmd/metrics-server")
}

func metricsServerFile(cache string) string {
	return filepath.Join(cache, "bin", "metrics-server-"+MetricsServerVersion)
}

// Own builds one of this module's programs into dir.
func Own(ctx context.Context, moduleDir, dir, name string) (string, error) {
	file := filepath.Join(dir, name)
	return file, build(ctx, moduleDir, file, "-s -w", "./cmd/"+name)
}

// Tool builds kubectl-scars from the checkout that this module lies in.
func Tool(ctx context.Context, moduleDir, dir string) (string, error) {
	file := filepath.Join(dir, "kubectl-scars")
	return file, build(ctx, filepath.Join(moduleDir, "..", ".."), file, "-s -w", "./cmd/kubectl-scars")
}

// versionFlags make the programs call themselves by their version: without them the server says
// v0.0.0-master+$Format, which older clients cannot read (k8s.io/component-base/version/base.go).
func versionFlags() string {
	v := strings.Split(strings.TrimPrefix(KubernetesVersion, "v"), ".")
	flags := "-s -w"
	for _, p := range []string{"k8s.io/component-base/version", "k8s.io/client-go/pkg/version"} {
		flags += fmt.Sprintf(" -X %s.gitVersion=%s -X %s.gitMajor=%s -X %s.gitMinor=%s -X %s.gitTreeState=clean",
			p, KubernetesVersion, p, v[0], p, v[1], p)
	}
	return flags
}

func build(ctx context.Context, dir, file, ldflags, pkg string) error {
	part := fmt.Sprintf("%s.%d.part", file, os.Getpid()) // another test may build the same
	if err := run(ctx, dir, []string{"CGO_ENABLED=0"},
		"go", "build", "-buildvcs=false", "-p", "2", "-ldflags", ldflags, "-o", part, pkg); err != nil {
		return errors.Join(err, os.RemoveAll(part))
	}
	return os.Rename(part, file)
}

// progress says what goes on and, every 20 seconds, for how long already.
func progress(log io.Writer, what string) (stop func()) {
	fmt.Fprintln(log, what)
	start, done := time.Now(), make(chan struct{})
	go func() {
		t := time.NewTicker(20 * time.Second)
		defer t.Stop()
		for {
			select {
			case <-t.C:
				fmt.Fprintf(log, "%s … %s\n", what, time.Since(start).Round(time.Second))
			case <-done:
				return
			}
		}
	}()
	return func() { close(done) }
}
