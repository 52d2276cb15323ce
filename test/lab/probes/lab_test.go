package probes

// This file plays things on the lab, side by side.

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"sync"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/client-go/kubernetes"

	"github.com/kubectl-scars/kubectl-scars/test/lab"
)

var (
	all  = flag.Bool("all", false, "play all cases, not only the quick ones")
	only = flag.String("only", "", "play the starts (starts), or the cases whose titles contain this; empty is the quick cases")
)

// stage is what is played on.
type stage struct {
	*lab.Lab
	tool   lab.Tool
	client kubernetes.Interface
}

// act is one thing to play, in a namespace of its own.
type act struct {
	name, namespace string
	play            func(ctx context.Context) error
}

// playAll plays side by side, each as a subtest. An emulated node on a busy machine misses its times now and then: then it is played once
// more, and that is said.
func playAll(t *testing.T, list func(*stage) []act) {
	ctx, stop := signal.NotifyContext(t.Context(), os.Interrupt)
	defer stop()
	l := lab.Start(ctx, t)
	tool, err := l.Tool(ctx)
	if err != nil {
		t.Fatal(err)
	}
	client, err := l.Client()
	if err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	s := &stage{l, tool, client}
	acts := list(s)
	if len(acts) == 0 {
		t.Fatalf("nothing to play is called %q", *only)
	}
	for _, a := range acts {
		wg.Go(func() {
			t.Run(a.name, func(t *testing.T) {
				release, err := l.Turn(ctx)
				if err != nil {
					t.Fatal(err)
				}
				defer release()
				err = s.once(ctx, a)
				if err != nil && ctx.Err() == nil {
					t.Logf("second try, because: %v", err)
					err = s.once(ctx, a)
				}
				if err != nil {
					t.Error(err)
				}
			})
		})
	}
	wg.Wait()
}

// once plays in an empty namespace, and takes it away.
func (s *stage) once(ctx context.Context, a act) error {
	if _, err := s.Run(ctx, nil, "delete", "namespace", a.namespace, "--ignore-not-found", "--timeout=5m"); err != nil {
		return err
	}
	defer func() {
		ctx := context.WithoutCancel(ctx)
		_, _ = s.Run(ctx, nil, "delete", "pods", "--all", "-n", a.namespace, "--grace-period=1", "--wait=false") // some ignore SIGTERM
		_ = s.Delete(ctx, a.namespace, nil)
	}()
	return a.play(ctx)
}

// create makes a pod.
func (s *stage) create(ctx context.Context, namespace string, pod *corev1.Pod) error {
	manifest, err := json.Marshal(pod)
	if err != nil {
		return err
	}
	return s.Apply(ctx, namespace, manifest)
}

// until calls try every other second until it has no complaint; the last one is told when time is over.
func until(ctx context.Context, limit time.Duration, try func() (complaint string, err error)) error {
	var last string
	err := wait.PollUntilContextTimeout(ctx, 2*time.Second, limit, true, func(context.Context) (bool, error) {
		var err error
		last, err = try()
		return last == "", err
	})
	if wait.Interrupted(err) {
		return fmt.Errorf("waited %s: %s", limit, last)
	}
	return err
}

// under is the status of the container under test, nil where there is none yet.
func under(pod *corev1.Pod) *corev1.ContainerStatus {
	for _, list := range [][]corev1.ContainerStatus{pod.Status.InitContainerStatuses, pod.Status.ContainerStatuses} {
		for i := range list {
			if list[i].Name == Under {
				return &list[i]
			}
		}
	}
	return nil
}

// is tells whether a condition of a pod is true.
func is(pod *corev1.Pod, condition corev1.PodConditionType) bool {
	for _, c := range pod.Status.Conditions {
		if c.Type == condition {
			return c.Status == corev1.ConditionTrue
		}
	}
	return false
}
