package parts

// This file fetches the kernel that nodes boot and packs its initial file system.

import (
	"bufio"
	"context"
	_ "embed"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
)

//go:embed initramfs.sh
var initScript []byte

// bootModules are what a node needs before it can see its root file system; modprobe adds what they depend on.
var bootModules = []string{"virtio_pci", "9pnet_virtio", "9p", "overlay"}

// Kernel is what a machine boots from.
type Kernel struct {
	Image  string // vmlinuz
	Initrd string
	Root   string // where the package was unpacked; holds lib/modules/RELEASE
}

// FetchKernel unpacks the kernel package that linux-image-amd64 stands for into cache, without installing it,
// and makes an initramfs for it.
func FetchKernel(ctx context.Context, cache string, log io.Writer) (Kernel, error) {
	name, err := kernelPackage(ctx)
	if err != nil {
		return Kernel{}, err
	}
	release := strings.TrimPrefix(name, "linux-image-")
	dir := filepath.Join(cache, "kernel", release)
	k := Kernel{
		Image:  filepath.Join(dir, "root", "boot", "vmlinuz-"+release),
		Initrd: filepath.Join(dir, "initrd"),
		Root:   filepath.Join(dir, "root"),
	}
	if _, err := os.Stat(k.Image); errors.Is(err, os.ErrNotExist) {
		fmt.Fprintf(log, "fetching %s\n", name)
		if err := unpack(ctx, dir, name, release); err != nil {
			return Kernel{}, err
		}
	}
	return k, k.makeInitrd(ctx, release)
}

func kernelPackage(ctx context.Context) (string, error) {
	find := func() (string, error) {
		out, err := output(ctx, "", nil, "apt-cache", "depends", "linux-image-amd64")
		for line := range strings.Lines(out) {
			if f := strings.Fields(line); len(f) == 2 && f[0] == "Depends:" && strings.HasPrefix(f[1], "linux-image-") {
				return f[1], nil
			}
		}
		return "", errors.Join(errors.New("find the kernel package: linux-image-amd64 names none"), err)
	}
	name, err := find()
	if err == nil {
		return name, nil
	}
	if err := run(ctx, "", nil, "apt-get", "update", "-qq"); err != nil {
		return "", err
	}
	return find()
}

func unpack(ctx context.Context, dir, name, release string) error {
	part := dir + ".part"
	if err := os.RemoveAll(part); err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Join(part, "root"), 0o755); err != nil {
		return err
	}
	if err := run(ctx, part, nil, "apt-get", "download", "-q", name); err != nil {
		return err
	}
	debs, _ := filepath.Glob(filepath.Join(part, "*.deb"))
	if len(debs) != 1 {
		return fmt.Errorf("download %s: %d packages instead of one", name, len(debs))
	}
	for _, c := range [][]string{
		{"dpkg-deb", "-x", debs[0], filepath.Join(part, "root")},
		{"depmod", "-b", filepath.Join(part, "root"), release},
		{"rm", debs[0]},
	} {
		if err := run(ctx, "", nil, c[0], c[1:]...); err != nil {
			return err
		}
	}
	return os.Rename(part, dir)
}

// makeInitrd packs busybox, the modules in the order in which they must be loaded, and a first program.
func (k Kernel) makeInitrd(ctx context.Context, release string) error {
	tmp, err := os.MkdirTemp("", "initrd")
	if err != nil {
		return err
	}
	defer os.RemoveAll(tmp)
	for _, d := range []string{"bin", "mod", "proc", "sys", "dev", "lower", "upper", "newroot"} {
		if err := os.MkdirAll(filepath.Join(tmp, d), 0o755); err != nil {
			return err
		}
	}
	order, err := k.loadOrder(ctx, release)
	if err != nil {
		return err
	}
	var names []string
	for _, file := range order {
		names = append(names, filepath.Base(file))
		if err := copyFile(filepath.Join(tmp, "mod", filepath.Base(file)), file, 0o644); err != nil {
			return err
		}
	}
	if err := os.WriteFile(filepath.Join(tmp, "mod", "order"), []byte(strings.Join(names, "\n")+"\n"), 0o644); err != nil {
		return err
	}
	if err := copyFile(filepath.Join(tmp, "bin", "busybox"), "/bin/busybox", 0o755); err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(tmp, "init"), initScript, 0o755); err != nil {
		return err
	}
	return run(ctx, tmp, nil, "sh", "-c", `find . | cpio -o -H newc --quiet > "$0.part" && mv "$0.part" "$0"`, k.Initrd)
}

func (k Kernel) loadOrder(ctx context.Context, release string) ([]string, error) {
	var order []string
	seen := map[string]bool{}
	for _, m := range bootModules {
		out, err := output(ctx, "", nil, "modprobe", "-d", k.Root, "-S", release, "--show-depends", m)
		if err != nil {
			return nil, err
		}
		for s := bufio.NewScanner(strings.NewReader(out)); s.Scan(); {
			if f := strings.Fields(s.Text()); len(f) >= 2 && f[0] == "insmod" && !seen[f[1]] {
				seen[f[1]] = true
				order = append(order, f[1])
			}
		}
	}
	return order, nil
}

func copyFile(to, from string, mode os.FileMode) error {
	data, err := os.ReadFile(from)
	if err != nil {
		return err
	}
	return os.WriteFile(to, data, mode)
}
