package lab

// This file finds the incidents and the healthy workloads that can be played.

import (
	"embed"
	"fmt"
	"slices"

	"github.com/kubectl-scars/kubectl-scars/test/lab/internal/incident"
)

//go:embed incidents healthy
var files embed.FS

// Incidents are all that the lab can play; each wants one check.
func Incidents() ([]incident.Incident, error) { return incident.Load(files, "incidents") }

// Healthy are the workloads about which the tool must be silent.
func Healthy() ([]incident.Incident, error) { return incident.Load(files, "healthy") }

// Named chooses incidents and healthy workloads by name; all when none is named.
func Named(names ...string) ([]incident.Incident, error) {
	bad, err := Incidents()
	if err != nil {
		return nil, err
	}
	good, err := Healthy()
	if err != nil {
		return nil, err
	}
	all := append(bad, good...)
	if len(names) == 0 {
		return all, nil
	}
	for _, n := range names {
		if !slices.ContainsFunc(all, func(in incident.Incident) bool { return in.Name == n }) {
			return nil, fmt.Errorf("no incident and no healthy workload is called %q", n)
		}
	}
	return slices.DeleteFunc(all, func(in incident.Incident) bool { return !slices.Contains(names, in.Name) }), nil
}
