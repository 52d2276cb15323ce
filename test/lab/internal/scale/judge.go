package scale

// This file holds what the tool found to what was planted.

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
)

// Verdict is what was planted and not found, and what was found and not planted.
type Verdict struct {
	Missed, Extra []string
	Gaps          []string // of coverage
}

// Judge reads a report in JSON.
func Judge(report []byte, planted []Planted) (Verdict, error) {
	var r struct {
		Kind     string
		Findings []struct {
			Check, Message string
			Object         struct{ Kind, Namespace, Name string }
		}
		Coverage []struct{ Resource, State, Reason string }
	}
	if err := json.Unmarshal(report, &r); err != nil || r.Kind != "Report" {
		return Verdict{}, fmt.Errorf("read the report (%d bytes): %w", len(report), err)
	}
	var v Verdict
	missed := map[Planted]bool{}
	for _, p := range planted {
		missed[p] = true
	}
	for _, f := range r.Findings {
		p := Planted{f.Check, f.Object.Kind, f.Object.Namespace, f.Object.Name}
		if !slices.Contains(planted, p) {
			v.Extra = append(v.Extra, fmt.Sprintf("%v: %s", p, f.Message))
		}
		delete(missed, p)
	}
	for p := range missed {
		v.Missed = append(v.Missed, fmt.Sprint(p))
	}
	slices.Sort(v.Missed)
	for _, c := range r.Coverage {
		if c.State != "ok" && !(c.State == "absent" && strings.HasSuffix(c.Resource, ".metrics.k8s.io")) { // a still cluster has no metrics API
			v.Gaps = append(v.Gaps, fmt.Sprintf("%s %s: %s", c.Resource, c.State, c.Reason))
		}
	}
	return v, nil
}
