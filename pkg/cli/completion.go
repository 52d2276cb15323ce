package cli

// This file is the command completion: scripts for shells, and the program by which kubectl completes its plugins.

import (
	"fmt"

	"github.com/spf13/cobra"
)

// pluginCompletion is what kubectl runs to complete a plugin's arguments (kubernetes v1.37.2 kubectl/pkg/cmd/plugin/plugin_completion.go):
// an executable of this name on PATH. A link of that name to the binary does the same.
const pluginCompletion = `#!/usr/bin/env sh
# Save as "kubectl_complete-scars", make it executable, and put it on your PATH.
exec kubectl-scars __complete "$@"
`

func (r *root) completionCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "completion bash|zsh|fish|powershell|kubectl",
		Short: "Print a completion script",
		Long: `Print a completion script for a shell, for the binary kubectl-scars; or, with "kubectl", the program by which kubectl completes
"kubectl scars" in any shell that completes kubectl.`,
		Example: `  # Completion of "kubectl scars"
  kubectl scars completion kubectl > ~/.local/bin/kubectl_complete-scars
  chmod +x ~/.local/bin/kubectl_complete-scars`,
		ValidArgs: []string{"bash", "zsh", "fish", "powershell", "kubectl"},
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) != 1 {
				return usageError{cmd.CommandPath(), fmt.Errorf("name one shell: bash, zsh, fish, powershell or kubectl")}
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			out, root := r.env.Out, cmd.Root()
			root.Annotations = nil // shells complete the binary, not "kubectl scars"
			root.Use = "kubectl-scars"
			switch args[0] {
			case "bash":
				return root.GenBashCompletionV2(out, true)
			case "zsh":
				return root.GenZshCompletion(out)
			case "fish":
				return root.GenFishCompletion(out, true)
			case "powershell":
				return root.GenPowerShellCompletionWithDesc(out)
			case "kubectl":
				_, err := fmt.Fprint(out, pluginCompletion)
				return err
			}
			return usageError{cmd.CommandPath(), fmt.Errorf("unknown shell %q: bash, zsh, fish, powershell or kubectl", args[0])}
		},
	}
}
