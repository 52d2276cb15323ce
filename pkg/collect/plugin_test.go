package collect

// A credential plugin that hangs does not hold up the end of a run.

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"

	"github.com/kubectl-scars/kubectl-scars/pkg/collect/apitest"
	"github.com/kubectl-scars/kubectl-scars/pkg/snapshot"
)

func TestCredentialPluginThatHangs(t *testing.T) {
	for name, cause := range map[string]error{"--timeout": ErrDeadline, "Ctrl-C": context.Canceled} {
		t.Run(name, func(t *testing.T) {
			server := apitest.Start(apitest.Options{})
			t.Cleanup(server.Stop)
			dir := t.TempDir()
			runs, end, ended := filepath.Join(dir, "runs"), filepath.Join(dir, "end"), filepath.Join(dir, "ended")
			config := server.Config()
			// The other request runs the plugin anew, maybe when the test's directory is gone: it ends by itself.
			config.ExecProvider = &clientcmdapi.ExecConfig{
				APIVersion: "client.authentication.k8s.io/v1", InteractiveMode: clientcmdapi.NeverExecInteractiveMode, Command: "sh",
				Args: []string{"-c", `touch "$0"; while [ -e "$0" ] && [ ! -e "$1" ]; do sleep 0.05; done; touch "$2"; exit 1`, runs, end, ended},
			}
			c, err := NewClient(config)
			if err != nil {
				t.Fatal(err)
			}
			ctx, stop := context.WithCancelCause(t.Context())
			defer stop(nil)
			result := make(chan error, 1)
			go func() {
				result <- c.Listings(ctx, Plan{Kinds: infos(t, snapshot.Pods, snapshot.Nodes)}, snapshot.NewBuilder())
			}()
			appears(t, runs)
			stop(cause)
			select {
			case err := <-result:
				if !errors.Is(err, cause) {
					t.Errorf("%v, want %v", err, cause)
				}
			case <-time.After(time.Minute):
				t.Error("the plugin is waited for")
			}
			if _, err := os.Stat(ended); err == nil {
				t.Error("the plugin had ended")
			}
			if err := os.WriteFile(end, nil, 0o600); err != nil {
				t.Fatal(err)
			}
			appears(t, ended)
		})
	}
}

// appears waits for a file.
func appears(t *testing.T, file string) {
	t.Helper()
	for end := time.Now().Add(time.Minute); ; time.Sleep(10 * time.Millisecond) {
		if _, err := os.Stat(file); err == nil {
			return
		}
		if time.Now().After(end) {
			t.Fatalf("no %s", filepath.Base(file))
		}
	}
}
