package cli

// This file is the command explain: what a check's own documentation says.

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/kubectl-scars/kubectl-scars/pkg/analysis"
	"github.com/kubectl-scars/kubectl-scars/pkg/checks"
	"github.com/kubectl-scars/kubectl-scars/pkg/render"
)

func (r *root) explainCommand() *cobra.Command {
	var list bool
	cmd := &cobra.Command{
		Use:   "explain CHECK",
		Short: "Explain a check: its meaning, evidence, causes and remedy",
		Long:  "Explain a check: its meaning, evidence, causes and remedy. Works offline.",
		Example: `  # What does this finding mean
  kubectl scars explain oom/limit-hit

  # Every check there is
  kubectl scars explain --list`,
		Args: func(cmd *cobra.Command, args []string) error {
			if list && len(args) > 0 || !list && len(args) != 1 {
				return usageError{cmd.CommandPath(), fmt.Errorf("name one check, or give --list")}
			}
			return nil
		},
		ValidArgsFunction: completeChecks,
		RunE: func(cmd *cobra.Command, args []string) error {
			if list {
				var docs []render.ExplainDoc
				for _, c := range checks.All() {
					docs = append(docs, explainDoc(c))
				}
				return render.CheckList(r.env.Out, docs, r.renderOptions(""))
			}
			for _, c := range checks.All() {
				if c.ID == args[0] {
					return render.Explain(r.env.Out, explainDoc(c), r.renderOptions(""))
				}
			}
			return usageError{cmd.CommandPath(), unknownCheck(args[0])}
		},
	}
	cmd.Flags().BoolVar(&list, "list", false, "List every check")
	return cmd
}

func explainDoc(c *analysis.Check) render.ExplainDoc {
	d := render.ExplainDoc{
		ID: c.ID, Area: c.Area(), Title: c.Doc.Title, Symptom: c.Doc.Symptom, Evidence: c.Doc.Evidence, Why: c.Doc.Why, Fix: c.Doc.Fix,
		Limits: c.Doc.Limits, Sources: c.Doc.Sources,
	}
	for _, in := range c.Inputs {
		name := string(in.Kind)
		if in.Optional {
			name += " (optional)"
		}
		d.Inputs = append(d.Inputs, name)
	}
	return d
}
