package cli

import (
	"encoding/json"
	"fmt"
	"runtime"
	"runtime/debug"

	"github.com/spf13/cobra"
	"k8s.io/client-go/discovery"
	"sigs.k8s.io/yaml"
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
			v := versionInfo{
				Version: r.env.Version, Go: runtime.Version(), Platform: runtime.GOOS + "/" + runtime.GOARCH, Kubernetes: module("k8s.io/client-go"),
			}
			if remote {
				config, err := r.kube.ToRESTConfig()
				if err != nil {
					return err
				}
				client, err := discovery.NewDiscoveryClientForConfig(config)
				if err != nil {
					return err
				}
				server, err := client.ServerVersion()
				if err != nil {
					return err
				}
				v.Server = server.GitVersion
			}
			switch output {
			case "":
				fmt.Fprintf(r.env.Out, "kubectl scars %s\n%s %s\nKubernetes libraries %s\n", v.Version, v.Go, v.Platform, v.Kubernetes)
				if remote {
					fmt.Fprintf(r.env.Out, "Server %s\n", v.Server)
				}
				return nil
			case "json", "yaml":
				out, err := json.MarshalIndent(v, "", "  ")
				if err == nil && output == "yaml" {
					out, err = yaml.JSONToYAML(out)
				}
				if err == nil {
					_, err = fmt.Fprintf(r.env.Out, "%s\n", out)
				}
				return err
			}
			return usageError{cmd.CommandPath(), fmt.Errorf("unknown output format %q: json or yaml", output)}
		},
	}
	cmd.Flags().BoolVar(&remote, "remote", false, "Also ask the server for its version")
	cmd.Flags().StringVarP(&output, "output", "o", "", "Output format: json or yaml")
	return cmd
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
