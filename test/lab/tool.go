package lab

// This file builds the tool and runs it as a user does: through kubectl.

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/kubectl-scars/kubectl-scars/test/lab/internal/parts"
)

// Tool is kubectl-scars, built from the checkout that this module lies in, as kubectl finds it: on the PATH.
type Tool struct {
	lab *Lab
	dir string
}

// Result is what one run of the tool gave.
type Result struct {
	Stdout, Stderr []byte
	Code           int
	Took           time.Duration
	Requests       []Request // what this run asked of the API server
}

// Tool builds the tool, where no other checkout that plays on the same lab builds its own.
func (l *Lab) Tool(ctx context.Context) (Tool, error) {
	module, err := parts.ModuleDir(ctx)
	if err != nil {
		return Tool{}, err
	}
	dir := filepath.Join(l.Dir, "plugin", strings.ReplaceAll(strings.Trim(module, "/"), "/", "-"))
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return Tool{}, err
	}
	_, err = parts.Tool(ctx, module, dir)
	return Tool{l, dir}, err
}

// Run executes "kubectl scars ARGS…" as an administrator of its own, so that its requests can be told from all others.
// A code other than zero is a result, not an error.
func (t Tool) Run(ctx context.Context, args ...string) (Result, error) {
	u, err := t.admin()
	if err != nil {
		return Result{}, err
	}
	defer os.Remove(u.Kubeconfig)
	return t.RunAs(ctx, u, args...)
}

// admin makes an administrator who has asked for nothing yet.
func (t Tool) admin() (User, error) {
	return t.lab.user(fmt.Sprintf("tool-%d", time.Now().UnixNano()), "", "system:masters")
}

// RunAs is Run as a given user.
func (t Tool) RunAs(ctx context.Context, u User, args ...string) (Result, error) {
	since, err := t.lab.mark()
	if err != nil {
		return Result{}, err
	}
	r, err := t.kubectl(ctx, u, append([]string{"scars"}, args...)...)
	if err != nil {
		return r, err
	}
	r.Requests, err = t.lab.requests(ctx, since, u.Name)
	return r, err
}

// kubectl runs the real kubectl with the tool on its PATH; what was requested is not looked up.
func (t Tool) kubectl(ctx context.Context, u User, args ...string) (Result, error) {
	cmd := exec.CommandContext(ctx, t.lab.Kubectl(), args...)
	cmd.Env = append(os.Environ(), "KUBECONFIG="+u.Kubeconfig, "PATH="+t.dir+":"+os.Getenv("PATH"))
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	begin := time.Now()
	err := cmd.Run()
	r := Result{Stdout: stdout.Bytes(), Stderr: stderr.Bytes(), Took: time.Since(begin)}
	if exit, ok := errors.AsType[*exec.ExitError](err); ok {
		r.Code = exit.ExitCode()
	} else if err != nil {
		return r, fmt.Errorf("run kubectl %s: %w", strings.Join(args, " "), err)
	}
	return r, nil
}
