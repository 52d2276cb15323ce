package lab

// This file makes the Secrets with certificates that incidents ask for.

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/kubectl-scars/kubectl-scars/test/lab/internal/incident"
	"github.com/kubectl-scars/kubectl-scars/test/lab/internal/pki"
)

// applyCert writes the Secret that an incident asks for. Its key is made for it and worth nothing.
func (l *Lab) applyCert(ctx context.Context, namespace string, c incident.Cert) error {
	ca, err := l.ca()
	if err != nil {
		return err
	}
	now := time.Now()
	subject := pki.Subject{Name: c.Hosts[0], Hosts: c.Hosts, NotBefore: now.Add(c.From), NotAfter: now.Add(c.To)}
	crt, key, err := ca.PEM(subject)
	if err != nil {
		return err
	}
	switch c.Fault {
	case "":
	case "key":
		_, key, err = ca.PEM(subject)
	case "text":
		crt = []byte("see the vault\n")
	case "chain":
		crt = append(bytes.TrimSpace(crt[:len(crt)*2/3]), '\n')
	case "empty":
		crt = nil
	default:
		err = fmt.Errorf("cert %s: unknown fault %q", c.Secret, c.Fault)
	}
	if err != nil {
		return err
	}
	secret, err := json.Marshal(map[string]any{
		"apiVersion": "v1", "kind": "Secret", "type": "kubernetes.io/tls",
		"metadata": map[string]any{"name": c.Secret},
		"data":     map[string][]byte{"tls.crt": crt, "tls.key": key},
	})
	if err != nil {
		return err
	}
	_, err = l.Run(ctx, secret, "apply", "--server-side", "-n", namespace, "-f", "-") // leaves no copy in an annotation
	return err
}
