package cli

// This file is the command record: collect, judge nothing, save.

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/kubectl-scars/kubectl-scars/pkg/checks"
)

func (r *root) recordCommand() *cobra.Command {
	o := &analyseOptions{root: r, command: "record"}
	var file string
	cmd := &cobra.Command{
		Use:   "record -f FILE",
		Short: "Save what all commands would see, to look at it later",
		Long: `Save what all commands would see, to look at it later, elsewhere, or after the events are gone, with --from FILE.

Private keys and Secret values are dropped before anything is written; so are annotations, arguments and environment variables, but for
those few that prove something. Of arguments and environment these are numbers that size a language runtime: see
kubectl scars explain oom/runtime-unaware.`,
		Example: `  # One namespace
  kubectl scars record -n shop -f shop.json.gz

  # Later, anywhere
  kubectl scars triage --from shop.json.gz`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			o.path = cmd.CommandPath()
			if file == "" {
				return usageError{o.path, fmt.Errorf("-f FILE is needed")}
			}
			if err := writable("-f", file); err != nil {
				return usageError{o.path, err}
			}
			o.checks = checks.Readings()
			in, err := o.load(cmd.Context())
			if err != nil {
				return err
			}
			if err := cmd.Context().Err(); err != nil {
				return err
			}
			return in.save(file)
		},
	}
	f := cmd.Flags()
	f.BoolVarP(&o.allNamespaces, "all-namespaces", "A", false, "Record every namespace")
	o.addTimeout(f)
	f.StringVarP(&file, "filename", "f", "", "File to write; with .gz at the end it is compressed")
	return cmd
}
