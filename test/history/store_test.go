package history

// The Prometheus: Debian's, unpacked into the user's cache directory.

import (
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"testing"
	"time"
)

// server is the path of Prometheus' program.
func server(t *testing.T) string {
	t.Helper()
	if path, err := exec.LookPath("prometheus"); err == nil {
		return path
	}
	cache, err := os.UserCacheDir()
	if err != nil {
		t.Fatal(err)
	}
	dir := filepath.Join(cache, "kubectl-scars", "prometheus")
	program := filepath.Join(dir, "usr", "bin", "prometheus")
	if _, err := os.Stat(program); err == nil {
		return program
	}
	if _, err := exec.LookPath("apt-get"); err != nil || runtime.GOOS != "linux" {
		const missing = "needs prometheus in the PATH, or Debian's package of it"
		if os.Getenv("CI") == "true" {
			t.Fatal(missing)
		}
		t.Skip(missing)
	}
	out, err := exec.CommandContext(t.Context(), "sh", "-ec", `
		rm -rf "$1.new" && mkdir -p "$1.new" && cd "$1.new"
		apt-get download -q prometheus || { apt-get update -qq && apt-get download -q prometheus; }
		dpkg-deb -x prometheus_*.deb . && rm -f prometheus_*.deb
		rm -rf "$1" && mv "$1.new" "$1"`, "setup", dir).CombinedOutput()
	if err != nil {
		t.Fatalf("unpack Debian's prometheus: %v\n%s", err, out)
	}
	return program
}

// start starts it over blocks that are there, and gives its URL.
func start(t *testing.T, blocks string, flags ...string) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := listener.Addr().String()
	if err := listener.Close(); err != nil {
		t.Fatal(err)
	}
	config := filepath.Join(t.TempDir(), "prometheus.yml")
	if err := os.WriteFile(config, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	log, err := os.Create(filepath.Join(t.TempDir(), "log"))
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), server(t), append([]string{
		"--config.file=" + config, "--storage.tsdb.path=" + blocks, "--storage.tsdb.retention.time=10y", "--web.listen-address=" + address,
	}, flags...)...)
	cmd.Stdout, cmd.Stderr = log, log
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
		_ = log.Close()
	})
	url := "http://" + address
	for range 600 {
		if r, err := http.Get(url + "/-/ready"); err == nil {
			_ = r.Body.Close()
			if r.StatusCode == http.StatusOK {
				return url
			}
		}
		time.Sleep(100 * time.Millisecond)
	}
	text, _ := os.ReadFile(log.Name())
	t.Fatalf("prometheus does not become ready: %s", text)
	return ""
}
