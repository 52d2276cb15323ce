package cli

// What the help of an area says: its checks, and examples that can be pasted.

import (
	"fmt"
	"slices"
	"strings"

	"github.com/kubectl-scars/kubectl-scars/pkg/analysis"
	"github.com/kubectl-scars/kubectl-scars/pkg/checks"
	"github.com/kubectl-scars/kubectl-scars/pkg/snapshot"
	"github.com/kubectl-scars/kubectl-scars/pkg/term"
)

var areaShorts = map[string]string{
	"oom":    "Explain who was killed for memory, by whom and why",
	"probes": "Find probes that kill healthy pods, hide sick ones or do nothing",
	"netpol": "Find network policies that do nothing, and pods the network plugin broke",
	"certs":  "Find certificates that expire, do not fit or are missing",
	"pvc":    "Explain why a volume claim is pending or stuck, and what was left behind",
	"triage": "Find what is broken now, in all areas, worst first",
}

// areaLong lists the checks of an area, in so many columns.
func areaLong(name string, columns int) string {
	if name == "triage" {
		return "All checks of all areas, over one reading of the cluster."
	}
	var out strings.Builder
	out.WriteString("Checks:")
	width := 0
	for _, c := range checks.Of(name) {
		width = max(width, len(c.ID))
	}
	for _, c := range checks.Of(name) {
		title := term.Wrap(c.Doc.Title, max(columns-width-4, 20))
		fmt.Fprintf(&out, "\n  %-*s  %s", width, c.ID, strings.Join(title, "\n"+strings.Repeat(" ", width+4)))
	}
	return out.String()
}

func areaExample(name string) string {
	return fmt.Sprintf(`  # In the current namespace
  kubectl scars %[1]s

  # In the whole cluster
  kubectl scars %[1]s -A

  # What concerns one workload, or one %[2]s by its name
  kubectl scars %[1]s deployment/web -n shop
  kubectl scars %[1]s NAME -n shop

  # On what was saved before, or on any objects in files
  kubectl get -n shop -o yaml%[3]s |
    kubectl scars %[1]s --from -

  # On a recorded incident, without a cluster
  kubectl scars %[1]s --demo`, name, naturalType[name], gettable(areaChecks(name)))
}

func areaChecks(name string) []*analysis.Check {
	if name == "triage" {
		return checks.All()
	}
	return checks.Of(name)
}

// inAll are the kinds of ours that "kubectl get all" gets (kubernetes v1.37.2 pkg/registry, Categories).
var inAll = []snapshot.Kind{
	snapshot.Pods, snapshot.Services, snapshot.ReplicaSets, snapshot.Deployments, snapshot.StatefulSets, snapshot.DaemonSets, snapshot.Jobs,
	snapshot.CronJobs, snapshot.Autoscalers,
}

// gettable is the argument of kubectl get for all that checks look at, on a line of its own where it is long.
func gettable(list []*analysis.Check) string {
	var names []string
	for _, info := range analysis.Wanted(list) {
		switch {
		case info.Numbers:
		case slices.Contains(inAll, info.Kind):
			if !slices.Contains(names, "all") {
				names = slices.Insert(names, 0, "all")
			}
		default:
			names = append(names, shortened(info))
		}
	}
	out := strings.Join(names, ",")
	if len(out) > 40 {
		return " \\\n    " + out
	}
	return " " + out
}

// shortened is the resource, or its short name where that is not short itself.
func shortened(info snapshot.Info) string {
	if len(info.Resource) > len("secrets") {
		for short, kind := range shortNames {
			if kind == info.GVK.Kind {
				return short
			}
		}
	}
	return info.Resource
}
