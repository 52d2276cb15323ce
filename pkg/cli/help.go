package cli

// Help in kubectl's style: five useful flags with each command, the rest under "options".

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/kubectl-scars/kubectl-scars/pkg/term"
)

// shownFlags are the flags that help shows; "kubectl scars options" shows all.
var shownFlags = []string{"namespace", "all-namespaces", "from", "since", "output", "list", "remote", "filename"}

const helpTemplate = `{{with (or .Long .Short)}}{{paragraphs .}}

{{end}}{{.UsageString}}`

const usageTemplate = `Usage:
  {{if not .HasParent}}{{.CommandPath}} COMMAND{{else}}{{useLine .}}{{end}}
{{- if .HasAvailableSubCommands}}{{$cmds := .Commands}}{{range $group := .Groups}}

{{.Title}}{{range $cmds}}{{if (and (eq .GroupID $group.ID) (or .IsAvailableCommand (eq .Name "help")))}}
  {{rpad .Name .NamePadding }} {{wrapped .}}{{end}}{{end}}{{end}}{{end}}
{{- if .HasExample}}

Examples:
{{.Example}}{{end}}
{{- with shownFlags .}}

Flags:
{{.}}{{end}}

{{if not .HasParent}}Use "{{.CommandPath}} COMMAND -h" for more about a command.
{{end}}Use "{{.Root.CommandPath}} options" for all flags.
`

func (r *root) useTemplates(cmd *cobra.Command) {
	cobra.AddTemplateFunc("useLine", func(c *cobra.Command) string { return strings.TrimSpace(c.UseLine()) })
	cobra.AddTemplateFunc("shownFlags", func(c *cobra.Command) string {
		return strings.TrimRight(pick(c, shownFlags).FlagUsagesWrapped(r.columns()), "\n")
	})
	cobra.AddTemplateFunc("wrapped", func(c *cobra.Command) string {
		indent := len("  ") + c.NamePadding() + len(" ")
		return strings.Join(term.Wrap(c.Short, max(r.columns()-indent, 20)), "\n"+strings.Repeat(" ", indent))
	})
	cobra.AddTemplateFunc("paragraphs", func(text string) string { return paragraphs(text, r.columns()) })
	cmd.SetHelpTemplate(helpTemplate)
	cmd.SetUsageTemplate(usageTemplate)
	cmd.SetHelpCommand(&cobra.Command{Use: "no-help", Hidden: true})
}

// paragraphs fits a text, whatever its line breaks are, into so many columns. A paragraph ends at an empty line, and before an indented one,
// which stays as it is.
func paragraphs(text string, columns int) string {
	var out, paragraph []string
	flush := func() {
		if len(paragraph) > 0 {
			out, paragraph = append(out, term.Wrap(strings.Join(paragraph, " "), columns)...), nil
		}
	}
	for _, line := range strings.Split(strings.TrimSpace(text), "\n") {
		if line != "" && !strings.HasPrefix(line, " ") {
			paragraph = append(paragraph, line)
			continue
		}
		flush()
		out = append(out, line)
	}
	flush()
	return strings.Join(out, "\n")
}

// columns is how wide help may be.
func (r *root) columns() int {
	if r.env.OutTTY != nil {
		return r.env.OutTTY.Width
	}
	return term.DefaultWidth
}

// pick gathers flags of a command, its own and inherited, by name.
func pick(c *cobra.Command, names []string) *pflag.FlagSet {
	out := pflag.NewFlagSet("", pflag.ContinueOnError)
	out.SortFlags = false
	for _, name := range names {
		if f := c.Flag(name); f != nil && (f.Name != "namespace" || scoped(c)) {
			out.AddFlag(f)
		}
	}
	return out
}

// scoped tells whether a namespace means something to a command.
func scoped(c *cobra.Command) bool {
	return c.Flags().Lookup("all-namespaces") != nil || c.Name() == "rbac"
}

func (r *root) optionsCommand() *cobra.Command {
	return &cobra.Command{
		Use: "options", Short: "List all flags", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			triage, _, err := cmd.Root().Find([]string{"triage"})
			if err != nil {
				return err
			}
			fmt.Fprintf(r.env.Out, "Flags of the commands that look at a cluster (after the command: kubectl scars oom -A):\n\n%s\n", triage.LocalFlags().FlagUsagesWrapped(r.columns()))
			fmt.Fprintf(r.env.Out, "Flags of kubectl that every command takes:\n\n%s", cmd.Root().PersistentFlags().FlagUsagesWrapped(r.columns()))
			return nil
		},
	}
}
