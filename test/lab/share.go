package lab

// This file lets test packages share one lab: "go test ./..." runs several of them at once.

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/kubectl-scars/kubectl-scars/test/lab/internal/parts"
)

// Start returns the running lab, whatever its cgroups, or brings one up that is taken down again when the last test that uses it has ended.
func Start(ctx context.Context, t *testing.T) *Lab {
	t.Helper()
	l, err := open()
	if err != nil {
		t.Fatal(err)
	}
	if err := parts.Built(l.cache); err != nil {
		t.Fatal(err)
	}
	users, err := lock(l.cache, "users", syscall.LOCK_SH)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := leave(users); err != nil {
			t.Error(err)
		}
	})
	l, fresh, err := up(ctx, os.Stderr, CgroupV2)
	if err != nil {
		t.Fatal(err)
	}
	if fresh {
		if err := os.WriteFile(l.temporary(), nil, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return l
}

// temporary is there while the lab is one that tests brought up.
func (l *Lab) temporary() string { return filepath.Join(l.Dir, "temporary") }

// leave takes the lab down where tests brought it up and nobody else uses it any more.
func leave(users *os.File) error {
	defer users.Close()
	if err := syscall.Flock(int(users.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); errors.Is(err, syscall.EWOULDBLOCK) {
		return nil
	} else if err != nil {
		return err
	}
	l, err := open()
	if err != nil {
		return err
	}
	if _, err := os.Stat(l.temporary()); err != nil {
		return nil
	}
	return l.Down()
}

// lock waits for a lock of a name and takes it; it is released when the file is closed.
func lock(cache, name string, how int) (*os.File, error) {
	if err := os.MkdirAll(cache, 0o755); err != nil {
		return nil, err
	}
	f, err := os.OpenFile(filepath.Join(cache, name+".lock"), os.O_CREATE|os.O_RDWR, 0o644)
	if err != nil {
		return nil, err
	}
	if err := syscall.Flock(int(f.Fd()), how); err != nil {
		return nil, errors.Join(fmt.Errorf("lock %s: %w", f.Name(), err), f.Close())
	}
	return f, nil
}

// atOnce is how many incidents are under way on the lab at once, in whatever test package: emulated nodes start containers slowly.
const atOnce = 8

// Turn waits until fewer than that are, and counts as one until it is released.
func (l *Lab) Turn(ctx context.Context) (release func(), err error) {
	var turns []string
	for i := range atOnce {
		turns = append(turns, fmt.Sprintf("turn-%d", i))
	}
	return l.take(ctx, turns...)
}

// Use waits until nobody else uses a thing, a node, and has it alone until it is released.
func (l *Lab) Use(ctx context.Context, thing string) (release func(), err error) {
	return l.take(ctx, "use-"+thing)
}

// take waits until one of some locks is free, and takes it.
func (l *Lab) take(ctx context.Context, names ...string) (release func(), err error) {
	for {
		for _, name := range names {
			f, err := lock(l.cache, name, syscall.LOCK_EX|syscall.LOCK_NB)
			if err == nil {
				return func() { _ = f.Close() }, nil
			}
			if !errors.Is(err, syscall.EWOULDBLOCK) {
				return nil, err
			}
		}
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-time.After(200 * time.Millisecond):
		}
	}
}
