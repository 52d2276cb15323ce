package render

// Words for counts, times and objects.

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/util/duration"

	"github.com/kubectl-scars/kubectl-scars/pkg/finding"
)

// recent is how old a report may be without the header saying so.
const recent = 5 * time.Minute

func itoa(n int) string { return strconv.Itoa(n) }

// number is a count with its noun.
func number(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return itoa(n) + " " + many
}

// counts says how many findings there are of each severity, worst first: "2 critical, 5 warning".
func counts(findings []finding.Finding) string {
	bySeverity := map[finding.Severity]int{}
	other := 0
	for _, f := range findings {
		if f.Severity.Rank() < len(finding.Severities()) {
			bySeverity[f.Severity]++
		} else {
			other++
		}
	}
	var parts []string
	for _, s := range finding.Severities() {
		if n := bySeverity[s]; n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", n, s))
		}
	}
	if other > 0 {
		parts = append(parts, fmt.Sprintf("%d other", other))
	}
	return strings.Join(parts, ", ")
}

// age is a distance in time as kubectl words it: "3m12s ago", or "in 12d".
func age(d time.Duration) string {
	switch {
	case d > -time.Second && d < time.Second:
		return "now"
	case d < 0:
		return "in " + duration.HumanDuration(-d)
	default:
		return duration.HumanDuration(d) + " ago"
	}
}

// when tells a time: how long ago on a terminal, both in wide, absolute elsewhere; empty where there is none.
func (p *page) when(t *time.Time) string {
	if t == nil || t.IsZero() {
		return ""
	}
	absolute := t.UTC().Format(time.RFC3339)
	switch {
	case !p.Terminal || p.now.IsZero():
		return absolute
	case p.wide:
		return absolute + " (" + age(p.now.Sub(*t)) + ")"
	default:
		return age(p.now.Sub(*t))
	}
}

// lasting says for how long the trouble lasts, or when it was last seen.
func (p *page) lasting(f finding.Finding) string {
	if last := p.when(f.LastSeen); last != "" {
		return "last seen " + last
	}
	first := p.when(f.FirstSeen)
	if short, ok := strings.CutSuffix(first, " ago"); ok {
		return "for " + short
	}
	if first != "" {
		return "since " + first
	}
	return ""
}

// ref names an object as kubectl takes it: deployment/web -n shop.
func (p *page) ref(o finding.ObjectRef) string {
	if o.Kind == "" && o.Name == "" {
		return "(an object without kind and name)"
	}
	name := strings.TrimSuffix(o.String(), "/")
	if o.Namespace != "" {
		name += " -n " + o.Namespace
	}
	return name
}

// nouns are the words for one and for many objects of a resource; what has none here is told as the API names it.
func nouns(resource string) (one, many string) {
	name, _, _ := strings.Cut(resource, ".")
	switch name {
	case "endpointslices":
		return "endpoint slice", "endpoint slices"
	case "ingresses":
		return "ingress", "ingresses"
	case "networkpolicies":
		return "network policy", "network policies"
	case "persistentvolumeclaims":
		return "claim", "claims"
	case "persistentvolumes":
		return "volume", "volumes"
	case "storageclasses":
		return "storage class", "storage classes"
	case "pods", "services", "events", "nodes", "namespaces", "secrets", "configmaps", "deployments", "replicasets", "statefulsets",
		"daemonsets", "jobs", "cronjobs", "gateways", "certificates", "volumeattachments":
		return strings.TrimSuffix(name, "s"), name
	default:
		return name, name
	}
}

// looked counts objects of a resource: "12 pods", "no network policies".
func looked(l finding.Looked) string {
	one, many := nouns(l.Resource)
	if l.Count == 0 {
		return "no " + many
	}
	return number(l.Count, one, many)
}
