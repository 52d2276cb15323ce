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
		serve     = flag.String("serve", "", "address of the HTTP server: /healthz, /livez and /readyz answer alike; / always says ok")
		slots     = flag.Int("slots", 0, "so many requests are worked on at a time, and the others wait, probes of /healthz and /readyz too; /livez does not")
		work      = flag.Duration("work", 0, "how long a request with -slots is worked on")
		start     = flag.Duration("start", 0, "time that passes before the server listens")
		readyAt   = flag.Duration("ready-after", 0, "time before which the health paths answer 503")
		failAt    = flag.Duration("fail-after", 0, "time from which the health paths answer 500")
		hangAt    = flag.Duration("hang-after", 0, "time from which the health paths accept and never answer")
		redirect  = flag.String("redirect", "", "where the health paths send whoever asks")
		term      = flag.String("term", "exit=0", "what SIGTERM does: exit=CODE, or ignore")
		exitAt    = flag.Duration("exit-after", 0, "time after which the process ends by itself with -exit")
		exitCode  = flag.Int("exit", 0, "code for -exit-after")
		alloc     = flag.Int("alloc", 0, "MiB of anonymous memory to fill")
		allocAt   = flag.Duration("alloc-after", 0, "time at which filling begins")
		allocOn   = flag.String("alloc-when", "", "a file; filling begins when it is there")
		allocRate = flag.Int("alloc-rate", 0, "MiB per second; 0 is as fast as possible")
		child     = flag.String("child", "", "flags of a child of the same program, which lives beside this process; its death is ignored")
		files     = flag.String("file", "", "PATH=MIB: a file to write and read again, so that it fills the page cache")
		again     = flag.Bool("read-again", false, "read the file of -file over and over, so that its cache stays in use")
		say       = flag.String("say", "", "last line on stderr before -exit-after")
	)
	flag.Parse()
	began := time.Now()
	fmt.Printf("load started, pid %d\n", os.Getpid())

	onTerm(*term)
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
	if *serve != "" {
		time.Sleep(*start)
		if *slots > 0 {
			serveSlots(*serve, *slots, *work)
		}
		listen(*serve, health{began: began, readyAt: *readyAt, failAt: *failAt, hangAt: *hangAt, redirect: *redirect})
	}
	select {}
}

// onTerm installs the answer to SIGTERM. Process 1 of a container has no default action for it, so one must be chosen.
func onTerm(how string) {
	c := make(chan os.Signal, 1)
	signal.Notify(c, syscall.SIGTERM)
	go func() {
		for range c {
			fmt.Println("got SIGTERM:", how)
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
