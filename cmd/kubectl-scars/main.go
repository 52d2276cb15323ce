// Command kubectl-scars is the kubectl plugin "kubectl scars". This file ties the process to the command tree: streams, signals, exit
// code.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"

	"github.com/kubectl-scars/kubectl-scars/pkg/cli"
)

// version is set by the release build; a "go install" build tells its own from the build information.
var version string

func main() {
	env := cli.System(version)
	env.Pods = boundHeap(os.Getenv)
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	go func() {
		<-ctx.Done()
		stop() // a second signal ends the process at once
	}()
	os.Exit(cli.Run(ctx, env, os.Args))
}
