package incident

// This file makes the Secrets with certificates that incidents ask for.

import (
	"bytes"
	"fmt"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/kubectl-scars/kubectl-scars/test/lab/internal/pki"
)

// Object makes the Secret, as of now. Its key is made for it and worth nothing.
func (c Cert) Object(ca *pki.CA, namespace string, now time.Time) (*corev1.Secret, error) {
	subject := pki.Subject{Name: c.Hosts[0], Hosts: c.Hosts, NotBefore: now.Add(c.From), NotAfter: now.Add(c.To)}
	crt, key, err := ca.PEM(subject)
	if err != nil {
		return nil, err
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
	return &corev1.Secret{
		TypeMeta:   metav1.TypeMeta{APIVersion: "v1", Kind: "Secret"},
		ObjectMeta: metav1.ObjectMeta{Name: c.Secret, Namespace: namespace}, Type: corev1.SecretTypeTLS,
		Data: map[string][]byte{corev1.TLSCertKey: crt, corev1.TLSPrivateKeyKey: key},
	}, err
}
