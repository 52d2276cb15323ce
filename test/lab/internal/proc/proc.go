// Package proc starts processes that outlive the command that started them, and ends exactly those again.
//
// A process is remembered by its id and its start time (field 22 of /proc/PID/stat, clock ticks since boot; see
// proc(5)), so that an id that the kernel has given to somebody else meanwhile is never signalled.
package proc

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// Table keeps one file per process, NAME.pid, in a directory; output goes to NAME.log beside it.
type Table struct{ Dir string }

// Start runs argv in a session of its own and returns once it exists.
func (t Table) Start(name string, argv ...string) error {
	if t.Alive(name) {
		return fmt.Errorf("start %s: already running", name)
	}
	out, err := os.Create(t.Log(name))
	if err != nil {
		return fmt.Errorf("start %s: %w", name, err)
	}
	defer out.Close()
	cmd := exec.Command(argv[0], argv[1:]...)
	cmd.Stdout, cmd.Stderr = out, out
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("start %s: %w", name, err)
	}
	pid := cmd.Process.Pid
	go cmd.Wait() // reaps it while this program lives; afterwards init does
	start, err := startTime(pid)
	if err != nil {
		return fmt.Errorf("start %s: %w", name, err)
	}
	return os.WriteFile(t.file(name), fmt.Appendf(nil, "%d %s\n", pid, start), 0o644)
}

// Stop ends the process: SIGTERM, after grace SIGKILL. Stopping what does not run is no error.
func (t Table) Stop(name string, grace time.Duration) error {
	pid, alive := t.pid(name)
	if alive {
		if grace > 0 {
			_ = syscall.Kill(pid, syscall.SIGTERM)
		} else {
			_ = syscall.Kill(pid, syscall.SIGKILL)
		}
		deadline := time.Now().Add(max(grace, 5*time.Second))
		for t.Alive(name) {
			if time.Now().After(deadline) {
				_ = syscall.Kill(pid, syscall.SIGKILL)
				deadline = deadline.Add(5 * time.Second)
			}
			time.Sleep(50 * time.Millisecond)
		}
	}
	if err := os.Remove(t.file(name)); err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	return nil
}

// Alive reports whether the remembered process still runs.
func (t Table) Alive(name string) bool {
	_, ok := t.pid(name)
	return ok
}

// Names lists the processes that were started and not stopped.
func (t Table) Names() []string {
	files, _ := filepath.Glob(filepath.Join(t.Dir, "*.pid"))
	var names []string
	for _, f := range files {
		names = append(names, strings.TrimSuffix(filepath.Base(f), ".pid"))
	}
	return names
}

// Log is the file that holds the output of a process.
func (t Table) Log(name string) string { return filepath.Join(t.Dir, name+".log") }

func (t Table) file(name string) string { return filepath.Join(t.Dir, name+".pid") }

func (t Table) pid(name string) (int, bool) {
	data, err := os.ReadFile(t.file(name))
	if err != nil {
		return 0, false
	}
	f := strings.Fields(string(data))
	if len(f) != 2 {
		return 0, false
	}
	pid, err := strconv.Atoi(f[0])
	if err != nil {
		return 0, false
	}
	start, err := startTime(pid)
	return pid, err == nil && start == f[1]
}

// startTime returns field 22 of /proc/PID/stat; a zombie counts as gone.
func startTime(pid int) (string, error) {
	data, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return "", err
	}
	s := string(data)
	f := strings.Fields(s[strings.LastIndexByte(s, ')')+1:]) // f[0] is field 3, the state
	if len(f) < 20 || f[0] == "Z" {
		return "", os.ErrProcessDone
	}
	return f[19], nil
}
