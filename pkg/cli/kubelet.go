package cli

// The flag --kubelet-stats: numbers that are read only where the user asks for them, because the right to read them is close to root.

import (
	"slices"

	"github.com/spf13/pflag"

	"github.com/kubectl-scars/kubectl-scars/pkg/analysis"
	"github.com/kubectl-scars/kubectl-scars/pkg/snapshot"
)

// addKubeletStats adds the flag to the commands that look at memory.
func (o *analyseOptions) addKubeletStats(f *pflag.FlagSet) {
	if o.command == "oom" || o.command == "triage" {
		f.BoolVar(&o.kubeletStats, "kubelet-stats", false, "Also ask the kubelets of the nodes concerned what fills the memory of containers, two requests a node. "+
			"It takes the right nodes/proxy, which is close to root: see kubectl scars rbac --kubelet-stats")
	}
}

// optIn lists what the user asked to be read besides.
func (o *analyseOptions) optIn() []snapshot.Kind {
	if o.kubeletStats {
		return []snapshot.Kind{snapshot.KubeletStats}
	}
	return nil
}

// asks lists what to read object by object. Kubelets are asked only where pods of what the user named run.
func (o *analyseOptions) asks(s *snapshot.Snapshot) []snapshot.Ask {
	asks := analysis.Asks(s, o.checks, o.optIn()...)
	if !o.kubeletStats || len(o.resolved) == 0 && o.selector == "" {
		return asks
	}
	nodes := analysis.NodesOf(s, o.resolved, o.labels())
	return slices.DeleteFunc(asks, func(a snapshot.Ask) bool { return a.Kind == snapshot.KubeletStats && !nodes[a.Name] })
}

// mayRead tells whether a kind is read at all.
func (o *analyseOptions) mayRead(kind snapshot.Kind) bool {
	info, _ := snapshot.InfoOf(kind)
	return !info.OptIn || slices.Contains(o.optIn(), kind)
}
