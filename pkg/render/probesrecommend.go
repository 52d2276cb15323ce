package render

// The view "probes recommend": a panel for each workload, with the reason for each number; where there are many workloads one table, a line
// for each container, and the panels in wide.

import (
	"fmt"
	"strings"

	"github.com/kubectl-scars/kubectl-scars/pkg/finding"
	"github.com/kubectl-scars/kubectl-scars/pkg/render/theme"
)

func probesSheet(r *finding.ProbesRecommend, all bool) sheet {
	s := sheet{noun: "workload", nothing: "No workload with probes was looked at.", closing: r.WithoutHistory}
	groups := byObject(r.Items, func(a finding.ProbeAdvice) finding.ObjectRef { return a.Object })
	if len(groups) > fewWorkloads && !all {
		t := table{title: "What would change:", header: []string{"WORKLOAD", "STARTS", "STARTUP", "LIVENESS", "READINESS", "SURE"}, noun: "container"}
		for _, group := range groups {
			for _, item := range group {
				row := []string{nameOf(item.Object, len(r.Metadata.Scope.Namespaces) == 1, len(group) == 1), startsOf(item.Starts), changed(item, "startupProbe"), changed(item, "livenessProbe"), changed(item, "readinessProbe"), string(item.Confidence)}
				if item.CannotSay != "" {
					row[1], row[5] = item.CannotSay, "?"
				}
				t.rows = append(t.rows, row)
			}
		}
		s.panels = []panel{{title: []span{{text: number(len(groups), "workload", "workloads"), style: theme.Heading}}, tables: []table{t}}}
		return s
	}
	for _, group := range groups {
		s.panels = append(s.panels, probesPanel(group))
	}
	return s
}

func probesPanel(group []finding.ProbeAdvice) panel {
	first := group[0]
	p := panel{title: []span{{text: first.Object.String(), style: theme.Heading}, faint("-n " + first.Object.Namespace), faint("·"), plain(number(first.Replicas, "replica", "replicas"))}}
	if first.RevertedBy != "" {
		p.title = append(p.title, faint("·"), strong("reverted by "+first.RevertedBy), plain("unless changed there"))
	}
	for _, item := range group {
		if item.CannotSay != "" {
			p.notes = append(p.notes, []span{faint(item.Object.Container + ":"), plain("nothing is recommended: " + item.CannotSay)})
			continue
		}
		t := table{title: item.Object.Container + ": " + startsOf(item.Starts) + " (" + string(item.Confidence) + ")", header: []string{"PROBE", "FIELD", "NOW", "BETTER", "BECAUSE"}, noun: "number"}
		last := ""
		for _, n := range item.Numbers {
			probe := strings.TrimSuffix(n.Probe, "Probe")
			if probe == last {
				probe = ""
			} else {
				last = probe
			}
			now, better := "none", fmt.Sprint(n.Recommended)
			if n.Now != nil {
				now = fmt.Sprint(*n.Now)
			}
			if now == better {
				better = "same"
			}
			t.rows = append(t.rows, []string{probe, n.Field, now, better, n.Reason})
		}
		if len(t.rows) > 0 {
			p.tables = append(p.tables, t)
		} else {
			p.notes = append(p.notes, []span{faint(item.Object.Container + ":"), plain(startsOf(item.Starts) + "; nothing to change")})
		}
		for _, note := range item.Notes {
			p.notes = append(p.notes, []span{faint(item.Object.Container + ":"), plain(note)})
		}
	}
	if n := first.Restarts; n > 0 {
		p.notes = append(p.notes, []span{plain(rolls(n))})
	}
	return p
}

func rolls(pods int) string {
	return "The patch changes the pod template: a rolling restart of " + number(pods, "pod", "pods") + "."
}

// startsOf says what was measured: "5 starts: ready after 41–58 s, 2 killed at ≥50 s".
func startsOf(s finding.Starts) string {
	var parts []string
	if n := len(s.Ready); n > 0 {
		text := fmt.Sprintf("ready after %d–%d s", s.Ready[0], s.Ready[n-1])
		if s.Ready[0] == s.Ready[n-1] {
			text = fmt.Sprintf("ready after %d s", s.Ready[0])
		}
		if s.Error > 0 {
			text += fmt.Sprintf(" (or up to %d s sooner)", s.Error)
		}
		parts = append(parts, text)
	}
	if n := len(s.Killed); n > 0 {
		parts = append(parts, fmt.Sprintf("%d killed at ≥%d s", n, s.Killed[0]))
	}
	n := number(len(s.Ready)+len(s.Killed), "start", "starts")
	if s.Since != nil {
		n += " since " + s.Since.Format("2 Jan")
	}
	return n + ": " + strings.Join(parts, "; ")
}

// changed lists what is recommended of one probe, in few words.
func changed(item finding.ProbeAdvice, probe string) string {
	var parts []string
	for _, n := range item.Numbers {
		if n.Probe != probe || n.Now != nil && *n.Now == n.Recommended {
			continue
		}
		word := map[string]string{"initialDelaySeconds": "delay", "periodSeconds": "period", "timeoutSeconds": "timeout", "failureThreshold": "failures"}[n.Field]
		if n.Now == nil {
			parts = append(parts, fmt.Sprintf("%s %d", word, n.Recommended))
		} else {
			parts = append(parts, fmt.Sprintf("%s %d→%d", word, *n.Now, n.Recommended))
		}
	}
	return strings.Join(parts, ", ")
}
