// Command load is the application of the lab's incidents: it serves, starts slowly, fails its probes, eats memory,
// ignores signals and exits as its flags say. It is built static and is the entry point of the lab's image.
//
// Durations count from the start of the process. A flag that is not given does nothing.
package main

import (
	"flag"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"strings"
	"syscall"
	"time"
)

func main() {
	var (
		serve     = flag.String("serve", "", "address of the HTTP server: /healthz, /livez, /readyz, /health/db and what is below /app-health/ answer alike; /redirect?loc=URL sends there; / always says ok")
		slots     = flag.Int("slots", 0, "so many requests are worked on at a time, and the others wait, probes of /healthz and /readyz too; /livez does not")
		work      = flag.Duration("work", 0, "how long a request with -slots is worked on")
		start     = flag.Duration("start", 0, "time that passes before the server listens")
		readyAt   = flag.Duration("ready-after", 0, "time before which the health paths answer 503")
		failAt    = flag.Duration("fail-after", 0, "time from which the health paths fail")
		failOf    = flag.String("fail-of", "1/1", "N/M: of M answers in a row that -fail-after would spoil, on each path, only the last N fail")
		failWhile = flag.String("fail-while", "", "a file; while it is there, the health paths fail")
		failWith  = flag.Int("fail-with", 500, "the HTTP status of -fail-after and -fail-while")
		hangAt    = flag.Duration("hang-after", 0, "time from which the health paths accept and never answer")
		redirect  = flag.String("redirect", "", "where the health paths send whoever asks")
		grpc      = flag.String("grpc", "", "address of a gRPC server that answers health checks as the health paths do, but never hangs or redirects")
		withTLS   = flag.Bool("grpc-tls", false, "it wants TLS")
		term      = flag.String("term", "exit=0", "what SIGTERM does: exit=CODE, or ignore; the files of -mark go in any case")
		exitAt    = flag.Duration("exit-after", 0, "time after which the process ends by itself with -exit")
		exitCode  = flag.Int("exit", 0, "code for -exit-after")
		alloc     = flag.Int("alloc", 0, "MiB of anonymous memory to fill")
		allocAt   = flag.Duration("alloc-after", 0, "time at which filling begins")
		allocOn   = flag.String("alloc-when", "", "a file; filling begins when it is there")
		allocRate = flag.Int("alloc-rate", 0, "MiB per second; 0 is as fast as possible")
		child     = flag.String("child", "", "flags of a child of the same program, which lives beside this process; its death is ignored")
		files     = flag.String("file", "", "PATH=MIB: a file to write and read again, so that it fills the page cache")
		again     = flag.Bool("read-again", false, "read the file of -file over and over, so that its cache stays in use")
		marks     marks
		say       = flag.String("say", "", "last line on stderr before -exit-after")
	)
	flag.Var(&marks, "mark", "PATH=FROM[,TO]: a file that is there from one time to another; may be given again")
	flag.Parse()
	began := time.Now()
	fmt.Printf("load started, pid %d\n", os.Getpid())

	onTerm(*term, marks)
	marks.make()
	if *child != "" {
		run(strings.Fields(*child))
	}
	if *files != "" {
		if err := fill(*files); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		if *again {
			go readAgain(*files)
		}
	}
	if *alloc > 0 {
		go func() {
			time.Sleep(*allocAt)
			await(*allocOn)
			hold(*alloc, *allocRate)
		}()
	}
	if *exitAt > 0 {
		time.AfterFunc(*exitAt, func() {
			if *say != "" {
				fmt.Fprintln(os.Stderr, *say)
			}
			os.Exit(*exitCode)
		})
	}
	if *serve != "" || *grpc != "" {
		time.Sleep(*start)
		if *slots > 0 {
			serveSlots(*serve, *slots, *work)
		}
		h := &health{began: began, readyAt: *readyAt, failAt: *failAt, failWhile: *failWhile, failWith: *failWith, hangAt: *hangAt, redirect: *redirect}
		if _, err := fmt.Sscanf(*failOf, "%d/%d", &h.failN, &h.failM); err != nil || h.failM < 1 {
			fmt.Fprintf(os.Stderr, "-fail-of %s: want N/M\n", *failOf)
			os.Exit(1)
		}
		if *readyAt > 0 {
			time.AfterFunc(*readyAt-time.Since(began), func() { up("ready") })
		}
		if *grpc != "" {
			go serveGRPC(*grpc, *withTLS, h)
		}
		if *serve != "" {
			go listen(*serve, h)
		}
	}
	select {}
}

// up notes a moment from which a probe of this program may succeed. Tests compare it with the start that the tool measures.
func up(what string) { fmt.Printf("up: %s at %s\n", what, time.Now().UTC().Format(time.RFC3339Nano)) }

// onTerm installs the answer to SIGTERM. Process 1 of a container has no default action for it, so one must be chosen.
func onTerm(how string, marks marks) {
	c := make(chan os.Signal, 1)
	signal.Notify(c, syscall.SIGTERM)
	go func() {
		for range c {
			fmt.Println("got SIGTERM:", how)
			marks.remove()
			var code int
			if n, _ := fmt.Sscanf(how, "exit=%d", &code); n == 1 {
				os.Exit(code)
			}
		}
	}()
}

// run starts this program again beside itself.
func run(args []string) {
	cmd := exec.Command("/proc/self/exe", args...)
	cmd.Stdout, cmd.Stderr = os.Stdout, os.Stderr
	if err := cmd.Start(); err != nil {
		fmt.Fprintln(os.Stderr, "start child:", err)
		return
	}
	go func() { fmt.Println("child ended:", cmd.Wait()) }()
}
