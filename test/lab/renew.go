package lab

// This file gives a lab that runs already the application of this checkout.

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"github.com/kubectl-scars/kubectl-scars/test/lab/internal/parts"
)

// renew has all nodes import the application's image anew where cmd/load is another than the one that they have. What runs goes on with the
// old one until its container is started again. A node that is off makes it fail.
func (l *Lab) renew(ctx context.Context, log io.Writer) error {
	module, err := parts.ModuleDir(ctx)
	if err != nil {
		return err
	}
	next := filepath.Join(l.Dir, "bin", "next")
	if err := os.MkdirAll(next, 0o755); err != nil {
		return err
	}
	load, err := parts.Own(ctx, module, next, "load")
	if err != nil {
		return err
	}
	old := filepath.Join(l.Dir, "bin", "load")
	same, err := equal(old, load)
	if err != nil || same {
		return err
	}
	fmt.Fprintln(log, "renewing the application's image in the nodes")
	// Nodes see the host's files through an overlay, which need not notice that one has changed: a new name it has never looked up.
	archive := fmt.Sprintf("app-%d.tar", time.Now().UnixNano())
	if err := l.application(load, archive); err != nil {
		return err
	}
	for _, n := range nodes {
		if _, err := l.InNode(ctx, n.Name(), "ctr -n k8s.io images import "+filepath.Join(l.Dir, "images", archive)); err != nil {
			return fmt.Errorf("%s: %w", n.Name(), err)
		}
	}
	if err := os.Rename(filepath.Join(l.Dir, "images", archive), filepath.Join(l.Dir, "images", "app.tar")); err != nil {
		return err
	}
	return os.Rename(load, old)
}

func equal(a, b string) (bool, error) {
	x, err := os.ReadFile(a)
	if err != nil {
		return false, err
	}
	y, err := os.ReadFile(b)
	return bytes.Equal(x, y), err
}
