package render

// The view "probes timeline".

import (
	"fmt"
	"slices"
	"strings"

	"github.com/kubectl-scars/kubectl-scars/pkg/finding"
	"github.com/kubectl-scars/kubectl-scars/pkg/render/theme"
)

func timelineSheet(v *finding.ProbesTimeline, all bool) sheet {
	s := sheet{noun: "workload", nothing: "Nothing happened to any replica that was looked at; name a workload to see its timeline all the same."}
	for _, w := range v.Workloads {
		s.panels = append(s.panels, timelinePanel(w, all))
	}
	return s
}

func timelinePanel(w finding.Timeline, all bool) panel {
	l := &lanes{from: w.From, to: w.To, noun: "replica"}
	if slices.ContainsFunc(w.Rollouts, func(m finding.TimelineMark) bool { return !m.Last.Before(w.From) }) {
		l.rows = append(l.rows, lane{name: "rollouts", marks: w.Rollouts, since: w.To})
	}
	for _, n := range w.Nodes {
		l.rows = append(l.rows, lane{name: "node/" + n.Object.Name, marks: n.Marks, since: w.To})
	}
	l.fixed = len(l.rows)
	there, kills, before := 0, int32(0), 0
	for _, r := range w.Replicas {
		row := lane{name: shortName(r.Object.Name, w.Object.Name), spans: r.Spans, marks: r.Marks}
		if r.Since != nil {
			row.since = *r.Since
		}
		if !r.Gone {
			there++
		} else {
			row.note = "replaced"
		}
		killed := int32(0)
		for _, m := range r.Marks {
			if m.Mark == finding.MarkKilled {
				killed += m.Count
			}
			if m.Last.Before(w.From) {
				before++
			}
		}
		if kills += killed; killed > 0 && !r.Gone {
			row.note = number(int(killed), "kill", "kills")
		}
		l.rows = append(l.rows, row)
	}
	title := []span{{text: strings.ToLower(w.Object.Kind) + "/" + w.Object.Name, style: theme.Heading}, faint("·"), plain(number(there, "replica", "replicas"))}
	if gone := len(w.Replicas) - there; gone > 0 {
		title = append(title, plain(fmt.Sprintf("and %d replaced", gone)))
	}
	if kills > 0 {
		title = append(title, faint("·"), plain(number(int(kills), "kill", "kills")+" by probes"))
	}
	out := panel{title: title, lanes: l}
	if before > 0 {
		out.notes = append(out.notes, []span{plain(number(before, "mark", "marks") + " from before " + w.From.UTC().Format("2 Jan 15:04:05") + " not drawn")})
	}
	if all {
		out.tables = append(out.tables, timelineTable(w))
	}
	return out
}

// shortName drops of a pod's name what the workload's name says.
func shortName(pod, workload string) string {
	if rest, ok := strings.CutPrefix(pod, workload+"-"); ok && rest != "" {
		return rest
	}
	return pod
}

// timelineTable lists the marks with their sources.
func timelineTable(w finding.Timeline) table {
	t := table{title: "What is marked, and where it is known from:", header: []string{"FIRST", "LAST", "COUNT", "OBJECT", "WHAT", "SOURCE"}, noun: "mark"}
	add := func(marks []finding.TimelineMark) {
		for _, m := range marks {
			object := m.Object.String()
			if m.Object.Container != "" {
				object += " " + m.Object.Container
			}
			t.rows = append(t.rows, []string{m.First.UTC().Format("2 Jan 15:04:05"), m.Last.UTC().Format("15:04:05"), fmt.Sprint(m.Count), object, string(m.Mark) + " " + m.Text, m.Source})
		}
	}
	add(w.Rollouts)
	for _, n := range w.Nodes {
		add(n.Marks)
	}
	for _, r := range w.Replicas {
		add(r.Marks)
	}
	return t
}
