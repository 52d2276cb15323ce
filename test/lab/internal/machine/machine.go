// Package machine runs the lab's nodes: QEMU machines with plain emulation, which boot a distribution's kernel and
// see the host's root file system read-only under an overlay of their own.
package machine

import (
	"bytes"
	"crypto/rand"
	_ "embed"
	"encoding/hex"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"text/template"
	"time"

	"github.com/kubectl-scars/kubectl-scars/test/lab/internal/netns"
	"github.com/kubectl-scars/kubectl-scars/test/lab/internal/parts"
	"github.com/kubectl-scars/kubectl-scars/test/lab/internal/proc"
)

//go:embed run.sh
var runScript string

// Spec describes one node. Sizes are in MiB.
type Spec struct {
	Index         int    // 1…9: address, pod range and tap follow from it
	Memory        int    // of the machine
	Disk          int    // sparse file, ext4: containerd's and the kubelet's
	CPUs          int    //
	Labels        string // as for kubelet --node-labels
	Taint         string // "key=value", effect NoSchedule; may be empty
	EvictBelow    int    // evictionHard memory.available
	SingleProcess bool   // kubelet singleProcessOOMKill: one process dies instead of the whole container
}

// Name of the node in the cluster.
func (s Spec) Name() string { return fmt.Sprintf("node%d", s.Index) }

// TaintKey and TaintValue are the two halves of Taint.
func (s Spec) TaintKey() string { k, _, _ := strings.Cut(s.Taint, "="); return k }

// TaintValue is what follows the equals sign.
func (s Spec) TaintValue() string { _, v, _ := strings.Cut(s.Taint, "="); return v }

// Machines starts and stops nodes.
type Machines struct {
	Dir    string // state directory of the lab
	Bin    string // Kubernetes programs
	Kernel parts.Kernel
	Cgroup string // "v1" or "v2": what the nodes' programs find mounted; the kernel has both
	Net    netns.Net
	Proc   proc.Table
}

// Prepare writes what a node finds at boot: its script, its disk, the key to its agent.
func (m Machines) Prepare(s Spec) error {
	dir := m.dir(s)
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	key := make([]byte, 16)
	if _, err := rand.Read(key); err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(dir, "agent.key"), []byte(hex.EncodeToString(key)), 0o600); err != nil {
		return err
	}
	script, err := m.script(s)
	if err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(dir, "run.sh"), script, 0o755); err != nil {
		return err
	}
	disk, err := os.Create(m.disk(s))
	if err != nil {
		return err
	}
	defer disk.Close()
	if err := disk.Truncate(int64(s.Disk) << 20); err != nil {
		return err
	}
	if out, err := exec.Command("mkfs.ext4", "-q", "-F", "-m", "0", "-O", "^has_journal", m.disk(s)).CombinedOutput(); err != nil {
		return fmt.Errorf("make the disk of %s: %w: %s", s.Name(), err, out)
	}
	return nil
}

// script is the node's first program.
func (m Machines) script(s Spec) ([]byte, error) {
	tmpl, err := template.New("run.sh").Parse(runScript)
	if err != nil {
		return nil, err
	}
	var script bytes.Buffer
	err = tmpl.Execute(&script, map[string]any{
		"Spec": s, "Lab": m.Dir, "Dir": m.dir(s), "Bin": m.Bin, "Modules": filepath.Join(m.Kernel.Root, "lib", "modules"),
		"Address": netns.Node(s.Index), "Control": netns.Control, "Pods": netns.PodRange(s.Index),
		"Others": others(s.Index), "Cgroup": m.Cgroup,
	})
	return script.Bytes(), err
}

// Start powers the node on.
func (m Machines) Start(s Spec) error {
	tap := netns.Tap(s.Index)
	return m.Proc.Start(s.Name(), m.Net.Exec("nice", "-n", "-5", "qemu-system-x86_64",
		// What is dear in emulation and not needed: five-level page tables, wide vectors, the kernel's mitigations, and
		// "enhanced" string moves, for which the kernel clears and copies pages byte by byte. Random addresses
		// (norandmaps below) give a page of code new translations in each process, and whoever clears the page pays for
		// each of them at each store: a node short of memory stood still for minutes instead of killing anybody.
		"-accel", "tcg,thread=multi", "-cpu", "max,la57=off,avx=off,avx2=off,avx512f=off,erms=off,fsrm=off", "-smp", fmt.Sprint(s.CPUs), "-m", fmt.Sprint(s.Memory),
		"-nographic", "-monitor", "unix:"+filepath.Join(m.dir(s), "monitor")+",server,nowait", "-serial", "stdio", "-no-reboot",
		"-kernel", m.Kernel.Image, "-initrd", m.Kernel.Initrd,
		"-append", "console=ttyS0 quiet panic=-1 psi=1 net.ifnames=0 mitigations=off norandmaps scars.run="+filepath.Join(m.dir(s), "run.sh"),
		"-virtfs", "local,path=/,mount_tag=root,security_model=none,readonly=on,multidevs=remap",
		"-drive", "file="+m.disk(s)+",format=raw,if=virtio,cache=unsafe",
		"-netdev", "tap,id=n0,ifname="+tap+",script=no,downscript=no",
		"-device", fmt.Sprintf("virtio-net-pci,netdev=n0,mac=52:54:00:00:00:0%d", s.Index),
		"-device", "virtio-rng-pci",
	)...)
}

// Stop pulls the plug: nothing inside the node gets to know.
func (m Machines) Stop(s Spec) error { return m.Proc.Stop(s.Name(), 0) }

// Agent speaks with the node from inside.
func (m Machines) Agent(s Spec) (Agent, error) {
	key, err := os.ReadFile(filepath.Join(m.dir(s), "agent.key"))
	return Agent{Address: netns.Node(s.Index) + ":1024", Key: string(key), Timeout: 2 * time.Minute}, err
}

func (m Machines) dir(s Spec) string  { return filepath.Join(m.Dir, s.Name()) }
func (m Machines) disk(s Spec) string { return filepath.Join(m.dir(s), "disk") }

// others lists the nodes whose pods node n must find, as pairs of range and address.
func others(n int) (routes [][2]string) {
	for i := 1; i <= 3; i++ {
		if i != n {
			routes = append(routes, [2]string{netns.PodRange(i), netns.Node(i)})
		}
	}
	return routes
}
