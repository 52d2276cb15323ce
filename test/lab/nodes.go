package lab

// This file does to nodes what happens to nodes.

import (
	"context"
	"fmt"
	"io"
	"slices"

	"github.com/kubectl-scars/kubectl-scars/test/lab/internal/machine"
	"github.com/kubectl-scars/kubectl-scars/test/lab/internal/parts"
)

// InNode runs a shell script as root inside a node and returns what it printed.
func (l *Lab) InNode(ctx context.Context, node, script string) (string, error) {
	spec, err := spec(node)
	if err != nil {
		return "", err
	}
	agent, err := l.machines(parts.Kernel{}).Agent(spec)
	if err != nil {
		return "", err
	}
	return agent.Run(ctx, script)
}

// StopNode pulls a node's plug. The cluster notices after 50 s: Ready becomes Unknown.
func (l *Lab) StopNode(node string) error {
	spec, err := spec(node)
	if err != nil {
		return err
	}
	return l.machines(parts.Kernel{}).Stop(spec)
}

// StartNode powers a stopped node on and waits until it is Ready; its disk is as it was left. What happens is told to log.
func (l *Lab) StartNode(ctx context.Context, node string, log io.Writer) error {
	spec, err := spec(node)
	if err != nil {
		return err
	}
	kernel, err := parts.FetchKernel(ctx, l.cache, io.Discard)
	if err != nil {
		return err
	}
	m := l.machines(kernel)
	if err := m.Start(spec); err != nil {
		return err
	}
	return l.booted(ctx, m, spec, log)
}

// RestartKubelet ends the kubelet of a node; its supervisor starts it again.
func (l *Lab) RestartKubelet(ctx context.Context, node string) error {
	_, err := l.InNode(ctx, node, "kill $(cat /run/lab/kubelet.pid)")
	return err
}

// RestartContainerd ends containerd on a node; containers live on, its supervisor starts it again.
func (l *Lab) RestartContainerd(ctx context.Context, node string) error {
	_, err := l.InNode(ctx, node, "kill $(cat /run/lab/containerd.pid)")
	return err
}

func spec(node string) (machine.Spec, error) {
	i := slices.IndexFunc(nodes, func(s machine.Spec) bool { return s.Name() == node })
	if i < 0 {
		return machine.Spec{}, fmt.Errorf("no node %q in the lab", node)
	}
	return nodes[i], nil
}
