// Command scale measures what it costs to look at a cluster of a chosen size, beside a bare reader of the same inputs and kubectl:
//
//	go run ./cmd/scale -pods 20000
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"k8s.io/client-go/tools/clientcmd"

	"github.com/kubectl-scars/kubectl-scars/test/lab/internal/scale"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx); err != nil {
		fmt.Fprintln(os.Stderr, "scale:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context) (err error) {
	pods := flag.Int("pods", 2000, "how many pods the cluster has")
	unhealthy := flag.Int("unhealthy", 0, "how many events besides tell of probes that failed: 10000")
	rounds := flag.Int("rounds", 5, "how often each program runs")
	page := flag.String("page", "", "page to write the table into: ../../docs/performance.md")
	keep := flag.Bool("keep", false, "leave the cluster running")
	again := flag.Bool("again", false, "measure the cluster that -keep left, and end it unless -keep is given again")
	floor := flag.Bool("floor", false, "only read what triage reads, from the cluster of $KUBECONFIG, and drop it")
	way := flag.String("way", "", "with -floor, to read it in another way than the tool")
	alternatives := flag.Bool("alternatives", false, "compare ways to read instead of programs")
	usage := flag.String("measure", "", "only run the program that the arguments name, and write what it took to this file")
	flag.Parse()
	if *alternatives && *again {
		return errors.New("-alternatives wants a cluster of its own")
	}
	if *usage != "" {
		return scale.MeasureOne(ctx, *usage, flag.Args())
	}
	if *floor {
		config, err := clientcmd.BuildConfigFromFlags("", os.Getenv("KUBECONFIG"))
		if err != nil {
			return err
		}
		return scale.Floor(ctx, config, *way)
	}
	dir, err := scale.State(*pods)
	if err != nil {
		return err
	}
	var flags []string
	if *alternatives {
		flags = append(flags, scale.AlternativesFlags)
	}
	var r *scale.Rig
	if *again {
		r, err = scale.Again(ctx, dir)
	} else {
		r, err = scale.Up(ctx, dir, *pods, *unhealthy, os.Stderr, flags...)
	}
	if err != nil {
		return err
	}
	if *keep {
		fmt.Fprintf(os.Stderr, "the cluster stays: KUBECONFIG=%s/admin.kubeconfig\n", r.Dir)
	} else {
		defer func() { err = errors.Join(err, r.Down()) }()
	}
	if *page != "" && r.Failures > 0 {
		return errors.New("the page has no rows of clusters with -unhealthy")
	}
	if *alternatives {
		return compare(ctx, r, *rounds, *page)
	}
	return measure(ctx, r, *rounds, *page)
}

func compare(ctx context.Context, r *scale.Rig, rounds int, page string) error {
	rows, err := r.Alternatives(ctx, rounds)
	fmt.Print(rows)
	if err != nil || page == "" {
		return err
	}
	return scale.WriteAlternatives(page, rows)
}

func measure(ctx context.Context, r *scale.Rig, rounds int, page string) error {
	v, err := r.Look(ctx)
	if err != nil {
		return err
	}
	fmt.Printf("%d of %d planted incidents found, %d other findings, %d gaps\n", len(r.Planted)-len(v.Missed), len(r.Planted), len(v.Extra), len(v.Gaps))
	for _, line := range append(append(v.Missed, v.Extra...), v.Gaps...) {
		fmt.Println("  ", line)
	}
	costs, err := r.Compare(ctx, rounds)
	if err != nil {
		return err
	}
	rows := r.Table(costs)
	fmt.Print(rows)
	written, err := r.Audited()
	if err != nil {
		return err
	}
	fmt.Printf("%d requests that could have changed something\n", len(written))
	if len(v.Missed)+len(v.Extra)+len(v.Gaps)+len(written) > 0 {
		return fmt.Errorf("not what the page promises: %d missed, %d others found, %d gaps, %d writes", len(v.Missed), len(v.Extra), len(v.Gaps), len(written))
	}
	if page == "" {
		return nil
	}
	return scale.WriteScale(page, r.Pods, rows)
}
