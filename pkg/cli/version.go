package cli

// This file is the command version.

import (
	"encoding/json"
	"fmt"
	"io"
	"runtime"
	"runtime/debug"

	"github.com/spf13/cobra"
	apiversion "k8s.io/apimachinery/pkg/version"
	"k8s.io/client-go/discovery"
	"sigs.k8s.io/yaml"

	"github.com/kubectl-scars/kubectl-scars/pkg/collect"
	"github.com/kubectl-scars/kubectl-scars/pkg/term"
)

// versionInfo is what "version -o json" prints.
type versionInfo struct {
	Version    string `json:"version"`
	Go         string `json:"go"`
	Platform   string `json:"platform"`
	Kubernetes string `json:"kubernetes"` // the version of k8s.io/client-go
	Server     string `json:"server,omitempty"`
}

func (r *root) versionCommand() *cobra.Command {
	var remote bool
	var output string
	cmd := &cobra.Command{
		Use: "version", Short: "Print the version", Args: cobra.NoArgs,
		Long: "Print the version of the tool, of Go and of the Kubernetes libraries, and with --remote the server's.",
		RunE: func(cmd *cobra.Command, _ []string) error {
			if output != "" && output != "json" && output != "yaml" {
				return usageError{cmd.CommandPath(), fmt.Errorf("unknown output format %q: json or yaml", output)}
			}
			v := versionInfo{
				Version: r.env.Version, Go: runtime.Version(), Platform: runtime.GOOS + "/" + runtime.GOARCH, Kubernetes: module("k8s.io/client-go"),
			}
			if remote {
				config, err := r.restConfig()
				if err != nil {
					return err
				}
				client, err := discovery.NewDiscoveryClientForConfig(config)
				if err != nil {
					return err
				}
				server, err := collect.Within(cmd.Context(), func() (*apiversion.Info, error) { return client.ServerVersionWithContext(cmd.Context()) })
				if err != nil {
					return err
				}
				v.Server = server.GitVersion
			}
			return v.print(r.env.Out, output)
		},
	}
	cmd.Flags().BoolVar(&remote, "remote", false, "Also ask the server for its version")
	cmd.Flags().StringVarP(&output, "output", "o", "", "Output format: json or yaml")
	return cmd
}

func (v versionInfo) print(w io.Writer, format string) error {
	if format == "" {
		fmt.Fprintf(w, "kubectl scars %s\n%s %s\nKubernetes libraries %s\n", v.Version, v.Go, v.Platform, v.Kubernetes)
		if v.Server != "" {
			fmt.Fprintf(w, "Server %s\n", term.Sanitize(v.Server))
		}
		return nil
	}
	out, err := json.MarshalIndent(v, "", "  ")
	if err != nil {
		return err
	}
	out = append(out, '\n')
	if format == "yaml" {
		if out, err = yaml.JSONToYAML(out); err != nil {
			return err
		}
	}
	_, err = w.Write(out)
	return err
}

// module is the version of a module that was built in.
func module(path string) string {
	if info, ok := debug.ReadBuildInfo(); ok {
		for _, m := range info.Deps {
			if m.Path == path {
				return m.Version
			}
		}
	}
	return "unknown"
}
