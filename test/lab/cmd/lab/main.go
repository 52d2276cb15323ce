// Command lab brings the lab up and down by hand: lab up|down|status|env.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"sort"
	"syscall"

	"github.com/kubectl-scars/kubectl-scars/test/lab"
	"github.com/kubectl-scars/kubectl-scars/test/lab/internal/incident"
)

const usage = `usage: lab COMMAND

  build   fetch and build what up needs, which takes long the first time
  up      [-cgroup v1|v2] bring up the lab, or say that it runs; with nodes that have cgroup v1, if so asked
  down    end it; built programs stay in the cache
  status  list its processes
  env     print the environment for a shell: eval "$(go run ./cmd/lab env)"
  node    NAME SCRIPT: run a shell script inside a node
  off     NODE: pull its plug
  on      NODE: power it on again
  play    [-dump DIR] NAME…: make incidents happen and leave them, each in the namespace of its name;
          those that need a node for themselves are taken away again, after they were dumped
  undo    NAME…: take them away again
  dump    NAMESPACE DIR: save what the API says about a namespace
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
	case "build":
		return lab.Build(ctx, os.Stderr)
	case "up":
		flags := flag.NewFlagSet("up", flag.ContinueOnError)
		cgroup := flags.String("cgroup", lab.CgroupV2, "version of cgroups that the nodes have, v1 or v2")
		if err := flags.Parse(args[1:]); err != nil {
			return err
		}
		l, err := lab.Up(ctx, os.Stderr, *cgroup)
		if err != nil {
			return err
		}
		env(l)
	case "down":
		return lab.Down()
	case "status", "env", "node", "play", "undo", "dump", "on", "off":
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
	case args[0] == "off" && len(args) == 2:
		return l.StopNode(args[1])
	case args[0] == "on" && len(args) == 2:
		return l.StartNode(ctx, args[1], os.Stderr)
	case args[0] == "dump" && len(args) == 3:
		return l.Dump(ctx, args[1], args[2])
	case args[0] == "play" || args[0] == "undo":
		return play(ctx, l, args[0] == "undo", args[1:])
	case args[0] == "env":
		env(l)
	default:
		return fmt.Errorf("wrong arguments\n\n%s", usage)
	}
	return nil
}

func play(ctx context.Context, l *lab.Lab, undo bool, names []string) error {
	p := lab.NewPlayer(l)
	flags := flag.NewFlagSet("play", flag.ContinueOnError)
	dump := flags.String("dump", "", "directory for what the API says about each")
	if err := flags.Parse(names); err != nil {
		return err
	}
	incidents, err := lab.Named(flags.Args()...)
	if err != nil {
		return err
	}
	do := func(ctx context.Context, in incident.Incident) error {
		switch {
		case undo:
			return p.Undo(ctx, in)
		case !l.CanPlay(in):
			return fmt.Errorf("it happens on cgroup %s only", in.Cgroup)
		}
		err := p.Play(ctx, in)
		if *dump == "" {
			return err
		}
		return errors.Join(err, l.Dump(ctx, in.Name, filepath.Join(*dump, in.Name)))
	}
	var failed []error
	for in, err := range p.Each(ctx, incidents, do) {
		fmt.Printf("%-28s %v\n", in.Name, err)
		failed = append(failed, err)
	}
	return errors.Join(failed...)
}

func env(l *lab.Lab) {
	fmt.Printf("export KUBECONFIG=%s\nexport PATH=%s:$PATH\n", l.Kubeconfig(), l.Bin)
}
