package cli

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"k8s.io/client-go/tools/clientcmd"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"

	"github.com/kubectl-scars/kubectl-scars/pkg/collect/apitest"
)

// TestVersionInterrupted: Ctrl-C ends "version --remote" while a credential plugin hangs.
func TestVersionInterrupted(t *testing.T) {
	server := apitest.Start(apitest.Options{TLS: true}) // clientcmd sends credentials over TLS alone
	t.Cleanup(server.Stop)
	data, err := server.Kubeconfig("test", "", "x")
	if err != nil {
		t.Fatal(err)
	}
	config, err := clientcmd.Load(data)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	runs, file := filepath.Join(dir, "runs"), filepath.Join(dir, "kubeconfig")
	for _, user := range config.AuthInfos {
		*user = clientcmdapi.AuthInfo{Exec: &clientcmdapi.ExecConfig{
			APIVersion: "client.authentication.k8s.io/v1", InteractiveMode: clientcmdapi.NeverExecInteractiveMode, Command: "sh",
			Args: []string{"-c", `touch "$0"; while [ -e "$0" ]; do sleep 0.05; done; exit 1`, runs},
		}}
	}
	if err := clientcmd.WriteToFile(*config, file); err != nil {
		t.Fatal(err)
	}
	ctx, interrupt := context.WithCancel(t.Context())
	go func() {
		for ctx.Err() == nil {
			if _, err := os.Stat(runs); err == nil {
				interrupt()
			}
			time.Sleep(10 * time.Millisecond)
		}
	}()
	code := make(chan int, 1)
	go func() {
		var out bytes.Buffer
		env := Env{In: strings.NewReader(""), Out: &out, Err: &out, Getenv: func(string) (string, bool) { return "", false }, Version: "test", Now: time.Now}
		code <- Run(ctx, env, []string{"kubectl-scars", "version", "--remote", "--kubeconfig", file})
	}()
	select {
	case got := <-code:
		if got != exitInterrupted {
			t.Errorf("exit code %d, want %d", got, exitInterrupted)
		}
	case <-time.After(time.Minute):
		t.Error("the plugin is waited for")
	}
	interrupt()
}
