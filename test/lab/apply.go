package lab

// This file puts manifests into the cluster and takes them away again.

import (
	"bytes"
	"context"
	"fmt"
	"os/exec"
	"strings"
	"time"
)

// Run runs the real kubectl as administrator and returns its standard output.
func (l *Lab) Run(ctx context.Context, stdin []byte, args ...string) (string, error) {
	cmd := exec.CommandContext(ctx, l.Kubectl(), append([]string{"--kubeconfig", l.Kubeconfig()}, args...)...)
	var stdout, stderr bytes.Buffer
	cmd.Stdin, cmd.Stdout, cmd.Stderr = bytes.NewReader(stdin), &stdout, &stderr
	if err := cmd.Run(); err != nil {
		return stdout.String(), fmt.Errorf("kubectl %s: %w: %s", strings.Join(args, " "), err, strings.TrimSpace(stderr.String()))
	}
	return stdout.String(), nil
}

// Apply creates the namespace where it is missing and applies a manifest in it.
func (l *Lab) Apply(ctx context.Context, namespace string, manifest []byte) error {
	ns := fmt.Sprintf(`{"apiVersion":"v1","kind":"Namespace","metadata":{"name":%q}}`, namespace)
	if _, err := l.Run(ctx, []byte(ns), "apply", "-f", "-"); err != nil {
		return err
	}
	// Pods need the default ServiceAccount, which a controller makes a moment later.
	if _, err := l.Run(ctx, nil, "wait", "-n", namespace, "--for=create", "serviceaccount/default", "--timeout=60s"); err != nil {
		return err
	}
	if len(bytes.TrimSpace(manifest)) == 0 {
		return nil
	}
	_, err := l.Run(ctx, manifest, "apply", "-n", namespace, "-f", "-")
	return err
}

// gone waits while a namespace is being deleted.
func (l *Lab) gone(ctx context.Context, namespace string) error {
	return poll(ctx, 6*time.Minute, time.Second, func() (string, error) {
		phase, err := l.Run(ctx, nil, "get", "namespace", namespace, "--ignore-not-found", "-o", "jsonpath={.status.phase}")
		if phase == "Terminating" {
			return namespace + " is still being deleted", nil
		}
		return "", err
	})
}

// Delete removes what Apply made: the manifest's objects, cluster-scoped ones among them, and the namespace. It does not
// wait until they are gone.
func (l *Lab) Delete(ctx context.Context, namespace string, manifest []byte) error {
	if len(bytes.TrimSpace(manifest)) > 0 {
		if _, err := l.Run(ctx, manifest, "delete", "-n", namespace, "--ignore-not-found", "--wait=false", "-f", "-"); err != nil {
			return err
		}
	}
	_, err := l.Run(ctx, nil, "delete", "namespace", namespace, "--ignore-not-found", "--wait=false")
	return err
}

// clear is Delete, and returns when everything is gone.
func (l *Lab) clear(ctx context.Context, namespace string, manifest []byte) error {
	if err := l.Delete(ctx, namespace, manifest); err != nil {
		return err
	}
	if err := l.gone(ctx, namespace); err != nil {
		return err
	}
	if len(bytes.TrimSpace(manifest)) == 0 {
		return nil
	}
	_, err := l.Run(ctx, manifest, "delete", "-n", namespace, "--ignore-not-found", "--timeout=60s", "-f", "-")
	return err
}
