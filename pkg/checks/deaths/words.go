package deaths

// This file puts cases into words and commands.

import (
	"fmt"
	"strings"
	"time"

	"github.com/kubectl-scars/kubectl-scars/pkg/analysis"
	"github.com/kubectl-scars/kubectl-scars/pkg/finding"
	"github.com/kubectl-scars/kubectl-scars/pkg/restart"
	"github.com/kubectl-scars/kubectl-scars/pkg/snapshot"
)

// Who names the container: "container web", "init container migrate", "sidecar proxy".
func (c Case) Who() string {
	if c.Container == "" {
		return "pod"
	}
	kind := c.Kind
	if kind == "" {
		kind = restart.Regular
	}
	return string(kind) + " " + c.Container
}

// Counted says how often, for causes that events count: "5 times in 12m, last 40s ago".
func (c Case) Counted(now time.Time) string {
	switch {
	case c.Last.IsZero() && c.Count == 1:
		return "once, nothing tells when"
	case c.Last.IsZero():
		return fmt.Sprintf("%d times, nothing tells when", c.Count)
	}
	if c.Count == 1 {
		return analysis.Ago(now, c.Last) + " ago"
	}
	within := " at once"
	if d := c.Last.Sub(c.First); d >= time.Second {
		within = " in " + analysis.Span(d)
	}
	return fmt.Sprintf("%d times%s, last %s ago", c.Count, within, analysis.Ago(now, c.Last))
}

// Lately says when last, after how long a life, and how many restarts there have been: for causes that nothing counts.
func (c Case) Lately(now time.Time) string {
	if c.Last.IsZero() {
		return ""
	}
	s := "last " + analysis.Ago(now, c.Last) + " ago"
	if life, ok := c.Toll.Latest().Lifetime(); ok {
		s += " after " + analysis.Span(life) + " of life"
	}
	switch {
	case c.Restarts == 1:
		s += ", 1 restart"
	case c.Restarts > 1:
		s += fmt.Sprintf(", %d restarts", c.Restarts)
	case c.Count > 1:
		s += fmt.Sprintf(", %d deaths", c.Count)
	}
	return s
}

// Tail is what every message ends with: how many replicas are hit, and the rollout that brought it.
func (c Case) Tail() string {
	var parts []string
	if c.Pods > 1 && c.Hit > 0 {
		parts = append(parts, fmt.Sprintf("%d of %d replicas hit", c.Hit, c.Pods))
	}
	if c.onset != "" {
		parts = append(parts, c.onset)
	}
	if len(parts) == 0 {
		return ""
	}
	return "; " + strings.Join(parts, "; ")
}

// Evidence is that of the last few deaths, the last first, each line once.
func (c Case) Evidence() []finding.Evidence {
	const most = 3
	var out []finding.Evidence
	seen := map[string]bool{}
	for i := len(c.Deaths) - 1; i >= 0 && i >= len(c.Deaths)-most; i-- {
		for _, e := range c.Deaths[i].Evidence {
			key := e.Object.Name + "\x00" + e.Source + "\x00" + e.Value
			if !seen[key] {
				seen[key] = true
				out = append(out, e)
			}
		}
	}
	return out
}

// Look is how to look at the last death: the log of the life that ended, and the pod with its events.
func (c Case) Look() []finding.Fix {
	if c.Latest == nil {
		return []finding.Fix{{
			Text: "See which pods there are now", Command: finding.Kubectl(c.Workload.Namespace, "get", "pods"),
		}}
	}
	var out []finding.Fix
	if c.Container != "" {
		args := []string{"logs", "-p", c.Latest.Name, "-c", c.Container}
		if restarts, _ := status(c.Latest, c.Container, time.Time{}); restarts == 0 {
			args = []string{"logs", c.Latest.Name, "-c", c.Container}
		}
		out = append(out, finding.Fix{Text: "Read what it said last", Command: finding.Kubectl(c.Workload.Namespace, args...)})
	}
	return append(out, finding.Fix{
		Text: "See limits, state and events side by side", Command: finding.Kubectl(c.Workload.Namespace, "describe", "pod", c.Latest.Name),
	})
}

// Code names how a container ended: the exit code, and the signal that it stands for.
func Code(d restart.Death) string {
	switch {
	case !d.FromStatus || d.Pod.Container == "":
		return "SIGKILL"
	case d.ExitCode == 0:
		return "0"
	case d.ExitCode == 143:
		return "143 (SIGTERM)"
	default:
		return "137 (SIGKILL)"
	}
}

// CannotTell is what cannot be said of the last death, and why: its events have expired, or were not read.
func (c Case) CannotTell(p *analysis.Pass) string {
	why := "no events of that time are left"
	if p.Complete(snapshot.Events, c.Workload.Namespace) == snapshot.Unknown {
		why = "the events were not read completely"
	}
	last := c.Toll.Latest()
	return fmt.Sprintf("what ended %s with %s %s ago: %s", c.Who(), Code(last), analysis.Ago(p.Now(), last.Finished), why)
}
