package cli

// Help in kubectl's style: five useful flags with each command, the rest under "options".

import (
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// shownFlags are the flags that help shows; "kubectl scars options" shows all.
var shownFlags = []string{"namespace", "all-namespaces", "from", "since", "output", "list", "remote", "filename"}

const usageTemplate = `Usage:
  {{if .Runnable}}{{useLine .}}{{else}}{{.CommandPath}} COMMAND{{end}}
{{- if .HasAvailableSubCommands}}{{$cmds := .Commands}}{{range $group := .Groups}}

{{.Title}}{{range $cmds}}{{if (and (eq .GroupID $group.ID) (or .IsAvailableCommand (eq .Name "help")))}}
  {{rpad .Name .NamePadding }} {{.Short}}{{end}}{{end}}{{end}}{{end}}
{{- if .HasExample}}

Examples:
{{.Example}}{{end}}
{{- with shownFlags .}}

Flags:
{{.}}{{end}}
{{- if .HasAvailableSubCommands}}

Use "{{.CommandPath}} COMMAND -h" for more about a command.{{end}}
Use "{{.Root.CommandPath}} options" for all flags.
`

func useTemplates(cmd *cobra.Command) {
	cobra.AddTemplateFunc("useLine", func(c *cobra.Command) string { return strings.TrimSpace(c.UseLine()) })
	cobra.AddTemplateFunc("shownFlags", func(c *cobra.Command) string {
		return strings.TrimRight(pick(c, func(f *pflag.Flag) bool { return slices.Contains(shownFlags, f.Name) }).FlagUsages(), "\n")
	})
	cmd.SetUsageTemplate(usageTemplate)
	cmd.SetHelpCommand(&cobra.Command{Use: "no-help", Hidden: true})
}

// pick gathers the flags of a command, its own and inherited, that keep wants.
func pick(c *cobra.Command, keep func(*pflag.Flag) bool) *pflag.FlagSet {
	out := pflag.NewFlagSet("", pflag.ContinueOnError)
	out.SortFlags = false
	add := func(f *pflag.Flag) {
		if keep(f) && out.Lookup(f.Name) == nil && (c.HasParent() || f.Name != "namespace") {
			out.AddFlag(f)
		}
	}
	c.LocalFlags().VisitAll(add)
	c.InheritedFlags().VisitAll(add)
	return out
}

func (r *root) optionsCommand() *cobra.Command {
	return &cobra.Command{
		Use: "options", Short: "List all flags", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			triage, _, err := cmd.Root().Find([]string{"triage"})
			if err != nil {
				return err
			}
			fmt.Fprintf(r.env.Out, "Flags of the commands that look at a cluster (after the command: kubectl scars oom -A):\n\n%s\n", triage.LocalFlags().FlagUsages())
			fmt.Fprintf(r.env.Out, "Flags of kubectl that every command takes:\n\n%s", cmd.Root().PersistentFlags().FlagUsages())
			return nil
		},
	}
}
