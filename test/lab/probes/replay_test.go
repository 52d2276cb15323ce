package probes

// This file replays Kubernetes' cases.

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// TestReplay plays the cases and wants the tool's verdict to be each one's title: restarted by this probe, or not.
func TestReplay(t *testing.T) {
	if *only == "starts" {
		t.Skip("only starts")
	}
	cases, unplayed, err := Cases()
	if err != nil {
		t.Fatal(err)
	}
	if *all {
		for _, u := range unplayed {
			t.Logf("not played: %s: %s", u.Title, u.Why)
		}
	}
	playAll(t, func(s *stage) (acts []act) {
		for i, c := range cases {
			for _, as := range c.As {
				name := as + ": " + c.Title
				if *all || *only == "" && slices.Contains(c.Quick, as) || *only != "" && strings.Contains(name, *only) {
					namespace := fmt.Sprintf("case-%02d-%s", i, as)
					acts = append(acts, act{name, namespace, func(ctx context.Context) error { return s.replay(ctx, c, as, namespace) }})
				}
			}
		}
		return acts
	})
}

func (s *stage) replay(ctx context.Context, c Case, as, namespace string) error {
	if err := s.create(ctx, namespace, c.Pod(as)); err != nil {
		return err
	}
	var err error
	switch {
	case c.Restarted != "":
		err = s.restarted(ctx, c, namespace)
	case c.Until == "ending":
		err = s.ending(ctx, c, namespace)
	default:
		err = s.left(ctx, c, namespace)
	}
	if err != nil {
		return err
	}
	if err := s.judge(ctx, c, namespace); err != nil || c.Until != "ending" {
		return err
	}
	err = until(ctx, 2*time.Minute, func() (string, error) {
		_, err := s.client.CoreV1().Pods(namespace).Get(ctx, "case", metav1.GetOptions{})
		if errors.IsNotFound(err) {
			return "", nil
		}
		return "the pod is still there", err
	})
	if err != nil {
		return err
	}
	c.Also = ""
	return s.judge(ctx, c, namespace)
}

// restarted waits until the node has restarted the container as often as the case wants.
func (s *stage) restarted(ctx context.Context, c Case, namespace string) error {
	return until(ctx, c.Patience(), func() (string, error) {
		_, st, err := s.look(ctx, namespace)
		if err != nil {
			return "", err
		}
		if st == nil || st.RestartCount < c.Restarts() {
			return fmt.Sprintf("not restarted %d times: %+v", c.Restarts(), st), nil
		}
		return "", nil
	})
}

// left waits as long as the case is watched, or until it is ready where that ends it. The node must do what the title says.
func (s *stage) left(ctx context.Context, c Case, namespace string) error {
	var running time.Time
	return until(ctx, c.Watch.Duration+5*time.Minute, func() (string, error) {
		pod, st, err := s.look(ctx, namespace)
		switch {
		case err != nil:
			return "", err
		case st == nil:
			return "no status", nil
		case st.RestartCount > 0:
			return "", fmt.Errorf("the node restarted it, against its title: %+v", st.LastTerminationState)
		case st.State.Running == nil:
			return "it does not run", nil
		}
		ready := is(pod, corev1.PodReady)
		if running.IsZero() {
			running = time.Now()
		}
		over := time.Since(running) >= c.Watch.Duration
		switch {
		case ready && c.Unready:
			return "", fmt.Errorf("it is ready, against its title")
		case c.Until == "ready" && ready:
			return "", nil
		case c.Until == "ready" && over:
			return "", fmt.Errorf("it was not ready within %s", c.Watch.Duration)
		case over:
			return "", nil
		}
		return "watched for " + time.Since(running).String(), nil
	})
}

// ending deletes the pod when it is ready, and waits until it is not ready any more while it ends.
func (s *stage) ending(ctx context.Context, c Case, namespace string) error {
	deleted := false
	return until(ctx, c.Watch.Duration+5*time.Minute, func() (string, error) {
		pod, _, err := s.look(ctx, namespace)
		if err != nil {
			return "", err
		}
		switch ready := is(pod, corev1.PodReady); {
		case deleted && !ready:
			return "", nil
		case !deleted && ready:
			deleted = true
			return "it was deleted", s.client.CoreV1().Pods(namespace).Delete(ctx, "case", metav1.DeleteOptions{})
		default:
			return fmt.Sprintf("deleted %v, ready %v", deleted, ready), nil
		}
	})
}

func (s *stage) look(ctx context.Context, namespace string) (*corev1.Pod, *corev1.ContainerStatus, error) {
	pod, err := s.client.CoreV1().Pods(namespace).Get(ctx, "case", metav1.GetOptions{})
	if err != nil {
		return nil, nil, err
	}
	return pod, under(pod), nil
}

// kills are the checks that say which probe restarted a container.
var kills = map[string]string{
	"probes/liveness-kill": "liveness", "probes/killed-while-starting": "liveness", "probes/startup-kill": "startup",
}

// judge asks the tool: it must name the probe that restarted the container, or none, and what else the case wants. The kubelet's events come
// a moment after what they tell.
func (s *stage) judge(ctx context.Context, c Case, namespace string) error {
	return until(ctx, time.Minute, func() (string, error) {
		r, err := s.tool.Report(ctx, "probes", "-n", namespace)
		if err != nil {
			return "", err
		}
		verdict, also := "", c.Also == ""
		for _, f := range r.Findings {
			probe, kill := kills[f.Check]
			mine := f.Object.Kind == "Pod" && f.Object.Name == "case" && f.Object.Container == Under
			switch {
			case kill && (!mine || verdict != "" && verdict != probe):
				return "", fmt.Errorf("a verdict too much: %v among %v", f, r.Findings)
			case kill:
				verdict = probe
			}
			also = also || mine && f.Check == c.Also
		}
		if verdict != c.Restarted || !also {
			return fmt.Sprintf("verdict %q, want %q, and %q; findings: %v", verdict, c.Restarted, c.Also, r.Findings), nil
		}
		return "", nil
	})
}
