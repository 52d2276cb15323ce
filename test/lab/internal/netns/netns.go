// Package netns lays the lab's cable: a network namespace with a bridge, one tap per node, and a veth pair that lets the
// host reach it. Everything hangs on the namespace and goes with it.
package netns

import (
	"bytes"
	"fmt"
	"os/exec"
	"strings"
)

// Net is the lab's network. Addresses are fixed: a lab is one per machine.
type Net struct {
	Name string // of the namespace
	Veth string // the host's end of the pair
}

// Default is the network of the lab.
var Default = Net{Name: "scars-lab", Veth: "scarslab0"}

// Control is the control plane's address, on the bridge; nodes and host reach it there.
const Control = "10.213.0.1"

const host = "10.213.0.254"

// Node is the address of node n (1…9).
func Node(n int) string { return fmt.Sprintf("10.213.0.1%d", n) }

// PodRange is the range that node n gives its pods, without the host bits: "10.244.1.0/24".
func PodRange(n int) string { return fmt.Sprintf("10.244.%d.0/24", n) }

// Tap is the name of node n's tap device inside the namespace.
func Tap(n int) string { return fmt.Sprintf("tap%d", n) }

// Exec prefixes a command so that it runs inside the namespace.
func (n Net) Exec(argv ...string) []string {
	return append([]string{"ip", "netns", "exec", n.Name}, argv...)
}

// Up creates the network for so many nodes; what an earlier lab left is removed first.
func (n Net) Up(nodes int) error {
	if err := n.Down(); err != nil {
		return err
	}
	in := func(args ...string) []string { return append([]string{"-n", n.Name}, args...) }
	steps := [][]string{
		{"netns", "add", n.Name},
		in("link", "set", "lo", "up"),
		in("link", "add", "br0", "type", "bridge"),
		in("addr", "add", Control+"/24", "dev", "br0"),
		in("link", "set", "br0", "up"),
		{"link", "add", n.Veth, "type", "veth", "peer", "name", "host0", "netns", n.Name},
		in("link", "set", "host0", "master", "br0", "up"),
		{"addr", "add", host + "/24", "dev", n.Veth},
		{"link", "set", n.Veth, "up"},
	}
	for i := 1; i <= nodes; i++ {
		steps = append(steps,
			in("tuntap", "add", "dev", Tap(i), "mode", "tap"),
			in("link", "set", Tap(i), "master", "br0", "up"),
			in("route", "add", PodRange(i), "via", Node(i)))
	}
	for _, s := range steps {
		if err := ip(s...); err != nil {
			return err
		}
	}
	return nil
}

// Down removes the namespace and with it bridge, taps and both ends of the pair.
func (n Net) Down() error {
	_ = ip("link", "del", n.Veth) // goes with its peer, but only when the namespace is really gone
	if !n.exists() {
		return nil
	}
	return ip("netns", "del", n.Name)
}

func (n Net) exists() bool {
	out, _ := exec.Command("ip", "netns", "list").Output()
	for line := range strings.Lines(string(out)) {
		if f := strings.Fields(line); len(f) > 0 && f[0] == n.Name {
			return true
		}
	}
	return false
}

func ip(args ...string) error {
	var stderr bytes.Buffer
	cmd := exec.Command("ip", args...)
	cmd.Stderr = &stderr
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("ip %s: %w: %s", strings.Join(args, " "), err, strings.TrimSpace(stderr.String()))
	}
	return nil
}
