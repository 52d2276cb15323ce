package render

// The table and wide formats, for the engineer at a terminal: header, findings worst first and grouped by workload, then what could
// not be judged, what is healthy, and what could not be read.

import (
	"fmt"
	"strings"

	"github.com/kubectl-scars/kubectl-scars/pkg/finding"
)

func (p *page) table() []string {
	head := p.header()
	if s := p.summary(); s != nil {
		head = append(head, s...)
	}
	foot := p.footer()
	body, cut := p.body(p.room(head, foot))
	if cut {
		terse := *p
		terse.terse = true
		foot = terse.footer()
		body, _ = p.body(p.room(head, foot))
	}
	lines := head
	if len(body) > 0 {
		lines = append(append(lines, ""), body...)
	}
	if len(foot) > 0 {
		lines = append(append(lines, ""), foot...)
	}
	return lines
}

// room is how many lines the first screen has for findings; 0 is no cap.
func (p *page) room(head, foot []string) int {
	if p.MaxLines <= 0 {
		return 0
	}
	return max(p.MaxLines-p.rows(head)-p.rows(foot)-3, 1) // two blank lines, and the prompt that follows, belong to the screen
}

// header answers the first question: is this the right cluster, the right namespace, and how old is what I see?
func (p *page) header() []string {
	m := p.report.Metadata
	var facts [][]span
	if p.Source != "" {
		facts = append(facts, []span{strong(p.Source)})
	}
	if m.Context != "" {
		facts = append(facts, []span{faint("context"), strong(m.Context)})
	}
	switch s := m.Scope; {
	case s.AllNamespaces:
		facts = append(facts, []span{strong("all namespaces")})
	case len(s.Namespaces) == 1:
		facts = append(facts, []span{faint("namespace"), strong(s.Namespaces[0])})
	case len(s.Namespaces) > 1:
		facts = append(facts, []span{faint("namespaces"), strong(strings.Join(s.Namespaces, ", "))})
	}
	if len(m.Scope.Subjects) > 0 {
		facts = append(facts, []span{faint("only"), strong(strings.Join(m.Scope.Subjects, ", "))})
	}
	if m.Scope.Selector != "" {
		facts = append(facts, []span{faint("selector"), strong(m.Scope.Selector)})
	}
	if m.Scope.Since != "" {
		facts = append(facts, []span{faint("since"), strong(m.Scope.Since)})
	}
	if !m.Time.IsZero() {
		at := []span{plain(m.Time.UTC().Format("2006-01-02 15:04:05Z"))}
		if old := p.Now.Sub(m.Time); !p.Now.IsZero() && old > recent {
			at = append(at, faint("("+age(old)+")"))
		}
		facts = append(facts, at)
	}
	var spans []span
	for i, fact := range facts {
		if i > 0 {
			spans = append(spans, faint("·"))
		}
		spans = append(spans, fact...)
	}
	return p.flow(0, 2, spans...)
}

// summary counts the findings; a report without any has its healthy lines instead.
func (p *page) summary() []string {
	if len(p.report.Findings) == 0 {
		return nil
	}
	objects := map[finding.ObjectRef]bool{}
	for _, f := range p.report.Findings {
		objects[groupOf(f)] = true
	}
	return p.flow(0, 2, plain(fmt.Sprintf("%s in %s", counts(p.report.Findings), number(len(objects), "object", "objects"))))
}

// groupOf is what findings are grouped by: the workload without its container.
func groupOf(f finding.Finding) finding.ObjectRef {
	return finding.ObjectRef{Kind: f.Object.Kind, Namespace: f.Object.Namespace, Name: f.Object.Name}
}

// grouped puts findings of one object together, in the order in which the objects first appear: worst first in a sorted report.
func grouped(findings []finding.Finding) [][]finding.Finding {
	var groups [][]finding.Finding
	index := map[finding.ObjectRef]int{}
	for _, f := range findings {
		at, seen := index[groupOf(f)]
		if !seen {
			at = len(groups)
			index[groupOf(f)] = at
			groups = append(groups, nil)
		}
		groups[at] = append(groups[at], f)
	}
	return groups
}
