package lab

// This file makes clients of the lab's API server.

import (
	"context"
	"errors"
	"fmt"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
)

// Config is the administrator's client configuration, without client-side limits.
func (l *Lab) Config() (*rest.Config, error) {
	c, err := clientcmd.BuildConfigFromFlags("", l.Kubeconfig())
	if err != nil {
		return nil, err
	}
	c.QPS, c.UserAgent = -1, "lab"
	return c, nil
}

// Client is a typed client of the administrator.
func (l *Lab) Client() (kubernetes.Interface, error) {
	c, err := l.Config()
	if err != nil {
		return nil, err
	}
	return kubernetes.NewForConfig(c)
}

// WaitNode waits until a node is Ready, or until it is not.
func (l *Lab) WaitNode(ctx context.Context, name string, ready bool) error {
	c, err := l.Client()
	if err != nil {
		return err
	}
	err = Poll(ctx, 4*time.Minute, time.Second, func() (string, error) {
		n, err := c.CoreV1().Nodes().Get(ctx, name, metav1.GetOptions{})
		if err != nil {
			return err.Error(), nil
		}
		for _, cond := range n.Status.Conditions {
			if cond.Type != corev1.NodeReady {
				continue
			}
			if (cond.Status == corev1.ConditionTrue) == ready {
				return "", nil
			}
			return fmt.Sprintf("Ready=%s %s %s", cond.Status, cond.Reason, cond.Message), nil
		}
		return "no Ready condition", nil
	})
	if err != nil {
		return fmt.Errorf("wait for %s: %w", name, errors.Join(err, ctx.Err()))
	}
	return nil
}
