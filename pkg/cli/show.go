package cli

import (
	"strings"

	"k8s.io/cli-runtime/pkg/genericclioptions"

	"github.com/kubectl-scars/kubectl-scars/pkg/finding"
	"github.com/kubectl-scars/kubectl-scars/pkg/render"
	"github.com/kubectl-scars/kubectl-scars/pkg/term"
)

// show writes the report to standard output.
func (o *analyseOptions) show(r *finding.Report) error {
	opts := o.renderOptions(o.output)
	opts.Kubectl = o.kubectl()
	opts.Rerun = o.rerun()
	return render.Report(o.env.Out, r, opts)
}

// renderOptions fits a format to the terminal, where there is one.
func (r *root) renderOptions(format string) render.Options {
	opts := render.Options{
		Format: format, UTF8: term.UTF8(r.env.Getenv), Now: r.env.Now(),
		Colour: term.ResolveColour(r.color, r.env.OutTTY != nil, r.env.Getenv),
	}
	if tty := r.env.OutTTY; tty != nil {
		opts.Terminal, opts.Width, opts.MaxLines = true, tty.Width, tty.Height-2 // the prompt, and the line above it
	}
	return opts
}

// kubectl is how commands that are proposed must start to reach the cluster that was looked at.
func (o *analyseOptions) kubectl() string {
	words := []string{"kubectl"}
	if o.offline() {
		return words[0]
	}
	for _, f := range clusterFlags(o.kube) {
		if f.value != nil && *f.value != "" {
			words = append(words, "--"+f.name, *f.value)
		}
	}
	return finding.Quote(words...)
}

type clusterFlag struct {
	name  string
	value *string
}

// clusterFlags are the flags that say which cluster, and as whom.
func clusterFlags(k *genericclioptions.ConfigFlags) []clusterFlag {
	return []clusterFlag{
		{"kubeconfig", k.KubeConfig}, {"context", k.Context}, {"cluster", k.ClusterName}, {"user", k.AuthInfoName},
		{"server", k.APIServer}, {"as", k.Impersonate},
	}
}

// rerun is this command, to be run again with another output.
func (o *analyseOptions) rerun() string {
	words := append(strings.Fields(o.path), o.args...)
	switch {
	case o.demo:
		words = append(words, "--demo")
	case o.from != "":
		words = append(words, "--from", o.from)
	case o.allNamespaces:
		words = append(words, "-A")
	}
	if ns := o.kube.Namespace; ns != nil && *ns != "" && !o.allNamespaces {
		words = append(words, "-n", *ns)
	}
	for _, f := range clusterFlags(o.kube) {
		if f.value != nil && *f.value != "" {
			words = append(words, "--"+f.name, *f.value)
		}
	}
	if o.selector != "" {
		words = append(words, "-l", o.selector)
	}
	return finding.Quote(words...)
}
