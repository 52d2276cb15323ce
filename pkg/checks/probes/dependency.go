package probes

// This file tells probes that answer for more than the process they ask, by their path, and what they say when that fails.

import (
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"

	"github.com/kubectl-scars/kubectl-scars/pkg/kubeevent"
)

// askedFor is the end of a probe's path by which it answers for what its process depends on, empty where there is none: whole segments, in
// any case. Further up they name what serves below, as a database does. plain tells that it leaves no doubt; of a path that asks whether the
// program is ready, only what it answers tells.
func askedFor(p *corev1.Probe) (word string, plain bool) {
	if p == nil || p.HTTPGet == nil || byMesh(p) {
		return "", false
	}
	path, _, _ := strings.Cut(strings.ToLower(p.HTTPGet.Path), "?")
	segments := strings.Split(strings.Trim(path, "/"), "/")
	last, before := segments[len(segments)-1], ""
	if len(segments) > 1 {
		before = segments[len(segments)-2]
	}
	if slices.Contains([]string{"db", "database", "deps", "dependencies"}, last) || strings.HasPrefix(before, "health") && (last == "deep" || last == "full") {
		return last, true
	}
	if last == "health" && before == "actuator" { // Spring Boot's, of all that is known; /liveness below it is not
		return "actuator/health", false
	}
	if slices.Contains([]string{"ready", "readyz", "readiness", "full", "deep"}, last) {
		return last, false
	}
	return "", false
}

// unwell tells whether a program that runs answers so where something that it needs is missing or slow.
func unwell(u kubeevent.Unhealthy) bool {
	return u.Class == kubeevent.ResponseTimeout || u.Class == kubeevent.HTTPStatus && u.Status == 503
}

// ownFault tells whether the program says that it has failed, and not for what: a fault of its own, or of what all replicas share.
func ownFault(u kubeevent.Unhealthy) bool {
	return u.Class == kubeevent.HTTPStatus && (u.Status == 500 || u.Status == 501)
}
