package cli

// The views: subcommands of an area that answer with data of their own instead of findings.

import (
	"context"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"github.com/kubectl-scars/kubectl-scars/pkg/analysis"
	"github.com/kubectl-scars/kubectl-scars/pkg/finding"
	"github.com/kubectl-scars/kubectl-scars/pkg/render"
)

func (r *root) viewCommand(v *analysis.View) *cobra.Command {
	o := &analyseOptions{root: r, command: v.Area(), view: v, checks: []*analysis.Check{v.Reading()}}
	cmd := &cobra.Command{
		Use: v.Word() + " " + v.Args, Short: v.Short, Long: v.Short + ".\n\n" + v.Long, Example: v.Example, GroupID: viewGroup,
		ValidArgsFunction: cobra.NoFileCompletions,
		RunE: func(cmd *cobra.Command, args []string) error {
			o.path, o.args, o.flags = cmd.CommandPath(), args, cmd.Flags()
			if v.WholeCluster && !o.flags.Changed("namespace") {
				o.allNamespaces = true
			}
			if err := o.validateInput(); err != nil {
				return usageError{o.path, err}
			}
			if err := o.past.validate(); err != nil {
				return usageError{o.path, err}
			}
			if len(v.Takes) == 0 && len(args) > 0 {
				return usageError{o.path, fmt.Errorf("%q: %s takes no arguments", args[0], o.path)}
			}
			return o.runView(cmd.Context())
		},
	}
	o.addInput(cmd)
	if v.Labels {
		cmd.Flags().StringVarP(&o.selector, "selector", "l", "", "Look at workloads that have these labels, or whose pods have them (label query, supports '=', '==', '!=', 'in', 'notin')")
	}
	if v.History != analysis.NoHistory {
		o.past = newPast(o)
		o.past.addFlags(cmd)
	}
	return cmd
}

// runView is the flow: load, ask, answer, keep what was asked for, show.
func (o *analyseOptions) runView(ctx context.Context) error {
	in, subjects, err := o.input(ctx)
	if err != nil {
		return err
	}
	ask := func(past func(finding.ObjectRef) any) (finding.View, error) {
		answer, err := o.view.Answer(in.snapshot, analysis.Question{Subjects: subjects, Namespaces: in.scope.Namespaces, Labels: o.labels(), Past: past}, o.metadata(in))
		if err == nil {
			answer.Head().Coverage = append(answer.Head().Coverage, in.gaps...)
		}
		return answer, err
	}
	answer, err := ask(nil)
	if err != nil {
		return err
	}
	if o.past != nil {
		if answer, err = o.past.complete(ctx, answer, in, ask); err != nil {
			return err
		}
		in.interrupted = in.interrupted || ctx.Err() != nil
	}
	return o.deliver(in, func(w io.Writer, opts render.Options) error { return render.View(w, answer, opts) })
}
