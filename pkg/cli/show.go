package cli

// This file tells renderers what the terminal can do, what was looked at, and how this command would be called again.

import (
	"slices"
	"strings"

	"github.com/spf13/pflag"

	"github.com/kubectl-scars/kubectl-scars/pkg/finding"
	"github.com/kubectl-scars/kubectl-scars/pkg/render"
	"github.com/kubectl-scars/kubectl-scars/pkg/term"
)

// outputOptions are how a report or a view goes to standard output.
func (o *analyseOptions) outputOptions() render.Options {
	opts := o.renderOptions(o.output)
	opts.Source, opts.Kubectl = o.source(), o.kubectl()
	opts.Rerun = o.rerun()
	return opts
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

// source says that it is no live cluster that is shown, and what instead.
func (o *analyseOptions) source() string {
	switch {
	case o.demo && o.past != nil:
		return "recorded incident, the weeks before it made up, not your cluster"
	case o.demo:
		return "recorded incident, not your cluster"
	case len(o.from) > 0:
		names := slices.Clone(o.from)
		for i, name := range names {
			if name == "-" {
				names[i] = "standard input"
			}
		}
		return "from " + strings.Join(names, ", ")
	}
	return ""
}

// clusterFlags are the flags that say which cluster, and as whom. --token is not among them: it is a secret, and stays with whoever gave it.
var clusterFlags = []string{
	"kubeconfig", "context", "cluster", "user", "server", "tls-server-name", "certificate-authority", "insecure-skip-tls-verify", "proxy-url",
	"client-certificate", "client-key", "as", "as-uid", "as-group", "as-user-extra",
}

// kubectl is how commands that are proposed must start to reach the cluster that was looked at.
func (o *analyseOptions) kubectl() string {
	words := []string{"kubectl"}
	if !o.offline() {
		words = append(words, o.given(clusterFlags...)...)
	}
	return finding.Quote(words...)
}

// rerun is this command, to be run again with another output; empty where its input is gone.
func (o *analyseOptions) rerun() string {
	if slices.Contains(o.from, "-") {
		return ""
	}
	words := append(strings.Fields(o.path), o.args...)
	words = append(words, o.given("demo", "from", "now", "all-namespaces", "namespace")...)
	words = append(words, o.given(clusterFlags...)...)
	words = append(words, o.given("selector", "since", "check", "skip", "severity", "kubelet-stats")...)
	words = append(words, o.given(pastFlags...)...)
	return finding.Quote(words...)
}

// given repeats those of the flags that were on the command line, as words.
func (o *analyseOptions) given(names ...string) []string {
	var words []string
	for _, name := range names {
		f := o.flags.Lookup(name)
		if f == nil || !f.Changed {
			continue
		}
		word := "--" + f.Name
		if f.Shorthand != "" {
			word = "-" + f.Shorthand
		}
		list, isList := f.Value.(pflag.SliceValue)
		switch {
		case isList:
			for _, v := range list.GetSlice() {
				words = append(words, word, v)
			}
		case f.NoOptDefVal == "": // takes a value
			words = append(words, word, f.Value.String())
		case f.Value.String() == f.NoOptDefVal:
			words = append(words, word)
		}
	}
	return words
}
