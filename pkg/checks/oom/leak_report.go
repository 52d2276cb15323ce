package oom

// This file puts suspected leaks into words.

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/kubectl-scars/kubectl-scars/pkg/analysis"
	"github.com/kubectl-scars/kubectl-scars/pkg/checks/deaths"
	"github.com/kubectl-scars/kubectl-scars/pkg/finding"
	"github.com/kubectl-scars/kubectl-scars/pkg/headroom"
)

// reportKills tells of kills that come at an age.
func (l leak) reportKills(p *analysis.Pass, c deaths.Case, severity finding.Severity) {
	f := finding.Finding{
		Severity: severity, Confidence: finding.Consistent, Object: l.object, Evidence: c.Evidence(), FirstSeen: c.FirstSeen(), LastSeen: c.LastSeen(),
	}
	lives := fmt.Sprintf("killed %d times at its memory limit of %s, each after %s of life", len(l.kills), finding.Bytes(l.limit.Bytes), between(l.lives.Shortest, l.lives.Longest))
	for _, d := range l.kills {
		if life, ok := d.Lifetime(); ok {
			f.Evidence = append(f.Evidence, finding.Evidence{
				Object: d.Pod, Source: d.Evidence[0].Source + ".startedAt", Value: "lived " + analysis.Span(life), Time: finding.At(d.Started),
			})
		}
	}
	next := ""
	if l.measured {
		if l.lives.Shortest >= slowLife {
			f.Confidence = finding.Strong
		}
		f.Message = fmt.Sprintf("%s seems to leak %s: %s, on a line with what runs now (%s)", c.Who(), l.rate(), lives, l.ends())
		if left, limited := l.untilLimit(); limited {
			next = "next in " + analysis.Span(left) + ", "
		}
		l.show(&f)
	} else {
		f.Severity = finding.Info
		f.Message = fmt.Sprintf("%s seems to leak, at most %s: %s", c.Who(), l.rate(), lives)
	}
	f.Message += "; " + next + "a larger limit only delays it" + c.Tail()
	f.Fix = l.fix()
	p.Report(f)
}

// reportAge tells of replicas that use the more the older they are.
func (l leak) reportAge(p *analysis.Pass) {
	f := finding.Finding{Severity: finding.Info, Confidence: finding.Consistent, Object: l.object}
	counted := "file cache not counted"
	if l.oldest().told == programAlone {
		counted = "RSS"
	}
	f.Message = fmt.Sprintf("container %s seems to leak %s: its %d replicas use %s, %s", l.object.Container, l.rate(), len(l.replicas), l.ends(), counted)
	if left, limited := l.untilLimit(); limited {
		if left <= soon {
			f.Severity = finding.Warning
		}
		f.Message += fmt.Sprintf("; the first is at its memory limit of %s in %s, a larger one only delays it", finding.Bytes(l.limit.Bytes), analysis.Span(left))
	} else {
		f.Message += "; no limit ends it before its node is out of memory"
	}
	l.show(&f)
	f.Fix = l.fix()
	p.Report(f)
}

// rate is how fast it grows, in a unit that suits how long lives last: "21Mi (±2Mi) an hour".
func (l leak) rate() string {
	per, unit := l.trend, " an hour"
	if l.lives.Longest > 0 && l.lives.Longest < slowLife {
		per.PerHour, per.Bound, unit = per.PerHour/60, per.Bound/60, " a minute"
	}
	out := finding.Bytes(int64(per.PerHour))
	if l.measured {
		out += " (±" + finding.Bytes(int64(per.Bound)) + ")"
	}
	return out + unit
}

// ends are the youngest and the oldest: "260Mi at an age of 2h, 760Mi at 26h".
func (l leak) ends() string {
	young, old := l.replicas[0], l.oldest()
	return fmt.Sprintf("%s at an age of %s, %s at %s", finding.Bytes(young.bytes()), analysis.Span(young.age), finding.Bytes(old.bytes()), analysis.Span(old.age))
}

func between(shortest, longest time.Duration) string {
	a, b := analysis.Span(shortest), analysis.Span(longest)
	if a == b {
		return a
	}
	return a + " to " + b
}

// show adds the samples, the oldest replica's first, and its picture.
func (l leak) show(f *finding.Finding) {
	const most = 8
	old := l.oldest()
	for i, r := range slices.Backward(l.replicas) {
		if i == 0 || len(l.replicas)-i < most {
			e := sampled(r.ref(), r.account)
			e.Value += ", at an age of " + analysis.Span(r.age)
			f.Evidence = append(f.Evidence, e)
		}
	}
	if l.limit.Bytes > 0 && len(l.kills) == 0 { // kills tell of it themselves
		f.Evidence = append(f.Evidence, written(old.ref(), l.limit))
	}
	f.Memory = old.account.Picture(old.ref(), l.limit, headroom.ContainerRequest(old.pod, old.status.Name).Bytes)
}

func (l leak) fix() []finding.Fix {
	var out []finding.Fix
	if len(l.replicas) > 0 {
		out = append(out, finding.Fix{Text: "Find what grows: take a heap profile or dump of the oldest replica, pod/" + l.oldest().pod.Name + ", and compare it with a young one's"})
	} else {
		out = append(out, finding.Fix{Text: "Find what grows: take a heap profile or dump of a replica shortly before it is as old as those that were killed"})
	}
	object := strings.ToLower(l.workload.Kind) + "/" + l.workload.Name
	switch l.workload.Kind {
	case "Deployment", "StatefulSet", "DaemonSet":
		out = append(out, finding.Fix{
			Text: "Until it is found, restart the replicas in good order before the limit does", Command: finding.Kubectl(l.workload.Namespace, "rollout", "restart", object),
		})
	}
	return append(out, finding.Fix{
		Text:    "Where there are weeks of metrics, see whether every life grows to its end, which a cache does not",
		Command: finding.Kubectl("", "scars", "oom", "recommend", object, "-n", l.workload.Namespace),
	})
}
