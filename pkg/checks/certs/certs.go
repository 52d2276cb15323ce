// Package certs holds the checks of the certs area: which certificates expire, do not fit, or are missing.
package certs

import "github.com/kubectl-scars/kubectl-scars/pkg/analysis"

// Checks lists the area's checks in the order in which explain lists them.
func Checks() []*analysis.Check {
	return []*analysis.Check{Expired, Expiring, KeyMismatch, SecretMissing, HostNotCovered, SecretMalformed}
}
