package lab

// This file writes the Secrets with certificates that incidents ask for.

import (
	"context"
	"encoding/json"
	"time"

	"github.com/kubectl-scars/kubectl-scars/test/lab/internal/incident"
)

func (l *Lab) applyCert(ctx context.Context, namespace string, c incident.Cert) error {
	ca, err := l.ca()
	if err != nil {
		return err
	}
	s, err := c.Object(ca, namespace, time.Now())
	if err != nil {
		return err
	}
	secret, err := json.Marshal(s)
	if err != nil {
		return err
	}
	return l.Apply(ctx, namespace, secret)
}
