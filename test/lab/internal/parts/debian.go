// Package parts fetches and builds what a lab is made of: Debian packages, a kernel to boot, the Kubernetes programs.
// What is slow is cached by version.
package parts

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
)

// packages that a lab needs, with a program or file that shows that each is there.
var packages = map[string]string{
	"qemu-system-x86":             "/usr/bin/qemu-system-x86_64",
	"containerd":                  "/usr/bin/containerd",
	"runc":                        "/usr/sbin/runc",
	"containernetworking-plugins": "/usr/lib/cni/host-local",
	"busybox-static":              "/bin/busybox",
	"iproute2":                    "/bin/ip",
	"iptables":                    "/usr/sbin/iptables",
	"e2fsprogs":                   "/sbin/mkfs.ext4",
	"kmod":                        "/sbin/modprobe",
	"cpio":                        "/usr/bin/cpio",
	"nodejs":                      "/usr/bin/node", // two applications of the incidents, which see the node's /usr
	"openjdk-17-jre-headless":     "/usr/lib/jvm/java-17-openjdk-amd64/bin/keytool",
}

// Packages installs the Debian packages that are missing.
func Packages(ctx context.Context, log io.Writer) error {
	var missing []string
	for name, file := range packages {
		if _, err := os.Stat(file); err != nil {
			missing = append(missing, name)
		}
	}
	if len(missing) == 0 {
		return nil
	}
	if os.Getuid() != 0 {
		return fmt.Errorf("install %s: needs root", strings.Join(missing, ", "))
	}
	fmt.Fprintf(log, "installing %s\n", strings.Join(missing, ", "))
	if err := run(ctx, "", nil, "apt-get", "update", "-qq"); err != nil {
		return err
	}
	return run(ctx, "", []string{"DEBIAN_FRONTEND=noninteractive"},
		"apt-get", append([]string{"install", "-y", "-qq", "--no-install-recommends"}, missing...)...)
}

// run executes a command and returns its output with the error when it fails.
func run(ctx context.Context, dir string, env []string, name string, args ...string) error {
	_, err := output(ctx, dir, env, name, args...)
	return err
}

func output(ctx context.Context, dir string, env []string, name string, args ...string) (string, error) {
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Dir, cmd.Env = dir, append(os.Environ(), env...)
	var stdout, stderr strings.Builder
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	if err := cmd.Run(); err != nil {
		return "", fmt.Errorf("%s %s: %w: %s", name, strings.Join(args, " "), err, tail(stderr.String()))
	}
	return stdout.String(), nil
}

func tail(s string) string {
	s = strings.TrimSpace(s)
	if len(s) > 2000 {
		s = "… " + s[len(s)-2000:]
	}
	return s
}
