// Command lab brings the lab up and down by hand: lab up|down|status|env.
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"sort"
	"syscall"

	"github.com/kubectl-scars/kubectl-scars/test/lab"
)

const usage = `usage: lab COMMAND

  up      bring up the lab, or say that it runs
  down    end it; built programs stay in the cache
  status  list its processes
  env     print the environment for a shell: eval "$(go run ./cmd/lab env)"
  node    NAME SCRIPT: run a shell script inside a node
`

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "lab:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string) error {
	if len(args) == 0 {
		return fmt.Errorf("no command\n\n%s", usage)
	}
	switch args[0] {
	case "up":
		l, err := lab.Up(ctx, os.Stderr)
		if err != nil {
			return err
		}
		env(l)
	case "down":
		return lab.Down()
	case "status", "env", "node":
		l, err := lab.Attach()
		if err != nil {
			return err
		}
		return attached(ctx, l, args)
	default:
		return fmt.Errorf("unknown command %q\n\n%s", args[0], usage)
	}
	return nil
}

func attached(ctx context.Context, l *lab.Lab, args []string) error {
	switch {
	case args[0] == "status":
		s := l.Status()
		var names []string
		for n := range s {
			names = append(names, n)
		}
		sort.Strings(names)
		for _, n := range names {
			fmt.Printf("%-26s %s\n", n, map[bool]string{true: "running", false: "ended"}[s[n]])
		}
	case args[0] == "node" && len(args) == 3:
		out, err := l.InNode(ctx, args[1], args[2])
		fmt.Print(out)
		return err
	case args[0] == "env":
		env(l)
	default:
		return fmt.Errorf("wrong arguments\n\n%s", usage)
	}
	return nil
}

func env(l *lab.Lab) {
	fmt.Printf("export KUBECONFIG=%s\nexport PATH=%s:$PATH\n", l.Kubeconfig(), l.Bin)
}
