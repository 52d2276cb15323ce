package cli

// This file is the root of the command tree: what every command shares, and how a command line is run.

import (
	"context"
	"fmt"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"
	"k8s.io/cli-runtime/pkg/genericclioptions"

	"github.com/kubectl-scars/kubectl-scars/pkg/term"
)

// root is what every command shares.
type root struct {
	env       Env
	kube      *genericclioptions.ConfigFlags
	color     string
	verbosity int
	stderr    *stderr
}

// Run runs the command line args (with the program's name first) and gives the exit code.
func Run(ctx context.Context, env Env, args []string) int {
	cmd := newRoot(env)
	rest := args[1:]
	if strings.HasPrefix(filepath.Base(args[0]), "kubectl_complete-scars") { // kubectl's plugin completion calls us by this name
		rest = append([]string{cobra.ShellCompRequestCmd}, rest...)
	}
	cmd.SetArgs(rest)
	return finish(cmd.ExecuteContext(ctx), env.Err)
}

func newRoot(env Env) *cobra.Command {
	cobra.EnableCommandSorting = false // help lists commands in our order
	r := &root{env: env, kube: genericclioptions.NewConfigFlags(true), stderr: &stderr{w: env.Err}}
	cmd := &cobra.Command{
		Use:         "scars",
		Annotations: map[string]string{cobra.CommandDisplayNameAnnotation: "kubectl scars"},
		Short:       "Find what hurts a cluster, prove it, and say what to do",
		Long: `Find what hurts a Kubernetes cluster in production, prove it with evidence, and say what to do about it.

It only reads. Findings go to standard output, everything else to standard error.`,
		Example: `  # What is broken in the current namespace, worst first
  kubectl scars triage

  # Who was killed for memory, in the whole cluster
  kubectl scars oom -A

  # See a real incident explained, without a cluster
  kubectl scars triage --demo`,
		SilenceUsage: true, SilenceErrors: true, DisableAutoGenTag: true,
		Args: cobra.ArbitraryArgs,
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) > 0 {
				return usageError{cmd.CommandPath(), didYouMean(fmt.Errorf("unknown command %q", args[0]), cmd.SuggestionsFor(args[0]))}
			}
			return cmd.Help()
		},
		SuggestionsMinimumDistance: 2,
		PersistentPreRunE: func(cmd *cobra.Command, args []string) error {
			if err := term.ValidateColour(r.color); err != nil {
				return usageError{cmd.CommandPath(), err}
			}
			timeout, err := r.requestTimeout(cmd.Flags().Changed("request-timeout"))
			if err != nil {
				return usageError{cmd.CommandPath(), err}
			}
			r.kube.WrapConfigFn = r.wrapConfig(cmd, args, timeout)
			return r.log()
		},
		CompletionOptions: cobra.CompletionOptions{DisableDefaultCmd: true},
	}
	cmd.SetIn(env.In)
	cmd.SetOut(env.Out)
	cmd.SetErr(env.Err)
	cmd.SetFlagErrorFunc(flagError)
	r.kube.AddFlags(cmd.PersistentFlags())
	cmd.PersistentFlags().Lookup("request-timeout").DefValue = defaultTimeout
	r.addVerbosity(cmd.PersistentFlags())
	cmd.PersistentFlags().StringVar(&r.color, "color", "auto", "Colour the output: auto, always or never")
	_ = cmd.RegisterFlagCompletionFunc("color", cobra.FixedCompletions(term.ColourModes(), cobra.ShellCompDirectiveNoFileComp))

	cmd.AddGroup(&cobra.Group{ID: "look", Title: "Look at a cluster:"}, &cobra.Group{ID: "more", Title: "More:"})
	for _, c := range r.analyseCommands() {
		c.GroupID = "look"
		cmd.AddCommand(c)
	}
	for _, c := range []*cobra.Command{
		r.recordCommand(), r.explainCommand(), r.rbacCommand(), r.versionCommand(), r.completionCommand(), r.optionsCommand(),
	} {
		c.GroupID = "more"
		cmd.AddCommand(c)
	}
	r.useTemplates(cmd)
	return cmd
}
